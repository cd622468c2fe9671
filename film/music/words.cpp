#include "film/music/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace film::music {

namespace {

std::string tempo_phrase(const Structure& structure) {
  if (structure.tempo_bpm <= 0) return "Free time, no steady beat";
  const std::string bpm = std::to_string(std::lround(structure.tempo_bpm));
  return (structure.beats_per_bar == 3 ? "Waltz time at " : "Steady beat at ") + bpm + " bpm";
}

std::string level_word(const Section& section, double loudest_db) {
  if (section.level_db < -60) return "silent";
  const double below = loudest_db - section.level_db;
  if (below < 2.5) return "loud";
  if (below < 7) return "full";
  return below < 14 ? "soft" : "very quiet";
}

std::string brightness_word(double hz) {
  if (hz < 900) return "dark";
  if (hz < 1900) return "warm";
  return hz < 3600 ? "bright" : "glaring";
}

std::string density_word(double onsets_per_s) {
  if (onsets_per_s < 0.6) return "sustained";
  if (onsets_per_s < 2.2) return "sparse";
  return onsets_per_s < 4.5 ? "flowing" : "busy";
}

std::string kind_phrase(SceneKind kind) {
  switch (kind) {
    case SceneKind::lyrical: return "a returning theme";
    case SceneKind::transition: return "a bridge between parts";
    case SceneKind::breakdown: return "a breakdown";
    case SceneKind::solo: return "a passage heard only once";
    case SceneKind::climax: return "the peak of the song";
    case SceneKind::instrumental: break;
  }
  return "an instrumental passage";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

bool heard_before(const Structure& structure, std::size_t index) {
  return std::any_of(structure.sections.begin(), structure.sections.begin() + static_cast<std::ptrdiff_t>(index),
                     [&](const Section& earlier) { return earlier.label == structure.sections[index].label; });
}

}  // namespace

Intensity intensity_word(double intensity) {
  if (intensity < 0.35) return Intensity::low;
  if (intensity < 0.6) return Intensity::medium;
  return intensity < 0.82 ? Intensity::high : Intensity::extreme;
}

Tempo tempo_word(double tempo_bpm) {
  if (tempo_bpm <= 0) return Tempo::moderate;
  if (tempo_bpm < 76) return Tempo::slow;
  if (tempo_bpm < 112) return Tempo::moderate;
  return tempo_bpm < 150 ? Tempo::fast : Tempo::very_fast;
}

std::string describe(const Structure& structure, std::size_t index) {
  workprint::check(index < structure.sections.size(), "a described section exists");
  const Section& section = structure.sections[index];
  double loudest_db = -120;
  for (const Section& other : structure.sections) loudest_db = std::max(loudest_db, other.level_db);
  if (section.level_db < -60) return "Silence.";
  return tempo_phrase(structure) + "; " + kind_phrase(section.kind) + ", " + level_word(section, loudest_db) + ", " +
         brightness_word(section.brightness_hz) + " and " + density_word(section.onsets_per_s) + ".";
}

std::string describe_change(const Structure& structure, std::size_t index) {
  workprint::check(index < structure.sections.size(), "a described section exists");
  if (index == 0) return {};
  const Section& before = structure.sections[index - 1];
  const Section& section = structure.sections[index];
  std::vector<std::string> changes;
  const double rise_db = section.level_db - before.level_db;
  if (std::abs(rise_db) >= 2) changes.push_back(rise_db > 0 ? "louder" : "quieter");
  const double octaves = std::log2(std::max(50.0, section.brightness_hz) / std::max(50.0, before.brightness_hz));
  if (std::abs(octaves) >= 0.2) changes.push_back(octaves > 0 ? "brighter" : "darker");
  const double busier = section.onsets_per_s - before.onsets_per_s;
  if (std::abs(busier) >= 0.7) changes.push_back(busier > 0 ? "busier" : "calmer");
  const std::string arrival = heard_before(structure, index) ? "An earlier part returns" : "A new part begins";
  return changes.empty() ? arrival + " at the same strength." : arrival + ": " + joined(changes) + ".";
}

std::string mood_of(const Structure& structure, std::size_t index) {
  workprint::check(index < structure.sections.size(), "a described section exists");
  const Section& section = structure.sections[index];
  const bool bright = section.brightness_hz >= 1600;
  constexpr std::array<std::array<const char*, 2>, 4> moods{{
      {"still and shadowed", "tender and open"},
      {"brooding", "hopeful"},
      {"driven and tense", "confident and alive"},
      {"fierce", "euphoric"},
  }};
  return moods[static_cast<std::size_t>(intensity_word(section.intensity))][bright ? 1 : 0];
}

}  // namespace film::music
