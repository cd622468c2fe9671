#include "workprint/clock.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "workprint/result.h"

namespace workprint {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime wall() override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
  Instant now() override { return std::chrono::steady_clock::now(); }

  bool wait(Duration duration, std::stop_token stop) override {
    // A year: longer waits would overflow the steady clock's nanoseconds, and nobody waits that long on purpose.
    const auto bounded = std::min<Duration>(duration, std::chrono::years(1));
    const Instant end = now() + bounded;
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_until(lock, stop, end, [] { return false; });
    return now() >= end;
  }
};

class SystemRandom final : public Random {
 public:
  // Asks the kernel each time: nothing is buffered that a forked child would repeat.
  std::uint64_t next() override {
    std::uint64_t number = 0;
    check(::getrandom(&number, sizeof number, 0) == sizeof number, "the kernel gives random bytes");
    return number;
  }
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    constexpr std::uint64_t gamma = 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_.fetch_add(gamma) + gamma;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace

std::shared_ptr<Clock> system_clock() { return std::make_shared<SystemClock>(); }
std::shared_ptr<Random> system_random() { return std::make_shared<SystemRandom>(); }
std::shared_ptr<Random> seeded_random(std::uint64_t seed) { return std::make_shared<SeededRandom>(seed); }

std::string to_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace workprint
