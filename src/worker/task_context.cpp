#include "worker/task_context.h"

#include <unistd.h>

#include "base/fault.h"
#include "workprint/try.h"

namespace workprint::worker {
namespace {

// Effects may have been paid for after the last commit reached only this process's memory of it; nothing here waits.
Json effect_payload(const std::string& key, std::string_view what, std::int64_t usd_micros) {
  return {{"key", key}, {"what", what}, {"usdMicros", usd_micros}};
}

bool is_definite(ErrorKind kind) {
  return kind == ErrorKind::invalid || kind == ErrorKind::corrupt || kind == ErrorKind::not_found;
}

// Questions that a replay may ask or not have numbers apart from those a node asks in its order.
constexpr std::size_t first_failure_question = 1000, first_budget_question = 2000;

}  // namespace

class TaskContext::Call final : public EffectCall {
 public:
  Call(TaskContext& context, const run::EffectRecord& record) : context_(context), record_(record) {}
  const std::string& idempotency_key() const override { return record_.idempotency_key; }
  const std::optional<std::string>& handle() const override { return record_.handle; }
  std::stop_token stop() const override { return context_.stop_; }

  Result<void> submitted(const std::string& handle) override {
    const std::string at = to_rfc3339(context_.clock().wall());
    TRY(context_.committed(context_.session_.commit(CommitKind::handle, record_.task,
                                                    run::plan_handle(record_.key, handle, at))));
    // Both tiers before any wait. A tier that is down does not stop the film: its write is queued and shown as lag.
    const auto published = context_.session_.flush(context_.policy_.barrier, context_.policy_.park);
    if (!published && published.error().kind == ErrorKind::fenced) return context_.committed(published);
    return {};
  }

