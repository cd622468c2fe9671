// The inbox in PostgreSQL: a command is one statement; films are handed out with SKIP LOCKED; NOTIFY wakes waiting
// workers, from the transaction of a command and never from a step's (docs/formats/checkpoint-postgres.md).
#include "store/postgres_inbox.h"

#include <algorithm>
#include <mutex>

#include "base/fault.h"
#include "store/inbox_rule.h"
#include "store/postgres_sessions.h"
#include "workprint/try.h"

namespace workprint::store::postgres {
namespace {

// A wait looks this often whether it was told to stop.
constexpr Duration look_every = std::chrono::milliseconds(100);
constexpr Duration connect_again_after = std::chrono::seconds(1);

constexpr std::string_view columns = "c.command_id, c.body, c.prepared, c.at_ms, c.state, c.seq, c.error";

// A server that acknowledges before its disk has the bytes is told otherwise for this transaction.
constexpr std::string_view durably = "(SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
                                     "ELSE current_setting('synchronous_commit') END, true))";

std::uint64_t stored(int priority) { return static_cast<std::uint64_t>(priority + priority_max); }

Result<CommandRecord> record_at(const FilmId& film, const Rows& rows, int at) {
  const std::uint64_t at_ms = TRY(rows.number(at, 3)), seq = TRY(rows.number(at, 5));
  return record_of(film, {std::string(rows.text(at, 0)), std::string(rows.text(at, 1)), std::string(rows.text(at, 2)), std::string(rows.text(at, 4)),
                          std::string(rows.text(at, 6)), at_ms, seq});
}

class PostgresInbox final : public Inbox {
 public:
  PostgresInbox(Location location, std::shared_ptr<Clock> clock, const PostgresLimits& limits)
      : clock_(std::move(clock)), sessions_(std::move(location), limits) {}

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
    return on_session([](Connection& connection, Deadline deadline) { return read_incarnation(connection, deadline); });
  }
  Result<std::uint64_t> forget(WallTime before) override;
  void wait(Duration limit, std::stop_token stop) override;

 private:
  template <class Work>
  auto on_session(Work work) -> decltype(work(std::declval<Connection&>(), Deadline()));
  Result<void> listen();
  [[nodiscard]] std::string channel() const { return sessions_.location().schema + "_inbox"; }

