#include <algorithm>
#include <fstream>
#include <iterator>

#include "film/media/encoder.h"
#include "film/media/timeline.h"
#include "film/media/video.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

constexpr std::int64_t effect_frames = 12;
constexpr std::int64_t held_frames_max = 1;

Result<void> check_request(const SegmentRequest& request) {
  if (request.frames < 1) return fail(ErrorKind::invalid, "a segment has at least one frame. frames=" + std::to_string(request.frames));
  if (request.dissolve_in && !request.previous_clip) return fail(ErrorKind::invalid, "a dissolve needs the clip it comes from");
  if (request.previous_frames < 0) return fail(ErrorKind::invalid, "previous_frames is negative");
  return {};
}

std::uint8_t mix(std::uint8_t from, std::uint8_t to, std::int64_t part, std::int64_t whole) {
  return static_cast<std::uint8_t>((from * (whole - part) + to * part + whole / 2) / whole);
}

void mix_plane(const std::vector<std::uint8_t>& from, std::vector<std::uint8_t>& to, std::int64_t part, std::int64_t whole) {
  for (std::size_t index = 0; index < to.size(); ++index) to[index] = mix(from[index], to[index], part, whole);
}

/// `to` becomes part/whole of itself and the rest of `from`.
void mix_frames(const Frame& from, Frame& to, std::int64_t part, std::int64_t whole) {
  mix_plane(from.y, to.y, part, whole);
  mix_plane(from.u, to.u, part, whole);
  mix_plane(from.v, to.v, part, whole);
}

/// What a segment shows, frame by frame.
class Cut {
 public:
  static Result<Cut> open(const SegmentRequest& request, const Picture& picture, int threads, std::stop_token stop) {
    Cut cut(request, picture);
    if (request.clip)
      cut.clip_ = TRY(Timeline::open(*request.clip, picture, threads, stop));
    else
      TRY(cut.read_slug());
    if (request.dissolve_in) cut.previous_ = TRY(Timeline::open(*request.previous_clip, picture, threads, stop));
    return cut;
  }

  Result<void> show(std::int64_t index, Frame& frame) {
    TRY(show_main(index, frame));
    const std::int64_t length = std::min(effect_frames, request_.frames);
    if (request_.dissolve_in && index < length) {
      TRY(previous_->show(request_.previous_frames + index, other_));
      // Neither end is pure: the cut before and the frame behind the dissolve are.
      mix_frames(other_, frame, index + 1, length + 1);
    }
    const std::int64_t left = request_.frames - 1 - index;
    if (request_.fade_out && left < length) mix_frames(black_, frame, left, length);
    return {};
  }

 private:
  Cut(const SegmentRequest& request, const Picture& picture)
      : request_(request), still_(picture.width, picture.height), other_(still_), black_(still_) {}

  Result<void> read_slug() {
    if (!request_.slug_png) return {};
    std::ifstream file(*request_.slug_png, std::ios::binary);
    if (!file) return fail(ErrorKind::not_found, "no such picture. file=" + request_.slug_png->filename().string());
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    auto image = decode_image(bytes);
    // To a caller that cuts a film a stored picture that does not decode is a broken file, not a wrong request.
    if (!image && image.error().kind == ErrorKind::invalid) return fail(ErrorKind::corrupt, image.error().message);
    if (!image) return std::unexpected(image.error());
    return fill_from_rgb(*image, still_);
  }

  Result<void> show_main(std::int64_t index, Frame& frame) {
    if (!clip_) {
      frame = still_;
      return {};
    }
    const std::int64_t held = TRY(clip_->show(index, frame));
    if (held > held_frames_max)
      return fail(ErrorKind::corrupt, "clip is too short. file=" + request_.clip->filename().string() +
                                          " frames=" + std::to_string(index + 1 - held) +
                                          " wanted=" + std::to_string(request_.frames));
    return {};
  }

  SegmentRequest request_;
  std::optional<Timeline> clip_, previous_;
  Frame still_, other_, black_;
};

/// The clip's picture, if it can be copied packet by packet.
Result<AVStream*> find_copyable(Input& clip, const SegmentRequest& request, const Picture& picture) {
  if (request.dissolve_in || request.fade_out) return nullptr;
  AVStream* stream = clip.select(AVMEDIA_TYPE_VIDEO);
  if (!stream || avformat_index_get_entries_count(stream) < request.frames) return nullptr;
  const bool is_ours = TRY(has_profile(clip, *stream, picture));
  return is_ours ? stream : nullptr;
}

Result<void> copy_head(Input& clip, const AVStream& source, const std::filesystem::path& out, const SegmentRequest& request,
                       const Picture& picture, std::stop_token stop) {
  Output output = TRY(Output::create(out, std::move(stop)));
  AVStream& target = add_copied_picture(output, source, picture);
  TRY(output.begin(ticks_per_second(picture.fps)));
  const av::PacketPtr packet = av::new_packet();
  for (std::int64_t index = 0; index < request.frames; ++index) {
    const bool more = TRY(clip.read(*packet));
    if (!more) return fail(ErrorKind::corrupt, "clip breaks off. file=" + request.clip->filename().string());
    place_picture(*packet, target, index);
    TRY(output.write(*packet));
  }
  return output.finish();
}

}  // namespace

Result<void> make_segment(const std::filesystem::path& out, const SegmentRequest& request, const Picture& picture,
                          const EncodeOptions& options, std::stop_token stop) {
  TRY(check_request(request));
  if (request.clip) {
    Input clip = TRY(Input::open(*request.clip, Expect::mp4, Probe::header, stop));
    if (AVStream* stream = TRY(find_copyable(clip, request, picture)))
      return copy_head(clip, *stream, out, request, picture, stop);
  }
  Cut cut = TRY(Cut::open(request, picture, options.threads, stop));
  const FrameSource source = [&](std::int64_t index, Frame& frame) { return cut.show(index, frame); };
  return encode_clip(out, picture, request.frames, source, options, nullptr, stop);
}

}  // namespace film::media
