/// The rows of the tables `films`, `commits` and `bases` as values, and the statements that read and write them. Each row
/// proves itself when it is read; each function is one round trip, and two when something is missing.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "store/postgres.h"
#include "workprint/checkpoint_store.h"

namespace workprint::store::postgres {

/// One film's row in `films`.
struct FilmRow {
  std::uint64_t id = 0;
  std::string film;
  Epoch epoch{};
  std::string owner;
  std::uint64_t term_ms = 0;  ///< the lease lives so long without a sign of life
  ServerTime alive_at = 0;    ///< the last one. Not under the checksum: each write sets it on the server
  Head head;
  std::uint64_t base_bytes = 0, delta_bytes_since_base = 0;
  WallTime updated_at{};
};

/// A row and the server's clock at the moment it was read.
struct FilmSeen {
  FilmRow row;
  ServerTime now = 0;
};

/// What "there is no such film" rests on. `by_name`: no row says that it is this film's; enough where absence was proven by
/// all rows a moment ago.
enum class Proof : std::uint8_t { by_all_rows, by_name };

/// Errors: corrupt (a row of the table fails its checksum: then absence is not proven either); unavailable.
Result<std::optional<FilmSeen>> find_film(Connection& connection, const std::string& film, Deadline deadline, Proof proof = Proof::by_all_rows);
/// By film id.
Result<std::vector<FilmRow>> all_films(Connection& connection, Deadline deadline);

/// nullopt: somebody else made the film's row first.
Result<std::optional<FilmRow>> insert_film(Connection& connection, const FilmRow& row, Deadline deadline);
/// Gives the film of `before` to the epoch, owner and term of `row`; false when the stored row is no longer `before`.
Result<bool> take_film(Connection& connection, const FilmRow& before, const FilmRow& row, Deadline deadline);
/// A sign of life of this epoch; false: the store has no such film at this epoch.
Result<bool> touch_film(Connection& connection, const FilmId& film, Epoch epoch, Deadline deadline);
/// The term of this epoch is over. No such row: nothing to end.
Result<void> end_term(Connection& connection, const FilmId& film, Epoch epoch, Deadline deadline);

enum class Anchor : std::uint8_t { no, yes };  ///< yes: no older base and deltas lead to this one; it is kept for ever

/// One commit or installed state: what the row must still be, what it becomes, and the rows that come with it.
struct FilmWrite {
  FilmRow before, row;
  CommitInfo info;
  std::optional<std::string> delta;  ///< nullopt: an installed state, which carries a seal
  std::string base;                  ///< empty: none is due
  Anchor anchor = Anchor::no;
};
/// All of `writes` in one statement, each by itself all or nothing. A base takes the place of the ones before it, but
/// for the anchors. REQUIRES: each is of another film.
/// Returns the ids of the films whose row was still the one before.
Result<std::set<std::uint64_t>> write_films(Connection& connection, std::span<const FilmWrite* const> writes, Deadline deadline);

/// The newest state, or the one at `seq`, from one consistent view. Errors: corrupt; unavailable (also: a standby).
/// With `is_proven` whether "absent" was proven by all rows: the film has no row at all.
Result<Loaded<Checkpoint>> read_state(Connection& connection, const FilmId& film, std::optional<Seq> seq, Deadline deadline, bool* is_proven = nullptr);
/// Commits with seq < before, newest first, at most `limit`. Errors: not_found; corrupt (also: a gap); unavailable.
/// As CheckpointStore::prune. REQUIRES: keep_from is not after the row's head.
Result<Seq> prune_commits(Connection& connection, const FilmRow& row, const FilmId& film, Seq keep_from, Deadline deadline);
/// Commits after `after`, oldest first. Errors: as read_history.
Result<std::vector<Commit>> read_log(Connection& connection, const FilmId& film, Seq after, std::size_t limit, Deadline deadline);
Result<std::vector<CommitInfo>> read_history(Connection& connection, const FilmId& film, Seq before, std::size_t limit, Deadline deadline);

/// Moves the rows of `film`, and every film's row that fails its checksum, to the set_aside tables; one transaction.
/// Returns the number of the entry; nullopt: nothing was there.
Result<std::optional<std::uint64_t>> move_rows_aside(Connection& connection, const FilmId& film, const std::string& reason, WallTime now,
                                                     Deadline deadline);

}  // namespace workprint::store::postgres
