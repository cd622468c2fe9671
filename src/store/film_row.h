/// The rows of the tables `films`, `commits` and `bases` as values. Each proves itself when it is read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/replay.h"
#include "store/sqlite.h"

namespace workprint::store {

/// One film's row in `films`.
struct FilmRow {
  std::uint64_t id = 0;  ///< 0: not stored yet
  std::string film;
  Epoch epoch{};
  std::string owner;
  std::uint64_t term_ms = 0;   ///< the lease lives so long without a sign of life
  std::uint64_t alive_ms = 0;  ///< the last one, on this machine's monotonic clock since its boot
  Head head;
  Seq base_seq{};
  std::uint64_t base_bytes = 0, delta_bytes_since_base = 0;
  WallTime updated_at{};
};

/// Errors: corrupt (a row of the table fails its checksum: then absence is not proven either); unavailable.
Result<std::optional<FilmRow>> find_film(Connection& connection, const std::string& film);
Result<std::vector<FilmRow>> all_films(Connection& connection);
/// Rows of `films` that fail their checksum, by id.
Result<std::vector<std::uint64_t>> damaged_films(Connection& connection);

Result<void> insert_film(Connection& connection, FilmRow& row);
inline constexpr std::string_view update_film_sql =
    "UPDATE films SET epoch = ?2, owner = ?3, head_epoch = ?4, head_seq = ?5, head_hash = ?6, base_seq = ?7, base_bytes = ?8, "
    "delta_bytes_since_base = ?9, updated_at_ms = ?10, checksum = ?11, term_ms = ?15, alive_ms = ?16 "
    "WHERE id = ?1 AND epoch = ?12 AND head_seq = ?13 AND head_hash = ?14";
/// Writes `row` over `before` by update_film_sql; false when the stored row is no longer `before`.
Result<bool> update_film(Connection& connection, Statement& update, const FilmRow& before, const FilmRow& row);

inline constexpr std::string_view insert_commit_sql =
    "INSERT INTO commits (film, seq, epoch, kind, node, item, at_ms, writer, previous_hash, hash, delta, seal) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
Result<void> insert_commit(Statement& insert, const FilmRow& film, const Commit& commit);
/// An installed state: no delta led to it, so the row carries a seal over its own words instead.
Result<void> insert_restored(Statement& insert, const FilmRow& film, const FilmId& id, CommitInfo info);

enum class Anchor : std::uint8_t { no, yes };  ///< yes: no older base and deltas lead to this one; it is kept for ever
/// Keeps one base besides the anchors: the older ones are only replays that were saved, and can be made again.
Result<void> insert_base(Connection& connection, const FilmRow& film, Seq seq, Anchor anchor, const std::string& body);

/// One row of `commits`, its own hash (or seal) verified.
struct CommitRow {
  Commit commit;
  bool is_restored = false;
};
/// Commits with first <= seq <= last, oldest first. Errors: corrupt; unavailable.
Result<std::vector<CommitRow>> commits_between(Connection& connection, const FilmRow& film, const FilmId& id, Seq first, Seq last);
/// Commits with seq < before, newest first, at most `limit`. Errors: corrupt (also: a gap); unavailable.
/// As CheckpointStore::prune, in a transaction of the caller's.
Result<Seq> prune_commits(Connection& connection, const FilmRow& film, const FilmId& id, Seq keep_from);
/// Commits after `after`, oldest first, at most `limit`. Errors: corrupt (one fails its hash, or they have a gap).
Result<std::vector<Commit>> commits_after(Connection& connection, const FilmRow& film, const FilmId& id, Seq after, std::size_t limit);
Result<std::vector<CommitInfo>> commits_before(Connection& connection, const FilmRow& film, const FilmId& id, Seq before, std::size_t limit);

/// The state at `seq`, from the newest base at or before it. Errors: corrupt; unavailable.
Result<Loaded<Checkpoint>> read_state(Connection& connection, const FilmRow& film, const FilmId& id, Seq seq);

}  // namespace workprint::store
