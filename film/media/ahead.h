/// Frames of a source, drawn on a thread of their own a few ahead of the encoder. Private to film/media.
///
/// The source is called in order and by one thread, as FrameSource says; it is not called again once the Ahead is gone.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "film/media/video.h"

namespace film::media {

class Ahead {
 public:
  /// `source` outlives the Ahead.
  Ahead(const Picture& picture, std::int64_t frames, const FrameSource& source);
  ~Ahead();
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  /// The next frame; valid until the next call. Blocks until it is drawn. Errors: the source's.
  workprint::Result<const Frame*> next();

 private:
  void draw_all(std::stop_token done);

  // One is drawn, one waits, one is read.
  static constexpr std::int64_t places = 3;
  const FrameSource* source_;
  std::int64_t frames_;
  std::array<Frame, places> ring_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::int64_t drawn_ = 0, taken_ = 0;  // guarded by mutex_
  workprint::Result<void> outcome_;     // guarded by mutex_; of the frame `drawn_` once it is no success
  std::jthread thread_;                 // last: starts when all else is there
};

}  // namespace film::media