  const std::shared_ptr<Clock> clock_;
  Sessions sessions_;
  std::optional<Connection> listener_;  // of the one thread that waits
  Deadline listen_again_{};
};

// Tables that went away under a session are looked for once more: what stands there now is the answer.
template <class Work>
auto PostgresInbox::on_session(Work work) -> decltype(work(std::declval<Connection&>(), Deadline())) {
  const Deadline deadline = sessions_.deadline();
  for (int round = 0;; ++round) {
    Loaded<Sessions::Lent> session = sessions_.take(IfMissing::create, deadline);
    if (!session.value) {
      const bool is_damaged = session.outcome == Outcome::corrupt || session.outcome == Outcome::foreign;
      return fail(is_damaged ? ErrorKind::corrupt : session.outcome == Outcome::too_new ? ErrorKind::invalid : ErrorKind::unavailable, session.detail);
    }
    auto done = work(session.value->connection(), deadline);
    if (done || !session.value->has_lost_its_tables() || round > 0) return done;
  }
}

Result<std::optional<CommandRecord>> look_up(Connection& connection, const FilmId& film, const std::string& command, Deadline deadline) {
  static const Query query{"workprint_command", "SELECT " + std::string(columns) + " FROM workprint.commands c WHERE c.film_id = $1 AND c.command_id = $2"};
  Parameters values;
  const Rows rows = TRY(connection.run(query, values.text(film.value()).text(command), deadline, "find a command"));
  if (rows.size() == 0) return std::optional<CommandRecord>();
  return std::optional(TRY(record_at(film, rows, 0)));
}

// Nothing: the id is taken, or the film has all the commands it may have.
Result<bool> take_in(Connection& connection, const Command& command, WallTime now, const std::string& channel, Deadline deadline) {
  static const Query query{"workprint_submit", "WITH made AS (INSERT INTO workprint.commands (film_id, command_id, body, prepared, at_ms, state, seq, error) "
      "SELECT $1, $2, $3, $4, $5, 'accepted', 0, '' WHERE (SELECT count(*) FROM workprint.commands c WHERE c.film_id = $1 AND c.state = 'accepted') < $7 "
      "ON CONFLICT (film_id, command_id) DO NOTHING RETURNING film_id), "
      "placed AS (INSERT INTO workprint.queue (film_id, priority, worker, term_ms, alive_at, not_before) "
      "SELECT film_id, $6, '', 0, clock_timestamp(), clock_timestamp() FROM made "
      "ON CONFLICT (film_id) DO UPDATE SET priority = greatest(queue.priority, excluded.priority), not_before = excluded.not_before) "
      "SELECT pg_notify($8, '')::text, " + std::string(durably) + " FROM made"};
  const std::string body = body_of(command), prepared = canonical_json(command.prepared);
  Parameters values;
  values.text(command.film.value()).text(command.id).text(body).text(prepared)
      .number(static_cast<std::uint64_t>(now.time_since_epoch().count())).number(stored(command.priority)).number(unapplied_commands_max).text(channel);
  fault_point("inbox.commit.before");
  const Rows rows = TRY(connection.run(query, values, deadline, "take a command"));
  fault_point("inbox.commit.after");
  return rows.size() > 0;
}

Result<CommandRecord> PostgresInbox::submit(const Command& command) {
  TRY(is_acceptable(command));
  return on_session([&](Connection& connection, Deadline deadline) -> Result<CommandRecord> {
    const WallTime now = std::max(WallTime{}, clock_->wall());
    if (TRY(take_in(connection, command, now, channel(), deadline))) return CommandRecord{command, CommandState::accepted, now, Seq{}, {}};
    const auto known = TRY(look_up(connection, command.film, command.id, deadline));
    if (!known) return too_many_commands(command.film);
    TRY(is_same(command, body_of(known->command)));
    return *known;
  });
}

Result<CommandRecord> PostgresInbox::find(const FilmId& film, const std::string& command) {
  return on_session([&](Connection& connection, Deadline deadline) -> Result<CommandRecord> {
    auto found = TRY(look_up(connection, film, command, deadline));
    if (!found) return no_such_command(film, command);
    return *std::move(found);
  });
}

Result<std::vector<Command>> PostgresInbox::pending(const FilmId& film, std::size_t limit) {
  static const Query query{"workprint_pending", "SELECT " + std::string(columns) + " FROM workprint.commands c WHERE c.film_id = $1 AND c.state = 'accepted' "
                                                "ORDER BY c.accepted LIMIT $2"};
  return on_session([&](Connection& connection, Deadline deadline) -> Result<std::vector<Command>> {
    Parameters values;
    const Rows rows = TRY(connection.run(query, values.text(film.value()).number(limit), deadline, "read a film's commands"));
    std::vector<Command> commands;
    for (int at = 0; at < rows.size(); ++at) commands.push_back(TRY(record_at(film, rows, at)).command);
    return commands;
  });
}

Result<void> PostgresInbox::settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) {
  static const Query query{"workprint_settle", "WITH done AS (UPDATE workprint.commands SET state = $3, seq = $4, error = $5 "
      "WHERE film_id = $1 AND command_id = $2 AND state = 'accepted') SELECT 1::bigint FROM workprint.commands WHERE film_id = $1 AND command_id = $2"};
  return on_session([&](Connection& connection, Deadline deadline) -> Result<void> {
    Parameters values;
    values.text(film.value()).text(command).text(to_string(state)).number(number(seq)).text(error);
    const Rows rows = TRY(connection.run(query, values, deadline, "settle a command"));
    if (rows.size() == 0) return no_such_command(film, command);
    return {};
  });
}

Result<void> PostgresInbox::enqueue(const FilmId& film, int priority) {
  static const Query query{"", "WITH placed AS (INSERT INTO workprint.queue (film_id, priority, worker, term_ms, alive_at, not_before) "
      "VALUES ($1, $2, '', 0, clock_timestamp(), clock_timestamp()) ON CONFLICT (film_id) DO NOTHING RETURNING film_id) SELECT pg_notify($3, '')::text FROM placed"};
  return on_session([&](Connection& connection, Deadline deadline) -> Result<void> {
    const std::string told = channel();
    Parameters values;
    TRY(connection.run(query, values.text(film.value()).number(stored(priority)).text(told), deadline, "put a film on the queue"));
    return {};
  });
}

