#include "workprint/service.h"

#include "base/fault.h"
#include "record/commit.h"
#include "run/order.h"
#include "service/body.h"
#include "snapshot/legacy.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint {
namespace {

ErrorKind kind_of(Decision decision) {
  switch (decision) {
    case Decision::refuse_unreachable: return ErrorKind::unavailable;
    case Decision::refuse_too_new: return ErrorKind::invalid;
    case Decision::refuse_evidence: return ErrorKind::conflict;
    default: return ErrorKind::corrupt;
  }
}

FilmStatus status_of(const Json& document, worker::RunStatus ran) {
  const std::string halted = document.value(standard::halted.name, std::string());
  if (halted == "aborted") return FilmStatus::aborted;
  if (halted == "stopped") return FilmStatus::halted;
  switch (ran) {
    case worker::RunStatus::complete: return FilmStatus::complete;
    case worker::RunStatus::waiting: return FilmStatus::waiting;
    case worker::RunStatus::stopped: break;
  }
  return FilmStatus::stopped;
}

}  // namespace

Json command_record(const std::string& id, const std::string& type, Seq seq) {
  return run::command_record(id, type, seq, CommandState::applied, {});
}

std::string_view to_string(FilmStatus status) {
  constexpr std::array words{"complete", "waiting", "interrupted", "stopped", "aborted"};
  return words[static_cast<std::size_t>(status)];
}

Json to_json(const Provenance& provenance) {
  Json json = {{"tier", provenance.tier},
               {"epoch", number(provenance.head.epoch)},
               {"seq", number(provenance.head.seq)},
               {"hash", provenance.head.hash},
               {"ageSeconds", provenance.age_seconds},
               {"degraded", provenance.degraded}};
  if (provenance.published_seq) json["publishedSeq"] = number(*provenance.published_seq);
  return json;
}

worker::Tools WorkflowService::Body::tools(std::stop_token stop) const {
  return {&store, &objects, clock, random, options.writer, events, options.lease_term, options.outage_limit, options.background, std::move(stop),
          options.background == Background::thread ? &keepers : nullptr};
}

recovery::Gathered WorkflowService::Body::gather(const FilmId& film, const std::optional<Checkpoint>& external,
                                                 const std::optional<Json>& bare) {
  return recovery::gather(store, objects, workflow, *clock, film, external, bare);
}

std::string WorkflowService::Body::new_command_id() {
  return "cmd_" + sha256_hex(std::to_string(random->next()) + options.writer).substr(0, 12);
}

void WorkflowService::Body::tell(const RecoveryReport& report) {
  {
    const std::lock_guard lock(mutex);
    last_report = report;
  }
  if (!events) return;
  Event event{"recovery", report.film, 0, 0, to_json(report)};
  if (report.resumes_from) event.seq = number(report.resumes_from->seq);
  events(event);
}

std::unexpected<Error> WorkflowService::Body::refuse(const RecoveryReport& report) {
  return fail(kind_of(report.decision), "film cannot be taken up: " + report.because + ". film=" + report.film);
}

Result<void> WorkflowService::Body::wake(worker::Session& session) {
  const bool halted = session.read([](const Json& d) { return d.contains(standard::halted.name); });
  if (halted) {
    const std::string id = new_command_id();
    const worker::Session::Plan plan = [&](const ValidGraph& graph, Json& document, Seq seq) -> Result<run::Delta> {
      return run::plan_command(graph, document, {{standard::commands.name, command_record(id, "RESUME_PIPELINE", seq)}}, {});
    };
    TRY(session.commit_planned(CommitKind::command, {}, plan));
  }
  run::Delta delta;
  if (TRY(session.read([&](const Json& d) { return run::retry_surroundings(d, delta); })))
    TRY(session.commit(CommitKind::answer, {}, std::move(delta)));
  return {};
}

