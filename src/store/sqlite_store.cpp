#include "store/sqlite_store.h"

#include <map>
#include <mutex>

#include "base/fault.h"
#include "store/film_row.h"
#include "store/owner.h"
#include "store/rule.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

using Kind = Transaction::Kind;

Outcome outcome_of(ErrorKind kind) { return kind == ErrorKind::corrupt ? Outcome::corrupt : Outcome::unreachable; }

// What a file that cannot be used means to a method that returns a Result.
std::unexpected<Error> refusal(Outcome outcome, const std::string& detail) {
  switch (outcome) {
    case Outcome::absent: return fail(ErrorKind::not_found, detail);
    case Outcome::too_new: return fail(ErrorKind::invalid, detail);
    case Outcome::corrupt:
    case Outcome::foreign: return fail(ErrorKind::corrupt, detail);
    default: return fail(ErrorKind::unavailable, detail);
  }
}

// The statements of a commit, kept prepared.
struct Hot {
  Statement update_film, insert_commit;

  static Result<Hot> prepare(Connection& connection) {
    Hot hot;
    hot.update_film = TRY(connection.prepare(update_film_sql));
    hot.insert_commit = TRY(connection.prepare(insert_commit_sql));
    return hot;
  }
};

class SqliteStore final : public CheckpointStore {
 public:
  SqliteStore(std::string path, std::shared_ptr<Clock> clock, SqliteLimits limits)
      : path_(std::move(path)), clock_(std::move(clock)), limits_(limits) {}

  std::string describe() const override { return "sqlite:" + path_; }
  Result<std::string> incarnation() override;
  Result<Lease> acquire(const FilmId& film, const LeaseRequest& request) override;
  Result<void> renew(const Lease& lease) override;
  Result<void> release(const Lease& lease) override;
  Loaded<Checkpoint> load(const FilmId& film) override;
  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override;
  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override;
  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override;
  Result<std::string> set_aside(const FilmId& film, const std::string& reason) override;
  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override;
  Result<std::vector<Commit>> log(const FilmId& film, Seq after, std::size_t limit) override;
  Result<Seq> prune(const FilmId& film, Seq keep_from) override;
  Result<std::vector<Row>> list() override;

 private:
  Loaded<Connection*> connect(IfMissing missing);
  Result<Connection*> connected(IfMissing missing);
  Result<Connection*> connected_to(const FilmId& film);
  void disconnect();

  Result<FilmRow> stored_row(const FilmId& film);
  Result<FilmRow> row_before(const Lease& lease, const CommitInfo& info);
  Result<FilmRow> write_commit(const Lease& lease, const Commit& commit, const Json& document);
  Result<Loaded<Checkpoint>> read_in_transaction(const FilmId& film, std::optional<Seq> seq);
  Loaded<Checkpoint> read_verified(const FilmId& film, std::optional<Seq> seq);
  Result<std::string> set_rows_aside(const FilmId& film, const std::string& reason);
  Result<std::string> set_file_aside();

  const std::string path_;
  const std::shared_ptr<Clock> clock_;
  const SqliteLimits limits_;
  std::mutex mutex_;
  std::optional<Connection> connection_;
  FileIdentity identity_;
  Hot hot_;                              // after connection_: finalised first
  std::map<std::string, FilmRow> held_;  // as this process last wrote them; the SQL guards say whether they still are
};

// --- the file --------------------------------------------------------------------------------------------------------

void SqliteStore::disconnect() {
  hot_ = {};
  held_.clear();
  connection_.reset();
}

// A file that was removed or replaced under us would swallow commits that nobody could ever load.
Loaded<Connection*> SqliteStore::connect(IfMissing missing) {
  const auto identity = identify(path_);
  if (connection_ && identity && *identity == identity_) return {Outcome::found, &*connection_, {}};
  disconnect();
  Loaded<Connection> opened = open_database(path_, limits_, missing);
  if (!opened.value) return {opened.outcome, std::nullopt, std::move(opened.detail)};
  const auto now = identify(path_);
  auto hot = Hot::prepare(*opened.value);
  if (!now || !hot) return {outcome_of((now ? hot.error() : now.error()).kind), std::nullopt, (now ? hot.error() : now.error()).message};
  identity_ = *now;
  hot_ = *std::move(hot);
  connection_ = *std::move(opened.value);
  return {Outcome::found, &*connection_, {}};
}

