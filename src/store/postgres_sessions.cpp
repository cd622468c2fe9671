#include "store/postgres_sessions.h"

#include "workprint/try.h"

namespace workprint::store::postgres {

void Sessions::give_back(std::unique_ptr<Session> session) {
  const bool is_usable = session->connection.is_usable();
  if (!is_usable) session.reset();
  const std::lock_guard lock(mutex_);
  --lent_;
  if (is_usable) idle_.push_back(std::move(session));
  given_back_.notify_one();
}

// A place among the connections, with the one that was used last if any is idle: its caches are warm.
Result<std::unique_ptr<Sessions::Session>> Sessions::idle_or_none(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (!given_back_.wait_until(lock, deadline, [&] { return lent_ < limits_.connections; }))
    return fail(ErrorKind::unavailable, "database: all connections of this store are busy. store=" + location_.shown);
  ++lent_;
  if (idle_.empty()) return std::unique_ptr<Session>();
  std::unique_ptr<Session> session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

Result<std::unique_ptr<Sessions::Session>> Sessions::open(Deadline deadline) {
  std::unique_ptr<Session> idle = TRY(idle_or_none(deadline));
  // One that the server closed while it lay idle is no failure of this call.
  if (idle && idle->connection.is_usable()) return idle;
  idle.reset();
  auto connection = Connection::open(location_, deadline);
  if (connection) return std::make_unique<Session>(Session{*std::move(connection), false});
  const std::lock_guard lock(mutex_);
  --lent_;
  given_back_.notify_one();
  return std::unexpected(std::move(connection).error());
}

Result<Sessions::Lent> Sessions::take_unseen(Deadline deadline) { return Lent(*this, TRY(open(deadline))); }

Loaded<Sessions::Lent> Sessions::take(IfMissing missing, Deadline deadline) {
  auto opened = open(deadline);
  if (!opened) return {Outcome::unreachable, std::nullopt, std::move(opened).error().message};
  Session& session = **opened;
  Loaded<Lent> loaded{Outcome::found, Lent(*this, *std::move(opened)), {}};
  if (session.is_ours) return loaded;
  Loaded<std::string> seen = examine(session.connection, limits_.call, deadline);
  if (seen.outcome == Outcome::absent && missing == IfMissing::create) {
    if (const auto made = create_schema(session.connection, deadline); !made) return {Outcome::unreachable, std::nullopt, made.error().message};
    seen = examine(session.connection, limits_.call, deadline);
  }
  if (is_older(seen)) {
    if (const auto done = upgrade_schema(session.connection, deadline); !done) return {Outcome::unreachable, std::nullopt, done.error().message};
    seen = examine(session.connection, limits_.call, deadline);
  }
  if (!seen.value) return {seen.outcome, std::nullopt, std::move(seen.detail)};
  session.is_ours = true;
  return loaded;
}

}  // namespace workprint::store::postgres