worker::RunOptions WorkflowService::Body::run_options() const {
  worker::RunOptions run;
  run.jobs = options.jobs;
  run.scratch = options.scratch;
  run.effects.in_doubt_pay_up_to_usd_micros = options.in_doubt_pay_up_to_usd_micros;
  run.effects.budget_usd_micros = options.budget_usd_micros;
  run.effects.gate = &gate;
  run.effects.park = options.park;
  return run;
}

Result<RunReport> WorkflowService::Body::drive(worker::Session& session, const RecoveryReport& recovery, std::stop_token stop) {
  return finish(session, recovery, worker::run_film(session, run_options(), stop));
}

Result<RunReport> WorkflowService::Body::finish(worker::Session& session, const RecoveryReport& recovery, const Result<worker::RunStatus>& ran) {
  RunReport report;
  report.recovery = recovery;
  const auto flushed = session.flush(options.flush_limit, options.park);
  if (!flushed) report.not_saved = flushed.error().message;
  report.head = session.head();
  report.degraded = session.is_degraded();
  if (ran) report.status = session.read([&](const Json& document) { return status_of(document, *ran); });
  // A lost release costs nothing: the next worker sees that this process is gone.
  [[maybe_unused]] const auto released = session.release();
  if (!ran) return std::unexpected(ran.error());
  if (events) events({"end", recovery.film, number(report.head.epoch), number(report.head.seq), {{"status", to_string(report.status)}}});
  return report;
}

Result<RunReport> WorkflowService::Body::go_on(const FilmId& film, recovery::Gathered gathered,
                                                const std::optional<Checkpoint>& external, std::stop_token stop) {
  std::unique_ptr<worker::Session> session;
  if (const Json* inputs = gathered.inputs()) {
    TRY(set_aside_damage(film, gathered));
    session = TRY(begin(film, *inputs, {new_command_id(), "RESUME_PIPELINE"}, stop));
  } else {
    session = TRY(take_over(film, gathered, external, stop));
  }
  tell(gathered.report);
  TRY(wake(*session));
  return drive(*session, gathered.report, stop);
}

Result<RunReport> WorkflowService::Body::resume_bare(const std::filesystem::path& file, const Json& document, const std::string& bytes,
                                                     const std::string& film_id, std::stop_token stop) {
  if (!workflow.channels_from_legacy)
    return fail(ErrorKind::invalid, "file is no state.json of this program: $workprint is not there. file=" + file.string());
  std::string name = film_id;
  const std::filesystem::path path = std::filesystem::absolute(file).lexically_normal();
  const std::filesystem::path folder = path.parent_path();
  if (name.empty() && path.filename() == "state.json" && folder.parent_path().filename() == "films") name = folder.filename().string();
  if (name.empty())
    return fail(ErrorKind::invalid, "file is a document of the older system, which does not say its film; name it with --id NAME. file=" +
                                        file.string());
  const FilmId film = TRY(parse_film_id(name));
  recovery::Gathered gathered = gather(film, std::nullopt, document);
  if (refuses(gathered.resolution.decision)) {
    tell(gathered.report);
    return refuse(gathered.report);
  }
  if (gathered.resolution.decision == Decision::from_legacy && gathered.legacy_is_named)
    gathered.report.repairs.push_back("the file that was named is kept as " + TRY(snapshot::keep_bare(objects, film, bytes)));
  return go_on(film, std::move(gathered), std::nullopt, stop);
}

