#include "film/plan/tile.h"

#include <doctest/doctest.h>

#include <random>

namespace film {
namespace {

TEST_CASE("any proposal gives a legal tiling") {
  const unsigned seed = 20240611;
  INFO("seed=", seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 400; ++round) {
    const std::int64_t length = 1 + static_cast<std::int64_t>(random() % 300'000);
    std::vector<std::int64_t> cuts(random() % 60);
    for (std::int64_t& cut : cuts) cut = static_cast<std::int64_t>(random() % 400'000) - 50'000;
    const auto spans = tile(length, cuts);
    REQUIRE(!spans.empty());
    std::int64_t now = 0;
    for (const TileSpan& span : spans) {
      REQUIRE(span.start_ms == now);
      REQUIRE(span.end_ms > span.start_ms);
      REQUIRE(span.end_ms - span.start_ms <= 8000);
      if (length >= 1500) REQUIRE(span.end_ms - span.start_ms >= 1500);
      now = span.end_ms;
    }
    REQUIRE(now == length);
  }
}

TEST_CASE("a cut too near to another one or to the end is dropped, a long gap is split evenly") {
  const std::vector<std::int64_t> cuts{3000, 4000, 23'000, 23'900};
  const auto spans = tile(24'000, cuts);
  REQUIRE(spans.size() == 4);
  CHECK(spans[0].end_ms == 3000);
  CHECK(spans[1].end_ms == 10'000);
  CHECK(spans[2].end_ms == 17'000);
  CHECK(spans[3].end_ms == 24'000);
}

TEST_CASE("a clip is the shortest of 4, 6 and 8 seconds that covers the span") {
  CHECK(clip_seconds(1) == 4);
  CHECK(clip_seconds(4000) == 4);
  CHECK(clip_seconds(4001) == 6);
  CHECK(clip_seconds(6000) == 6);
  CHECK(clip_seconds(6001) == 8);
}

}  // namespace
}  // namespace film
