/// Tier 1: the committed state of every film, commit by commit, and the authority on who may write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workprint/clock.h"
#include "workprint/id.h"
#include "workprint/json.h"
#include "workprint/result.h"

namespace workprint {

/// What reading a tier found: always exactly one of these. There is no "empty".
enum class Outcome : std::uint8_t {
  found,        ///< valid; `value` is there
  absent,       ///< proven: the store answered, and it has never held this film (or says it was removed)
  unreachable,  ///< no answer: nothing is known
  corrupt,      ///< bytes break their own rules
  foreign,      ///< belongs to another store, film or re-created database
  too_new,      ///< format of a later version of this program
};
[[nodiscard]] std::string_view to_string(Outcome outcome);

template <class T>
struct Loaded {
  Outcome outcome = Outcome::unreachable;
  std::optional<T> value;  ///< present exactly when outcome is found
  std::string detail;      ///< for people: what was found or why not
};

/// Persisted by word in stores and documents.
enum class CommitKind : std::uint8_t {
  command, takeover, intent, handle, result, task, step, interrupt, answer, fork, restored
};
[[nodiscard]] std::string_view to_string(CommitKind kind);
[[nodiscard]] std::optional<CommitKind> commit_kind(std::string_view word);

/// Head of a commit: everything about it but the change itself.
struct CommitInfo {
  Head head;
  std::string previous_hash;  ///< hash of commit seq-1; empty for the first
  CommitKind kind = CommitKind::step;
  std::string node, item;     ///< empty when the commit is of no node
  WallTime at{};
  std::string writer;
};

/// One durable change. `info.head.hash` covers all of it (record/commit.h computes and verifies it).
struct Commit {
  CommitInfo info;
  std::string delta;  ///< canonical JSON (docs/formats/commit.md)
};

/// The whole state at one seq: channels at top level plus the member `$workprint`.
struct Checkpoint {
  Head head;
  Json document;
};

/// The right to write one film for one epoch. Only a store makes one.
class Lease {
 public:
  Lease(Lease&&) = default;
  Lease& operator=(Lease&&) = default;
  [[nodiscard]] const FilmId& film() const { return film_; }
  [[nodiscard]] Epoch epoch() const { return epoch_; }

  /// The stores' constructor key; nobody else can name one.
  class Key {
    friend class CheckpointStore;
    Key() = default;
  };
  Lease(Key, FilmId film, Epoch epoch) : film_(std::move(film)), epoch_(epoch) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  FilmId film_;
  Epoch epoch_;
};

/// Who asks for a lease, and for how long it lives.
struct LeaseRequest {
  std::string writer;  ///< `<host>/<boot id>/<pid>/<process start>` (this_process_writer)
  Epoch at_least{};    ///< the granted epoch is greater than this and than the stored one
  /// How long the lease lives without a sign of life (a commit, an install, a renew), by the store's own clock.
  Duration term = std::chrono::seconds(30);
};

/// Thread-safety: every method may be called from any thread at the same time.
/// Blocking: every method does I/O; a busy database is waited for at most the store's own limit, then unavailable.
/// Durability: what commit/install/acquire/set_aside returned as ok survives the loss of this process and power.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  /// For people: "sqlite:workprint.db", without secrets.
  [[nodiscard]] virtual std::string describe() const = 0;

  /// Id of this store, made at random when it was created. A store that was deleted and made again has another one.
  /// Writes nothing. Errors: not_found (proven: the store is made by the first acquire); unavailable; corrupt; invalid
  /// (format too new).
  virtual Result<std::string> incarnation() = 0;

  /// Makes the caller the only writer of `film`: the new epoch is 1 + the greater of the stored one and `at_least`,
  /// and every earlier lease is fenced. A film the store does not hold is created with seq 0 and no checkpoint.
  /// Not taken is a lease of another writer whose term still runs, unless that writer is a process of this machine that
  /// is known to be gone. A writer that was stopped (SIGSTOP) past its term loses the film, though it lives.
  /// Errors: conflict (a live writer holds it: writer and the rest of its term are in the message); unavailable (may have
  /// been granted: acquire again); corrupt.
  virtual Result<Lease> acquire(const FilmId& film, const LeaseRequest& request) = 0;

  /// A sign of life: the lease lives for a full term from now. A lease whose term ran out goes on being good until
  /// somebody else takes the film.
  /// Errors: fenced (a newer epoch exists, or the film was set aside: stop); unavailable (again later: the term runs on).
  virtual Result<void> renew(const Lease& lease) = 0;

  /// Gives the lease back early. A lost release costs at most a term.
  virtual Result<void> release(const Lease& lease) = 0;

