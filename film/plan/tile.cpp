#include "film/plan/tile.h"

#include <algorithm>

#include "workprint/result.h"

namespace film {
namespace {

constexpr std::int64_t shortest_ms = 1500;
constexpr std::int64_t longest_ms = 8000;

}  // namespace

std::vector<TileSpan> tile(std::int64_t length_ms, std::span<const std::int64_t> proposed_cuts_ms) {
  workprint::check(length_ms > 0, "a film has a length");
  std::vector<std::int64_t> cuts(proposed_cuts_ms.begin(), proposed_cuts_ms.end());
  std::ranges::sort(cuts);
  std::vector<std::int64_t> borders{0};
  for (const std::int64_t cut : cuts)
    if (cut - borders.back() >= shortest_ms && length_ms - cut >= shortest_ms) borders.push_back(cut);
  borders.push_back(length_ms);
  std::vector<TileSpan> spans;
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    const std::int64_t start = borders[i], gap = borders[i + 1] - borders[i];
    const std::int64_t parts = std::max<std::int64_t>(1, (gap + longest_ms - 1) / longest_ms);
    for (std::int64_t part = 0; part < parts; ++part)
      spans.push_back({start + gap * part / parts, start + gap * (part + 1) / parts});
  }
  return spans;
}

int clip_seconds(std::int64_t span_ms) { return span_ms <= 4000 ? 4 : span_ms <= 6000 ? 6 : 8; }

}  // namespace film
