#include "worker/session.h"

#include <algorithm>

#include "record/commit.h"
#include "record/lineage.h"
#include "workprint/try.h"

namespace workprint::worker {
namespace {

// After a failed commit the store is asked for so long before tier 2 takes its place.
constexpr Duration settle_limit = std::chrono::seconds(3);
// How often a lost tier 1 is asked for.
constexpr Duration heal_pause_first = std::chrono::seconds(2), heal_pause_max = std::chrono::seconds(60);

bool touches_channels(const run::Delta& delta) {
  return !delta.set.empty() || !delta.merge.empty() || !delta.append.empty() || !delta.unset.empty();
}

// What a reader of state.json should see soon. An intent alone is not: it says only that something may begin.
bool is_worth_publishing(CommitKind kind) { return kind != CommitKind::intent; }

}  // namespace

Session::Session(const Tools& tools, ValidGraph graph, Taken taken)
    : tools_(tools), graph_(std::move(graph)), film_(taken.film), lease_(std::move(taken.lease)), epoch_(taken.epoch), shown_epoch_(number(taken.epoch)),
      degraded_(!lease_), heal_pause_(heal_pause_first), document_(std::make_shared<Json>(std::move(taken.start.document))),
      head_(std::move(taken.start.head)),
      keeper_({tools_.objects, film_, tools_.writer, tools_.clock, tools_.lease_term, tools_.background, taken.seen, taken.claim, tools_.keepers},
              {[this] { return outgoing(); }, [this] { return sign_of_life(); }, [this](Event event) { emit(std::move(event)); }}) {
  heal_at_ = tools_.clock->now() + heal_pause_;
}

Head Session::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

bool Session::is_degraded() const {
  const std::lock_guard lock(mutex_);
  return degraded_;
}

std::shared_ptr<const Json> Session::channels() const {
  const std::lock_guard lock(mutex_);
  return document_;
}

// Tasks hold the document they were started with; they must not see it move under them.
void Session::own_channels() {
  if (document_.use_count() > 1) document_ = std::make_shared<Json>(*document_);
}

// --- committing ------------------------------------------------------------------------------------------------------

Result<void> Session::commit(CommitKind kind, const run::Task& task, run::Delta delta) {
  auto done = [&] {
    const std::lock_guard lock(mutex_);
    heal_if_due();
    return commit_locked(kind, task, std::move(delta), false);
  }();
  if (tools_.background == Background::by_caller) keeper_.attend();
  return done;
}

Result<void> Session::commit_planned(CommitKind kind, const run::Task& task, const Plan& plan) {
  auto done = [&]() -> Result<void> {
    const std::lock_guard lock(mutex_);
    if (broken_) return std::unexpected(*broken_);
    heal_if_due();
    own_channels();
    auto delta = plan(graph_, *document_, next(head_.seq));
    if (!delta) {
      // The plan may have touched the channels in memory; the store has not seen it.
      broken_ = delta.error();
      return std::unexpected(*broken_);
    }
    if (kind == CommitKind::step) last_step_node_ = task.node;
    return commit_locked(kind, task, *std::move(delta), true);
  }();
  if (tools_.background == Background::by_caller) keeper_.attend();
  return done;
}

Result<void> Session::commit_step(std::vector<run::Finished> finished) {
  const run::Task task = finished.size() == 1 ? finished.front().task : run::Task{finished.front().task.node, {}};
  return commit_planned(CommitKind::step, task, [&](const ValidGraph& graph, Json& document, Seq) {
    return run::plan_step(graph, document, std::move(finished));
  });
}

Result<std::optional<Session::OverBudget>> Session::commit_intent(run::EffectRecord record, const std::vector<Write>& note, std::optional<std::int64_t> budget) {
  auto done = [&]() -> Result<std::optional<OverBudget>> {
    const std::lock_guard lock(mutex_);
    heal_if_due();
    if (budget) {
      const std::int64_t spent = TRY(run::cost_so_far(*document_));
      if (record.estimate_usd_micros > *budget - spent) return OverBudget{spent};
    }
    record.intent_seq = number(head_.seq) + 1;
    run::Delta delta = run::plan_intent(record);
    TRY(run::add_note(graph_, note, delta));
    TRY(commit_locked(CommitKind::intent, record.task, std::move(delta), false));
    return std::optional<OverBudget>();
  }();
  if (tools_.background == Background::by_caller) keeper_.attend();
  return done;
}

// Another worker may have been seen in tier 2 while tier 1 still believes in us.
Result<void> Session::still_ours() const {
  if (broken_) return std::unexpected(*broken_);
  if (const auto lost = keeper_.status().lost) return std::unexpected(*lost);
  return {};
}

Result<void> Session::commit_locked(CommitKind kind, const run::Task& task, run::Delta delta, bool channels_applied) {
  if (auto ours = still_ours(); !ours) {
    broken_ = ours.error();
    return ours;
  }
  Commit commit;
  commit.info = {{epoch_, next(head_.seq), {}}, head_.hash, kind, task.node, task.item, tools_.clock->wall(), tools_.writer};
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
  const Instant began = tools_.clock->now();
  if (auto done = make_durable(commit); !done) {
    broken_ = done.error();
    return done;
  }
  head_ = commit.info.head;
  if (kind != CommitKind::step) last_step_node_.clear();
  if (is_worth_publishing(kind) && !degraded_) keeper_.offer(head_);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(tools_.clock->now() - began).count();
  Json payload = {{"kind", to_string(kind)}, {"micros", micros}};
  if (!task.node.empty()) payload["node"] = task.node;
  if (!task.item.empty()) payload["item"] = task.item;
  emit({"commit", film_.value(), number(head_.epoch), number(head_.seq), std::move(payload)});
  return {};
}

Result<void> Session::make_durable(const Commit& commit) {
  if (commit.info.kind == CommitKind::takeover && !degraded_) {
    // Tier 2 first: whoever still writes there is fenced before this worker acknowledges anything. A tier 2 that does not
    // answer is brought up later, and looked at before.
    auto through = write_through(commit.info.head);
    if (!through && through.error().kind != ErrorKind::unavailable) return through;
  }
  const Instant began = tools_.clock->now();
  Duration pause = std::chrono::milliseconds(200);
  bool is_told = false;
  while (true) {
    auto first = degraded_ ? bring_up_store(commit.info.head) : commit_to_store(commit);
    // A database that went bad under us is a lost tier: it is set aside and rebuilt when the film heals.
    if (first || (first.error().kind != ErrorKind::unavailable && first.error().kind != ErrorKind::corrupt)) return first;
    // Whether somebody else began this film meanwhile only tier 1 can tell.
    auto second = commit.info.previous_hash.empty() ? Result<void>(fail(ErrorKind::unavailable, "no film begins there alone"))
                                                    : write_through(commit.info.head);
    if (second) {
      if (!degraded_) become_degraded(first.error());
      return second;
    }
    if (second.error().kind != ErrorKind::unavailable) return second;
    const std::string reason = "neither tier answers. checkpoint=" + first.error().message + " snapshot=" + second.error().message;
    if (!is_told) emit({"tier", film_.value(), number(epoch_), 0, {{"tier", "both"}, {"what", "lost"}, {"error", reason}}});
    is_told = true;
    if (tools_.clock->now() - began >= tools_.outage_limit || !tools_.clock->wait(pause, tools_.stop))
      return fail(ErrorKind::unavailable, reason);
    pause = std::min<Duration>(pause * 2, std::chrono::seconds(10));
  }
}

Result<void> Session::commit_to_store(const Commit& commit) {
  auto done = tools_.store->commit(*lease_, commit, *document_);
  if (done) return done;
  return settle(commit, std::move(done).error());
}

// "Unavailable" says the outcome is unknown: only a re-read decides whether the commit happened.
Result<void> Session::settle(const Commit& commit, Error error) {
  const Instant began = tools_.clock->now();
  Duration pause = std::chrono::milliseconds(50);
  while (error.kind == ErrorKind::unavailable && tools_.clock->now() - began < settle_limit) {
    if (!tools_.clock->wait(pause, tools_.stop)) break;
    pause *= 2;
    const Loaded<Checkpoint> stored = tools_.store->load(film_);
    if (stored.outcome == Outcome::found && stored.value->head == commit.info.head) return {};
    if (stored.outcome != Outcome::found && stored.outcome != Outcome::absent) continue;
    // The store answers. When another worker has been there since, it says so, and nobody may go on without it.
    auto again = tools_.store->commit(*lease_, commit, *document_);
    if (again) return {};
    error = std::move(again).error();
  }
  return std::unexpected(std::move(error));
}

// --- tier 1 lost and found -------------------------------------------------------------------------------------------

Result<void> Session::write_through(const Head& head) {
  return keeper_.write_through({head, last_step_node_, record::encode_document(*document_)});
}

void Session::become_degraded(const Error& why) {
  degraded_ = true;
  heal_pause_ = heal_pause_first;
  heal_at_ = tools_.clock->now() + heal_pause_;
  emit({"tier", film_.value(), number(epoch_), 0, {{"tier", "checkpoint"}, {"what", "lost"}, {"error", why.message}}});
}

// Between commits. A store that is still away is asked again later; another line in it ends the session.
void Session::heal_if_due() {
  if (!degraded_ || broken_ || tools_.clock->now() < heal_at_) return;
  const auto done = bring_up_store(head_);
  if (!done && done.error().kind != ErrorKind::unavailable) broken_ = done.error();
}

// Takes the film's lease anew, brings the store up to `head` (the document in memory), proves both equal.
Result<void> Session::bring_up_store(const Head& head) {
  if (tools_.clock->now() < heal_at_) return fail(ErrorKind::unavailable, "the checkpoint store was away a moment ago");
  const auto later = [&](Error error) -> std::unexpected<Error> {
    heal_pause_ = std::min(heal_pause_ * 2, heal_pause_max);
    heal_at_ = tools_.clock->now() + heal_pause_;
    return fail(ErrorKind::unavailable, std::move(error.message));
  };
  const Checkpoint ours{head, *document_};
  const LeaseRequest request{tools_.writer, epoch_, tools_.lease_term};
  // Held by somebody else there: then tier 2, which they fence first, will tell us at the next write.
  auto lease = tools_.store->acquire(film_, request);
  if (!lease) return later(lease.error());
  Loaded<Checkpoint> there = tools_.store->load(film_);
  if (there.outcome == Outcome::corrupt || there.outcome == Outcome::foreign) {
    if (const auto aside = tools_.store->set_aside(film_, there.detail); !aside) return later(aside.error());
    lease = tools_.store->acquire(film_, {tools_.writer, lease->epoch(), tools_.lease_term});
    if (!lease) return later(lease.error());
    there = {Outcome::absent, std::nullopt, {}};
  }
  if (there.outcome != Outcome::found && there.outcome != Outcome::absent) return later({ErrorKind::unavailable, there.detail});
  // While this worker was away another one may have taken the film in tier 2: asked before tier 1 is believed.
  if (const auto still = keeper_.confirm({head, last_step_node_, record::encode_document(*document_)}); !still) {
    if (still.error().kind != ErrorKind::unavailable) return still;
    return later(still.error());
  }
  if (there.value && record::kinship(*there.value, ours) != record::Kinship::older && there.value->head != head)
    return fail(ErrorKind::conflict, "the checkpoint store came back with commits that this worker does not know. film=" + film_.value());
  if (there.value && there.value->head != head && number(there.value->head.seq) >= number(head.seq)) {
    // A takeover that was committed there and never built on.
    if (const auto aside = tools_.store->set_aside(film_, "a takeover that nobody built on"); !aside) return later(aside.error());
    lease = tools_.store->acquire(film_, {tools_.writer, lease->epoch(), tools_.lease_term});
    if (!lease) return later(lease.error());
    there.value.reset();
  }
  if (!there.value || there.value->head != head) {
    const CommitInfo info{head, document_->at(run::meta_member).value("previousHash", ""), CommitKind::restored, {}, {}, tools_.clock->wall(), tools_.writer};
    if (const auto installed = tools_.store->install(*lease, ours, info); !installed) return later(installed.error());
    const Loaded<Checkpoint> proof = tools_.store->load(film_);
    if (!proof.value || proof.value->head != head) return later({ErrorKind::unavailable, "what was installed does not read back: " + proof.detail});
  }
  lease_ = *std::move(lease);
  epoch_ = lease_->epoch();
  shown_epoch_ = number(epoch_);
  degraded_ = false;
  emit({"tier", film_.value(), number(epoch_), number(head.seq), {{"tier", "checkpoint"}, {"what", "back"}}});
  return {};
}

// Called by the keeper, beside the commits.
Result<Epoch> Session::sign_of_life() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return fail(ErrorKind::unavailable, "a commit is under way, and is a sign of life itself");
  if (broken_) return fail(ErrorKind::unavailable, broken_->message);
  heal_if_due();
  if (broken_) return std::unexpected(*broken_);  // who has just learned that the film is another's claims nothing
  if (!degraded_)
    if (const auto renewed = tools_.store->renew(*lease_); !renewed && renewed.error().kind == ErrorKind::fenced)
      return std::unexpected(renewed.error());
  return epoch_;
}