Result<Head> WorkflowService::Body::change(const FilmId& film, CommitKind kind, const worker::Session::Plan& plan) {
  recovery::Gathered gathered = gather(film);
  if (gathered.resolution.decision == Decision::fresh)
    return fail(ErrorKind::not_found, "no such film. film=" + film.value());
  if (refuses(gathered.resolution.decision)) return refuse(gathered.report);
  if (gathered.chosen() == nullptr)
    return fail(ErrorKind::conflict, "the film has no state of this program yet; resume it first. film=" + film.value());
  auto session = TRY(take_over(film, gathered, std::nullopt, {}));
  TRY(session->commit_planned(kind, {}, plan));
  const Head head = session->head();
  TRY(session->flush(options.flush_limit));
  TRY(session->release());
  return head;
}
WorkflowService::WorkflowService(CheckpointStore& store, ObjectStore& objects, Workflow workflow, ServiceOptions options,
                                 std::shared_ptr<Clock> clock, std::shared_ptr<Random> random, EventSink events)
    : body_(new Body{store, objects, std::move(workflow), std::move(options), std::move(clock), std::move(random), {}, {}, {}, {}, {}}) {
  // Each film speaks from threads of its own; the sink hears one call at a time.
  if (events)
    body_->events = [body = body_.get(), sink = std::move(events)](const Event& event) {
      const std::lock_guard lock(body->events_mutex);
      sink(event);
    };
}

WorkflowService::~WorkflowService() = default;

std::optional<RecoveryReport> WorkflowService::last_report() const {
  const std::lock_guard lock(body_->mutex);
  return body_->last_report;
}

Result<RunReport> WorkflowService::start(const FilmId& film, const Json& inputs, const std::string& start_over,
                                         std::stop_token stop) {
  if (!start_over.empty() && start_over != film.value())
    return fail(ErrorKind::invalid, "start-over must repeat the film id. film=" + film.value() + " given=" + start_over);
  recovery::Gathered gathered = body_->gather(film);
  const Decision decision = gathered.resolution.decision;
  if (decision == Decision::fresh || (!start_over.empty() && (!refuses(decision) || decision == Decision::refuse_evidence))) {
    if (inputs.empty()) return fail(ErrorKind::not_found, "no such film, and no inputs to begin one. film=" + film.value());
    auto session = TRY(body_->begin_again(film, gathered, inputs, {body_->new_command_id(), "START_PIPELINE"}, stop));
    body_->tell(gathered.report);
    return body_->drive(*session, gathered.report, stop);
  }
  if (refuses(decision)) {
    body_->tell(gathered.report);
    return body_->refuse(gathered.report);
  }
  if (!inputs.empty()) {
    const Json& known = gathered.chosen() != nullptr ? gathered.chosen()->document : *gathered.inputs();
    if (const auto name = run::differing_input(body_->workflow.graph, known, inputs))
      return fail(ErrorKind::conflict, "film exists with other inputs: " + *name + " differs; resume it, choose another id, or start over. film=" +
                                           film.value());
  }
  return body_->go_on(film, std::move(gathered), std::nullopt, stop);
}

Result<RunReport> WorkflowService::resume(const FilmId& film, std::stop_token stop) {
  recovery::Gathered gathered = body_->gather(film);
  if (gathered.resolution.decision == Decision::fresh) {
    body_->tell(gathered.report);
    return fail(ErrorKind::not_found, "no such film: absence is proven in every tier. film=" + film.value());
  }
  if (refuses(gathered.resolution.decision)) {
    body_->tell(gathered.report);
    return body_->refuse(gathered.report);
  }
  return body_->go_on(film, std::move(gathered), std::nullopt, stop);
}

