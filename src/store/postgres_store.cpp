#include "store/postgres_store.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/fault.h"
#include "record/commit.h"
#include "store/owner.h"
#include "store/postgres_commits.h"
#include "store/replay.h"
#include "store/rule.h"
#include "workprint/try.h"

namespace workprint::store::postgres {
namespace {

constexpr std::chrono::seconds absence_holds(2);

Outcome outcome_of(ErrorKind kind) { return kind == ErrorKind::corrupt ? Outcome::corrupt : Outcome::unreachable; }

// A writer of this machine is gone when its process is; of any other, only its term says so. A sign of life ahead of the
// clock by more than a term is of a clock that was set back since, or damage: nobody alive has left it there.
Result<void> may_take(const FilmId& film, const FilmSeen& seen, const LeaseRequest& request) {
  const FilmRow& row = seen.row;
  const auto term_us = static_cast<ServerTime>(row.term_ms) * 1000;
  if (owner_of(row.owner, request.writer) == Owner::ourselves) return {};
  if (is_of_this_machine(row.owner, request.writer) && owner_of(row.owner, request.writer) == Owner::gone) return {};
  if (row.alive_at > seen.now + term_us || seen.now >= row.alive_at + term_us) return {};
  return fail(ErrorKind::conflict, "film is being written by a live process. film=" + film.value() + " writer=" + row.owner +
                                       " lease_ends_in_ms=" + std::to_string((row.alive_at + term_us - seen.now) / 1000));
}

class PostgresStore final : public CheckpointStore {
 public:
  PostgresStore(Location location, std::shared_ptr<Clock> clock, const PostgresLimits& limits)
      : clock_(std::move(clock)), sessions_(std::move(location), limits), commits_(sessions_) {}

  std::string describe() const override { return sessions_.location().shown; }
  Result<std::string> incarnation() override;
  Result<Lease> acquire(const FilmId& film, const LeaseRequest& request) override;
  Result<void> renew(const Lease& lease) override;
  Result<void> release(const Lease& lease) override;
  Loaded<Checkpoint> load(const FilmId& film) override { return read_verified(film, std::nullopt); }
  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override { return read_verified(film, seq); }
  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override;
  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override;
  Result<std::string> set_aside(const FilmId& film, const std::string& reason) override;
  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override;
  Result<std::vector<Commit>> log(const FilmId& film, Seq after, std::size_t limit) override;
  Result<Seq> prune(const FilmId& film, Seq keep_from) override;
  Result<std::vector<Row>> list() override;

 private:
  template <class Work>
  auto on_session(IfMissing missing, Work work) -> decltype(work(std::declval<Connection&>(), Deadline()));
  template <class Work>
  auto on_leased(const Lease& lease, Work work) -> decltype(work(std::declval<Connection&>(), Deadline()));

  Result<FilmRow> take_over(Connection& connection, const FilmId& film, const LeaseRequest& request, Deadline deadline);
  Result<FilmRow> stored_row(const FilmId& film, const Lease& lease);
  Result<FilmRow> row_before(const Lease& lease, const CommitInfo& info);
  Result<void> write(const Lease& lease, const FilmWrite& write);
  Loaded<Checkpoint> read_verified(const FilmId& film, std::optional<Seq> seq);
  Result<std::string> set_schema_aside();
  Result<std::string> identity(IfMissing missing);

  void remember_absence(const FilmId& film);
  Proof proof_for(const FilmId& film);
  std::optional<FilmRow> held(const FilmId& film);
  void hold(const FilmRow& row);
  void forget(const FilmId& film);

