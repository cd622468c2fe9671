/// What a film's owner does beside its commits: publishes the newest state (newest wins, one write in flight, retried for
/// ever), reads it back, and gives signs of life in both tiers.
///
/// While commits follow each other, writing takes about a tenth of a process's time: of one film that takes 5 ms to write the
/// next write begins 45 ms later, of 20 films each 900 ms later, and never later than after a second; with what is newest
/// then. Nobody who waits for it (flush) waits for that.
///
/// Thread-safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "snapshot/claim.h"
#include "snapshot/snapshot.h"
#include "workprint/clock.h"
#include "workprint/event.h"
#include "workprint/service.h"

namespace workprint::worker {

/// How many keepers there are in a process: they share the time that publishing may take.
using KeeperCount = std::atomic<int>;

class Keeper {
 public:
  struct Setup {
    ObjectStore* objects = nullptr;
    FilmId film;
    std::string writer;
    std::shared_ptr<Clock> clock;
    Duration term = std::chrono::seconds(30);  ///< of the lease: a third of it is the longest silence
    Background background = Background::thread;
    std::optional<snapshot::Seen> seen;        ///< what the takeover was decided on
    snapshot::ClaimHolder claim;               ///< of a takeover while tier 1 was away; else new
    KeeperCount* keepers = nullptr;            ///< of this process; unset: publishing never rests
  };
  struct Duties {
    std::function<Result<snapshot::Outgoing>()> newest;  ///< the newest committed document, unless the session is broken
    std::function<Result<Epoch>()> sign_of_life;   ///< in tier 1, when it answers; the epoch held. fenced is final
    std::function<void(Event)> emit;
  };
  Keeper(Setup setup, Duties duties);
  ~Keeper();

  /// State up to `head` is committed and should be published soon.
  void offer(const Head& head);

  /// Publishes `outgoing` now, on the caller's thread: the commit of a film whose tier 1 is away, and a takeover's first.
  /// Errors: fenced, conflict (final); unavailable (unknown: the same again is safe).
  Result<void> write_through(const snapshot::Outgoing& outgoing);

  /// Proves in tier 2 that no other worker took the film, and makes those that are about to look again.
  /// Errors: fenced, conflict (final); unavailable.
  Result<void> confirm(const snapshot::Outgoing& outgoing);

  /// Waits until everything offered so far is published, at most `limit`, and not after `park`.
  /// Errors: unavailable (not published in time: says what is not saved); fenced, conflict (another writer published).
  Result<void> flush(Duration limit, std::stop_token park = {});

  /// Does what is due now. Without a thread of its own (Background::by_caller) this is how anything gets done.
  void attend();

  /// Tells whoever cannot see tier 1 that the film is free. Best effort.
  void release();

  struct Status {
    std::optional<Head> published;
    std::uint64_t lag_seqs = 0;
    Duration lag{};             ///< for how long the newest state has not been published
    std::string last_error;
    std::optional<Error> lost;  ///< set: another writer has the film, stop
  };
  [[nodiscard]] Status status() const;

 private:
  class Waiter;
  void work(std::stop_token stop);
  void publish_newest();
  void give_sign();
  Result<void> publish(const snapshot::Outgoing& outgoing);
  Result<void> paced(Instant& last, const std::function<Result<void>()>& write);
  void read_back(const snapshot::Outgoing& outgoing);
  void lose(Error error);
  [[nodiscard]] Json lag_of(std::uint64_t seqs) const;  // mutex_ held
  [[nodiscard]] bool wants_publication() const;  // mutex_ held
  [[nodiscard]] Instant publication_due() const; // mutex_ held
  [[nodiscard]] Instant next_due() const;        // mutex_ held

  const Setup setup_;
  const Duties duties_;

  std::mutex io_;  // one write in flight; before mutex_
  snapshot::Shelf shelf_;
  snapshot::ClaimHolder claim_;
  Instant written_at_{}, published_at_{};  // state.json, tried and done
  Instant claimed_at_{};                   // lease.json

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Head> offered_, published_;
  Instant behind_since_{}, not_before_{}, next_sign_{};
  Instant rests_until_{};       ///< for the sake of the commits; not when somebody waits for the publication
  std::size_t flushing_ = 0;    ///< so many wait
  Duration pause_;
  std::string last_error_;
  std::optional<Error> lost_;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace workprint::worker