 private:
  TaskContext& context_;
  const run::EffectRecord& record_;
};

TaskContext::TaskContext(Session& session, run::Task task, std::shared_ptr<const Json> channels,
                         std::filesystem::path scratch_root, EffectPolicy policy, AttemptTime& time, std::stop_token stop)
    : session_(session), task_(std::move(task)), channels_(std::move(channels)),
      scratch_root_(std::move(scratch_root)), policy_(policy), time_(time), stop_(std::move(stop)) {}

TaskContext::~TaskContext() {
  std::error_code ignored;  // a leftover folder is swept at the next start
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

Result<std::filesystem::path> TaskContext::scratch() {
  if (!scratch_.empty()) return scratch_;
  std::error_code error;
  std::filesystem::create_directories(scratch_root_, error);
  std::string pattern = (scratch_root_ / "task-XXXXXX").string();
  if (error || ::mkdtemp(pattern.data()) == nullptr)
    return fail(ErrorKind::unavailable, "no private folder could be made. under=" + scratch_root_.string() +
                                            " reason=" + (error ? error.message() : std::generic_category().message(errno)));
  scratch_ = pattern;
  return scratch_;
}

Result<void> TaskContext::committed(Result<void> done) {
  if (!done) broken_ = done.error();
  return done;
}

std::optional<CallGate::Place> TaskContext::enter_gate(const EffectRequest& request) {
  if (policy_.gate == nullptr) return CallGate::Place();
  bool has_waited = false;
  auto place = policy_.gate->enter(request.provider, stop_, [&] {
    // Who holds a place and waits for another one must come to an end by time, or two could wait for each other for ever.
    has_waited = calls_under_way_ == 0;
    if (has_waited) time_.stand_still();
    session_.emit("effect", task_, effect_payload(request.key, "queued", 0));
  });
  if (has_waited) time_.go_on();
  return place;
}

Result<EffectResult> TaskContext::effect(const EffectRequest& request, const EffectFunction& call) {
  TRY(run::parse_effect_key(request.key));
  if (stop_.stop_requested()) return fail(ErrorKind::cancelled, "stopped before effect. key=" + request.key);
  const auto known = TRY(session_.read([&](const Json& document) { return run::find_effect(document, request.key); }));
  const std::string input_hash = sha256_hex(canonical_json(request.input));
  if (known && known->task != task_)
    return fail(ErrorKind::invalid, "effect belongs to another task. key=" + request.key + " task=" + known->task.key());
  if (known && known->input_hash != input_hash)
    note("effect " + request.key + " is taken from its record although its input differs now");
  if (known && known->result) {
    session_.emit("effect", task_, effect_payload(request.key, "replayed", known->result->usd_micros));
    return *known->result;
  }
  // Before the intent: a call that waits for its place has not begun, and is not in doubt after a kill.
  const auto place = enter_gate(request);
  if (!place) return fail(ErrorKind::cancelled, "stopped while waiting for a place among the provider's calls. key=" + request.key);
  if (known) return recover(request, *known, call);
  run::EffectRecord record;
  record.key = request.key;
  record.task = task_;
  record.idempotency_key = run::idempotency_key(film(), request.key);
  record.input_hash = input_hash;
  record.provider = request.provider;
  record.model = request.model;
  record.estimate_usd_micros = request.estimate_usd_micros;
  TRY(begin(request, record));
  if (request.adopt_existing)
    if (auto adopted = TRY(adopt(request, record))) return *std::move(adopted);
  return perform(request, record, call);
}

// Makes the intent durable, if the film's budget allows the call; else a person is asked, and asked again for as long as
// the answer is to retry and the budget has not grown.
Result<void> TaskContext::begin(const EffectRequest& request, const run::EffectRecord& record) {
  const bool is_free = !policy_.budget_usd_micros || (request.adopt_existing && TRY(adoptable(request)));
  const auto over = session_.commit_intent(record, request.note, is_free ? std::nullopt : policy_.budget_usd_micros);
  if (!over) return committed(std::unexpected(over.error()));
  if (!*over) return {};
  const auto asked = ask_apart({"budget_exceeded", "the film's budget does not allow this call", ErrorKind::invalid,
                                {{"budgetUsdMicros", *policy_.budget_usd_micros}, {"spentUsdMicros", (*over)->spent_usd_micros},
                                 {"priceUsdMicros", record.estimate_usd_micros}, {"provider", record.provider}}, {}, request.key},
                               first_budget_question);
  if (!asked) return std::unexpected(asked.error());
  return fail(ErrorKind::cancelled, "waiting for a larger budget. key=" + request.key);
}

// The intent is there and no result: an earlier life died inside the call.
Result<EffectResult> TaskContext::recover(const EffectRequest& request, const run::EffectRecord& record,
                                          const EffectFunction& call) {
  if (auto adopted = TRY(adopt(request, record))) return *std::move(adopted);
  if (record.handle) {
    session_.emit("effect", task_, effect_payload(request.key, "polling", 0));
    return perform(request, record, call);
  }
  if (request.dedupes == Dedupes::yes) return perform(request, record, call);
  if (record.estimate_usd_micros > policy_.in_doubt_pay_up_to_usd_micros) {
    Question question{"effect_in_doubt", "the answer of a paid call never came", ErrorKind::unavailable,
                      {{"priceUsdMicros", record.estimate_usd_micros}, {"provider", record.provider}}, {}, request.key};
    TRY(ask(question));
  }
  EffectResult unknown;
  unknown.state = EffectState::unknown;
  unknown.usd_micros = record.estimate_usd_micros;
  return this->record(request, std::move(unknown), "unknown");
}

// The object the call would make, when it is there, whole, and what the request wants.
Result<std::optional<ObjectInfo>> TaskContext::adoptable(const EffectRequest& request) {
  if (!request.object) return std::optional<ObjectInfo>();
  auto there = objects().verify(*request.object);
  if (!there && (there.error().kind == ErrorKind::not_found || there.error().kind == ErrorKind::corrupt))
    return std::optional<ObjectInfo>();
  if (!there) return std::unexpected(there.error());
  if (request.accept) {
    const auto accepted = request.accept(*there);
    if (!accepted && is_definite(accepted.error().kind)) return std::optional<ObjectInfo>();
    if (!accepted) return std::unexpected(accepted.error());
  }
  return std::optional(*std::move(there));
}

Result<std::optional<EffectResult>> TaskContext::adopt(const EffectRequest& request, const run::EffectRecord& record) {
  const std::optional<ObjectInfo> there = TRY(adoptable(request));
  if (!there) return std::optional<EffectResult>();
  EffectResult result;
  result.object = to_asset(*there);
  result.usd_micros = record.estimate_usd_micros;
  return std::optional(TRY(this->record(request, std::move(result), "adopted")));
}

Result<EffectResult> TaskContext::perform(const EffectRequest& request, const run::EffectRecord& record,
                                          const EffectFunction& call) {
  if (!record.handle) session_.emit("effect", task_, effect_payload(request.key, "executing", record.estimate_usd_micros));
  Call connection(*this, record);
  fault_point("effect.before_call");
  auto result = [&] {
    struct UnderWay {
      int& count;
      explicit UnderWay(int& calls) : count(calls) { ++count; }
      ~UnderWay() { --count; }  // also when the call throws and the node goes on
    } under_way(calls_under_way_);
    return call(connection);
  }();
  if (result) session_.emit("effect", task_, effect_payload(request.key, "made", result->usd_micros));
  fault_point("effect.after_call");
  if (broken_) return std::unexpected(*broken_);
  if (result) return this->record(request, *std::move(result), "done");
  if (!is_definite(result.error().kind)) return result;  // still open: polled or asked again by the next life
  EffectResult failed;
  failed.state = EffectState::failed;
  failed.error = result.error();
  return this->record(request, std::move(failed), "failed");
}

Result<EffectResult> TaskContext::record(const EffectRequest& request, EffectResult result, std::string_view what) {
  run::Delta delta = run::plan_result(request.key, result);
  TRY(run::add_note(session_.graph(), result.note, delta));
  TRY(committed(session_.commit(CommitKind::result, task_, std::move(delta))));
  session_.emit("effect", task_, effect_payload(request.key, what, result.usd_micros));
  return result;
}

bool TaskContext::is_open(std::string_view base) const {
  const auto open = session_.read([](const Json& document) { return run::open_effects(document); });
  if (!open) return true;  // not readable: leave everything to the tasks
  return std::ranges::any_of(*open, [&](const run::EffectRecord& one) {
    const auto name = run::parse_effect_key(one.key);
    return name && name->base == base;
  });
}

int TaskContext::first_number(std::string_view base) const {
  const Json& attempts = State(*channels_).raw(standard::attempts.name);
  const auto found = attempts.is_object() ? attempts.find(std::string(base)) : attempts.end();
  if (!attempts.is_object() || found == attempts.end() || !found->is_number_integer()) return 1;
  return 1 + found->get<int>();
}

int TaskContext::round() const {
  const auto all = session_.read([](const Json& document) { return run::interrupts(document); });
  int rounds = 1;
  if (!all) return rounds;
  // "Go on" to a question about money allows that one call; it asks for no more takes than before.
  const auto is_about_money = [](const run::Interrupt& one) {
    return one.question.type == "budget_exceeded" || one.question.type == "effect_in_doubt";
  };
  for (const run::Interrupt& one : *all)
    if (one.task == task_ && one.answer && one.answer->action == AnswerAction::retry && !is_about_money(one)) ++rounds;
  return rounds;
}

Result<void> TaskContext::open_question(const std::string& id, const Question& question) {
  const auto known = TRY(session_.read([](const Json& document) { return run::interrupts(document); }));
  waiting_ = true;
  if (std::ranges::find(known, id, &run::Interrupt::id) != known.end()) return {};
  run::Interrupt interrupt{id, task_, question, questions_, std::nullopt};
  TRY(committed(session_.commit(CommitKind::interrupt, task_,
                                run::plan_interrupt(interrupt, to_rfc3339(clock().wall())))));
  session_.emit("interrupt", task_, {{"id", id}, {"type", question.type}, {"error", question.error}, {"editable", question.editable}});
  return {};
}

Result<Answer> TaskContext::ask(const Question& question) {
  const std::string id = run::interrupt_id(film(), task_, questions_++);
  const auto known = TRY(session_.read([](const Json& document) { return run::interrupts(document); }));
  const auto place = std::ranges::find(known, id, &run::Interrupt::id);
  if (place != known.end() && place->answer) return *place->answer;
  TRY(open_question(id, question));
  return fail(ErrorKind::cancelled, "waiting for a person. interrupt=" + id);
}

Result<Answer> TaskContext::ask_about_failure(const Error& error) {
  return ask_apart({"llm_retry_exhausted", error.message, error.kind, Json::object(), {}, {}}, first_failure_question);
}

// A question that the same task may ask in one replay and not in another has numbers of its own, after those of every
// one of its type that was answered: what happens anew is a new question.
Result<Answer> TaskContext::ask_apart(Question question, std::size_t first_ordinal) {
  const auto known = TRY(session_.read([](const Json& document) { return run::interrupts(document); }));
  const auto is_answered = [&](const run::Interrupt& one) { return one.task == task_ && one.question.type == question.type && one.answer; };
  const std::size_t own = questions_;
  questions_ = first_ordinal + static_cast<std::size_t>(std::ranges::count_if(known, is_answered));
  auto answer = ask(question);
  questions_ = own;
  return answer;
}

void TaskContext::progress(const Progress& progress) {
  const Instant now = clock().now();
  const bool last = progress.fraction && *progress.fraction >= 1.0;
  if (!last && last_progress_ != Instant{} && now - last_progress_ < std::chrono::milliseconds(100)) return;
  last_progress_ = now;
  Json payload = {{"message", progress.message.substr(0, 200)}};
  if (progress.fraction) payload["fraction"] = *progress.fraction;
  session_.emit("progress", task_, std::move(payload));
}

void TaskContext::note(std::string_view line) { session_.emit("note", task_, {{"message", line}}); }

}  // namespace workprint::worker
