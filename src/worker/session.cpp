#include "worker/session.h"

#include "record/commit.h"
#include "workprint/try.h"

namespace workprint::worker {
namespace {

bool touches_channels(const run::Delta& delta) {
  return !delta.set.empty() || !delta.merge.empty() || !delta.append.empty() || !delta.unset.empty();
}

// What a reader of state.json should see soon. An intent alone is not: it says only that something may begin.
bool is_worth_publishing(CommitKind kind) { return kind != CommitKind::intent; }

}  // namespace

Session::Session(const Tools& tools, ValidGraph graph, Lease lease, Checkpoint start)
    : tools_(tools), graph_(std::move(graph)), film_(lease.film()), lease_(std::move(lease)),
      document_(std::make_shared<Json>(std::move(start.document))), head_(std::move(start.head)),
      publisher_(*tools_.objects, film_, tools_.clock, [this] { return outgoing(); },
                 [this](Event event) { emit(std::move(event)); }) {}

Head Session::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

std::shared_ptr<const Json> Session::channels() const {
  const std::lock_guard lock(mutex_);
  return document_;
}

// Tasks hold the document they were started with; they must not see it move under them.
void Session::own_channels() {
  if (document_.use_count() > 1) document_ = std::make_shared<Json>(*document_);
}

Result<void> Session::commit(CommitKind kind, const run::Task& task, run::Delta delta) {
  const std::lock_guard lock(mutex_);
  return commit_locked(kind, task, std::move(delta), false);
}

Result<void> Session::commit_planned(CommitKind kind, const run::Task& task, const Plan& plan) {
  const std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  own_channels();
  auto delta = plan(graph_, *document_, next(head_.seq));
  if (!delta) {
    // The plan may have touched the channels in memory; the store has not seen it.
    broken_ = delta.error();
    return std::unexpected(*broken_);
  }
  if (kind == CommitKind::step) last_step_node_ = task.node;
  return commit_locked(kind, task, *std::move(delta), true);
}

Result<void> Session::commit_step(std::vector<run::Finished> finished) {
  const run::Task task = finished.size() == 1 ? finished.front().task : run::Task{finished.front().task.node, {}};
  return commit_planned(CommitKind::step, task, [&](const ValidGraph& graph, Json& document, Seq) {
    return run::plan_step(graph, document, std::move(finished));
  });
}

Result<void> Session::commit_intent(run::EffectRecord record, const std::vector<Write>& note) {
  const std::lock_guard lock(mutex_);
  record.intent_seq = number(head_.seq) + 1;
  run::Delta delta = run::plan_intent(record);
  TRY(run::add_note(graph_, note, delta));
  return commit_locked(CommitKind::intent, record.task, std::move(delta), false);
}

Result<void> Session::commit_locked(CommitKind kind, const run::Task& task, run::Delta delta, bool channels_applied) {
  if (broken_) return std::unexpected(*broken_);
  Commit commit;
  commit.info = {{lease_.epoch(), next(head_.seq), {}}, head_.hash, kind, task.node, task.item,
                 tools_.clock->wall(), tools_.writer};
  commit.delta = record::encode(delta);
  record::seal(film_, commit);
  if (!channels_applied && touches_channels(delta)) {
    own_channels();
    if (auto applied = run::apply_channels(*document_, delta); !applied) {
      broken_ = applied.error();
      return applied;
    }
  }
  run::apply_meta(*document_, delta);
  record::stamp(*document_, film_, commit.info);
  auto done = tools_.store->commit(lease_, commit, *document_);
  if (!done) done = settle(commit, std::move(done).error());
  if (!done) {
    broken_ = done.error();
    return done;
  }
  head_ = commit.info.head;
  if (kind != CommitKind::step) last_step_node_.clear();
  if (is_worth_publishing(kind)) publisher_.offer(head_);
  Json payload = {{"kind", to_string(kind)}};
  if (!task.node.empty()) payload["node"] = task.node;
  if (!task.item.empty()) payload["item"] = task.item;
  emit({"commit", film_.value(), number(head_.epoch), number(head_.seq), std::move(payload)});
  return {};
}

// "Unavailable" says the outcome is unknown: only a re-read decides whether the commit happened.
Result<void> Session::settle(const Commit& commit, Error error) {
  Duration pause = std::chrono::milliseconds(50);
  for (int tries = 0; tries < 6 && error.kind == ErrorKind::unavailable; ++tries) {
    tools_.clock->wait(pause, {});
    pause *= 2;
    const Loaded<Checkpoint> stored = tools_.store->load(film_);
    if (stored.outcome == Outcome::found && stored.value->head == commit.info.head) return {};
    const bool still_before = stored.outcome == Outcome::absent
                                  ? commit.info.previous_hash.empty()
                                  : stored.outcome == Outcome::found && stored.value->head.hash == commit.info.previous_hash;
    if (!still_before) continue;
    auto again = tools_.store->commit(lease_, commit, *document_);
    if (again) return {};
    error = std::move(again).error();
  }
  return std::unexpected(std::move(error));
}

snapshot::Outgoing Session::outgoing() const {
  const std::lock_guard lock(mutex_);
  return {head_, last_step_node_, record::encode_document(*document_)};
}

void Session::emit(Event event) const {
  if (!tools_.events) return;
  const std::lock_guard lock(events_mutex_);
  tools_.events(event);
}

void Session::emit(std::string type, const run::Task& task, Json payload) const {
  payload["node"] = task.node;
  if (!task.item.empty()) payload["item"] = task.item;
  emit({std::move(type), film_.value(), number(lease_.epoch()), 0, std::move(payload)});
}

Result<void> Session::release() {
  const std::lock_guard lock(mutex_);
  broken_ = Error{ErrorKind::cancelled, "the film was given back. film=" + film_.value()};
  return tools_.store->release(lease_);
}

}  // namespace workprint::worker
