#include "worker/runner.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "worker/retry.h"
#include "workprint/try.h"

namespace workprint::worker {
namespace {

enum class TaskEnd { finished, waiting, cancelled, broken };

struct TaskOutcome {
  run::Task task;
  TaskEnd end = TaskEnd::cancelled;
  std::vector<Write> writes;
  std::optional<Error> error;
};

// Requests a stop when the film stops or the attempt's time is over, whichever is first. Used by the attempt's own thread.
class AttemptLimit final : public AttemptTime {
 public:
  AttemptLimit(Clock& clock, Duration timeout, std::stop_token film)
      : clock_(clock), left_(timeout), forward_(film, [this] { source_.request_stop(); }) {
    go_on();
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool timed_out() const { return timed_out_; }

  void stand_still() override {
    if (!timer_.joinable()) return;
    timer_.request_stop();
    timer_.join();
    // Never zero, which would be no limit.
    left_ = std::max(left_ - std::chrono::floor<Duration>(clock_.now() - since_), Duration(1));
  }
  void go_on() override {
    if (left_ <= Duration::zero()) return;
    since_ = clock_.now();
    timer_ = std::jthread([this, limit = left_](std::stop_token done) {
      if (clock_.wait(limit, done)) {
        timed_out_ = true;
        source_.request_stop();
      }
    });
  }

 private:
  Clock& clock_;
  Duration left_;
  Instant since_{};
  std::stop_source source_;
  std::atomic<bool> timed_out_ = false;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread timer_;
};

// The frame that runs a user's function: a throw is a failed attempt, not the end of the process.
Result<Writes> call_node(const NodeFunction& function, const State& state, Context& context) {
  try {
    return function(state, context);
  } catch (const std::exception& thrown) {
    return fail(ErrorKind::unavailable, "node threw: " + std::string(thrown.what()));
  }
}

class TaskRunner {
 public:
  TaskRunner(Session& session, const RunOptions& options, std::shared_ptr<const Json> channels, run::Task task,
             std::stop_token stop)
      : session_(session), options_(options), channels_(std::move(channels)), task_(std::move(task)),
        node_(*session.graph().node(task_.node)), stop_(std::move(stop)) {}

  TaskOutcome run() {
    session_.emit("task", task_, {{"what", "started"}});
    TaskOutcome outcome = attempts();
    const char* what = outcome.end == TaskEnd::finished    ? "finished"
                       : outcome.end == TaskEnd::waiting   ? "waiting"
                       : outcome.end == TaskEnd::cancelled ? "cancelled"
                                                           : "failed";
    Json payload = {{"what", what}};
    if (outcome.error) payload["error"] = outcome.error->message;
    session_.emit("task", task_, std::move(payload));
    return outcome;
  }

 private:
  TaskOutcome attempts() {
    const auto answer = skip_answer();
    if (!answer) return {task_, TaskEnd::broken, {}, answer.error()};
    Retry retry(node_.retry, *session_.tools().random);
    while (true) {
      AttemptLimit limit(*session_.tools().clock, node_.timeout, stop_);
      TaskContext context(session_, task_, channels_, options_.scratch, options_.effects, limit, limit.token());
      auto writes = call_node(*answer ? node_.skip : node_.run, State(*channels_), context);
      if (context.broken()) return {task_, TaskEnd::broken, {}, context.broken()};
      if (writes) return {task_, TaskEnd::finished, writes->list(), std::nullopt};
      Error error = writes.error();
      if (context.is_waiting()) return {task_, TaskEnd::waiting, {}, std::nullopt};
      if (stop_.stop_requested()) return {task_, TaskEnd::cancelled, {}, std::nullopt};
      if (error.kind == ErrorKind::fenced) return {task_, TaskEnd::broken, {}, error};
      if (limit.timed_out()) error = {ErrorKind::unavailable, "attempt took too long. node=" + task_.key(), error.where};
      if (const auto pause = retry.next(error)) {
        context.note("attempt failed, next one in " + std::to_string(pause->count()) + " ms: " + error.message);
        if (!session_.tools().clock->wait(*pause, stop_)) return {task_, TaskEnd::cancelled, {}, std::nullopt};
        continue;
      }
      const auto asked = context.ask_about_failure(error);
      if (context.broken()) return {task_, TaskEnd::broken, {}, context.broken()};
      if (!asked && !context.is_waiting()) return {task_, TaskEnd::broken, {}, asked.error()};
      return {task_, TaskEnd::waiting, {}, error};
    }
  }

  // A person said "skip": the node's own skip function stands in for it.
  Result<bool> skip_answer() const {
    if (!node_.skip) return false;
    for (const run::Interrupt& one : TRY(session_.read([](const Json& d) { return run::interrupts(d); })))
      if (one.task == task_ && one.answer && one.answer->action == AnswerAction::skip) return true;
    return false;
  }