Result<void> Session::flush(Duration limit, std::stop_token park) {
  {
    const std::lock_guard lock(mutex_);
    if (broken_) return std::unexpected(*broken_);
    if (degraded_) heal_at_ = std::min(heal_at_, tools_.clock->now());
    heal_if_due();
  }
  return keeper_.flush(limit, park);
}

// --- looking ---------------------------------------------------------------------------------------------------------

// After a commit that failed the document in memory is of nobody's head.
Result<snapshot::Outgoing> Session::outgoing() const {
  const std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  return snapshot::Outgoing{head_, last_step_node_, record::encode_document(*document_)};
}

void Session::emit(Event event) const {
  if (!tools_.events) return;
  const std::lock_guard lock(events_mutex_);
  tools_.events(event);
}

void Session::emit(std::string type, const run::Task& task, Json payload) const {
  payload["node"] = task.node;
  if (!task.item.empty()) payload["item"] = task.item;
  emit({std::move(type), film_.value(), shown_epoch_, 0, std::move(payload)});
}

Result<void> Session::release() {
  keeper_.release();
  const std::lock_guard lock(mutex_);
  broken_ = Error{ErrorKind::cancelled, "the film was given back. film=" + film_.value()};
  if (degraded_ || !lease_) return {};
  return tools_.store->release(*lease_);
}

}  // namespace workprint::worker
