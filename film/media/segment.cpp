// A clip cut to its place: by packet copy when nothing changes, else decoded, mixed and encoded again.
#include <fstream>
#include <iterator>

#include "film/media/encoder.h"
#include "film/media/reader.h"
#include "film/media/scale.h"
#include "film/media/video.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

constexpr std::int64_t mixed_frames = 12;

// The first `frames` packets as they are. False: this clip has to be encoded again.
Result<bool> copy_packets(const std::filesystem::path& out, const std::filesystem::path& clip, std::int64_t frames,
                          const Picture& picture, std::stop_token stop) {
  Input input = TRY(Input::open(clip, Expect::mp4, Probe::full, stop));
  const AVStream* from = input.select(AVMEDIA_TYPE_VIDEO);
  if (from == nullptr) return fail(ErrorKind::corrupt, "clip has no picture. file=" + clip.filename().string());
  const bool same_profile = TRY(has_profile(input, *from, picture));
  if (!same_profile || from->nb_frames < frames) return false;
  Output output = TRY(Output::create(out, stop));
  AVStream& to = output.add_stream();
  check(avcodec_parameters_copy(to.codecpar, from->codecpar) >= 0, "there is memory for stream parameters");
  to.codecpar->codec_tag = 0;
  to.avg_frame_rate = from->avg_frame_rate;
  to.time_base = AVRational{1, ticks_per_second(picture.fps)};
  mark_profile(output);
  TRY(output.begin(ticks_per_second(picture.fps)));
  const av::PacketPtr packet = av::new_packet();
  for (std::int64_t index = 0; index < frames; ++index) {
    const bool there = TRY(input.read(*packet));
    if (!there) return fail(ErrorKind::corrupt, "clip has fewer packets than it says. file=" + clip.filename().string());
    packet->pts = packet->dts = av_rescale_q(index, AVRational{1, picture.fps}, to.time_base);
    packet->duration = av_rescale_q(1, AVRational{1, picture.fps}, to.time_base);
    packet->stream_index = to.index;
    packet->pos = -1;
    TRY(output.write(*packet));
  }
  TRY(output.finish());
  return true;
}

void mix(Frame& frame, const Frame& from, std::int64_t step) {
  const auto weight = static_cast<int>((step + 1) * 256 / (mixed_frames + 1));
  const auto blend = [weight](std::vector<std::uint8_t>& to, const std::vector<std::uint8_t>& other) {
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] = static_cast<std::uint8_t>((to[i] * weight + other[i] * (256 - weight) + 128) >> 8);
  };
  blend(frame.y, from.y);
  blend(frame.u, from.u);
  blend(frame.v, from.v);
}

void darken(Frame& frame, std::int64_t frames_left) {
  const auto weight = static_cast<int>(frames_left * 256 / mixed_frames);
  const auto scale = [weight](std::vector<std::uint8_t>& plane, int black) {
    for (std::uint8_t& value : plane) value = static_cast<std::uint8_t>(black + (((value - black) * weight) >> 8));
  };
  scale(frame.y, 16);
  scale(frame.u, 128);
  scale(frame.v, 128);
}

// What the dissolve comes from: the frames behind the previous scene's end, its last one held when there are no more.
Result<std::vector<Frame>> handle_of(const std::filesystem::path& clip, std::int64_t shown, const Picture& picture,
                                     std::stop_token stop) {
  VideoReader reader = TRY(VideoReader::open(clip, 0, stop));
  Scaler scaler;
  Frame last(picture.width, picture.height);
  std::vector<Frame> handle;
  for (std::int64_t index = 0; static_cast<std::int64_t>(handle.size()) < mixed_frames; ++index) {
    const AVFrame* decoded = TRY(reader.next());
    if (decoded == nullptr) break;
    TRY(scaler.convert(*decoded, last, Fit::bars));
    if (index >= shown) handle.push_back(last);
  }
  while (static_cast<std::int64_t>(handle.size()) < mixed_frames) handle.push_back(last);
  return handle;
}

// The frames of a clip in order; one frame short is held.
class ClipFrames {
 public:
  ClipFrames(VideoReader reader, std::string name) : reader_(std::move(reader)), name_(std::move(name)) {}

  Result<void> next(std::int64_t index, std::int64_t frames, Frame& frame) {
    const AVFrame* decoded = TRY(reader_.next());
    if (decoded != nullptr) {
      TRY(scaler_.convert(*decoded, frame, Fit::bars));
      last_ = frame;
      return {};
    }
    if (index + 1 < frames || index == 0)
      return fail(ErrorKind::corrupt, "clip is too short. file=" + name_ + " frames=" + std::to_string(index) + " expected=" + std::to_string(frames));
    frame = last_;
    return {};
  }

 private:
  VideoReader reader_;
  std::string name_;
  Scaler scaler_;
  Frame last_;
};

Result<Frame> still_of(const std::filesystem::path& png, const Picture& picture) {
  std::ifstream file(png, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return fail(ErrorKind::not_found, "still cannot be read. file=" + png.filename().string());
  const RgbImage image = TRY(decode_image(bytes));
  Frame frame(picture.width, picture.height);
  TRY(fill_from_rgb(image, frame));
  return frame;
}

}  // namespace

Result<void> make_segment(const std::filesystem::path& out, const SegmentRequest& request, const Picture& picture,
                          const EncodeOptions& options, std::stop_token stop) {
  check(request.frames > 0, "a segment has at least one frame");
  const bool dissolves = request.dissolve_in && request.previous_clip;
  if (request.clip && !dissolves && !request.fade_out) {
    const bool copied = TRY(copy_packets(out, *request.clip, request.frames, picture, stop));
    if (copied) return {};
  }
  std::vector<Frame> handle;
  if (dissolves) handle = TRY(handle_of(*request.previous_clip, request.previous_frames, picture, stop));
  std::optional<ClipFrames> clip;
  Frame still(picture.width, picture.height);
  if (request.clip)
    clip.emplace(TRY(VideoReader::open(*request.clip, 0, stop)), request.clip->filename().string());
  else if (request.slug_png)
    still = TRY(still_of(*request.slug_png, picture));
  const FrameSource source = [&](std::int64_t index, Frame& frame) -> Result<void> {
    if (clip)
      TRY(clip->next(index, request.frames, frame));
    else
      frame = still;
    if (index < static_cast<std::int64_t>(handle.size())) mix(frame, handle[static_cast<std::size_t>(index)], index);
    const std::int64_t left = request.frames - 1 - index;
    if (request.fade_out && left < mixed_frames) darken(frame, left);
    return {};
  };
  return encode_clip(out, picture, request.frames, source, options, nullptr, stop);
}

}  // namespace film::media
