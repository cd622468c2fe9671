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

TEST_CASE("an intent that came while the step before it was written is no lag") {
  Bench bench;
  bench.commit(1, "step");
  bench.commit(2, "intent");
  bench.published(1);
  bench.clock->advance(9 * second);
  CHECK(bench.says("workprint_publication_lag_seconds{film=\"film_a\"} 0"));
}

TEST_CASE("what was published and did not read back is lag, and a film that was let go has none") {
  Bench bench;
  bench.commit(1, "step");
  bench.published(1);
  bench.meter.on({"lag", "film_a", 1, 1, {{"seqs", 1}, {"seconds", 2.0}}});
  bench.clock->advance(3 * second);
  CHECK(bench.says("workprint_publication_lag_seconds{film=\"film_a\"} 5"));
  bench.meter.on({"released", "film_a", 1, 1, Json::object()});
  CHECK(bench.meter.text().find("film_a") == std::string::npos);
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
