#include "store/postgres_commits.h"

#include <algorithm>

#include "base/fault.h"
#include "store/rule.h"
#include "workprint/try.h"

namespace workprint::store::postgres {

std::unexpected<Error> refusal(Outcome outcome, const std::string& detail) {
  switch (outcome) {
    case Outcome::absent: return fail(ErrorKind::not_found, detail);
    case Outcome::too_new: return fail(ErrorKind::invalid, detail);
    case Outcome::corrupt:
    case Outcome::foreign: return fail(ErrorKind::corrupt, detail);
    default: return fail(ErrorKind::unavailable, detail);
  }
}

namespace {

constexpr std::size_t few = 8;  // fewer than this are no batch of their own beside another

}  // namespace

bool CommitGroup::may_run(std::chrono::steady_clock::time_point now) const {
  if (running_ > 0) return running_ < sessions_.limits().batches && queue_.size() >= std::max(expected_, few);
  return queue_.size() >= expected_ || now >= expected_until_;
}

// The first in the queue looks again when the time for the others is over; the rest wait to be told.
void CommitGroup::wait(Waiting& mine, std::unique_lock<std::mutex>& lock) {
  const bool looks_again = running_ == 0 && !queue_.empty() && queue_.front().get() == &mine;
  const auto until = expected_until_;
  lock.unlock();
  if (looks_again)
    mine.bell.wait_until(until);
  else
    mine.bell.wait();
  if (!mine.is_answered) lock.lock();
}

void CommitGroup::ring_first() {
  if (!queue_.empty()) queue_.front()->bell.ring();
}

// One of the threads that wait runs a batch of all that wait; a thread whose write was in it returns with its answer.
Result<void> CommitGroup::submit(const Lease& lease, const FilmWrite& write) {
  const auto mine = std::make_shared<Waiting>(lease, write, sessions_.deadline());
  std::unique_lock lock(mutex_);
  queue_.push_back(mine);
  while (!mine->is_answered) {
    if (!mine->is_taken && may_run(std::chrono::steady_clock::now()))
      run_batch(lock, mine.get());
    else
      wait(*mine, lock);
  }
  return std::move(mine->answer);
}

void CommitGroup::run_batch(std::unique_lock<std::mutex>& lock, const Waiting* mine) {
  ++running_;
  const Batch batch = take_batch();
  under_way_ += batch.size();
  lock.unlock();
  const auto begin = std::chrono::steady_clock::now();
  run(batch);
  const auto end = std::chrono::steady_clock::now();
  lock.lock();
  --running_;
  const std::size_t writers = under_way_ + queue_.size();
  is_alone_ = writers < 2;
  expected_ = std::min(writers < 2 * few ? writers : writers / sessions_.limits().batches, sessions_.limits().commits_a_batch);
  under_way_ -= batch.size();
  expected_until_ = end + std::min<std::chrono::steady_clock::duration>(end - begin, std::chrono::milliseconds(5));
  ring_first();
  lock.unlock();
  for (const auto& one : batch) {
    one->is_answered = true;
    if (one.get() != mine) one->bell.ring();
  }
  if (!mine->is_answered) lock.lock();
}

// Two writes of one film cannot share a statement: it sees the row before both.
CommitGroup::Batch CommitGroup::take_batch() {
  Batch batch;
  std::deque<std::shared_ptr<Waiting>> left;
  std::set<std::string_view> films;
  std::size_t bytes = 0;
  const PostgresLimits& limits = sessions_.limits();
  for (const auto& one : queue_) {
    const FilmWrite& write = one->write;
    const std::size_t weight = write.base.size() + (write.delta ? write.delta->size() : 0);
    const bool has_room = batch.size() < limits.commits_a_batch && (batch.empty() || bytes + weight <= limits.bytes_a_batch);
    if (!has_room || !films.insert(write.row.film).second) {
      left.push_back(one);
      continue;
    }
    bytes += weight;
    one->is_taken = true;
    batch.push_back(one);
  }
  queue_ = std::move(left);
  return batch;
}

void CommitGroup::answer_all(const Batch& batch, const Error& error) {
  for (const auto& one : batch) one->answer = std::unexpected(error);
}

// Why the stored row was not the one before.
Result<void> CommitGroup::refusal_of(Connection& connection, const Waiting& waiting, Deadline deadline) {
  const FilmWrite& write = waiting.write;
  const std::optional<FilmSeen> seen = TRY(find_film(connection, write.row.film, deadline));
  if (!seen || seen->row.id != write.before.id) return no_such_film(waiting.lease.film());
  const FilmRow& stored = seen->row;
  TRY(write.delta ? may_commit(waiting.lease, stored.epoch, stored.head, write.info)
                  : may_install(waiting.lease, stored.epoch, stored.head, write.row.head));
  if (stored.head != write.before.head)
    return fail(ErrorKind::conflict, "film moved on while it was written. film=" + write.row.film);
  return fail(ErrorKind::corrupt, "a film's row cannot be found again. film=" + write.row.film);
}

Result<void> CommitGroup::write(Sessions::Lent& session, const Batch& batch, Deadline deadline) {
  std::vector<const FilmWrite*> writes;
  for (const auto& one : batch) writes.push_back(&one->write);
  fault_point("checkpoint.commit.before");
  session.connection().polls_busily(is_alone_);
  auto written = write_films(session.connection(), writes, deadline);
  session.connection().polls_busily(false);
  const std::set<std::uint64_t> moved = TRY(std::move(written));
  fault_point("checkpoint.commit.after");
  for (const auto& one : batch) {
    if (moved.contains(one->write.row.id))
      one->answer = Result<void>();
    else
      one->answer = refusal_of(session.connection(), *one, deadline);
  }
  return {};
}

void CommitGroup::run(const Batch& all) {
  const Deadline now = std::chrono::steady_clock::now(), deadline = sessions_.deadline();
  Batch batch;
  for (const auto& one : all) {
    if (one->deadline > now)
      batch.push_back(one);
    else
      answer_all({one}, fail(ErrorKind::unavailable, "database: other commits took too long; this one was not sent. store=" + sessions_.location().shown).error());
  }
  if (batch.empty()) return;
  // In one order everywhere, so that two stores that write the same films do not wait for each other in a circle.
  std::ranges::sort(batch, {}, [](const auto& one) { return one->write.row.id; });
  for (int round = 0;; ++round) {
    Loaded<Sessions::Lent> session = sessions_.take(IfMissing::leave, deadline);
    if (session.outcome == Outcome::absent) {
      // To the holder of a lease, a database without its schema is one that moved on without it.
      for (const auto& one : batch) one->answer = no_such_film(one->lease.film());
      return;
    }
    if (!session.value) return answer_all(batch, refusal(session.outcome, session.detail).error());
    auto written = write(*session.value, batch, deadline);
    if (written) return;
    if (session.value->has_lost_its_tables() && round == 0) continue;
    const bool was_refused = session.value->connection().is_usable() && written.error().kind != ErrorKind::unavailable;
    if (batch.size() == 1 || !was_refused) return answer_all(batch, written.error());
    // The server undid all of it because of one of them: each by itself finds out which.
    for (const auto& one : batch)
      if (auto alone = write(*session.value, {one}, deadline); !alone) one->answer = std::unexpected(alone.error());
    return;
  }
}

}  // namespace workprint::store::postgres
