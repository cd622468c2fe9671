/// What a worker does with a film of the queue, and where commands go before one has it.
#include <thread>

#include "run/order.h"
#include "service/body.h"
#include "worker/command_desk.h"
#include "workprint/try.h"

namespace workprint {
namespace {

bool is_halted(const Json& document) { return document.contains(standard::halted.name); }

// Whether a worker could do something for it: a task is due that does not wait for a person.
Result<bool> has_work(const Json& document) {
  if (is_halted(document)) return false;
  const auto questions = TRY(run::interrupts(document));
  for (const run::Task& task : TRY(run::due_tasks(document)))
    if (!run::has_open_question(questions, task)) return true;
  return false;
}

// Only those that were looked at: one that was accepted since has its own turn.
void reject(Inbox& inbox, const FilmId& film, const std::vector<Command>& waiting, const std::string& reason) {
  for (const Command& command : waiting)
    [[maybe_unused]] const auto settled = inbox.settle(film, command.id, CommandState::rejected, Seq{}, reason);
}

bool begins(const Command& command) { return command.type == run::order::start && command.prepared.is_object() && !command.prepared.empty(); }

bool begins_anew(const Command& command) { return begins(command) && command.payload.value("startOver", Json()) == command.film.value(); }

}  // namespace

void Summons::look() {
  const std::lock_guard lock(mutex_);
  is_called_ = true;
  called_.notify_all();
}

bool Summons::wait(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const bool is_called = called_.wait(lock, stop, [this] { return is_called_; });
  is_called_ = false;
  return is_called;
}

Result<RunReport> WorkflowService::Body::drive_attended(worker::Session& session, const RecoveryReport& recovery, Inbox& inbox,
                                                        Summons& summons, std::stop_token stop) {
  worker::CommandDesk desk(inbox, workflow, session);
  std::optional<std::stop_source> tasks;
  std::mutex tasks_mutex;
  const auto cancel = [&] {
    const std::lock_guard lock(tasks_mutex);
    if (tasks) tasks->request_stop();
  };
  const std::stop_callback forward(stop, cancel);
  std::atomic<bool> has_news = true;
  // Stop and answers do not wait for the end of a step, which may take minutes.
  std::jthread listener([&](std::stop_token done) {
    while (summons.wait(done)) {
      has_news = true;
      const auto applied = desk.apply(worker::CommandDesk::Which::urgent);
      if (applied && applied->stops) cancel();
    }
  });
  Result<worker::RunStatus> ran = worker::RunStatus::stopped;
  worker::RunOptions run = run_options();
  bool begins_anew_next = false;
  run.at_boundary = [&]() -> Result<bool> {
    if (summons.has_yielded() || begins_anew_next) return false;
    if (has_news.exchange(false)) begins_anew_next = TRY(desk.apply(worker::CommandDesk::Which::all)).yields;
    return !begins_anew_next && !session.read(is_halted);
  };
  for (bool goes_on = true; goes_on && !stop.stop_requested();) {
    {
      const std::lock_guard lock(tasks_mutex);
      tasks.emplace();
      if (stop.stop_requested()) tasks->request_stop();
    }
    ran = worker::run_film(session, run, tasks->get_token());
    if (!ran || summons.has_yielded() || begins_anew_next) break;
    // Nothing is due; a command that came in meanwhile may change that.
    const auto applied = desk.apply(worker::CommandDesk::Which::all);
    if (!applied) ran = std::unexpected(applied.error());
    begins_anew_next = applied && applied->yields;
    goes_on = applied && !begins_anew_next && applied->sets_going && !session.read(is_halted);
  }
  listener.request_stop();
  listener.join();
  // An answer that came in at the very end, or a start over: there is work still, for the next turn.
  if (ran && (begins_anew_next || session.read([](const Json& d) { return has_work(d).value_or(false); }))) ran = worker::RunStatus::stopped;
  return finish(session, recovery, ran);
}

Result<RunReport> WorkflowService::attend(const FilmId& film, Inbox& inbox, Summons& summons, std::stop_token stop) {
  recovery::Gathered gathered = body_->gather(film);
  std::vector<Command> waiting;
  auto commands = inbox.pending(film, unapplied_commands_max);
  if (commands) waiting = *std::move(commands);
  const Decision decision = gathered.resolution.decision;
  const auto first = std::ranges::find_if(waiting, decision == Decision::fresh ? begins : begins_anew);
  const bool knows_it = first != waiting.end() && gathered.chosen() != nullptr && run::applied_before(gathered.chosen()->document, *first);
  const bool can_begin = decision == Decision::fresh || !refuses(decision) || decision == Decision::refuse_evidence;
  std::unique_ptr<worker::Session> session;
  if (first != waiting.end() && !knows_it && can_begin) {
    session = TRY(body_->begin_again(film, gathered, first->prepared, {first->id, first->type}, stop));
  } else if (decision == Decision::fresh) {
    // What was asked may be what begins it.
    if (!commands) return fail(ErrorKind::unavailable, "the film's commands cannot be read now: " + commands.error().message);
    const std::string reason = "no such film: absence is proven in every tier. film=" + film.value();
    reject(inbox, film, waiting, reason);
    return fail(ErrorKind::not_found, reason);
  } else if (refuses(decision)) {
    body_->tell(gathered.report);
    const auto refusal = body_->refuse(gathered.report);
    if (refusal.error().kind != ErrorKind::unavailable) reject(inbox, film, waiting, refusal.error().message);
    return refusal;
  } else if (const Json* inputs = gathered.inputs()) {
    TRY(body_->set_aside_damage(film, gathered));
    session = TRY(body_->begin(film, *inputs, {body_->new_command_id(), std::string(run::order::resume)}, stop));
  } else {
    session = TRY(body_->take_over(film, gathered, std::nullopt, stop));
  }
  body_->tell(gathered.report);
  return body_->drive_attended(*session, gathered.report, inbox, summons, stop);
}

Result<CommandRecord> WorkflowService::submit(Inbox& inbox, const Command& command) {
  auto taken = inbox.submit(command);
  if (taken || (taken.error().kind != ErrorKind::unavailable && taken.error().kind != ErrorKind::corrupt)) return taken;
  // A film that nothing is known of would not be looked for there; and a start over takes a session of tier 1.
  if (command.type == run::order::start) return taken;
  auto boxed = worker::box_command(body_->objects, command, body_->clock->wall());
  if (!boxed && boxed.error().kind == ErrorKind::unavailable)
    return fail(ErrorKind::unavailable, "neither tier takes commands now. checkpoint=" + taken.error().message + " objects=" + boxed.error().message);
  return boxed;
}

Result<CommandRecord> WorkflowService::command(Inbox& inbox, const FilmId& film, const std::string& id) {
  auto known = inbox.find(film, id);
  if (known) return known;
  const Command wanted{id, film, {}, Json::object(), {}, 0};
  if (const auto full = full_state(film)) {
    if (auto applied = run::applied_before(full->state, wanted)) {
      applied->command.type = full->state[standard::commands.name][id].value("type", "");
      return *std::move(applied);
    }
    if (const auto boxed = worker::boxed_commands(body_->objects, film))
      for (const Command& one : *boxed)
        if (one.id == id) return CommandRecord{one, CommandState::accepted, {}, {}, {}};
  }
  return known;
}

Result<std::vector<FilmId>> WorkflowService::unattended(Inbox& inbox) {
  std::vector<FilmId> found;
  for (const FilmRow& row : TRY(list())) {
    const FilmId film = TRY(parse_film_id(row.film));
    const auto boxed = worker::boxed_commands(body_->objects, film);
    if (boxed) {
      for (const Command& command : *boxed)
        if (inbox.submit(command)) [[maybe_unused]] const auto removed = worker::unbox_command(body_->objects, film, command.id);
    }
    const Head head = row.checkpoint && (!row.snapshot || is_newer(*row.checkpoint, *row.snapshot)) ? *row.checkpoint : row.snapshot.value_or(Head{});
    {
      const std::lock_guard lock(body_->mutex);
      const auto rested = body_->rested.find(row.film);
      if (rested != body_->rested.end() && rested->second == head) continue;
    }
    const auto full = full_state(film);
    if (!full) continue;
    const auto works = has_work(full->state);
    if (works && *works) {
      found.push_back(film);
    } else {
      const std::lock_guard lock(body_->mutex);
      body_->rested[row.film] = head;
    }
  }
  return found;
}

}  // namespace workprint