Result<Connection*> SqliteStore::connected(IfMissing missing) {
  Loaded<Connection*> connection = connect(missing);
  if (!connection.value) return refusal(connection.outcome, connection.detail);
  return *connection.value;
}

// For a holder of a lease: a database that is not there is one that moved on without it.
Result<Connection*> SqliteStore::connected_to(const FilmId& film) {
  auto connection = connected(IfMissing::leave);
  if (!connection && connection.error().kind == ErrorKind::not_found)
    return no_such_film(film);
  return connection;
}

Result<std::string> SqliteStore::incarnation() {
  const std::lock_guard lock(mutex_);
  Connection* connection = TRY(connected(IfMissing::leave));
  return connection->text("SELECT value FROM meta WHERE name = 'incarnation'");
}

// --- leases ----------------------------------------------------------------------------------------------------------

Result<Lease> SqliteStore::acquire(const FilmId& film, const LeaseRequest& request) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected(IfMissing::create));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  const std::optional<FilmRow> before = TRY(find_film(connection, film.value()));
  const std::uint64_t now_ms = monotonic_ms(*clock_);
  if (before) TRY(may_acquire(film, {before->owner, before->term_ms, before->alive_ms}, request, now_ms, Machines::one));
  FilmRow row = before.value_or(FilmRow{});
  row.epoch = TRY(following_epoch(film, row.epoch, request.at_least));
  row.owner = request.writer;
  row.term_ms = static_cast<std::uint64_t>(std::max(Duration::zero(), request.term).count());
  row.alive_ms = now_ms;
  if (before) {
    if (!TRY(update_film(connection, hot_.update_film, *before, row))) return fail(ErrorKind::corrupt, "a film's row cannot be found again. film=" + film.value());
  } else {
    row.film = film.value();
    row.updated_at = std::max(WallTime{}, clock_->wall());
    TRY(insert_film(connection, row));
  }
  held_.erase(film.value());
  fault_point("checkpoint.acquire.before");
  TRY(transaction.commit());
  fault_point("checkpoint.acquire.after");
  const Epoch epoch = row.epoch;
  held_[film.value()] = std::move(row);
  return make_lease(film, epoch);
}

Result<void> SqliteStore::renew(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected_to(lease.film()));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  const FilmRow before = TRY(stored_row(lease.film()));
  TRY(is_owner(lease, before.epoch));
  FilmRow row = before;
  row.alive_ms = monotonic_ms(*clock_);
  if (!TRY(update_film(connection, hot_.update_film, before, row))) return fail(ErrorKind::corrupt, "a film's row cannot be found again. film=" + row.film);
  held_.erase(row.film);
  TRY(transaction.commit());
  held_[lease.film().value()] = std::move(row);
  return {};
}

Result<void> SqliteStore::release(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected(IfMissing::leave));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  const std::optional<FilmRow> before = TRY(find_film(connection, lease.film().value()));
  if (!before || before->epoch != lease.epoch()) return {};
  FilmRow row = *before;
  row.owner.clear();
  TRY(update_film(connection, hot_.update_film, *before, row));
  held_.erase(lease.film().value());
  return transaction.commit();
}

// --- writing ---------------------------------------------------------------------------------------------------------

Result<FilmRow> SqliteStore::stored_row(const FilmId& film) {
  std::optional<FilmRow> row = TRY(find_film(*connection_, film.value()));
  if (!row) return no_such_film(film);
  return *std::move(row);
}

// The stored row, when it is one that `info` may follow.
Result<FilmRow> SqliteStore::row_before(const Lease& lease, const CommitInfo& info) {
  FilmRow row = TRY(stored_row(lease.film()));
  TRY(may_commit(lease, row.epoch, row.head, info));
  return row;
}

