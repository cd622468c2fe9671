/// The one encoder profile, and how a picture track that already has it is recognised. Private to film/media.
#pragma once

#include <functional>

#include "film/media/av.h"
#include "film/media/video.h"

namespace film::media {

/// Of every picture track we write: a whole number of ticks for each frame, and fine enough for players.
[[nodiscard]] inline AVRational track_time_base(const Picture& picture) { return {1, picture.fps * 512}; }

class Encoder {
 public:
  /// Takes the packet's content before it returns. Times are in frames.
  using Take = std::function<workprint::Result<void>(AVPacket& packet)>;

  /// `threads` changes nothing in the bytes. Errors: unavailable.
  static workprint::Result<Encoder> open(const Picture& picture, int threads);

  /// Frames in order, of exactly the picture's size. Errors: unavailable; those of `take`.
  workprint::Result<void> send(const Frame& frame, std::int64_t index, const Take& take);
  workprint::Result<void> finish(const Take& take);

  [[nodiscard]] const AVCodecContext& codec() const { return *codec_; }

 private:
  explicit Encoder(av::CodecPtr codec);
  workprint::Result<void> drain(const Take& take);

  av::CodecPtr codec_;
  av::FramePtr frame_ = av::new_frame();
  av::PacketPtr packet_ = av::new_packet();
};

/// The track can be copied as it is: this size and rate, no reordering, and the parameter sets our encoder writes for
/// this picture, which include most of its settings.
workprint::Result<bool> has_profile(const AVStream& stream, const Picture& picture);

}  // namespace film::media
