/// Group commit: writes that wait at the same time go out as one statement; one that is alone goes out at once.
///
/// While a batch is under way, what comes waits and is the next one. After a batch, the writers that were in it or came
/// meanwhile are waited for: at most as long as that batch took, and 5 ms. Many writers (16 and more) are two halves, so that
/// one half works while the server has the other.
///
/// Thread-safety: any thread. Each write gets its own answer: one that is refused fails no other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
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
  /// What wakes one thread. Its own mutex, so that those who wake do not meet.
  class Bell {
   public:
    void ring() {
      {
        const std::lock_guard lock(mutex_);
        rings_ = true;
      }
      rung_.notify_one();  // not under the mutex, which the one that wakes needs first
    }
    void wait() {
      std::unique_lock lock(mutex_);
      rung_.wait(lock, [&] { return rings_; });
      rings_ = false;
    }
    void wait_until(Deadline deadline) {
      std::unique_lock lock(mutex_);
      rung_.wait_until(lock, deadline, [&] { return rings_; });
      rings_ = false;
    }

   private:
    std::mutex mutex_;
    std::condition_variable rung_;
    bool rings_ = false;
  };

  /// Shared, because the thread that is woken may return while the one that wakes it is still at it.
  struct Waiting {
    const Lease& lease;         ///< these two live until is_answered
    const FilmWrite& write;
    Deadline deadline;          ///< after it, it is not sent any more
    Bell bell{};
    Result<void> answer{};      ///< written by the thread that runs the batch, read after is_answered
    bool is_taken = false;      ///< under the mutex
    std::atomic<bool> is_answered = false;  ///< an answered writer goes on without the mutex: many wake at once
  };
  using Batch = std::vector<std::shared_ptr<Waiting>>;

  [[nodiscard]] bool may_run(std::chrono::steady_clock::time_point now) const;
  void wait(Waiting& mine, std::unique_lock<std::mutex>& lock);
  void ring_first();
  Batch take_batch();
  void run_batch(std::unique_lock<std::mutex>& lock, const Waiting* mine);
  void run(const Batch& batch);
  void answer_all(const Batch& batch, const Error& error);
  Result<void> refusal_of(Connection& connection, const Waiting& waiting, Deadline deadline);
  /// Errors: what failed for the whole batch.
  Result<void> write(Sessions::Lent& session, const Batch& batch, Deadline deadline);

  Sessions& sessions_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Waiting>> queue_;
  std::size_t running_ = 0;
  std::size_t under_way_ = 0;  ///< writes in the batches that run
  std::size_t expected_ = 0;   ///< so many make a whole batch, by the number of writers there were last
  std::chrono::steady_clock::time_point expected_until_{};
  std::atomic<bool> is_alone_ = true;  ///< there was one writer last: it may keep its core while it waits
};

/// What a store that cannot be used means to a method that returns a Result.
[[nodiscard]] std::unexpected<Error> refusal(Outcome outcome, const std::string& detail);

}  // namespace workprint::store::postgres