// No read, while nobody else has written: what is held was the row when this process last wrote it.
Result<FilmRow> SqliteStore::write_commit(const Lease& lease, const Commit& commit, const Json& document) {
  const CommitInfo& info = commit.info;
  const auto held = held_.find(lease.film().value());
  const bool is_held = held != held_.end() && may_commit(lease, held->second.epoch, held->second.head, info);
  const FilmRow before = is_held ? held->second : TRY(row_before(lease, info));
  const std::uint64_t delta_bytes = before.delta_bytes_since_base + commit.delta.size();
  const bool is_first = before.head.seq == Seq{};
  FilmRow row = before;
  row.head = info.head;
  row.updated_at = info.at;
  row.alive_ms = monotonic_ms(*clock_);
  row.delta_bytes_since_base = delta_bytes;
  std::string base;
  if (is_first || wants_base(before.base_bytes, delta_bytes)) {
    base = TRY(make_base(lease.film(), info.head, document));
    row.base_seq = info.head.seq;
    row.base_bytes = base.size();
    row.delta_bytes_since_base = 0;
  }
  if (!TRY(update_film(*connection_, hot_.update_film, before, row))) {
    TRY(row_before(lease, info));
    return fail(ErrorKind::corrupt, "a film's row cannot be found again. film=" + lease.film().value());
  }
  TRY(insert_commit(hot_.insert_commit, row, commit));
  if (!base.empty()) TRY(insert_base(*connection_, row, info.head.seq, is_first ? Anchor::yes : Anchor::no, base));
  return row;
}

Result<void> SqliteStore::commit(const Lease& lease, const Commit& commit, const Json& document) {
  check(commit.info.head.epoch == lease.epoch(), "a commit carries its lease's epoch");
  check(commit.info.head.hash == record::commit_hash(lease.film(), commit.info, commit.delta), "a commit is sealed");
  TRY(is_readable(commit));
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected_to(lease.film()));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  auto row = write_commit(lease, commit, document);
  // Nothing is known about the row any more until the transaction has ended well.
  held_.erase(lease.film().value());
  if (!row) return std::unexpected(std::move(row).error());
  fault_point("checkpoint.commit.before");
  TRY(transaction.commit());
  fault_point("checkpoint.commit.after");
  // A film's beginning is folded into the file at once: a log that is lost or damaged later may cost the film its newest
  // commits, but never makes it look as if it had not been there. Fails only while readers are busy; then the next does it.
  if (commit.info.previous_hash.empty()) [[maybe_unused]] const auto folded = connection.run("PRAGMA wal_checkpoint(PASSIVE)");
  held_[lease.film().value()] = *std::move(row);
  return {};
}

Result<void> SqliteStore::install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) {
  if (!is_storable_time(info.at)) return fail(ErrorKind::invalid, "commit's time is not between the years 1970 and 9999");
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected_to(lease.film()));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  const FilmRow before = TRY(stored_row(lease.film()));
  TRY(may_install(lease, before.epoch, before.head, checkpoint.head));
  const std::string base = TRY(make_base(lease.film(), checkpoint.head, checkpoint.document));
  FilmRow row = before;
  row.head = checkpoint.head;
  row.updated_at = info.at;
  row.alive_ms = monotonic_ms(*clock_);
  row.base_seq = checkpoint.head.seq;
  row.base_bytes = base.size();
  row.delta_bytes_since_base = 0;
  if (!TRY(update_film(connection, hot_.update_film, before, row))) return fail(ErrorKind::corrupt, "a film's row cannot be found again. film=" + row.film);
  CommitInfo record = info;
  record.head = checkpoint.head;
  TRY(insert_restored(hot_.insert_commit, row, lease.film(), std::move(record)));
  TRY(insert_base(connection, row, checkpoint.head.seq, Anchor::yes, base));
  held_.erase(row.film);
  fault_point("checkpoint.install.before");
  TRY(transaction.commit());
  fault_point("checkpoint.install.after");
  held_[lease.film().value()] = std::move(row);
  return {};
}

