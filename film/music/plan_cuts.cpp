#include <algorithm>

#include "film/music/cuts.h"
#include "film/music/music.h"
#include "film/music/words.h"
#include "film/plan/tile.h"

namespace film::music {

namespace {

Transition transition_between(const Section& section, const Section& next) {
  const double rise = next.intensity - section.intensity;
  if (rise <= -0.18 && next.intensity < 0.45) return Transition::dissolve;
  if (rise >= 0.35) return Transition::smash_cut;
  return rise >= 0.18 ? Transition::hard_cut : Transition::cut;
}

// A structure may come from a document and lie; the film needs at least one section.
Structure with_sections(Structure structure) {
  std::erase_if(structure.sections, [&](const Section& section) {
    return section.start_ms < 0 || section.start_ms >= structure.duration_ms;
  });
  std::stable_sort(structure.sections.begin(), structure.sections.end(),
                   [](const Section& a, const Section& b) { return a.start_ms < b.start_ms; });
  if (structure.sections.empty()) structure.sections.push_back({.start_ms = 0, .end_ms = structure.duration_ms});
  return structure;
}

AudioSegment segment_of(const Structure& structure, const TileSpan& span) {
  const std::size_t index = section_at(structure, (span.start_ms + span.end_ms) / 2);
  const Section& section = structure.sections[index];
  AudioSegment segment;
  segment.start_ms = span.start_ms;
  segment.end_ms = span.end_ms;
  segment.kind = section.kind;
  segment.intensity = intensity_word(section.intensity);
  segment.tempo = tempo_word(structure.tempo_bpm);
  segment.musical_description = describe(structure, index);
  segment.mood = mood_of(structure, index);
  return segment;
}

}  // namespace

AudioAnalysis plan_cuts(const Structure& heard, int scenes_max) {
  AudioAnalysis analysis;
  analysis.duration_ms = heard.duration_ms;
  if (heard.duration_ms <= 0) return analysis;
  const Structure structure = with_sections(heard);
  const auto spans = tile(structure.duration_ms, choose_cuts(structure, scenes_max));
  std::size_t before = 0;
  for (const TileSpan& span : spans) {
    const std::size_t section = section_at(structure, (span.start_ms + span.end_ms) / 2);
    AudioSegment segment = segment_of(structure, span);
    if (section != before && !analysis.segments.empty()) {
      segment.music_change = describe_change(structure, section);
      analysis.segments.back().transition =
          transition_between(structure.sections[before], structure.sections[section]);
    }
    before = section;
    analysis.segments.push_back(std::move(segment));
  }
  analysis.segments.back().transition = Transition::fade_to_black;
  return analysis;
}

}  // namespace film::music
