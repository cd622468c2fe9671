/// A clip read at the film's frame rate: which of its pictures is on screen at each frame. Private to film/media.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "film/media/reader.h"
#include "film/media/scale.h"
#include "film/media/video.h"

namespace film::media {

class Timeline {
 public:
  static workprint::Result<Timeline> open(const std::filesystem::path& clip, const Picture& picture, int threads,
                                          std::stop_token stop);

  /// Puts what is shown at frame `index` (ascending from call to call) into `frame`, scaled with bars.
  /// Past the end the last picture is held. Returns how many frames past the end `index` is; 0: not past it.
  workprint::Result<std::int64_t> show(std::int64_t index, Frame& frame);

 private:
  Timeline(VideoReader reader, const Picture& picture) : reader_(std::move(reader)), fps_(picture.fps) {}
  workprint::Result<void> look_ahead();
  [[nodiscard]] bool is_next_due(std::int64_t index) const;

  VideoReader reader_;
  Scaler scaler_;
  int fps_;
  av::FramePtr current_ = av::new_frame(), next_ = av::new_frame();
  bool has_next_ = false;
  std::int64_t first_ = 0;       // time of the first picture, in the stream's time base
  std::int64_t next_time_ = 0;   // of `next_`, from the first
  std::int64_t end_time_ = 0;    // of the last picture read, from the first
  std::int64_t shown_ = -1;      // pictures read
};

}  // namespace film::media
