/// Tier 2: `state.json` and the snapshots kept beside it (docs/protocols/publication.md).
///
/// Write order: the create-only snapshot `state/<epoch>-<seq>.json`, then `state.json` by compare-and-set. So at any
/// instant a valid whole snapshot exists, and a writer with an older epoch cannot overwrite a newer state. The first
/// publication of an epoch is the other way round: a worker that loses the compare-and-set must not leave a snapshot behind
/// that looks newer than the state of the worker that won.
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

/// Which state.json a takeover was decided on; nothing inside: there was none. The first write replaces exactly that, so
/// what somebody else put there meanwhile is never overwritten unseen.
struct Seen {
  std::optional<std::string> version;
};

/// What one writer knows of a film's place in the object store. One thread at a time.
class Shelf {
 public:
  /// Without `seen` (the object store did not answer at the takeover) the first publication looks first.
  explicit Shelf(std::optional<Seen> seen = std::nullopt) : seen_(std::move(seen)) {}

  /// Errors: fenced (a newer epoch, or another line of the same numbers, is there: stop); conflict (state.json holds
  /// commits of an older epoch that this line does not know: stop and take the film up again); unavailable (try again:
  /// the write order makes that safe).
  Result<void> publish(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);

  /// Proves that state.json is still what this shelf knows, by writing the same bytes over it: whoever looked at it before
  /// must look again. For a writer that is about to trust another tier. Errors: as publish.
  Result<void> confirm(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);

  /// Reads state.json and holds it against what was published last.
  /// Errors: corrupt (the store does not hold what it took; the next publish writes it again); unavailable.
  Result<void> read_back(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);

 private:
  Result<void> learn(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);
  Result<bool> look_at_state(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);
  Result<void> swap_state(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);
  void prune(ObjectStore& objects, const FilmId& film, const Outgoing& newest);

  Result<void> put_beside(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing);

  std::optional<Seen> seen_;
  bool known_ = false;
  std::optional<Epoch> mine_;           // of the state.json this shelf wrote
  std::optional<std::string> version_;  // of state.json; absent: there is none
  std::map<std::string, std::string> kept_;         // snapshot name -> node
};

/// What loading tier 2 found.
struct Finding {
  Loaded<Checkpoint> state;             ///< the newest valid snapshot
  std::string where;                    ///< object it came from
  std::optional<Seen> seen;             ///< state.json itself; nothing: it could not be looked at
  std::optional<Checkpoint> beside_of;  ///< `state` lies beside state.json and is newer: this is state.json itself
  std::optional<Checkpoint> older;      ///< when state.json is damaged: the newest older valid snapshot
  std::string older_where;
  std::optional<std::string> damaged_version;  ///< version of a damaged state.json, to overwrite exactly that
  /// state.json is a whole document of the older system and no snapshot of ours lies beside it; `state` is corrupt.
  std::optional<Json> legacy;
};

/// Reads `state.json` and looks for a newer snapshot beside it (a writer may have died between the two writes).
[[nodiscard]] Finding load(ObjectStore& objects, const FilmId& film);

/// Copies a `state.json` that is damaged, of another film or of the older system create-only to `quarantine/`, so that it can
/// be overwritten by exact version. Returns where it is kept; empty: there is nothing of the kind. Errors: unavailable.
Result<std::string> quarantine(ObjectStore& objects, const FilmId& film);

}  // namespace workprint::snapshot