  Session& session_;
  const RunOptions& options_;
  std::shared_ptr<const Json> channels_;
  run::Task task_;
  const Node& node_;
  std::stop_token stop_;
};

// One superstep's tasks on at most `jobs` threads; outcomes in due order.
class Step {
 public:
  Step(Session& session, const RunOptions& options, std::vector<run::Task> tasks, bool alone, std::stop_token stop)
      : session_(session), options_(options), tasks_(std::move(tasks)), alone_(alone), channels_(session.channels()),
        outcomes_(tasks_.size()) {
    forward_.emplace(stop, [this] { source_.request_stop(); });
  }

  std::vector<TaskOutcome> run() {
    const std::size_t threads = std::min<std::size_t>(tasks_.size(), static_cast<std::size_t>(std::max(1, options_.jobs)));
    if (threads == 1) {
      work();
    } else {
      std::vector<std::jthread> pool;
      for (std::size_t i = 0; i < threads; ++i) pool.emplace_back([this] { work(); });
    }
    return std::move(outcomes_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < tasks_.size(); i = next_++) {
      outcomes_[i] = one(tasks_[i]);
      if (outcomes_[i].end == TaskEnd::broken) source_.request_stop();  // the others must not go on for nothing
    }
  }

  TaskOutcome one(const run::Task& task) {
    if (source_.stop_requested()) return {task, TaskEnd::cancelled, {}, std::nullopt};
    TaskOutcome outcome = TaskRunner(session_, options_, channels_, task, source_.get_token()).run();
    // Durable at once when others of the step run on; alone, the step's own commit follows right away.
    if (outcome.end == TaskEnd::finished && !alone_) {
      const auto done = session_.commit(CommitKind::task, task, run::plan_task_done({task, outcome.writes}));
      if (!done) return {task, TaskEnd::broken, {}, done.error()};
    }
    return outcome;
  }

  Session& session_;
  const RunOptions& options_;
  std::vector<run::Task> tasks_;
  bool alone_;
  std::shared_ptr<const Json> channels_;
  std::vector<TaskOutcome> outcomes_;
  std::atomic<std::size_t> next_ = 0;
  std::stop_source source_;
  std::optional<std::stop_callback<std::function<void()>>> forward_;
};

struct Due {
  std::vector<run::Task> to_run;
  std::vector<run::Finished> finished;  // in an earlier life of this step
  bool waiting = false;
};

Result<Due> look_at(const Json& document) {
  Due due;
  const auto questions = TRY(run::interrupts(document));
  for (run::Task& task : TRY(run::due_tasks(document))) {
    if (auto done = TRY(run::find_finished(document, task)))
      due.finished.push_back(*std::move(done));
    else if (run::has_open_question(questions, task))
      due.waiting = true;
    else
      due.to_run.push_back(std::move(task));
  }
  return due;
}

Result<RunStatus> run_step(Session& session, const RunOptions& options, std::stop_token stop, bool& goes_on) {
  goes_on = false;
  Due due = TRY(session.read(look_at));
  if (due.to_run.empty() && due.finished.empty()) return due.waiting ? RunStatus::waiting : RunStatus::complete;
  const bool alone = due.to_run.size() == 1 && due.finished.empty() && !due.waiting;
  std::optional<Error> broken;
  bool cancelled = false;
  {
    Step step(session, options, std::move(due.to_run), alone, stop);
    for (TaskOutcome& outcome : step.run()) {
      if (outcome.end == TaskEnd::broken && !broken) broken = outcome.error;
      cancelled = cancelled || outcome.end == TaskEnd::cancelled;
      if (outcome.end == TaskEnd::finished) due.finished.push_back({outcome.task, std::move(outcome.writes)});
    }
  }
  if (broken) return std::unexpected(*std::move(broken));
  // A cancelled task belongs to this step still: its finished neighbours wait for it in doneTasks.
  if (cancelled) return RunStatus::stopped;
  if (!due.finished.empty()) TRY(session.commit_step(std::move(due.finished)));
  goes_on = true;
  return RunStatus::complete;
}

}  // namespace

Result<RunStatus> run_film(Session& session, const RunOptions& options, std::stop_token stop) {
  for (int steps = 0; steps < options.steps_max; ++steps) {
    if (stop.stop_requested()) return RunStatus::stopped;
    if (const auto lost = session.publication().lost) return std::unexpected(*lost);
    if (options.at_boundary && !TRY(options.at_boundary())) return RunStatus::stopped;
    bool goes_on = false;
    const RunStatus status = TRY(run_step(session, options, stop, goes_on));
    if (!goes_on) return status;
  }
  return fail(ErrorKind::invalid, "recursion limit reached. film=" + session.film().value() +
                                      " steps=" + std::to_string(options.steps_max));
}

}  // namespace workprint::worker
