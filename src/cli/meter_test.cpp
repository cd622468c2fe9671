#include "cli/meter.h"

#include <doctest/doctest.h>

#include "tests/support/manual_clock.h"

namespace workprint::cli {
namespace {

constexpr auto second = std::chrono::seconds(1);

struct Bench {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  Meter meter{clock};

  void commit(std::uint64_t seq, const char* kind) { meter.on({"commit", "film_a", 1, seq, {{"kind", kind}, {"micros", 900}}}); }
  void published(std::uint64_t seq) { meter.on({"published", "film_a", 1, seq, Json::object()}); }
  void effect(const char* what, int usd_micros) { meter.on({"effect", "film_a", 1, 0, {{"what", what}, {"usdMicros", usd_micros}}}); }
  [[nodiscard]] bool says(const std::string& line) const { return meter.text().find("\n" + line + "\n") != std::string::npos; }
};

}  // namespace

TEST_CASE("the lag of a film grows while nothing is published, with no event to say so") {
  Bench bench;
  bench.commit(1, "start");
  bench.clock->advance(3 * second);
  bench.commit(2, "step");
  bench.clock->advance(4 * second);
  CHECK(bench.says("workprint_publication_lag_seconds{film=\"film_a\"} 7"));
  bench.published(1);
  bench.clock->advance(second);
  CHECK(bench.says("workprint_publication_lag_seconds{film=\"film_a\"} 1"));
  bench.published(2);
  bench.clock->advance(second);
  CHECK(bench.says("workprint_publication_lag_seconds{film=\"film_a\"} 0"));
}

TEST_CASE("an intent alone is no lag, and a commit that was published first is none") {
  Bench bench;
  bench.published(1);
  bench.commit(1, "takeover");
  bench.commit(2, "intent");
  bench.clock->advance(9 * second);
  CHECK(bench.says("workprint_publication_lag_seconds{film=\"film_a\"} 0"));
}

TEST_CASE("what an effect costs counts once, however many events tell of it") {
  Bench bench;
  bench.effect("executing", 500);
  bench.effect("made", 400);
  bench.effect("done", 400);
  bench.effect("replayed", 400);
  bench.effect("adopted", 30);
  CHECK(bench.says("workprint_cost_usd_micros_total 430"));
  CHECK(bench.says("workprint_effects_total{what=\"executing\"} 1"));
}

}  // namespace workprint::cli
