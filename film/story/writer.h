/// The built-in writer: turns a prompt (and a song's analysis) into an expanded prompt and a storyboard.
///
/// Offline, pure, deterministic by seed. It reads people, places, times, weather, light, moods, sizes and moves out of
/// the user's own words where they say them, and chooses the rest by craft (film language, screen direction, rhythm).
#pragma once

#include <cstdint>
#include <string>

#include "film/plan/plan.h"

namespace film::story {

struct Brief {
  std::string prompt;             ///< never empty; UTF-8, at most 20,000 bytes
  std::uint64_t seed = 0;
  int scenes_max = 0;             ///< 0: the writer decides (film without a song: 6..16 by the length of the prompt)
  const AudioAnalysis* analysis = nullptr;  ///< with a song: one scene per segment, its times, kind, intensity, tempo
};

[[nodiscard]] std::string expand_prompt(const Brief& brief);
/// A plan that passes film::validate_plan.
[[nodiscard]] Plan write_storyboard(const Brief& brief, const std::string& expanded_prompt);

}  // namespace film::story
