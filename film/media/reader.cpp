#include "film/media/reader.h"

#include <algorithm>

#include "film/media/scale.h"
#include "film/media/video.h"
#include "workprint/try.h"

namespace film::media {

using namespace workprint;

Result<VideoReader> VideoReader::open(const std::filesystem::path& file, int threads, std::stop_token stop) {
  VideoReader reader(TRY(Input::open(file, Expect::mp4, Probe::full, std::move(stop))));
  reader.stream_ = reader.input_.select(AVMEDIA_TYPE_VIDEO);
  if (!reader.stream_) return fail(ErrorKind::corrupt, "file has no picture. file=" + file.filename().string());
  reader.decoder_ = TRY(reader.input_.open_decoder(*reader.stream_, threads));
  return reader;
}

Result<void> VideoReader::feed() {
  const bool more = TRY(input_.read(*packet_));
  const int code = avcodec_send_packet(decoder_.get(), more ? packet_.get() : nullptr);
  if (code < 0 && code != AVERROR_EOF) return input_.failed(code, "picture does not decode");
  return {};
}

Result<const AVFrame*> VideoReader::next() {
  for (;;) {
    const int code = avcodec_receive_frame(decoder_.get(), picture_.get());
    if (code == AVERROR_EOF) return nullptr;
    if (code == AVERROR(EAGAIN)) {
      TRY(feed());
      continue;
    }
    if (code < 0) return input_.failed(code, "picture does not decode");
    if (picture_->decode_error_flags != 0 || (picture_->flags & AV_FRAME_FLAG_CORRUPT))
      return input_.failed(AVERROR_INVALIDDATA, "picture is damaged");
    return picture_.get();
  }
}

std::int64_t VideoReader::shown(const AVFrame& picture) const {
  if (picture.pkt_duration > 0) return picture.pkt_duration;
  if (stream_->avg_frame_rate.num <= 0) return 1;
  return std::max<std::int64_t>(1, av_rescale_q(1, av_inv_q(stream_->avg_frame_rate), stream_->time_base));
}

Result<std::vector<Frame>> read_frames(const std::filesystem::path& file, std::span<const std::int64_t> indices,
                                       int width, int height, std::stop_token stop) {
  std::vector<Frame> frames;
  if (indices.empty()) return frames;
  if (indices.front() < 0 || !std::ranges::is_sorted(indices))
    return fail(ErrorKind::invalid, "frame numbers must ascend from 0");
  VideoReader reader = TRY(VideoReader::open(file, 0, std::move(stop)));
  Scaler scaler;
  for (std::int64_t index = 0; frames.size() < indices.size(); ++index) {
    const AVFrame* picture = TRY(reader.next());
    if (!picture)
      return fail(ErrorKind::invalid, "file has fewer frames. file=" + file.filename().string() +
                                          " frames=" + std::to_string(index) +
                                          " wanted=" + std::to_string(indices[frames.size()]));
    if (index != indices[frames.size()]) continue;
    const bool is_sized = width > 0 && height > 0;
    Frame frame(is_sized ? width & ~1 : picture->width & ~1, is_sized ? height & ~1 : picture->height & ~1);
    TRY(scaler.convert(*picture, frame, is_sized ? Fit::stretch : Fit::bars));
    while (frames.size() < indices.size() && indices[frames.size()] == index) frames.push_back(frame);
  }
  return frames;
}

}  // namespace film::media
