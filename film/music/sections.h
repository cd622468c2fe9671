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

/// Sounds as points whose distance is how different they sound: each kind of feature has the same say, in units of
/// its spread over the song.
class Likeness {
 public:
  explicit Likeness(std::span<const Sound> units);
  [[nodiscard]] std::vector<double> point(const Sound& sound) const;

 private:
  std::vector<double> means_, scales_;
};

/// How much the seconds after `at_s` differ from the seconds before it.
[[nodiscard]] double contrast_at(const SoundTrack& track, const Likeness& likeness, double at_s);

/// Cuts the song, given as one Sound per bar (or other unit) of `edges_s[i]..edges_s[i+1]`, where the sound changes
/// for good. At least one stretch when there is a unit. REQUIRES: edges has one entry more than units.
[[nodiscard]] std::vector<Stretch> find_stretches(std::span<const Sound> units, std::span<const double> edges_s,
                                                  const Likeness& likeness);

/// Intensity and kind of each section by comparison with the others; needs level, brightness, onsets and labels.
/// `voice_share` has one entry per section.
void judge_sections(std::vector<Section>& sections, std::span<const double> voice_share);

}  // namespace film::music
