/// How a film becomes this process's (docs/protocols/ownership.md): a lease or a claim, a second look, the repair of what
/// is behind, and the takeover's commit, which fences tier 2 before anything is acknowledged in tier 1.
#include "run/order.h"
#include "service/body.h"
#include "snapshot/claim.h"
#include "store/owner.h"
#include "workprint/try.h"

namespace workprint {
namespace {

constexpr int tries_max = 4;

// Nothing to wait for: nobody, this process, or a process that is known to have ended.
bool is_free(const std::string& writer, const std::string& ours) {
  const store::Owner owner = store::owner_of(writer, ours);
  if (owner == store::Owner::gone) return store::is_of_this_machine(writer, ours);
  return owner == store::Owner::nobody || owner == store::Owner::ourselves;
}

bool same(const std::optional<snapshot::Claim>& a, const std::optional<snapshot::Claim>& b) {
  return a.has_value() == b.has_value() && (!a || a->version == b->version);
}

bool same(const std::optional<snapshot::Seen>& a, const std::optional<snapshot::Seen>& b) {
  return a.has_value() == b.has_value() && (!a || a->version == b->version);
}

}  // namespace

Result<std::unique_ptr<worker::Session>> WorkflowService::Body::begin(const FilmId& film, const Json& inputs,
                                                                      const CommandName& command, std::stop_token stop) {
  Lease lease = TRY(store.acquire(film, {options.writer, Epoch{}, options.lease_term}));
  // Absence was proven before the lease was ours: whoever began the film in between must not be begun over.
  const recovery::Gathered now = gather(film);
  if (now.checkpoint.outcome == Outcome::unreachable || now.snapshot.state.outcome == Outcome::unreachable)
    return fail(ErrorKind::unavailable, "absence is not proven any more: a tier stopped answering. film=" + film.value());
  if (now.checkpoint.outcome == Outcome::found || now.snapshot.state.outcome == Outcome::found || now.snapshot.older)
    return fail(ErrorKind::conflict, "somebody else began this film just now. film=" + film.value());
  const Epoch epoch = lease.epoch();
  auto session = std::make_unique<worker::Session>(
      tools(std::move(stop)), workflow.graph,
      worker::Taken{film, std::move(lease), epoch, {{}, Json::object()}, now.snapshot.seen, {}});
  const std::string incarnation = TRY(store.incarnation());
  const worker::Session::Plan plan = [&](const ValidGraph& graph, Json& document, Seq seq) -> Result<run::Delta> {
    run::Delta delta = TRY(run::plan_start(graph, inputs, command_record(command.id, command.type, seq)));
    TRY(run::apply_channels(document, delta));
    delta.meta["store"] = incarnation;
    return delta;
  };
  TRY(session->commit_planned(CommitKind::command, {}, plan));
  return session;
}

Result<std::unique_ptr<worker::Session>> WorkflowService::Body::begin_again(const FilmId& film, recovery::Gathered& gathered,
                                                                            const Json& inputs, const CommandName& command,
                                                                            std::stop_token stop) {
  if (gathered.chosen() == nullptr) {
    TRY(set_aside_damage(film, gathered));
    return begin(film, inputs, command, std::move(stop));
  }
  auto session = TRY(take_over(film, gathered, std::nullopt, std::move(stop)));
  const worker::Session::Plan plan = [&](const ValidGraph& graph, Json& document, Seq seq) -> Result<run::Delta> {
    // Another worker may have done it while this one waited for the film.
    if (run::applied_before(document, {command.id, film, command.type, Json::object(), nullptr, 0}))
      return fail(ErrorKind::conflict, "the film was started over just now. film=" + film.value());
    run::Delta delta = TRY(run::plan_start(graph, inputs, command_record(command.id, command.type, seq)));
    // What was tried stays tried, and what was paid stays paid.
    Json attempts = document.value(standard::attempts.name, Json::object());
    Json cost = document.value(standard::cost.name, Json::object());
    for (const run::EffectRecord& open : TRY(run::open_effects(document))) {
      const run::EffectName name = TRY(run::parse_effect_key(open.key));
      attempts[name.base] = std::max(attempts.value(name.base, std::int64_t{0}), name.number);
      cost[open.key] = open.result ? open.result->usd_micros : open.estimate_usd_micros;
    }
    delta.set[standard::attempts.name] = attempts;
    if (!cost.empty()) delta.set[standard::cost.name] = cost;
    for (const auto& [channel, value] : document.items())
      if (channel != run::meta_member && !delta.set.contains(channel)) delta.unset.push_back(channel);
    for (const char* part : {"openEffects", "doneTasks", "interrupts"}) {
      const Json old = document[run::meta_member].value(part, Json::object());
      for (const auto& [key, value] : old.items()) delta.meta[part][key] = Json();
    }
    TRY(run::apply_channels(document, delta));
    return delta;
  };
  TRY(session->commit_planned(CommitKind::command, {}, plan));
  return session;
}

Result<void> WorkflowService::Body::set_aside_damage(const FilmId& film, recovery::Gathered& gathered) {
  const Outcome checkpoint = gathered.checkpoint.outcome;
  if (checkpoint == Outcome::corrupt || (checkpoint == Outcome::foreign && !gathered.is_other_store)) {
    const std::string kept = TRY(store.set_aside(film, gathered.checkpoint.detail));
    gathered.report.repairs.push_back("damaged checkpoint set aside: " + kept);
  }
  if (gathered.snapshot.damaged_version) {
    const std::string kept = TRY(snapshot::quarantine(objects, film));
    const std::string what = gathered.snapshot.legacy ? "the older system's state.json" : "damaged state.json";
    if (!kept.empty()) gathered.report.repairs.push_back(what + " kept as " + kept);
  }
  return {};
}

// What was found first stays what is reported, unless another state is chosen now.
void WorkflowService::Body::look_again(const FilmId& film, recovery::Gathered& gathered, const std::optional<Checkpoint>& external) {
  recovery::Gathered again = gather(film, external);
  const Checkpoint* before = gathered.chosen();
  const Checkpoint* now = again.chosen();
  const bool is_same = before != nullptr && now != nullptr && before->head == now->head;
  std::vector<std::string> repairs = std::move(gathered.report.repairs);
  if (is_same) again.report = std::move(gathered.report);
  again.report.repairs = std::move(repairs);
  gathered = std::move(again);
}

// Nothing: the film moved while it was being taken; look at `gathered`, which was read anew, and try again.
Result<std::optional<worker::Taken>> WorkflowService::Body::take_lease(const FilmId& film, recovery::Gathered& gathered,
                                                                       const std::optional<Checkpoint>& external) {
  Epoch at_least = gathered.chosen()->head.epoch;
  if (gathered.checkpoint.outcome == Outcome::corrupt) {
    // A film whose history is damaged may still know its newest epoch, which setting aside forgets.
    const auto fenced = store.acquire(film, {options.writer, at_least, options.lease_term});
    if (fenced)
      at_least = fenced->epoch();
    else if (fenced.error().kind != ErrorKind::corrupt)
      return std::unexpected(fenced.error());
  }
  TRY(set_aside_damage(film, gathered));
  if (const auto claim = snapshot::read_claim(objects, film); claim && *claim && number((*claim)->epoch) > number(at_least))
    at_least = (*claim)->epoch;
  Lease lease = TRY(store.acquire(film, {options.writer, at_least, options.lease_term}));
  // Nobody else commits to tier 1 from here on: what is read now is what there is.
  look_again(film, gathered, external);
  const Checkpoint* chosen = gathered.chosen();
  if (chosen == nullptr || gathered.resolution.decision == Decision::degraded || number(chosen->head.epoch) >= number(lease.epoch())) {
    TRY(store.release(lease));
    return std::nullopt;
  }
  Checkpoint start = *chosen;
  if (gathered.checkpoint.value && gathered.checkpoint.value->head != start.head &&
      number(gathered.checkpoint.value->head.seq) >= number(start.head.seq)) {
    // A takeover that was committed there and never built on: its number is another commit's now.
    gathered.report.repairs.push_back("an abandoned takeover set aside: " + TRY(store.set_aside(film, "a takeover that nobody built on")));
    const Epoch fenced = lease.epoch();
    lease = TRY(store.acquire(film, {options.writer, fenced, options.lease_term}));
    gathered.checkpoint.value.reset();
  }
  if (!gathered.checkpoint.value || gathered.checkpoint.value->head != start.head) {
    const CommitInfo info{start.head, start.document[run::meta_member].value("previousHash", ""), CommitKind::restored,
                          {}, {}, clock->wall(), options.writer};
    TRY(store.install(lease, start, info));
    gathered.report.repairs.push_back("checkpoint store rebuilt at seq " + std::to_string(number(start.head.seq)));
  }
  const Epoch epoch = lease.epoch();
  return worker::Taken{film, std::move(lease), epoch, std::move(start), gathered.snapshot.seen, {}};
}

Result<std::optional<worker::Taken>> WorkflowService::Body::take_claim(const FilmId& film, recovery::Gathered& gathered,
                                                                       const std::optional<Checkpoint>& external, std::stop_token stop) {
  const std::optional<snapshot::Claim> observed = TRY(snapshot::read_claim(objects, film));
  const std::string wrote = gathered.chosen()->document[run::meta_member].value("writer", std::string());
  const bool is_claim_free = !observed || observed->is_released || is_free(observed->writer, options.writer);
  const bool is_state_free = is_free(wrote, options.writer) || (observed && observed->is_released && observed->writer == wrote);
  if (!is_claim_free || !is_state_free) {
    // Whoever writes this film can be seen in tier 2 only, and gives a sign there at least three times a term.
    const Duration term = observed ? std::max(observed->term, options.lease_term) : options.lease_term;
    const std::optional<snapshot::Seen> seen = gathered.snapshot.seen;
    if (events) events({"note", film.value(), 0, 0, {{"message", "the checkpoint store is away: watching for " + std::to_string(term.count() / 1000) + " s whether another worker writes this film"}}});
    if (!clock->wait(term, stop)) return fail(ErrorKind::cancelled, "stopped while watching for another worker. film=" + film.value());
    const std::optional<snapshot::Claim> now = TRY(snapshot::read_claim(objects, film));
    look_again(film, gathered, external);
    if (!same(observed, now) || !same(seen, gathered.snapshot.seen))
      return fail(ErrorKind::conflict, "another worker writes this film while the checkpoint store is away. film=" + film.value());
    if (gathered.chosen() == nullptr || gathered.resolution.decision != Decision::degraded) return std::nullopt;
  }
  Epoch epoch = next(gathered.chosen()->head.epoch);
  if (observed && number(observed->epoch) >= number(epoch)) epoch = next(observed->epoch);
  snapshot::ClaimHolder claim;
  const auto taken = claim.take(objects, film, {epoch, options.writer, 0, options.lease_term, false, {}}, observed);
  if (!taken && taken.error().kind != ErrorKind::conflict) return std::unexpected(taken.error());
  look_again(film, gathered, external);
  const Checkpoint* chosen = gathered.chosen();
  if (!taken || chosen == nullptr || gathered.resolution.decision != Decision::degraded || number(chosen->head.epoch) >= number(epoch))
    return std::nullopt;
  return worker::Taken{film, std::nullopt, epoch, *chosen, gathered.snapshot.seen, std::move(claim)};
}

Result<std::unique_ptr<worker::Session>> WorkflowService::Body::take_over(const FilmId& film, recovery::Gathered& gathered,
                                                                          const std::optional<Checkpoint>& external, std::stop_token stop) {
  for (int tries = 0; tries < tries_max; ++tries) {
    if (refuses(gathered.resolution.decision)) return refuse(gathered.report);
    if (gathered.chosen() == nullptr) return fail(ErrorKind::conflict, "the film's state went away while it was being taken up. film=" + film.value());
    auto taken = gathered.resolution.decision == Decision::degraded ? TRY(take_claim(film, gathered, external, stop))
                                                                    : TRY(take_lease(film, gathered, external));
    if (!taken) continue;
    auto session = std::make_unique<worker::Session>(tools(stop), workflow.graph, *std::move(taken));
    TRY(session->read([&](const Json& document) { return run::check_graph_fits(document, workflow.graph); }));
    const auto reconciled = reconcile(*session, gathered.report);
    if (reconciled) return session;
    if (reconciled.error().kind != ErrorKind::conflict) return std::unexpected(reconciled.error());
    // state.json moved between the look and the first write: its writer lived. What it wrote counts.
    session.reset();
    look_again(film, gathered, external);
  }
  return fail(ErrorKind::conflict, "the film keeps moving under another worker. film=" + film.value());
}

// The entry node looks at what really exists; its findings are the takeover's commit.
Result<void> WorkflowService::Body::reconcile(worker::Session& session, const RecoveryReport& report) {
  const run::Task task{workflow.graph.entry(), {}};
  run::Finished finished{task, {}};
  {
    worker::AttemptTime unlimited;
    worker::TaskContext context(session, task, session.channels(), options.scratch, {}, unlimited, {});
    const auto channels = session.channels();
    const auto writes = workflow.graph.node(task.node)->run(State(*channels), context);
    if (!writes) return std::unexpected(writes.error());
    finished.writes = writes->list();
  }
  const auto incarnation = store.incarnation();
  return session.commit_planned(CommitKind::takeover, task, [&](const ValidGraph& graph, Json& document, Seq) -> Result<run::Delta> {
    run::Delta delta = TRY(run::plan_takeover(graph, document, finished, workflow.restart_at));
    if (incarnation) delta.meta["store"] = *incarnation;
    delta.meta["graphFingerprint"] = graph.fingerprint();
    delta.meta["recovery"] = Json::array({to_json(report)});  // in a list, so that it takes the place of the one before
    return delta;
  });
}

}  // namespace workprint