// --- reading ---------------------------------------------------------------------------------------------------------

Result<Loaded<Checkpoint>> SqliteStore::read_in_transaction(const FilmId& film, std::optional<Seq> seq) {
  Transaction transaction = TRY(Transaction::begin(*connection_, Kind::read));
  const std::optional<FilmRow> row = TRY(find_film(*connection_, film.value()));
  if (!row || row->head.seq == Seq{}) return Loaded<Checkpoint>{Outcome::absent, std::nullopt, "the database has no commit of this film"};
  Loaded<Checkpoint> loaded = TRY(read_state(*connection_, *row, film, seq.value_or(row->head.seq)));
  if (seq.value_or(row->head.seq) != row->head.seq) return loaded;
  if (loaded.outcome == Outcome::absent) return fail(ErrorKind::corrupt, "the newest commit's row is gone. film=" + film.value());
  if (loaded.value && loaded.value->head != row->head)
    return fail(ErrorKind::corrupt, "the film's row and its newest commit disagree. film=" + film.value());
  return loaded;
}

Loaded<Checkpoint> SqliteStore::read_verified(const FilmId& film, std::optional<Seq> seq) {
  const std::lock_guard lock(mutex_);
  if (const auto connection = connect(IfMissing::leave); !connection.value) return {connection.outcome, std::nullopt, connection.detail};
  auto loaded = read_in_transaction(film, seq);
  if (loaded) return *std::move(loaded);
  return {outcome_of(loaded.error().kind), std::nullopt, loaded.error().message};
}

Loaded<Checkpoint> SqliteStore::load(const FilmId& film) { return read_verified(film, std::nullopt); }
Loaded<Checkpoint> SqliteStore::read(const FilmId& film, Seq seq) { return read_verified(film, seq); }

Result<std::vector<CommitInfo>> SqliteStore::history(const FilmId& film, Seq before, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected(IfMissing::leave));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::read));
  const std::optional<FilmRow> row = TRY(find_film(connection, film.value()));
  if (!row || row->head.seq == Seq{}) return fail(ErrorKind::not_found, "the database has no commit of this film. film=" + film.value());
  return commits_before(connection, *row, film, before, limit);
}

Result<std::vector<Commit>> SqliteStore::log(const FilmId& film, Seq after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected(IfMissing::leave));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::read));
  const std::optional<FilmRow> row = TRY(find_film(connection, film.value()));
  if (!row || row->head.seq == Seq{}) return fail(ErrorKind::not_found, "the database has no commit of this film. film=" + film.value());
  return commits_after(connection, *row, film, after, limit);
}

Result<Seq> SqliteStore::prune(const FilmId& film, Seq keep_from) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected(IfMissing::leave));
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  const std::optional<FilmRow> row = TRY(find_film(connection, film.value()));
  if (!row || row->head.seq == Seq{}) return fail(ErrorKind::not_found, "the database has no commit of this film. film=" + film.value());
  if (number(keep_from) > number(row->head.seq)) return prunes_too_much(film, row->head, keep_from);
  const Seq kept = TRY(prune_commits(connection, *row, film, keep_from));
  fault_point("checkpoint.prune.before");
  TRY(transaction.commit());
  fault_point("checkpoint.prune.after");
  return kept;
}

Result<std::vector<CheckpointStore::Row>> SqliteStore::list() {
  const std::lock_guard lock(mutex_);
  const Loaded<Connection*> connection = connect(IfMissing::leave);
  if (connection.outcome == Outcome::absent) return std::vector<Row>();
  if (!connection.value) return refusal(connection.outcome, connection.detail);
  std::vector<Row> rows;
  for (const FilmRow& film : TRY(all_films(**connection.value))) {
    if (film.head.seq == Seq{}) continue;
    const auto id = parse_film_id(film.film);
    if (!id) return fail(ErrorKind::corrupt, "a film's row has no film id. row=" + std::to_string(film.id));
    rows.push_back({*id, film.head, film.updated_at});
  }
  return rows;
}