  const std::shared_ptr<Clock> clock_;
  Sessions sessions_;
  CommitGroup commits_;
  std::mutex mutex_;                     // of held_ and absent_
  std::map<std::string, FilmRow> held_;  // as this process last wrote them; the SQL guards say whether they still are
  std::map<std::string, Deadline> absent_;  // proven by all rows; until when that may be relied on
};

// --- sessions --------------------------------------------------------------------------------------------------------

// Tables that went away under a session are looked for once more: what stands there now is the answer.
template <class Work>
auto PostgresStore::on_session(IfMissing missing, Work work) -> decltype(work(std::declval<Connection&>(), Deadline())) {
  const Deadline deadline = sessions_.deadline();
  for (int round = 0;; ++round) {
    Loaded<Sessions::Lent> session = sessions_.take(missing, deadline);
    if (!session.value) return refusal(session.outcome, session.detail);
    auto done = work(session.value->connection(), deadline);
    if (done || !session.value->has_lost_its_tables() || round > 0) return done;
  }
}

// For a holder of a lease: a database without its schema is one that moved on without it.
template <class Work>
auto PostgresStore::on_leased(const Lease& lease, Work work) -> decltype(work(std::declval<Connection&>(), Deadline())) {
  auto done = on_session(IfMissing::leave, std::move(work));
  if (!done && done.error().kind == ErrorKind::not_found) return no_such_film(lease.film());
  return done;
}

// All rows are read and hashed to prove an absence. Who begins a film has just had that done, and needs to know no more than
// that nobody was faster.
void PostgresStore::remember_absence(const FilmId& film) {
  const Deadline now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  std::erase_if(absent_, [&](const auto& one) { return one.second < now; });
  absent_[film.value()] = now + absence_holds;
}

Proof PostgresStore::proof_for(const FilmId& film) {
  const std::lock_guard lock(mutex_);
  const auto known = absent_.extract(film.value());
  return !known.empty() && std::chrono::steady_clock::now() < known.mapped() ? Proof::by_name : Proof::by_all_rows;
}

std::optional<FilmRow> PostgresStore::held(const FilmId& film) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(film.value());
  return found == held_.end() ? std::nullopt : std::optional(found->second);
}

void PostgresStore::hold(const FilmRow& row) {
  const std::lock_guard lock(mutex_);
  held_[row.film] = row;
}

void PostgresStore::forget(const FilmId& film) {
  const std::lock_guard lock(mutex_);
  held_.erase(film.value());
}

Result<std::string> PostgresStore::incarnation() { return identity(IfMissing::leave); }

Result<std::string> PostgresStore::identity(IfMissing missing) {
  return on_session(missing, [](Connection& connection, Deadline deadline) { return read_incarnation(connection, deadline); });
}

// --- leases ----------------------------------------------------------------------------------------------------------

// Read, judge, write what was judged if it is still so; another writer in between means judging again.
Result<FilmRow> PostgresStore::take_over(Connection& connection, const FilmId& film, const LeaseRequest& request, Deadline deadline) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::optional<FilmSeen> seen = TRY(find_film(connection, film.value(), deadline, proof_for(film)));
    if (seen) TRY(may_take(film, *seen, request));
    FilmRow row = seen ? seen->row : FilmRow{};
    row.epoch = TRY(following_epoch(film, row.epoch, request.at_least));
    row.owner = request.writer;
    row.term_ms = static_cast<std::uint64_t>(std::max(Duration::zero(), request.term).count());
    fault_point("checkpoint.acquire.before");
    if (seen) {
      if (TRY(take_film(connection, seen->row, row, deadline))) return row;
      continue;
    }
    row.film = film.value();
    row.updated_at = std::max(WallTime{}, clock_->wall());
    if (const std::optional<FilmRow> made = TRY(insert_film(connection, row, deadline))) return *made;
  }
  return fail(ErrorKind::conflict, "film is being written by a live process: its row never stood still. film=" + film.value());
}

Result<Lease> PostgresStore::acquire(const FilmId& film, const LeaseRequest& request) {
  forget(film);
  const FilmRow row = TRY(on_session(IfMissing::create, [&](Connection& connection, Deadline deadline) {
    return take_over(connection, film, request, deadline);
  }));
  fault_point("checkpoint.acquire.after");
  hold(row);
  return make_lease(film, row.epoch);
}

Result<void> PostgresStore::renew(const Lease& lease) {
  return on_leased(lease, [&](Connection& connection, Deadline deadline) -> Result<void> {
    if (TRY(touch_film(connection, lease.film(), lease.epoch(), deadline))) return {};
    const std::optional<FilmSeen> seen = TRY(find_film(connection, lease.film().value(), deadline));
    if (!seen) return no_such_film(lease.film());
    TRY(is_owner(lease, seen->row.epoch));
    return fail(ErrorKind::corrupt, "a film's row cannot be found again. film=" + lease.film().value());
  });
}

Result<void> PostgresStore::release(const Lease& lease) {
  forget(lease.film());  // or a worker would hold a row of every film it ever wrote
  return on_session(IfMissing::leave, [&](Connection& connection, Deadline deadline) {
    return end_term(connection, lease.film(), lease.epoch(), deadline);
  });
}

// --- writing ---------------------------------------------------------------------------------------------------------

Result<FilmRow> PostgresStore::stored_row(const FilmId& film, const Lease& lease) {
  const std::optional<FilmSeen> seen = TRY(on_leased(lease, [&](Connection& connection, Deadline deadline) {
    return find_film(connection, film.value(), deadline);
  }));
  if (!seen) return no_such_film(film);
  return seen->row;
}

