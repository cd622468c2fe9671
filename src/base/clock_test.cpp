#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "workprint/clock.h"

namespace workprint {
using namespace std::chrono_literals;

TEST_CASE("clock: wall time prints as RFC 3339 in UTC with milliseconds") {
  CHECK(to_rfc3339(WallTime(0ms)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(WallTime(1772442696431ms)) == "2026-03-02T09:11:36.431Z");
  CHECK(to_rfc3339(WallTime(951782400007ms)) == "2000-02-29T00:00:00.007Z");
  CHECK(to_rfc3339(WallTime(-1ms)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("clock: a wait that is stopped ends early and says so") {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK_FALSE(system_clock()->wait(24h, stop.get_token()));
  CHECK_FALSE(system_clock()->wait(Duration::max(), stop.get_token()));
}

TEST_CASE("clock: a whole wait says so, and takes its time") {
  const auto clock = system_clock();
  const Instant start = clock->now();
  CHECK(clock->wait(3ms, {}));
  CHECK(clock->now() - start >= 3ms);
  CHECK(clock->wait(-5ms, {}));
}

TEST_CASE("random: a seed gives the same numbers, splitmix64's") {
  const auto random = seeded_random(0);
  CHECK(random->next() == 0xe220a8397b1dcdaf);
  CHECK(random->next() == 0x6e789e6aa1b965f4);
  CHECK(seeded_random(5)->next() == seeded_random(5)->next());
  CHECK(seeded_random(5)->next() != seeded_random(6)->next());
}

TEST_CASE("random: the system's numbers do not repeat") {
  const auto random = system_random();
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) numbers.insert(random->next());
  CHECK(numbers.size() == 1000);
}

}  // namespace workprint