// --- damage ----------------------------------------------------------------------------------------------------------

namespace {

Result<void> move_rows(Connection& connection, std::uint64_t aside, std::uint64_t film) {
  for (const char* sql :
       {"INSERT INTO set_aside_films SELECT ?2, id, film_id, epoch, owner, head_epoch, head_seq, head_hash FROM films NOT INDEXED WHERE id = ?1",
        "INSERT INTO set_aside_commits SELECT ?2, * FROM commits NOT INDEXED WHERE film = ?1",
        "INSERT INTO set_aside_bases SELECT ?2, * FROM bases NOT INDEXED WHERE film = ?1"}) {
    Statement copy = TRY(connection.prepare(sql));
    TRY(copy.bind(1, film).bind(2, aside).run());
  }
  for (const char* sql : {"DELETE FROM commits WHERE film = ?1", "DELETE FROM bases WHERE film = ?1", "DELETE FROM films WHERE id = ?1"}) {
    Statement remove = TRY(connection.prepare(sql));
    TRY(remove.bind(1, film).run());
  }
  return {};
}

}  // namespace

// The film's rows, and every film's row that no longer says whose it is: while one of those is there, nobody is absent.
Result<std::string> SqliteStore::set_rows_aside(const FilmId& film, const std::string& reason) {
  Transaction transaction = TRY(Transaction::begin(*connection_, Kind::write));
  std::vector<std::uint64_t> ids = TRY(damaged_films(*connection_));
  Statement named = TRY(connection_->prepare("SELECT id FROM films NOT INDEXED WHERE film_id = ?1"));
  named.bind(1, film.value());
  while (TRY(named.step()))
    if (const std::uint64_t id = TRY(named.number(0)); std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  if (ids.empty()) return "nothing was there: " + describe();
  Statement entry = TRY(connection_->prepare("INSERT INTO set_aside (film_id, at_ms, reason) VALUES (?1, ?2, ?3)"));
  const auto now = std::max(WallTime{}, clock_->wall()).time_since_epoch().count();
  TRY(entry.bind(1, film.value()).bind(2, static_cast<std::uint64_t>(now)).bind(3, reason).run());
  const auto aside = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(connection_->get()));
  for (const std::uint64_t id : ids) TRY(move_rows(*connection_, aside, id));
  held_.clear();
  fault_point("checkpoint.set_aside.before");
  TRY(transaction.commit());
  fault_point("checkpoint.set_aside.after");
  return describe() + " tables set_aside_*, aside=" + std::to_string(aside);
}

Result<std::string> SqliteStore::set_file_aside() {
  disconnect();
  const std::string kept = TRY(move_aside(path_, clock_->wall()));
  TRY(connected(IfMissing::create));
  return kept;
}

Result<std::string> SqliteStore::set_aside(const FilmId& film, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  const Loaded<Connection*> connection = connect(IfMissing::leave);
  switch (connection.outcome) {
    case Outcome::absent: return "nothing was there: " + describe();
    case Outcome::corrupt:
    case Outcome::foreign: return set_file_aside();
    case Outcome::found: break;
    default: return refusal(connection.outcome, connection.detail);
  }
  auto kept = set_rows_aside(film, reason);
  if (!kept && kept.error().kind == ErrorKind::corrupt) return set_file_aside();
  return kept;
}

}  // namespace

std::unique_ptr<CheckpointStore> open_sqlite_store(const std::string& path, std::shared_ptr<Clock> clock, const SqliteLimits& limits) {
  return std::make_unique<SqliteStore>(path, std::move(clock), limits);
}

}  // namespace workprint::store

namespace workprint {

std::unique_ptr<CheckpointStore> open_sqlite_store(const std::string& path, std::shared_ptr<Clock> clock) {
  return store::open_sqlite_store(path, std::move(clock), {});
}

}  // namespace workprint
