/// Decodes the pictures of one mp4 in the order they are shown. Private to film/media.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "film/media/input.h"

namespace film::media {

class VideoReader {
 public:
  /// Errors: not_found; corrupt; unavailable; cancelled: of every method.
  static workprint::Result<VideoReader> open(const std::filesystem::path& file, int threads, std::stop_token stop);

  /// The next picture, valid until the next call; null at the end. Damage is an error, never a guess.
  workprint::Result<const AVFrame*> next();

  [[nodiscard]] const AVStream& stream() const { return *stream_; }
  /// How long `picture` is shown, in units of stream().time_base; at least 1.
  [[nodiscard]] std::int64_t shown(const AVFrame& picture) const;

 private:
  explicit VideoReader(Input input) : input_(std::move(input)) {}
  workprint::Result<void> feed();

  Input input_;
  AVStream* stream_ = nullptr;
  av::CodecPtr decoder_;
  av::PacketPtr packet_ = av::new_packet();
  av::FramePtr picture_ = av::new_frame();
};

}  // namespace film::media
