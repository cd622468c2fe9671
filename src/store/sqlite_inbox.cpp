// The inbox in workprint.db, for one process or several on one machine (docs/formats/checkpoint-sqlite.md).
#include "store/sqlite_inbox.h"

#include <algorithm>
#include <mutex>

#include "base/fault.h"
#include "store/database_file.h"
#include "store/inbox_rule.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

using Kind = Transaction::Kind;

// How often another process's changes are looked for while this one waits.
constexpr Duration look_every = std::chrono::milliseconds(50);
// A film that was given back is looked at again after this at the latest, whatever the clock did since.
constexpr std::uint64_t back_off_max_ms = 3'600'000;

constexpr std::string_view columns = "command_id, body, prepared, at_ms, state, seq, error";

Result<CommandRecord> record_at(const FilmId& film, const Statement& row) {
  const std::uint64_t at_ms = TRY(row.number(3)), seq = TRY(row.number(5));
  return record_of(film, {row.text(0), row.text(1), row.text(2), row.text(4), row.text(6), at_ms, seq});
}

std::uint64_t stored(int priority) { return static_cast<std::uint64_t>(priority + priority_max); }

class SqliteInbox final : public Inbox {
 public:
  SqliteInbox(std::string path, std::shared_ptr<Clock> clock) : path_(std::move(path)), clock_(std::move(clock)) {}

  Result<CommandRecord> submit(const Command& command) override;
  Result<CommandRecord> find(const FilmId& film, const std::string& command) override;
  Result<std::vector<Command>> pending(const FilmId& film, std::size_t limit) override;
  Result<void> settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) override;
  Result<void> enqueue(const FilmId& film, int priority) override;
  Result<std::vector<Claim>> claim(const std::string& worker, std::size_t count, Duration term) override;
  Result<std::vector<FilmId>> keep(const std::string& worker, const std::vector<FilmId>& films) override;
  Result<void> rest(const std::string& worker, const FilmId& film) override;
  Result<void> give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) override;
  Result<QueueCounts> counts() override;
  Result<std::string> incarnation() override {
    const std::lock_guard lock(mutex_);
    Connection* connection = TRY(connected());
    return connection->text("SELECT value FROM meta WHERE name = 'incarnation'");
  }
  Result<std::uint64_t> forget(WallTime before) override;
  void wait(Duration limit, std::stop_token stop) override;

 private:
  Result<Connection*> connected();
  /// `work` in one transaction that only it may write in; ends with its commit.
  template <class Work>
  auto writing(Work work) -> decltype(work(std::declval<Connection&>()));
  Result<std::string> newest();

  const std::string path_;
  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::optional<Connection> connection_;
  FileIdentity identity_;
  std::string seen_;  // newest() as the one thread that waits last saw it
};

// A file that was removed or replaced under us would swallow commands that nobody could ever read.
Result<Connection*> SqliteInbox::connected() {
  const auto identity = identify(path_);
  if (connection_ && identity && *identity == identity_) return &*connection_;
  connection_.reset();
  Loaded<Connection> opened = open_database(path_, {}, IfMissing::create);
  if (!opened.value) {
    const bool is_damaged = opened.outcome == Outcome::corrupt || opened.outcome == Outcome::foreign;
    return fail(is_damaged ? ErrorKind::corrupt : opened.outcome == Outcome::too_new ? ErrorKind::invalid : ErrorKind::unavailable, opened.detail);
  }
  identity_ = TRY(identify(path_));
  connection_ = *std::move(opened.value);
  return &*connection_;
}

template <class Work>
auto SqliteInbox::writing(Work work) -> decltype(work(std::declval<Connection&>())) {
  const std::lock_guard lock(mutex_);
  Connection& connection = *TRY(connected());
  Transaction transaction = TRY(Transaction::begin(connection, Kind::write));
  auto done = work(connection);
  if (!done) return done;
  fault_point("inbox.commit.before");
  TRY(transaction.commit());
  fault_point("inbox.commit.after");
  return done;
}

Result<void> put(Connection& connection, const FilmId& film, int priority) {
  Statement statement = TRY(connection.prepare(
      "INSERT INTO queue (film_id, priority, worker, term_ms, alive_ms, not_before_ms) VALUES (?1, ?2, '', 0, 0, 0) "
      "ON CONFLICT (film_id) DO UPDATE SET priority = max(priority, excluded.priority), not_before_ms = 0"));
  return statement.bind(1, film.value()).bind(2, stored(priority)).run();
}

Result<bool> has_pending(Connection& connection, const FilmId& film) {
  Statement statement = TRY(connection.prepare("SELECT 1 FROM commands WHERE film_id = ?1 AND state = 'accepted' LIMIT 1"));
  statement.bind(1, film.value());
  return statement.step();
}