// The row that `info` may follow. No read, while nobody else has written: what is held was the row when this process
// last wrote it.
Result<FilmRow> PostgresStore::row_before(const Lease& lease, const CommitInfo& info) {
  if (const auto row = held(lease.film()); row && may_commit(lease, row->epoch, row->head, info)) return *row;
  FilmRow row = TRY(stored_row(lease.film(), lease));
  TRY(may_commit(lease, row.epoch, row.head, info));
  return row;
}

Result<void> PostgresStore::write(const Lease& lease, const FilmWrite& write) {
  // Nothing is known about the row any more until the statement has ended well.
  forget(lease.film());
  TRY(commits_.submit(lease, write));
  hold(write.row);
  return {};
}

Result<void> PostgresStore::commit(const Lease& lease, const Commit& commit, const Json& document) {
  const CommitInfo& info = commit.info;
  check(info.head.epoch == lease.epoch(), "a commit carries its lease's epoch");
  check(info.head.hash == record::commit_hash(lease.film(), info, commit.delta), "a commit is sealed");
  TRY(is_readable(commit));
  FilmWrite planned;
  planned.before = TRY(row_before(lease, info));
  planned.info = info;
  planned.delta = commit.delta;
  FilmRow& row = planned.row = planned.before;
  const bool is_first = row.head.seq == Seq{};
  row.head = info.head;
  row.updated_at = info.at;
  row.delta_bytes_since_base += commit.delta.size();
  if (is_first || wants_base(row.base_bytes, row.delta_bytes_since_base)) {
    planned.base = TRY(make_base(lease.film(), info.head, document));
    planned.anchor = is_first ? Anchor::yes : Anchor::no;
    row.base_bytes = planned.base.size();
    row.delta_bytes_since_base = 0;
  }
  return write(lease, planned);
}

Result<void> PostgresStore::install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) {
  if (!is_storable_time(info.at)) return fail(ErrorKind::invalid, "commit's time is not between the years 1970 and 9999");
  FilmWrite planned;
  planned.before = TRY(stored_row(lease.film(), lease));
  TRY(may_install(lease, planned.before.epoch, planned.before.head, checkpoint.head));
  planned.info = info;
  planned.info.head = checkpoint.head;
  planned.info.kind = CommitKind::restored;
  planned.base = TRY(make_base(lease.film(), checkpoint.head, checkpoint.document));
  planned.anchor = Anchor::yes;
  FilmRow& row = planned.row = planned.before;
  row.head = checkpoint.head;
  row.updated_at = info.at;
  row.base_bytes = planned.base.size();
  row.delta_bytes_since_base = 0;
  fault_point("checkpoint.install.before");
  TRY(write(lease, planned));
  fault_point("checkpoint.install.after");
  return {};
}

// --- reading ---------------------------------------------------------------------------------------------------------

Loaded<Checkpoint> PostgresStore::read_verified(const FilmId& film, std::optional<Seq> seq) {
  const Deadline deadline = sessions_.deadline();
  for (int round = 0;; ++round) {
    Loaded<Sessions::Lent> session = sessions_.take(IfMissing::leave, deadline);
    if (!session.value) return {session.outcome, std::nullopt, std::move(session.detail)};
    bool is_proven = false;
    auto loaded = read_state(session.value->connection(), film, seq, deadline, &is_proven);
    if (is_proven) remember_absence(film);
    if (loaded) return *std::move(loaded);
    if (!session.value->has_lost_its_tables() || round > 0) return {outcome_of(loaded.error().kind), std::nullopt, loaded.error().message};
  }
}

Result<std::vector<CommitInfo>> PostgresStore::history(const FilmId& film, Seq before, std::size_t limit) {
  return on_session(IfMissing::leave, [&](Connection& connection, Deadline deadline) {
    return read_history(connection, film, before, limit, deadline);
  });
}

Result<std::vector<Commit>> PostgresStore::log(const FilmId& film, Seq after, std::size_t limit) {
  return on_session(IfMissing::leave, [&](Connection& connection, Deadline deadline) {
    return read_log(connection, film, after, limit, deadline);
  });
}

Result<Seq> PostgresStore::prune(const FilmId& film, Seq keep_from) {
  return on_session(IfMissing::leave, [&](Connection& connection, Deadline deadline) -> Result<Seq> {
    const std::optional<FilmSeen> seen = TRY(find_film(connection, film.value(), deadline));
    if (!seen || seen->row.head.seq == Seq{}) return fail(ErrorKind::not_found, "the database has no commit of this film. film=" + film.value());
    if (number(keep_from) > number(seen->row.head.seq)) return prunes_too_much(film, seen->row.head, keep_from);
    return prune_commits(connection, seen->row, film, keep_from, deadline);
  });
}

