/// Tier 2: `state.json` and the snapshots kept beside it (docs/protocols/publication.md).
///
/// Write order: the create-only snapshot `state/<epoch>-<seq>.json`, then `state.json` by compare-and-set. So at any
/// instant a valid whole snapshot exists, and a writer with an older epoch cannot overwrite a newer state.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "workprint/checkpoint_store.h"
#include "workprint/object_store.h"

namespace workprint::snapshot {

/// Canonical bytes of one document to publish, and where it stands.
struct Outgoing {
  Head head;
  std::string node;   ///< the node whose step this state ends; empty otherwise
  std::string bytes;
};

/// What one writer knows of a film's place in the object store. One thread at a time.
class Shelf {
 public:
  /// Errors: fenced (a newer epoch, or another line of the same numbers, is there: stop); unavailable (try again: the
  /// write order makes that safe).
  Result<void> publish(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);

 private:
  Result<void> learn(ObjectStore& objects, const FilmId& film);
  Result<void> swap_state(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);
  void prune(ObjectStore& objects, const FilmId& film, const Outgoing& newest);

  bool known_ = false;
  std::optional<std::string> version_;  // of state.json; absent: there is none
  std::map<std::string, std::string> kept_;         // snapshot name -> node
};

/// What loading tier 2 found.
struct Finding {
  Loaded<Checkpoint> state;             ///< the newest valid snapshot
  std::string where;                    ///< object it came from
  std::optional<Checkpoint> older;      ///< when state.json is damaged: the newest older valid snapshot
  std::string older_where;
  std::optional<std::string> damaged_version;  ///< version of a damaged state.json, to overwrite exactly that
  /// state.json is a whole document of the older system and no snapshot of ours lies beside it; `state` is corrupt.
  std::optional<Json> legacy;
};

/// Reads `state.json` and looks for a newer snapshot beside it (a writer may have died between the two writes).
[[nodiscard]] Finding load(ObjectStore& objects, const FilmId& film);

/// Copies the damaged `state.json` create-only to `quarantine/`, so that it can be overwritten by exact version.
/// Returns where it is kept. Errors: unavailable.
Result<std::string> quarantine(ObjectStore& objects, const FilmId& film);

}  // namespace workprint::snapshot
