#include "film/media/ahead.h"

#include <utility>

#include "workprint/try.h"

namespace film::media {

using workprint::check;
using workprint::Result;

Ahead::Ahead(const Picture& picture, std::int64_t frames, const FrameSource& source) : source_(&source), frames_(frames) {
  ring_.fill(Frame(picture.width, picture.height));
  thread_ = std::jthread([this](std::stop_token done) { draw_all(std::move(done)); });
}

Ahead::~Ahead() {
  thread_.request_stop();
  thread_.join();
}

void Ahead::draw_all(std::stop_token done) {
  for (std::int64_t index = 0; index < frames_; ++index) {
    {
      std::unique_lock lock(mutex_);
      // The frame that was taken last is still being read.
      if (!changed_.wait(lock, done, [&] { return index - taken_ < places - 1; })) return;
    }
    Result<void> outcome = (*source_)(index, ring_[static_cast<std::size_t>(index % places)]);
    const bool failed = !outcome;
    {
      const std::lock_guard lock(mutex_);
      outcome_ = std::move(outcome);
      if (!failed) ++drawn_;
    }
    changed_.notify_all();
    if (failed) return;
  }
}

Result<const Frame*> Ahead::next() {
  std::unique_lock lock(mutex_);
  check(taken_ < frames_, "no more frames are taken than there are");
  changed_.wait(lock, [&] { return drawn_ > taken_ || !outcome_; });
  if (drawn_ == taken_) return std::unexpected(outcome_.error());
  const Frame& frame = ring_[static_cast<std::size_t>(taken_ % places)];
  ++taken_;
  lock.unlock();
  changed_.notify_all();
  return &frame;
}

}  // namespace film::media