// Workers of this machine whose process is gone: their films wait for no term. Those of others whose term ran out are
// doubted from now on.
Result<std::vector<std::string>> gone_workers(Connection& connection, const std::string& ours, Deadline deadline) {
  const Rows rows = TRY(connection.run({"workprint_workers", "WITH doubted AS (UPDATE workprint.queue SET doubted_at = clock_timestamp() WHERE worker <> '' AND "
                                       "doubted_at IS NULL AND alive_at + term_ms * interval '1 millisecond' <= clock_timestamp()) "
                                       "SELECT DISTINCT worker FROM workprint.queue WHERE worker <> ''"}, {}, deadline, "look at workers"));
  std::vector<std::string> gone;
  for (int at = 0; at < rows.size(); ++at)
    if (const std::string worker(rows.text(at, 0)); owner_of(worker, ours) == Owner::gone && is_of_this_machine(worker, ours)) gone.push_back(worker);
  return gone;
}

Result<std::vector<Claim>> PostgresInbox::claim(const std::string& worker, std::size_t count, Duration term) {
  static const Query query{"workprint_claim", "WITH free AS (SELECT q.film_id, q.worker FROM workprint.queue q WHERE q.not_before <= clock_timestamp() AND "
      "(q.worker = '' OR q.worker = ANY($4) OR (q.alive_at + q.term_ms * interval '1 millisecond' <= clock_timestamp() AND "
      "q.doubted_at + q.term_ms * interval '0.25 millisecond' <= clock_timestamp())) "
      "ORDER BY q.priority DESC, q.turn LIMIT $2 FOR UPDATE SKIP LOCKED) "
      "UPDATE workprint.queue q SET worker = $1, term_ms = $3, alive_at = clock_timestamp(), doubted_at = NULL FROM free WHERE q.film_id = free.film_id "
      "RETURNING q.film_id, q.priority, free.worker <> '', q.turn"};
  return on_session([&](Connection& connection, Deadline deadline) -> Result<std::vector<Claim>> {
    const std::vector<std::string> gone = TRY(gone_workers(connection, worker, deadline));
    const Parameters::Words words(gone.begin(), gone.end());
    Parameters values;
    values.text(worker).number(count).number(static_cast<std::uint64_t>(term.count())).texts(words);
    const Rows rows = TRY(connection.run(query, values, deadline, "claim films"));
    std::vector<std::pair<std::pair<int, std::uint64_t>, Claim>> taken;
    for (int at = 0; at < rows.size(); ++at) {
      const auto priority = static_cast<int>(TRY(rows.number(at, 1))) - priority_max;
      const std::uint64_t turn = TRY(rows.number(at, 3));
      taken.emplace_back(std::pair(-priority, turn), Claim{TRY(parse_film_id(rows.text(at, 0))), priority, rows.is_true(at, 2)});
    }
    std::ranges::sort(taken, {}, [](const auto& one) { return one.first; });
    std::vector<Claim> claims;
    for (auto& [order, claim] : taken) claims.push_back(std::move(claim));
    return claims;
  });
}

Result<std::vector<FilmId>> PostgresInbox::keep(const std::string& worker, const std::vector<FilmId>& films) {
  static const Query query{"workprint_keep", "WITH kept AS (UPDATE workprint.queue SET alive_at = clock_timestamp(), doubted_at = NULL WHERE worker = $1 AND film_id = ANY($2) RETURNING film_id) "
      "SELECT k.film_id FROM kept k WHERE EXISTS (SELECT FROM workprint.commands c WHERE c.film_id = k.film_id AND c.state = 'accepted')"};
  return on_session([&](Connection& connection, Deadline deadline) -> Result<std::vector<FilmId>> {
    Parameters::Words words;
    for (const FilmId& film : films) words.emplace_back(film.value());
    Parameters values;
    const Rows rows = TRY(connection.run(query, values.text(worker).texts(words), deadline, "keep claims"));
    std::vector<FilmId> called;
    for (int at = 0; at < rows.size(); ++at) called.push_back(TRY(parse_film_id(rows.text(at, 0))));
    return called;
  });
}