  /// The newest committed state, verified: base hash, then the hash chain over every delta since.
  /// A film that was acquired but never committed to is `absent`.
  virtual Loaded<Checkpoint> load(const FilmId& film) = 0;

  /// The state as of `seq`, verified the same way. `absent`: no such seq (never committed, pruned, or bridged over by
  /// install).
  virtual Loaded<Checkpoint> read(const FilmId& film, Seq seq) = 0;

  /// Appends one commit, all or nothing. `document` is the whole state after it; the store keeps it as a new base
  /// when the deltas since the last base outweigh that base (so bytes stay within a constant of the state's size).
  /// REQUIRES: commit.info.head.epoch == lease.epoch(); document belongs to the commit.
  /// Errors: fenced (a newer epoch exists: stop); conflict (the film is not at seq-1 with previous_hash: re-read);
  ///   unavailable (OUTCOME UNKNOWN: load before any second try).
  virtual Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) = 0;

  /// Makes `checkpoint` (from another tier) this film's newest state, as a full base at its own seq and hash. Commits
  /// between the stored head and it stay unknown here.
  /// REQUIRES: checkpoint.head.epoch < lease.epoch().
  /// Errors: fenced; conflict (the store holds this seq or a newer one); unavailable (unknown).
  virtual Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) = 0;

  /// Moves what the store holds of `film` (or the whole database file, when that is what is damaged) out of the way,
  /// readable by a person, and forgets it. Never deletes. The film is `absent` afterwards.
  /// Returns where it was put. Errors: unavailable.
  virtual Result<std::string> set_aside(const FilmId& film, const std::string& reason) = 0;

  /// Commits with seq < before, newest first, at most `limit`.
  /// Errors: not_found (film); unavailable; corrupt.
  virtual Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) = 0;

  /// Whole commits with seq > after, oldest first, at most `limit`, each with its hash verified. One that is not known
  /// here but by its head (install brought a state from another tier) has an empty delta: read() has the state then.
  /// Errors: not_found (film); unavailable; corrupt.
  virtual Result<std::vector<Commit>> log(const FilmId& film, Seq after, std::size_t limit) = 0;

  /// Forgets commits before `keep_from`, or before the newest base where that is older; the state at the oldest seq kept
  /// becomes a base. The head, and every state from there on, stay readable; earlier ones are `absent`. May run beside the
  /// film's writer. Returns the oldest seq kept.
  /// Errors: not_found (film); conflict (keep_from is after the head); unavailable; corrupt.
  virtual Result<Seq> prune(const FilmId& film, Seq keep_from) = 0;

  struct Row {
    FilmId film;
    Head head;
    WallTime updated_at{};
  };
  /// All films with at least one commit, by id.
  virtual Result<std::vector<Row>> list() = 0;

 protected:
  static Lease make_lease(FilmId film, Epoch epoch) { return Lease(Lease::Key(), std::move(film), epoch); }
};

/// A store in this process's memory: for tests and films that may be lost. Its writers may say that they are of several
/// machines: then only a term that ran out frees a film.
std::unique_ptr<CheckpointStore> open_memory_store(std::shared_ptr<Clock> clock);

/// SQLite, WAL, synchronous=FULL, one transaction a commit. The file is opened at the first call, so that a damaged or
/// unreachable database is an Outcome and not a failure to start. `path` is created with its parent folder.
std::unique_ptr<CheckpointStore> open_sqlite_store(const std::string& path, std::shared_ptr<Clock> clock);

/// PostgreSQL (docs/formats/checkpoint-postgres.md): one statement a commit, and one for all commits that wait at the same
/// time. `location` is `postgres://user:secret@host:port/database?…`, or `postgres:` for the PG* variables; two parameters
/// are ours: `schema=<name>` (workprint) and `prepare=off` (behind PgBouncer in transaction mode). Connections are opened
/// at the first call and again after a loss. Every call ends within 5 s, a commit that waits behind others within 10 s.
std::unique_ptr<CheckpointStore> open_postgres_store(const std::string& location, std::shared_ptr<Clock> clock);

/// The store that a setting names: `sqlite:<path>`, `postgres://…`, `postgres:` or `memory:`; empty: `workprint.db` in
/// `folder`, which relative paths start from.
/// Errors: invalid, naming the forms that are allowed.
Result<std::unique_ptr<CheckpointStore>> open_checkpoint_store(const std::string& location, std::shared_ptr<Clock> clock,
                                                               const std::string& folder);

/// The writer id of this process, as CheckpointStore::acquire reads it.
[[nodiscard]] std::string this_process_writer();

}  // namespace workprint
