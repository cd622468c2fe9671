/// Cuts a film's length into scenes. Pure: any proposal gives a legal tiling, so no paid retry for timing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace film {

struct TileSpan {
  std::int64_t start_ms = 0, end_ms = 0;
};

/// Keeps the proposed cuts that lie inside the film, sorted; drops a cut nearer than 1.5 s to the one kept before it
/// or to the end; splits any gap above 8 s into ceil(gap / 8 s) equal parts. First start is 0, each end is the next
/// start, the last end is `length_ms`. REQUIRES: length_ms > 0.
[[nodiscard]] std::vector<TileSpan> tile(std::int64_t length_ms, std::span<const std::int64_t> proposed_cuts_ms);

/// 4, 6 or 8: the smallest clip length (seconds) that covers the span.
[[nodiscard]] int clip_seconds(std::int64_t span_ms);

}  // namespace film