// The row is locked before the commands are looked at: one that is being accepted now waits for the row, and finds it
// gone; one that was accepted before is seen.
Result<void> PostgresInbox::rest(const std::string& worker, const FilmId& film) {
  return on_session([&](Connection& connection, Deadline deadline) -> Result<void> {
    Parameters both;
    both.text(film.value()).text(worker);
    TRY(connection.run_script("BEGIN", deadline, "begin"));
    const auto done = [&]() -> Result<void> {
      TRY(connection.run({"", "SELECT 1::bigint FROM workprint.queue WHERE film_id = $1 AND worker = $2 FOR UPDATE"}, both, deadline, "let a film rest"));
      TRY(connection.run({"", "WITH gone AS (DELETE FROM workprint.queue q WHERE q.film_id = $1 AND q.worker = $2 AND NOT EXISTS "
                              "(SELECT FROM workprint.commands c WHERE c.film_id = $1 AND c.state = 'accepted') RETURNING 1) "
                              "UPDATE workprint.queue SET worker = '', term_ms = 0, doubted_at = NULL, not_before = clock_timestamp() "
                              "WHERE film_id = $1 AND worker = $2 AND NOT EXISTS (SELECT FROM gone)"},
                         both, deadline, "let a film rest"));
      return {};
    }();
    if (!done) {
      [[maybe_unused]] const auto undone = connection.run_script("ROLLBACK", deadline, "rollback");
      return done;
    }
    return connection.run_script("COMMIT", deadline, "commit");
  });
}

Result<void> PostgresInbox::give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) {
  static const Query kept{"", "UPDATE workprint.queue SET worker = '', term_ms = 0, doubted_at = NULL, not_before = clock_timestamp() + $3 * interval '1 millisecond' "
                              "WHERE film_id = $1 AND worker = $2"};
  static const Query last{"", "UPDATE workprint.queue SET worker = '', term_ms = 0, doubted_at = NULL, turn = DEFAULT, not_before = clock_timestamp() + $3 * interval '1 millisecond' "
                               "WHERE film_id = $1 AND worker = $2"};
  return on_session([&](Connection& connection, Deadline deadline) -> Result<void> {
    Parameters values;
    values.text(film.value()).text(worker).number(static_cast<std::uint64_t>(std::max(Duration::zero(), after).count()));
    TRY(connection.run(turn == Turn::kept ? kept : last, values, deadline, "give a film back"));
    return {};
  });
}

Result<QueueCounts> PostgresInbox::counts() {
  return on_session([](Connection& connection, Deadline deadline) -> Result<QueueCounts> {
    const Rows rows = TRY(connection.run({"workprint_counts", "SELECT count(*) FILTER (WHERE worker = ''), count(*) FILTER (WHERE worker <> ''), "
                                          "(SELECT count(*) FROM workprint.commands WHERE state = 'accepted') FROM workprint.queue"},
                                         {}, deadline, "count the queue"));
    return QueueCounts{TRY(rows.number(0, 0)), TRY(rows.number(0, 1)), TRY(rows.number(0, 2))};
  });
}

Result<std::uint64_t> PostgresInbox::forget(WallTime before) {
  return on_session([&](Connection& connection, Deadline deadline) -> Result<std::uint64_t> {
    Parameters values;
    values.number(static_cast<std::uint64_t>(std::max(WallTime{}, before).time_since_epoch().count()));
    const Rows rows = TRY(connection.run({"", "WITH gone AS (DELETE FROM workprint.commands WHERE state <> 'accepted' AND at_ms < $1 RETURNING 1) SELECT count(*) FROM gone"},
                                         values, deadline, "forget commands"));
    return rows.number(0, 0);
  });
}

Result<void> PostgresInbox::listen() {
  listener_ = TRY(Connection::open(sessions_.location(), sessions_.deadline()));
  return listener_->run_script("LISTEN \"" + channel() + "\"", sessions_.deadline(), "listen");
}

void PostgresInbox::wait(Duration limit, std::stop_token stop) {
  const Deadline end = std::chrono::steady_clock::now() + limit;
  for (Deadline now = std::chrono::steady_clock::now(); now < end && !stop.stop_requested(); now = std::chrono::steady_clock::now()) {
    if (!listener_ && now >= listen_again_) {
      listen_again_ = now + connect_again_after;
      if (!listen()) listener_.reset();
      else return;  // what came in before is not told again
    }
    if (!listener_) {
      clock_->wait(std::min<Duration>(look_every, std::chrono::ceil<Duration>(end - now)), stop);
      continue;
    }
    const auto told = listener_->wait_for_notice(std::min(end, now + look_every));
    if (told && *told) return;
    if (!told) listener_.reset();
  }
}

}  // namespace

std::unique_ptr<Inbox> open_postgres_inbox(const std::string& location, std::shared_ptr<Clock> clock, const PostgresLimits& limits) {
  auto parsed = parse_location(location);
  check(parsed.has_value(), "the location was parsed before");
  return std::make_unique<PostgresInbox>(*std::move(parsed), std::move(clock), limits);
}

}  // namespace workprint::store::postgres
