#include "film/story/arc.h"

#include <algorithm>
#include <array>

namespace film::story {
namespace {

Phase phase_at(std::size_t index, std::size_t count) {
  const std::size_t hundredths = 100 * index / std::max<std::size_t>(1, count);
  return hundredths < 28 ? Phase::setup : hundredths < 58 ? Phase::development : hundredths < 84 ? Phase::turn : Phase::resolution;
}

Intensity intensity_at(std::size_t index, std::size_t count) {
  const std::size_t hundredths = 100 * index / std::max<std::size_t>(1, count);
  if (hundredths < 25 || index + 1 == count) return Intensity::low;
  return hundredths >= 60 && hundredths < 85 ? Intensity::high : Intensity::medium;
}

// Where events are told: spread over the film, the first shot left to the place and the last to the end of the story.
void place_events(std::vector<Slot>& slots, const ArcRequest& request) {
  const std::size_t events = request.events->size(), count = slots.size();
  if (events == 0) return;
  const bool tight = request.is_list || events + 2 > count;
  for (std::size_t i = 0; i < events; ++i) {
    const std::size_t at = tight ? i * count / std::max(events, count) : 1 + (2 * i + 1) * (count - 2) / (2 * events);
    const std::size_t free = std::min(at, count - 1);
    if (!slots[free].event) slots[free].event = i;
  }
  if (!request.is_list) return;
  for (std::size_t i = 0; i < events; ++i) {
    const std::size_t at = i * count / events;
    if (at < count) slots[at].event = i;
  }
}

// Sequences: a song's sections, else one a phase; a long section is cut where the eye wants another place.
void mark_sequences(std::vector<Slot>& slots, const ArcRequest& request) {
  constexpr std::size_t shortest = 4, longest = 9;
  std::size_t since = 0;
  for (std::size_t i = 0; i < slots.size(); ++i, ++since) {
    bool turns = i > 0 && slots[i].phase != slots[i - 1].phase;
    if (request.analysis != nullptr && i > 0) {
      const auto& segments = request.analysis->segments;
      turns = segments[i].kind != segments[i - 1].kind || segments[i].intensity != segments[i - 1].intensity || since >= longest;
      turns = turns && since >= shortest;
    }
    slots[i].opens = i == 0 || turns;
    if (slots[i].opens) since = 0;
  }
}

// Named places come where their events are; without events the film visits them in order and comes home at the end.
void place_settings(std::vector<Slot>& slots, const ArcRequest& request) {
  std::size_t current = 0, sequence = 0;
  const bool events_lead = request.events->size() >= 2 && request.named_settings >= 2;
  const auto sequences = static_cast<std::size_t>(std::ranges::count_if(slots, &Slot::opens));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    if (slot.opens && i > 0) {
      ++sequence;
      const bool last = sequence + 1 == sequences && sequences > 2;
      if (last && !events_lead) current = 0;
      else if (request.analysis != nullptr || !events_lead) current = (sequence * std::max<std::size_t>(1, request.settings) / std::max<std::size_t>(1, std::min(sequences - 1, request.settings))) % request.settings;
      if (!last && request.analysis != nullptr) current = sequence % request.settings;
    }
    if (slot.event && request.named_settings > 0 && (events_lead || request.is_list)) current = (*request.events)[*slot.event].setting;
    slot.setting = current;
  }
  // The shots before an event stand where it will happen: nobody travels in the middle of a reaction.
  for (std::size_t i = slots.size(); i-- > 1;)
    if (slots[i].event && !slots[i - 1].event && !slots[i - 1].opens && slots[i].opens) slots[i - 1].setting = slots[i].setting;
}

constexpr std::array setup_parts{Part::introduce, Part::insert, Part::approach, Part::look, Part::introduce, Part::approach};
constexpr std::array development_parts{Part::approach, Part::look, Part::insert, Part::obstacle, Part::together, Part::act, Part::reaction};
constexpr std::array turn_parts{Part::obstacle, Part::doubt, Part::memory, Part::decide, Part::act, Part::reaction, Part::insert, Part::together};
constexpr std::array resolution_parts{Part::act, Part::reaction, Part::together, Part::aftermath, Part::look, Part::aftermath};
constexpr std::array quiet_parts{Part::look, Part::insert, Part::memory, Part::doubt, Part::approach};
constexpr std::array loud_parts{Part::act, Part::together, Part::obstacle, Part::act, Part::reaction, Part::decide};

Part part_of(Phase phase, std::size_t step) {
  switch (phase) {
    case Phase::setup: return setup_parts[step % setup_parts.size()];
    case Phase::development: return development_parts[step % development_parts.size()];
    case Phase::turn: return turn_parts[step % turn_parts.size()];
    case Phase::resolution: return resolution_parts[step % resolution_parts.size()];
  }
  return Part::look;
}

Part part_for_music(const AudioSegment& segment, Phase phase, std::size_t step, bool performs) {
  if (performs && (segment.kind == SceneKind::lyrical || segment.kind == SceneKind::solo) && step % 3 == 1) return Part::perform;
  if (segment.kind == SceneKind::breakdown) return step % 2 == 0 ? Part::doubt : Part::memory;
  if (segment.kind == SceneKind::climax || segment.intensity == Intensity::extreme) return loud_parts[step % loud_parts.size()];
  if (segment.intensity == Intensity::high && step % 2 == 0) return loud_parts[(step / 2) % loud_parts.size()];
  if (segment.intensity == Intensity::low && phase != Phase::setup && step % 2 == 1) return quiet_parts[(step / 2) % quiet_parts.size()];
  return part_of(phase, step);
}

void give_parts(std::vector<Slot>& slots, const ArcRequest& request) {
  std::array<std::size_t, 4> steps{};
  std::size_t since_empty = 0;
  for (std::size_t i = 0; i < slots.size(); ++i, ++since_empty) {
    Slot& slot = slots[i];
    std::size_t& step = steps[static_cast<std::size_t>(slot.phase)];
    const bool last = i + 1 == slots.size();
    const bool moved = i > 0 && slots[i - 1].setting != slot.setting;
    if (slot.event) continue;
    const bool music_breathes = request.analysis != nullptr && request.analysis->segments[i].kind == SceneKind::transition;
    const bool arrives = moved && slot.opens && (request.analysis != nullptr || slots.size() >= 12);
    slot.empty_place = !last && (i == 0 || arrives || (music_breathes && since_empty > 2) || since_empty > 6);
    if (slot.empty_place) {
      since_empty = 0;
      continue;
    }
    slot.part = request.analysis != nullptr ? part_for_music(request.analysis->segments[i], slot.phase, step, request.performs) : part_of(slot.phase, step);
    ++step;
    // What follows a deed is the look of somebody who has seen it, or the thing itself.
    if (i > 0 && slots[i - 1].event && !last) slot.part = step % 2 == 0 ? Part::insert : slot.phase == Phase::setup ? Part::look : Part::reaction;
    if (!request.two && slot.part == Part::together) slot.part = Part::look;
    if (last) slot.part = Part::resolve;
  }
}

}  // namespace

std::vector<Slot> lay_arc(const ArcRequest& request) {
  std::vector<Slot> slots(request.count);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i].phase = phase_at(i, slots.size());
    slots[i].intensity = request.analysis != nullptr ? request.analysis->segments[i].intensity : intensity_at(i, slots.size());
  }
  place_events(slots, request);
  mark_sequences(slots, request);
  place_settings(slots, request);
  give_parts(slots, request);
  return slots;
}

}  // namespace film::story
