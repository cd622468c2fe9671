/// Where a song changes, and which of its parts are alike.
///
/// Deterministic. Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "film/music/features.h"
#include "film/music/music.h"

namespace film::music {

/// A stretch of `units` [begin, end).
struct Stretch {
  std::size_t begin = 0, end = 0;
  int label = 0;   ///< equal labels sound alike; numbered in order of first appearance
};

/// Cuts the song, given as one Sound per bar (or other unit) of `edges_s[i]..edges_s[i+1]`, where the sound changes
/// for good. At least one stretch when there is a unit. REQUIRES: edges has one entry more than units.
[[nodiscard]] std::vector<Stretch> find_stretches(std::span<const Sound> units, std::span<const double> edges_s);

/// Intensity and kind of each section by comparison with the others; needs level, brightness, onsets and labels.
/// `voice_share` has one entry per section.
void judge_sections(std::vector<Section>& sections, std::span<const double> voice_share);

}  // namespace film::music
