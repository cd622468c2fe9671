/// What the measurements of a section say in words.
///
/// Pure. Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <cstddef>
#include <string>

#include "film/music/music.h"

namespace film::music {

[[nodiscard]] Intensity intensity_word(double intensity);
[[nodiscard]] Tempo tempo_word(double tempo_bpm);   ///< 0: moderate

/// How section `index` sounds, for a reader who cannot hear it. Never empty. REQUIRES: the section exists.
[[nodiscard]] std::string describe(const Structure& structure, std::size_t index);

/// What is different from the section before; empty for the first one.
[[nodiscard]] std::string describe_change(const Structure& structure, std::size_t index);

[[nodiscard]] std::string mood_of(const Structure& structure, std::size_t index);

}  // namespace film::music
