/// Group commit: writes that wait at the same time go out as one statement; one that is alone goes out at once.
///
/// While a batch is under way, what comes waits and is the next one. After a batch, the writers that were in it or came
/// meanwhile are waited for: at most as long as that batch took, and 5 ms. Many writers (16 and more) are two halves, so that
/// one half works while the server has the other.
///
/// Thread-safety: any thread. Each write gets its own answer: one that is refused fails no other.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "store/postgres_rows.h"
#include "store/postgres_sessions.h"

namespace workprint::store::postgres {

class CommitGroup {
 public:
  explicit CommitGroup(Sessions& sessions) : sessions_(sessions) {}

  /// Returns when `write` is durable or refused.
  /// Blocking: at most the limit of a call while others are before it, and once more for its own batch.
  /// Errors: fenced, conflict (the stored row is not write.before); unavailable (OUTCOME UNKNOWN); corrupt; invalid.
  Result<void> submit(const Lease& lease, const FilmWrite& write);

 private:
  struct Waiting {
    const Lease& lease;
    const FilmWrite& write;
    Deadline deadline;  ///< after it, it is not sent any more
    std::condition_variable stirred{};
    Result<void> answer{};     ///< written by the thread that runs the batch, read after is_answered
    bool is_taken = false, is_answered = false;
  };
  using Batch = std::vector<Waiting*>;

  [[nodiscard]] bool may_run(std::chrono::steady_clock::time_point now) const;
  void wait(Waiting& mine, std::unique_lock<std::mutex>& lock);
  Batch take_batch();
  void run_batch(std::unique_lock<std::mutex>& lock, const Waiting* mine);
  void run(const Batch& batch);
  void answer_all(const Batch& batch, const Error& error);
  Result<void> refusal_of(Connection& connection, const Waiting& waiting, Deadline deadline);
  /// Errors: what failed for the whole batch.
  Result<void> write(Sessions::Lent& session, const Batch& batch, Deadline deadline);

  Sessions& sessions_;
  std::mutex mutex_;
  std::deque<Waiting*> queue_;
  std::size_t running_ = 0;
  std::size_t under_way_ = 0;  ///< writes in the batches that run
  std::size_t expected_ = 0;   ///< so many make a whole batch, by the number of writers there were last
  std::chrono::steady_clock::time_point expected_until_{};
};

/// What a store that cannot be used means to a method that returns a Result.
[[nodiscard]] std::unexpected<Error> refusal(Outcome outcome, const std::string& detail);

}  // namespace workprint::store::postgres
