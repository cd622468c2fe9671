#include <algorithm>
#include <cmath>
#include <map>

#include "film/music/sections.h"

namespace film::music {

namespace {

// 0..1 from the lowest to the highest section. A song flatter than `range_least` stays near the middle.
std::vector<double> relative(const std::vector<double>& values, double range_least) {
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double middle = (*low + *high) / 2, range = std::max(range_least, *high - *low);
  std::vector<double> scaled;
  for (const double value : values) scaled.push_back(std::clamp(0.5 + (value - middle) / range, 0.0, 1.0));
  return scaled;
}

void set_intensity(std::vector<Section>& sections) {
  std::vector<double> level, brightness, density;
  for (const Section& section : sections) {
    // Below -50 dB everything is equally quiet: silence must not stretch the scale.
    level.push_back(std::max(-50.0, section.level_db));
    brightness.push_back(std::log2(std::max(100.0, section.brightness_hz)));
    density.push_back(section.onsets_per_s);
  }
  const auto loud = relative(level, 9), bright = relative(brightness, 1), busy = relative(density, 3);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const double intensity = 0.55 * loud[i] + 0.2 * bright[i] + 0.25 * busy[i];
    sections[i].intensity = sections[i].level_db < -60 ? 0 : intensity;
  }
}

std::int64_t length_ms(const Section& section) { return section.end_ms - section.start_ms; }

bool is_breakdown(const std::vector<Section>& sections, std::size_t i) {
  if (i == 0 || i + 1 >= sections.size()) return false;
  double later = 0;
  for (std::size_t j = i + 1; j < sections.size(); ++j) later = std::max(later, sections[j].intensity);
  return sections[i].intensity + 0.22 <= sections[i - 1].intensity && sections[i].intensity + 0.15 <= later;
}

std::size_t climax_of(const std::vector<Section>& sections) {
  const std::int64_t end = sections.back().end_ms;
  std::size_t best = sections.size();
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const bool late = (sections[i].start_ms + sections[i].end_ms) / 2 >= end * 6 / 10;
    if (late && sections[i].intensity >= 0.6 && (best == sections.size() || sections[i].intensity > sections[best].intensity))
      best = i;
  }
  return best;
}

}  // namespace

void judge_sections(std::vector<Section>& sections, std::span<const double> voice_share) {
  if (sections.empty()) return;
  set_intensity(sections);
  if (sections.size() < 3) return;
  std::map<int, int> times_heard;
  double voice_mean = 0;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    ++times_heard[sections[i].label];
    voice_mean += voice_share[i] / static_cast<double>(sections.size());
  }
  const std::size_t climax = climax_of(sections);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    Section& section = sections[i];
    const bool inner = i > 0 && i + 1 < sections.size();
    const bool returns = times_heard[section.label] > 1;
    if (i == climax) section.kind = SceneKind::climax;
    else if (is_breakdown(sections, i)) section.kind = SceneKind::breakdown;
    else if (inner && length_ms(section) < 10'000 && !returns) section.kind = SceneKind::transition;
    else if (inner && !returns && section.start_ms > sections.back().end_ms * 4 / 10 && section.intensity >= 0.4)
      section.kind = SceneKind::solo;
    // No voice can be told from an instrument here. What comes back with its weight where voices lie is the part that
    // would be sung.
    else if (inner && returns && voice_share[i] >= std::max(0.35, voice_mean)) section.kind = SceneKind::lyrical;
  }
}

}  // namespace film::music