Result<std::optional<CommandRecord>> look_up(Connection& connection, const FilmId& film, const std::string& command) {
  Statement statement = TRY(connection.prepare("SELECT " + std::string(columns) + " FROM commands WHERE film_id = ?1 AND command_id = ?2"));
  statement.bind(1, film.value()).bind(2, command);
  if (!TRY(statement.step())) return std::optional<CommandRecord>();
  return std::optional(TRY(record_at(film, statement)));
}

Result<CommandRecord> SqliteInbox::submit(const Command& command) {
  TRY(is_acceptable(command));
  return writing([&](Connection& connection) -> Result<CommandRecord> {
    if (const auto known = TRY(look_up(connection, command.film, command.id))) {
      TRY(is_same(command, body_of(known->command)));
      return *known;
    }
    Statement count = TRY(connection.prepare("SELECT count(*) FROM commands WHERE film_id = ?1 AND state = 'accepted'"));
    count.bind(1, command.film.value());
    TRY(count.step());
    if (TRY(count.number(0)) >= unapplied_commands_max) return too_many_commands(command.film);
    const WallTime now = std::max(WallTime{}, clock_->wall());
    const std::string body = body_of(command), prepared = canonical_json(command.prepared);
    Statement insert = TRY(connection.prepare("INSERT INTO commands (film_id, command_id, body, prepared, at_ms, state, seq, error) "
                                              "VALUES (?1, ?2, ?3, ?4, ?5, 'accepted', 0, '')"));
    TRY(insert.bind(1, command.film.value()).bind(2, command.id).bind(3, body).bind(4, prepared)
            .bind(5, static_cast<std::uint64_t>(now.time_since_epoch().count())).run());
    TRY(put(connection, command.film, command.priority));
    return CommandRecord{command, CommandState::accepted, now, Seq{}, {}};
  });
}

Result<CommandRecord> SqliteInbox::find(const FilmId& film, const std::string& command) {
  const std::lock_guard lock(mutex_);
  Connection* connection = TRY(connected());
  auto found = TRY(look_up(*connection, film, command));
  if (!found) return no_such_command(film, command);
  return *std::move(found);
}

Result<std::vector<Command>> SqliteInbox::pending(const FilmId& film, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Connection* connection = TRY(connected());
  Statement statement = TRY(connection->prepare("SELECT " + std::string(columns) +
                                                      " FROM commands WHERE film_id = ?1 AND state = 'accepted' ORDER BY accepted LIMIT ?2"));
  statement.bind(1, film.value()).bind(2, std::uint64_t{limit});
  std::vector<Command> commands;
  while (TRY(statement.step())) commands.push_back(TRY(record_at(film, statement)).command);
  return commands;
}

Result<void> SqliteInbox::settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) {
  return writing([&](Connection& connection) -> Result<void> {
    if (!TRY(look_up(connection, film, command))) return no_such_command(film, command);
    Statement statement = TRY(connection.prepare("UPDATE commands SET state = ?3, seq = ?4, error = ?5 WHERE film_id = ?1 AND command_id = ?2 AND state = 'accepted'"));
    return statement.bind(1, film.value()).bind(2, command).bind(3, to_string(state)).bind(4, number(seq)).bind(5, error).run();
  });
}

Result<void> SqliteInbox::enqueue(const FilmId& film, int priority) {
  return writing([&](Connection& connection) -> Result<void> {
    Statement statement = TRY(connection.prepare("INSERT INTO queue (film_id, priority, worker, term_ms, alive_ms, not_before_ms) "
                                                 "VALUES (?1, ?2, '', 0, 0, 0) ON CONFLICT (film_id) DO NOTHING"));
    return statement.bind(1, film.value()).bind(2, stored(priority)).run();
  });
}

Result<std::vector<Claim>> SqliteInbox::claim(const std::string& worker, std::size_t count, Duration term) {
  return writing([&](Connection& connection) -> Result<std::vector<Claim>> {
    const std::uint64_t now_ms = monotonic_ms(*clock_);
    Statement rows = TRY(connection.prepare("SELECT film_id, priority, worker, term_ms, alive_ms, doubted_ms FROM queue "
                                            "WHERE not_before_ms <= ?1 OR not_before_ms > ?1 + ?2 ORDER BY priority DESC, turn"));
    rows.bind(1, now_ms).bind(2, back_off_max_ms);
    std::vector<Claim> claims;
    std::vector<FilmId> doubted;
    while (claims.size() < count && TRY(rows.step())) {
      const Holder holder{rows.text(2), TRY(rows.number(3)), TRY(rows.number(4))};
      const ClaimIs claim = judge_claim(holder, TRY(rows.number(5)), worker, now_ms);
      if (claim == ClaimIs::held) continue;
      const FilmId film = TRY(parse_film_id(rows.text(0)));
      if (claim == ClaimIs::to_be_doubted) {
        doubted.push_back(film);
        continue;
      }
      const auto priority = static_cast<int>(TRY(rows.number(1))) - priority_max;
      claims.push_back({film, priority, !holder.writer.empty()});
    }
    Statement doubt = TRY(connection.prepare("UPDATE queue SET doubted_ms = ?2 WHERE film_id = ?1"));
    for (const FilmId& film : doubted) TRY(doubt.bind(1, film.value()).bind(2, now_ms).run());
    Statement take = TRY(connection.prepare("UPDATE queue SET worker = ?2, term_ms = ?3, alive_ms = ?4, doubted_ms = 0 WHERE film_id = ?1"));
    for (const Claim& claim : claims)
      TRY(take.bind(1, claim.film.value()).bind(2, worker).bind(3, static_cast<std::uint64_t>(term.count())).bind(4, now_ms).run());
    return claims;
  });
}

