/// What earlier scenes did to people and places, folded out of the plan alone.
///
/// Pure: retakes, skips, crashes and the order of generation cannot change it (docs/guide: continuity).
#pragma once

#include <string>

#include "film/plan/plan.h"
#include "workprint/json.h"

namespace film::story {

/// The state before scene `index` (play order) of every character and location, by id:
/// `{"characters": {id: {...}}, "locations": {id: {...}}}`; members as docs name them (lastSeen, dirtLevel, ...).
/// REQUIRES: index <= plan.scenes.size().
[[nodiscard]] workprint::Json continuity_before(const Plan& plan, std::size_t index);

/// The part of it a picture of scene `index` must show, in words; empty when nothing differs from the start.
[[nodiscard]] std::string continuity_words(const Plan& plan, std::size_t index);

}  // namespace film::story
