/// One film being written by this process: its state in memory, its lease, and the one way to change it.
///
/// Thread-safety: every method may be called from any thread; commits happen one at a time.
/// After a commit that failed the session is broken: memory may be ahead of the store, so every later commit is refused
/// with the same error and the film must be loaded again.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "run/run.h"
#include "worker/publisher.h"
#include "workprint/checkpoint_store.h"
#include "workprint/clock.h"
#include "workprint/event.h"
#include "workprint/graph.h"
#include "workprint/object_store.h"

namespace workprint::worker {

/// What a session borrows; all of it outlives the session.
struct Tools {
  CheckpointStore* store = nullptr;
  ObjectStore* objects = nullptr;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  std::string writer;
  EventSink events;  ///< may be empty
};

class Session {
 public:
  Session(const Tools& tools, ValidGraph graph, Lease lease, Checkpoint start);

  [[nodiscard]] const FilmId& film() const { return film_; }
  [[nodiscard]] const ValidGraph& graph() const { return graph_; }
  [[nodiscard]] const Tools& tools() const { return tools_; }
  [[nodiscard]] Head head() const;

  /// The committed document. Channels in it never change afterwards (a later change is made to a copy while anybody
  /// holds this); its `$workprint` member may, so readers outside the session use only channels.
  [[nodiscard]] std::shared_ptr<const Json> channels() const;

  /// A value computed from the document while no commit runs.
  template <class Read>
  auto read(Read look) const {
    const std::lock_guard lock(mutex_);
    return look(static_cast<const Json&>(*document_));
  }

  /// Makes `delta` durable as the next seq. Errors: fenced; unavailable; conflict; corrupt: the session is broken.
  Result<void> commit(CommitKind kind, const run::Task& task, run::Delta delta);
  /// The same with the delta made from the document under the lock.
  Result<void> commit_step(std::vector<run::Finished> finished);
  /// A commit whose delta is planned from, and applied to, the document under the lock (run::plan_*).
  using Plan = std::function<Result<run::Delta>(const ValidGraph& graph, Json& document, Seq seq)>;
  Result<void> commit_planned(CommitKind kind, const run::Task& task, const Plan& plan);
  Result<void> commit_intent(run::EffectRecord record, const std::vector<Write>& note);

  /// Waits for state.json to catch up. Errors: as Publisher::flush.
  Result<void> flush(Duration limit) { return publisher_.flush(limit); }
  [[nodiscard]] Publisher::Status publication() const { return publisher_.status(); }

  void emit(Event event) const;
  void emit(std::string type, const run::Task& task, Json payload) const;

  /// Gives the film back. The session is broken afterwards.
  Result<void> release();

 private:
  Result<void> commit_locked(CommitKind kind, const run::Task& task, run::Delta delta, bool channels_applied);
  Result<void> settle(const Commit& commit, Error error);
  void own_channels();
  [[nodiscard]] snapshot::Outgoing outgoing() const;

  Tools tools_;
  ValidGraph graph_;
  FilmId film_;
  mutable std::mutex mutex_;
  Lease lease_;
  std::shared_ptr<Json> document_;
  Head head_;
  std::string last_step_node_;
  std::optional<Error> broken_;
  mutable std::mutex events_mutex_;
  Publisher publisher_;  // last: its thread reads the members above
};

}  // namespace workprint::worker
