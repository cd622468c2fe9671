/// What documents of the older system are worth as evidence. They have no lineage, so they are read only where nothing
/// that has one is left.
#pragma once

#include "recovery/gather.h"

namespace workprint::recovery {

/// Reads the bare document of tier 2 (or `named`, which a person gave and which stands in for a tier 2 without a state
/// of ours) into `gathered.legacy`. Nothing is read while a checkpoint or a snapshot of ours is there.
void weigh_legacy(Gathered& gathered, ObjectStore& objects, const Workflow& workflow, const FilmId& film,
                  const std::optional<Json>& named);

/// A bare storyboard is read only when it is `needed`: reading one decodes every clip it names.
[[nodiscard]] Loaded<Json> read_bare_storyboard(const Json& document, ObjectStore& objects, const Workflow& workflow,
                                                const FilmId& film, bool needed);

}  // namespace workprint::recovery
