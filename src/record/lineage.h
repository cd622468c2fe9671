/// Which commits a state grew out of: how two heads of different tiers are told to be one history or a fork.
///
/// A document's `$workprint.lineage` has an entry for each epoch before its own: the first commit's hash (it names the
/// term: two workers that were given the same epoch by different tiers differ in it) and the last commit that this line
/// holds. `$workprint.began` is the first commit's hash of the document's own epoch.
/// Pure. docs/protocols/ownership.md says what the answers are for.
#pragma once

#include "workprint/checkpoint_store.h"

namespace workprint::record {

enum class Kinship : std::uint8_t {
  same,    ///< equal heads
  older,   ///< the first is a commit that the second grew out of
  newer,   ///< the second is a commit that the first grew out of
  fork,    ///< each holds a commit that the other does not know
};

/// How `first` stands to `second`. Documents of a time before lineage was kept are believed to be of one line, unless
/// their numbers say otherwise: a later term that knows fewer commits did not grow out of the earlier one.
[[nodiscard]] Kinship kinship(const Checkpoint& first, const Checkpoint& second);

/// Brings `meta`, as it is before a commit is stamped, to what the commit `next` needs. Part of stamp().
void extend_lineage(Json& meta, const Head& next);

}  // namespace workprint::record