Result<RunReport> WorkflowService::resume_file(const std::filesystem::path& state_json, const std::string& film_id,
                                               std::stop_token stop) {
  const FileDigest digest = TRY(digest_file(state_json));
  if (digest.size_bytes > JsonLimits().bytes_max)
    return fail(ErrorKind::invalid, "file is larger than a state can be. file=" + state_json.string());
  std::string bytes(digest.size_bytes, '\0');
  std::FILE* file = std::fopen(state_json.c_str(), "rb");
  if (file == nullptr) return fail(ErrorKind::unavailable, "file cannot be opened. file=" + state_json.string());
  const std::size_t read = std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  bytes.resize(read);
  if (const auto bare = snapshot::bare_document(bytes)) return body_->resume_bare(state_json, *bare, bytes, film_id, stop);
  const Json json = TRY(parse_json(bytes));
  const Json meta = json.is_object() ? json.value(run::meta_member, Json::object()) : Json::object();
  if (!meta.is_object() || !meta.contains("film") || !meta["film"].is_string())
    return fail(ErrorKind::invalid, "file is no state.json of this program: $workprint.film is not there. file=" + state_json.string());
  const FilmId film = TRY(parse_film_id(meta["film"].get<std::string>()));
  if (!film_id.empty() && film_id != film.value())
    return fail(ErrorKind::invalid, "file is of another film. film=" + film_id + " found=" + film.value() + " file=" + state_json.string());
  Loaded<Checkpoint> loaded = record::decode_document(film, bytes);
  if (loaded.outcome == Outcome::too_new) return fail(ErrorKind::invalid, loaded.detail);
  if (!loaded.value) return fail(ErrorKind::corrupt, loaded.detail + " file=" + state_json.string());
  const std::optional<Checkpoint> external = std::move(loaded.value);
  recovery::Gathered gathered = body_->gather(film, external);
  if (refuses(gathered.resolution.decision)) {
    body_->tell(gathered.report);
    return body_->refuse(gathered.report);
  }
  return body_->go_on(film, std::move(gathered), external, stop);
}

Result<Head> WorkflowService::stop(const FilmId& film) {
  const std::string id = body_->new_command_id();
  return body_->change(film, CommitKind::command, [&](const ValidGraph& graph, Json& document, Seq seq) -> Result<run::Delta> {
    run::Delta delta = TRY(run::plan_command(graph, document, {{standard::commands.name, command_record(id, "STOP_PIPELINE", seq)}}, {}));
    delta.set[standard::halted.name] = "stopped";
    delta.unset = Json::array();
    document[standard::halted.name] = "stopped";
    return delta;
  });
}

Result<Head> WorkflowService::resolve_interrupt(const FilmId& film, const std::string& interrupt, const Answer& answer) {
  return body_->change(film, CommitKind::answer, [&](const ValidGraph& graph, Json& document, Seq) {
    return run::plan_resolution(graph, document, interrupt, answer);
  });
}

Result<Head> WorkflowService::apply_command(const FilmId& film, const std::string& type, const std::vector<Write>& writes,
                                            const std::string& next_node) {
  const std::string id = body_->new_command_id();
  return body_->change(film, CommitKind::command, [&](const ValidGraph& graph, Json& document, Seq seq) {
    std::vector<Write> all = writes;
    all.push_back({standard::commands.name, command_record(id, type, seq)});
    return run::plan_command(graph, document, all, next_node);
  });
}

Result<FullState> WorkflowService::full_state(const FilmId& film) {
  recovery::Gathered gathered = body_->gather(film);
  if (gathered.resolution.decision == Decision::fresh)
    return fail(ErrorKind::not_found, "no such film: absence is proven in every tier. film=" + film.value());
  if (refuses(gathered.resolution.decision)) return body_->refuse(gathered.report);
  FullState full;
  full.provenance.degraded = gathered.checkpoint.outcome == Outcome::unreachable;
  if (gathered.snapshot.state.value) full.provenance.published_seq = gathered.snapshot.state.value->head.seq;
  if (const Checkpoint* chosen = gathered.chosen()) {
    full.state = chosen->document;
    full.provenance.head = chosen->head;
  } else {
    full.state = *gathered.inputs();
  }
  for (const TierReport& tier : gathered.report.tiers)
    if (tier.taken) {
      full.provenance.tier = tier.tier;
      full.provenance.age_seconds = tier.age_seconds.value_or(0);
    }
  return full;
}

Result<FullState> WorkflowService::state_at(const FilmId& film, Seq seq) {
  Loaded<Checkpoint> loaded = body_->store.read(film, seq);
  if (loaded.outcome == Outcome::absent)
    return fail(ErrorKind::not_found, "no such seq. film=" + film.value() + " seq=" + std::to_string(number(seq)) +
                                          (loaded.detail.empty() ? "" : " reason=" + loaded.detail));
  if (!loaded.value)
    return fail(loaded.outcome == Outcome::unreachable ? ErrorKind::unavailable : ErrorKind::corrupt, loaded.detail);
  FullState full{std::move(loaded.value->document), {"checkpoint", loaded.value->head, 0, false, std::nullopt}};
  return full;
}