Result<std::vector<CheckpointStore::Row>> PostgresStore::list() {
  auto films = on_session(IfMissing::leave, [](Connection& connection, Deadline deadline) { return all_films(connection, deadline); });
  if (!films && films.error().kind == ErrorKind::not_found) return std::vector<Row>();
  if (!films) return std::unexpected(std::move(films).error());
  std::vector<Row> rows;
  for (const FilmRow& film : *films) {
    if (film.head.seq == Seq{}) continue;
    const auto id = parse_film_id(film.film);
    if (!id) return fail(ErrorKind::corrupt, "a film's row has no film id. row=" + std::to_string(film.id));
    rows.push_back({*id, film.head, film.updated_at});
  }
  return rows;
}

// --- damage ----------------------------------------------------------------------------------------------------------

Result<std::string> PostgresStore::set_schema_aside() {
  const Deadline deadline = sessions_.deadline();
  std::string kept;
  {
    Sessions::Lent session = TRY(sessions_.take_unseen(deadline));
    fault_point("checkpoint.set_aside.before");
    kept = TRY(rename_schema(session.connection(), clock_->wall(), deadline));
    fault_point("checkpoint.set_aside.after");
  }
  TRY(identity(IfMissing::create));
  return describe() + " schema " + kept;
}

Result<std::string> PostgresStore::set_aside(const FilmId& film, const std::string& reason) {
  const Deadline deadline = sessions_.deadline();
  std::optional<Error> error;
  {
    Loaded<Sessions::Lent> session = sessions_.take(IfMissing::leave, deadline);
    switch (session.outcome) {
      case Outcome::absent: return "nothing was there: " + describe();
      case Outcome::found: break;
      case Outcome::corrupt: error = refusal(session.outcome, session.detail).error(); break;
      case Outcome::foreign:  // a file can be moved away from under its program; a schema is in use
        return fail(ErrorKind::unavailable, session.detail + ". name another one: ?schema=<name>");
      default: return refusal(session.outcome, session.detail);
    }
    if (session.value) {
      const std::string words = reason.substr(0, reason.find('\0'));
      auto moved = move_rows_aside(session.value->connection(), film, words, clock_->wall(), deadline);
      forget(film);
      if (moved && !*moved) return "nothing was there: " + describe();
      if (moved) return describe() + " tables set_aside_*, aside=" + std::to_string(**moved);
      error = std::move(moved).error();
    }
  }
  if (error->kind != ErrorKind::corrupt) return std::unexpected(*std::move(error));
  return set_schema_aside();
}

}  // namespace

/// Stands where the location cannot be read: says so to every call.
namespace {

class WrongStore final : public CheckpointStore {
 public:
  explicit WrongStore(Error error) : error_(std::move(error)) {}
  std::string describe() const override { return "postgres:"; }
  Result<std::string> incarnation() override { return refuse(); }
  Result<Lease> acquire(const FilmId&, const LeaseRequest&) override { return refuse(); }
  Result<void> renew(const Lease&) override { return refuse(); }
  Result<void> release(const Lease&) override { return refuse(); }
  Loaded<Checkpoint> load(const FilmId&) override { return {Outcome::unreachable, std::nullopt, error_.message}; }
  Loaded<Checkpoint> read(const FilmId&, Seq) override { return {Outcome::unreachable, std::nullopt, error_.message}; }
  Result<void> commit(const Lease&, const Commit&, const Json&) override { return refuse(); }
  Result<void> install(const Lease&, const Checkpoint&, const CommitInfo&) override { return refuse(); }
  Result<std::string> set_aside(const FilmId&, const std::string&) override { return refuse(); }
  Result<std::vector<CommitInfo>> history(const FilmId&, Seq, std::size_t) override { return refuse(); }
  Result<std::vector<Commit>> log(const FilmId&, Seq, std::size_t) override { return refuse(); }
  Result<Seq> prune(const FilmId&, Seq) override { return refuse(); }
  Result<std::vector<Row>> list() override { return refuse(); }

 private:
  [[nodiscard]] std::unexpected<Error> refuse() const { return std::unexpected(error_); }
  const Error error_;
};

}  // namespace

std::unique_ptr<CheckpointStore> open_postgres_store(const std::string& location, std::shared_ptr<Clock> clock, const PostgresLimits& limits) {
  auto parsed = parse_location(location);
  if (!parsed) return std::make_unique<WrongStore>(std::move(parsed).error());
  return std::make_unique<PostgresStore>(*std::move(parsed), std::move(clock), limits);
}

}  // namespace workprint::store::postgres

namespace workprint {

std::unique_ptr<CheckpointStore> open_postgres_store(const std::string& location, std::shared_ptr<Clock> clock) {
  return store::postgres::open_postgres_store(location, std::move(clock), {});
}

}  // namespace workprint
