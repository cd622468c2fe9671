/// For tests: a clock that moves when it is told to, and by what is waited for.
#pragma once

#include <mutex>

#include "workprint/clock.h"

namespace workprint {

/// Thread-safety: any thread.
class ManualClock final : public Clock {
 public:
  WallTime wall() override {
    const std::lock_guard lock(mutex_);
    return WallTime(std::chrono::milliseconds(1'772'442'000'000)) + passed_;
  }
  Instant now() override {
    const std::lock_guard lock(mutex_);
    return Instant(std::chrono::hours(1)) + passed_;
  }
  bool wait(Duration duration, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    advance(duration);
    return true;
  }
  void advance(Duration duration) {
    const std::lock_guard lock(mutex_);
    passed_ += duration;
  }

 private:
  std::mutex mutex_;
  Duration passed_{};
};

}  // namespace workprint
