/// The door through which time and chance enter. Pure code never reads either by itself.
///
/// Thread-safety: every method of Clock and Random may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace workprint {

using Duration = std::chrono::milliseconds;
/// Milliseconds since the Unix epoch, UTC. For records and for people; never compared across machines.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// Monotonic: for limits and waits inside one process.
using Instant = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() = 0;
  virtual Instant now() = 0;
  /// Blocks until `duration` has passed or `stop` is requested, whichever is first.
  /// Returns true when the whole duration passed.
  virtual bool wait(Duration duration, std::stop_token stop) = 0;
};

/// Ids and jitter. Not for keys that must be unguessable.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

[[nodiscard]] std::shared_ptr<Clock> system_clock();
[[nodiscard]] std::shared_ptr<Random> system_random();
/// The same numbers for the same seed (splitmix64).
[[nodiscard]] std::shared_ptr<Random> seeded_random(std::uint64_t seed);

/// RFC 3339 in UTC with milliseconds and `Z`, e.g. 2026-03-02T09:11:36.431Z.
[[nodiscard]] std::string to_rfc3339(WallTime time);

}  // namespace workprint