Result<std::vector<CommitInfo>> WorkflowService::history(const FilmId& film, Seq before, std::size_t limit) {
  return body_->store.history(film, before, limit);
}

Result<std::vector<FilmRow>> WorkflowService::list() {
  std::map<std::string, FilmRow> rows;
  const auto stored = body_->store.list();
  if (stored)
    for (const CheckpointStore::Row& row : *stored) {
      rows[row.film.value()].checkpoint = row.head;
      rows[row.film.value()].film = row.film.value();
    }
  const auto objects = body_->objects.list("");
  if (!stored && !objects) return std::unexpected(stored.error());
  if (objects)
    for (const ObjectInfo& info : *objects) {
      const auto name = parse_object_name(info.name);
      if (!name || name->type != ObjectType::state) continue;
      FilmRow& row = rows[name->film];
      row.film = name->film;
      const auto film = parse_film_id(name->film);
      if (!film) continue;
      const snapshot::Finding finding = snapshot::load(body_->objects, *film);
      if (finding.state.value)
        row.snapshot = finding.state.value->head;
      else
        row.detail = finding.legacy ? finding.state.detail + "; resume the film to take it up"
                                    : std::string(to_string(finding.state.outcome)) + ": " + finding.state.detail;
    }
  std::vector<FilmRow> all;
  for (auto& [id, row] : rows) {
    if (!stored) row.detail += " checkpoint store: " + stored.error().message;
    all.push_back(std::move(row));
  }
  return all;
}

RecoveryReport WorkflowService::explain(const FilmId& film) { return body_->gather(film).report; }

Result<Head> WorkflowService::fork(const FilmId& source, std::optional<Seq> seq, const FilmId& target) {
  const FullState from = TRY(seq ? state_at(source, *seq) : full_state(source));
  if (!from.state.contains(run::meta_member))
    return fail(ErrorKind::conflict, "the film has no state of this program yet; resume it first. film=" + source.value());
  const recovery::Gathered there = body_->gather(target);
  if (there.resolution.decision != Decision::fresh)
    return fail(ErrorKind::conflict, "the new film's id is taken. film=" + target.value());
  Lease lease = TRY(body_->store.acquire(target, {body_->options.writer, Epoch{}, body_->options.lease_term}));
  const std::string incarnation = TRY(body_->store.incarnation());
  const Epoch epoch = lease.epoch();
  worker::Session session(body_->tools({}), body_->workflow.graph, {target, std::move(lease), epoch, {{}, Json::object()}, there.snapshot.seen, {}});
  const worker::Session::Plan plan = [&](const ValidGraph& graph, Json& document, Seq) -> Result<run::Delta> {
    run::Delta delta;
    for (const auto& [name, value] : from.state.items())
      if (name != run::meta_member) delta.set[name] = value;
    delta.meta = {{"graphFingerprint", graph.fingerprint()}, {"store", incarnation}, {"openEffects", Json::object()},
                  {"doneTasks", from.state[run::meta_member].value("doneTasks", Json::object())},
                  {"interrupts", Json::object()},
                  {"nextNodes", from.state[run::meta_member].value("nextNodes", Json::array())}};
    // Calls that are open belong to the source and stay there; results already paid for are carried over.
    for (const run::EffectRecord& effect : TRY(run::open_effects(from.state)))
      if (effect.result) delta.meta["openEffects"][effect.key] = from.state[run::meta_member]["openEffects"][effect.key];
    TRY(run::apply_channels(document, delta));
    return delta;
  };
  TRY(session.commit_planned(CommitKind::fork, {}, plan));
  const Head head = session.head();
  TRY(session.flush(body_->options.flush_limit));
  TRY(session.release());
  return head;
}

}  // namespace workprint
