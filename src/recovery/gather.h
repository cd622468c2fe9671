/// Asks every tier about one film and writes the recovery report. Reads only.
#pragma once

#include <optional>

#include "snapshot/snapshot.h"
#include "workprint/clock.h"
#include "workprint/recovery.h"
#include "workprint/workflow.h"

namespace workprint::recovery {

struct Gathered {
  Evidence evidence;
  Resolution resolution;
  Loaded<Checkpoint> checkpoint;
  snapshot::Finding snapshot;
  Loaded<Json> storyboard;  ///< the inputs a start from the plan would have
  bool is_other_store = false;  ///< the checkpoint is foreign because its store was made anew: there is nothing to set aside
  Loaded<Json> legacy{Outcome::absent, std::nullopt, {}};  ///< the inputs a start from the older system's state would have
  bool legacy_is_named = false;  ///< `legacy` came from a file a person named, not from tier 2
  RecoveryReport report;

  /// The state to go on from; nothing when the decision starts from the plan, fresh, or refuses.
  [[nodiscard]] const Checkpoint* chosen() const;
  /// The inputs to begin with when there is no state to go on from; nothing when the decision takes one, or none.
  [[nodiscard]] const Json* inputs() const;
};

/// `external`: a document from a file a person named; it stands in for tier 2 when it is newer than what is there.
/// `bare`: the same for a document of the older system; it stands in where nothing of known lineage is.
Gathered gather(CheckpointStore& store, ObjectStore& objects, const Workflow& workflow, Clock& clock, const FilmId& film,
                const std::optional<Checkpoint>& external, const std::optional<Json>& bare = std::nullopt);

}  // namespace workprint::recovery
