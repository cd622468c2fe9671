/// One film being written by this process: its state in memory, its lease, and the one way to change it.
///
/// Where a commit goes (docs/protocols/ownership.md): to the checkpoint store, and publication follows; while that store
/// does not answer, to state.json by compare-and-set ("degraded"). When it is back it is brought up to this state before
/// the next commit. While neither answers a commit is tried again, up to Tools::outage_limit.
///
/// Thread-safety: every method may be called from any thread; commits happen one at a time.
/// After a commit that failed the session is broken: memory may be ahead of the stores, so every later commit is refused
/// with the same error and the film must be loaded again.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "run/run.h"
#include "worker/keeper.h"
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
  Duration lease_term = std::chrono::seconds(30);
  Duration outage_limit = std::chrono::seconds(60);
  Background background = Background::thread;
  std::stop_token stop;  ///< ends the waits of an outage
  KeeperCount* keepers = nullptr;  ///< counts the sessions; they share the time that publishing may take
};

/// What a film is taken up with.
struct Taken {
  FilmId film;
  std::optional<Lease> lease;  ///< nothing: tier 1 is away, and the film was claimed in tier 2
  Epoch epoch{};               ///< the lease's, or the claim's
  Checkpoint start;
  std::optional<snapshot::Seen> seen;
  snapshot::ClaimHolder claim;
};

class Session {
 public:
  Session(const Tools& tools, ValidGraph graph, Taken taken);

  [[nodiscard]] const FilmId& film() const { return film_; }
  [[nodiscard]] const ValidGraph& graph() const { return graph_; }
  [[nodiscard]] const Tools& tools() const { return tools_; }
  [[nodiscard]] Head head() const;
  [[nodiscard]] bool is_degraded() const;

  /// The committed document. Channels in it never change afterwards (a later change is made to a copy while anybody
  /// holds this); its `$workprint` member may, so readers outside the session use only channels.
  [[nodiscard]] std::shared_ptr<const Json> channels() const;

  /// A value computed from the document while no commit runs.
  template <class Read>
  auto read(Read look) const {
    const std::lock_guard lock(mutex_);
    return look(static_cast<const Json&>(*document_));
  }

  /// Makes `delta` durable as the next seq.
  /// Errors: fenced; conflict (another line of this film is in a tier); unavailable (neither tier answers); corrupt: the
  /// session is broken.
  Result<void> commit(CommitKind kind, const run::Task& task, run::Delta delta);
  /// The same with the delta made from the document under the lock.
  Result<void> commit_step(std::vector<run::Finished> finished);
  /// A commit whose delta is planned from, and applied to, the document under the lock (run::plan_*).
  using Plan = std::function<Result<run::Delta>(const ValidGraph& graph, Json& document, Seq seq)>;
  Result<void> commit_planned(CommitKind kind, const run::Task& task, const Plan& plan);
  struct OverBudget {
    std::int64_t spent_usd_micros;  ///< by the film so far, with what its open calls may still cost
  };
  /// The intent of a call. When `budget` (micro-dollars for the whole film; unset: no limit) does not allow it, nothing is
  /// committed and why is returned.
  Result<std::optional<OverBudget>> commit_intent(run::EffectRecord record, const std::vector<Write>& note, std::optional<std::int64_t> budget);

  /// Waits for state.json to catch up; brings tier 1 up first, when it is back. Errors: as Keeper::flush.
  Result<void> flush(Duration limit, std::stop_token park = {});
  [[nodiscard]] Keeper::Status publication() const { return keeper_.status(); }

  void emit(Event event) const;
  void emit(std::string type, const run::Task& task, Json payload) const;

  /// Gives the film back. The session is broken afterwards.
  Result<void> release();

 private:
  Result<void> commit_locked(CommitKind kind, const run::Task& task, run::Delta delta, bool channels_applied);
  Result<void> make_durable(const Commit& commit);
  Result<void> commit_to_store(const Commit& commit);
  Result<void> write_through(const Head& head);
  Result<void> settle(const Commit& commit, Error error);
  Result<void> bring_up_store(const Head& head);
  void become_degraded(const Error& why);
  void heal_if_due();
  void own_channels();
  [[nodiscard]] Result<Epoch> sign_of_life();
  [[nodiscard]] Result<snapshot::Outgoing> outgoing() const;
  [[nodiscard]] Result<void> still_ours() const;

  Tools tools_;
  ValidGraph graph_;
  FilmId film_;
  mutable std::mutex mutex_;
  std::optional<Lease> lease_;
  Epoch epoch_;
  std::atomic<std::uint64_t> shown_epoch_;  ///< of events, which are made beside the commits
  bool degraded_ = false;
  Instant heal_at_{};
  Duration heal_pause_;
  std::shared_ptr<Json> document_;
  Head head_;
  std::string last_step_node_;
  std::optional<Error> broken_;
  mutable std::mutex events_mutex_;
  /// Says the last word of this session, after the keeper's thread has ended.
  struct Farewell {
    const Session& session;
    ~Farewell() { session.emit({"released", session.film_.value(), session.shown_epoch_, 0, Json::object()}); }
  } farewell_{*this};
  Keeper keeper_;  // last: its thread reads the members above
};

}  // namespace workprint::worker
