/// Chooses the moments to cut: on downbeats, by the music's intensity, never the same length four times.
///
/// Pure. Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <cstdint>
#include <vector>

#include "film/music/music.h"

namespace film::music {

/// Section borders that leave a legal shot on both sides; 0 first and the duration last.
[[nodiscard]] std::vector<std::int64_t> kept_borders(const Structure& structure);

/// All cuts inside the film, increasing. `scenes_max` as in plan_cuts.
[[nodiscard]] std::vector<std::int64_t> choose_cuts(const Structure& structure, int scenes_max);

/// The section in which `at_ms` lies; the last one when it is past the end. REQUIRES: there is a section.
[[nodiscard]] std::size_t section_at(const Structure& structure, std::int64_t at_ms);

}  // namespace film::music