Result<std::vector<FilmId>> SqliteInbox::keep(const std::string& worker, const std::vector<FilmId>& films) {
  return writing([&](Connection& connection) -> Result<std::vector<FilmId>> {
    Statement alive = TRY(connection.prepare("UPDATE queue SET alive_ms = ?3, doubted_ms = 0 WHERE film_id = ?1 AND worker = ?2"));
    std::vector<FilmId> called;
    for (const FilmId& film : films) {
      TRY(alive.bind(1, film.value()).bind(2, worker).bind(3, monotonic_ms(*clock_)).run());
      if (connection.changes() > 0 && TRY(has_pending(connection, film))) called.push_back(film);
    }
    return called;
  });
}

Result<void> SqliteInbox::rest(const std::string& worker, const FilmId& film) {
  return writing([&](Connection& connection) -> Result<void> {
    const bool is_called = TRY(has_pending(connection, film));
    Statement leave = TRY(connection.prepare(is_called ? "UPDATE queue SET worker = '', term_ms = 0, alive_ms = 0, doubted_ms = 0, not_before_ms = 0 WHERE film_id = ?1 AND worker = ?2"
                                                       : "DELETE FROM queue WHERE film_id = ?1 AND worker = ?2"));
    return leave.bind(1, film.value()).bind(2, worker).run();
  });
}

Result<void> SqliteInbox::give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) {
  return writing([&](Connection& connection) -> Result<void> {
    const std::uint64_t wait_ms = std::min(back_off_max_ms, static_cast<std::uint64_t>(std::max(Duration::zero(), after).count()));
    Statement free = TRY(connection.prepare("UPDATE queue SET worker = '', term_ms = 0, alive_ms = 0, doubted_ms = 0, not_before_ms = ?3 WHERE film_id = ?1 AND worker = ?2"));
    TRY(free.bind(1, film.value()).bind(2, worker).bind(3, monotonic_ms(*clock_) + wait_ms).run());
    if (turn == Turn::kept || connection.changes() == 0) return {};
    Statement last = TRY(connection.prepare("UPDATE queue SET turn = (SELECT max(turn) + 1 FROM queue) WHERE film_id = ?1"));
    return last.bind(1, film.value()).run();
  });
}

Result<QueueCounts> SqliteInbox::counts() {
  const std::lock_guard lock(mutex_);
  Connection* connection = TRY(connected());
  Statement rows = TRY(connection->prepare("SELECT (SELECT count(*) FROM queue WHERE worker = ''), (SELECT count(*) FROM queue WHERE worker <> ''), "
                                                 "(SELECT count(*) FROM commands WHERE state = 'accepted')"));
  TRY(rows.step());
  return QueueCounts{TRY(rows.number(0)), TRY(rows.number(1)), TRY(rows.number(2))};
}

Result<std::uint64_t> SqliteInbox::forget(WallTime before) {
  return writing([&](Connection& connection) -> Result<std::uint64_t> {
    Statement statement = TRY(connection.prepare("DELETE FROM commands WHERE state <> 'accepted' AND at_ms < ?1"));
    TRY(statement.bind(1, static_cast<std::uint64_t>(std::max(WallTime{}, before).time_since_epoch().count())).run());
    return static_cast<std::uint64_t>(connection.changes());
  });
}

// Changes with every command and every film that is put on the queue, whoever did it. Steps of films do not change it.
Result<std::string> SqliteInbox::newest() {
  const std::lock_guard lock(mutex_);
  Connection* connection = TRY(connected());
  return connection->text("SELECT (SELECT coalesce(max(accepted), 0) FROM commands) || '/' || (SELECT coalesce(max(turn), 0) FROM queue)");
}

void SqliteInbox::wait(Duration limit, std::stop_token stop) {
  for (Duration waited{}; waited < limit; waited += look_every) {
    auto now = newest();
    if (now && *now != seen_) {
      seen_ = *std::move(now);
      return;
    }
    if (!clock_->wait(std::min(look_every, limit - waited), stop)) return;
  }
}

}  // namespace

std::unique_ptr<Inbox> open_sqlite_inbox(const std::string& path, std::shared_ptr<Clock> clock) {
  return std::make_unique<SqliteInbox>(path, std::move(clock));
}

}  // namespace workprint::store
