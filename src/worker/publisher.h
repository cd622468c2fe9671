/// Publishes a film's newest committed state to the object store: newest wins, one write in flight, retried for ever.
///
/// Thread-safety: every method may be called from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "snapshot/snapshot.h"
#include "workprint/clock.h"
#include "workprint/event.h"

namespace workprint::worker {

class Publisher {
 public:
  /// `take` returns the newest committed document; called on the publisher's thread.
  Publisher(ObjectStore& objects, FilmId film, std::shared_ptr<Clock> clock, std::function<snapshot::Outgoing()> take,
            std::function<void(Event)> emit);
  ~Publisher();

  /// State up to `head` is committed and should be published soon.
  void offer(const Head& head);

  /// Waits until everything offered so far is published, at most `limit`.
  /// Errors: unavailable (not published in time: says what is not saved); fenced (a newer writer published).
  Result<void> flush(Duration limit);

  struct Status {
    std::optional<Head> published;
    std::uint64_t lag_seqs = 0;
    std::string last_error;
    bool fenced = false;
  };
  [[nodiscard]] Status status() const;

 private:
  void work(std::stop_token stop);
  bool publish_newest(std::stop_token stop);

  ObjectStore& objects_;
  FilmId film_;
  std::shared_ptr<Clock> clock_;
  std::function<snapshot::Outgoing()> take_;
  std::function<void(Event)> emit_;
  snapshot::Shelf shelf_;  // publisher thread only

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Head> offered_, published_;
  std::string last_error_;
  bool fenced_ = false;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace workprint::worker
