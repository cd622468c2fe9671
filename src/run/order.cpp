#include "run/order.h"

#include <algorithm>

#include "workprint/try.h"

namespace workprint::run {
namespace {

std::string halted_as(const Json& document) {
  const auto found = document.find(standard::halted.name);
  return found == document.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

void halt(Json& document, Delta& delta, const char* word) {
  delta.set[standard::halted.name] = word;
  if (delta.unset.is_array())
    for (auto one = delta.unset.begin(); one != delta.unset.end();) one = *one == standard::halted.name ? delta.unset.erase(one) : one + 1;
  document[standard::halted.name] = word;
}

// It may repeat what a client sent: one line, cut between characters, as it can be stored.
std::string shown(std::string text) {
  constexpr std::size_t bytes_max = 500;
  if (text.size() > bytes_max) {
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
  }
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

Result<AnswerAction> action_of(const Json& payload) {
  const Json word = payload.value("action", Json());
  if (word == "retry") return AnswerAction::retry;
  if (word == "skip") return AnswerAction::skip;
  if (word == "abort") return AnswerAction::abort;
  return fail(ErrorKind::invalid, "action must be retry, skip or abort");
}

class Planner {
 public:
  Planner(const Workflow& workflow, Json& document, const Command& command, Seq seq)
      : workflow_(workflow), document_(document), command_(command), seq_(seq) {}

  /// Errors: invalid, not_found, conflict: to be rejected; the document may have been touched then.
  Result<Ordered> plan() {
    if (command_.type == order::stop) return stop();
    if (command_.type == order::start) {
      if (const auto name = differing_input(workflow_.graph, document_, command_.prepared.is_object() ? command_.prepared : Json::object());
          name && command_.prepared.is_object() && !command_.prepared.empty())
        return fail(ErrorKind::conflict, "inputs_differ: the film exists with another " + *name);
      return resume();
    }
    if (command_.type == order::resume) return resume();
    if (command_.type == order::resolve) return resolve();
    return of_the_workflow();
  }

  Result<Ordered> record_only(CommandState state, const std::string& error) {
    Ordered ordered;
    ordered.state = state;
    ordered.error = error;
    ordered.delta.merge[standard::commands.name] = command_record(command_.id, command_.type, seq_, state, error);
    TRY(apply_channels(document_, ordered.delta));
    return ordered;
  }

 private:
  Result<Ordered> stop() {
    const bool is_stopped = !halted_as(document_).empty();
    Ordered ordered = TRY(record_only(is_stopped ? CommandState::nothing_to_do : CommandState::applied, {}));
    ordered.stops = true;
    if (!is_stopped) halt(document_, ordered.delta, "stopped");
    return ordered;
  }

  Result<Ordered> resume() {
    Delta questions;
    const bool is_halted = !halted_as(document_).empty();
    const bool has_woken = TRY(retry_surroundings(document_, questions));
    if (!is_halted && !has_woken) {
      const bool has_ended = TRY(due_tasks(document_)).empty();
      Ordered ordered = TRY(record_only(has_ended ? CommandState::nothing_to_do : CommandState::applied, {}));
      ordered.sets_going = true;
      return ordered;
    }
    Ordered ordered;
    ordered.delta = TRY(plan_command(workflow_.graph, document_, {record(CommandState::applied)}, {}));
    ordered.delta.meta.update(questions.meta);
    ordered.sets_going = true;
    return ordered;
  }

  Result<Ordered> resolve() {
    Answer answer;
    answer.action = TRY(action_of(command_.payload));
    answer.revised_params = command_.payload.value("revisedParams", Json::object());
    const Json interrupt = command_.payload.value("interruptId", Json(""));
    if (!interrupt.is_string()) return fail(ErrorKind::invalid, "interruptId must be a text");
    if (!answer.revised_params.is_object()) return fail(ErrorKind::invalid, "revisedParams must be an object");
    Ordered ordered;
    ordered.delta = TRY(plan_resolution(workflow_.graph, document_, interrupt.get<std::string>(), answer));
    const Ordered recorded = TRY(record_only(CommandState::applied, {}));
    ordered.delta.merge[standard::commands.name] = recorded.delta.merge.at(standard::commands.name);
    ordered.stops = answer.action == AnswerAction::abort;
    ordered.sets_going = !ordered.stops;
    return ordered;
  }

  Result<Ordered> of_the_workflow() {
    if (!workflow_.command) return fail(ErrorKind::invalid, "this workflow has no commands of its own. type=" + command_.type);
    const CommandPlan plan = TRY(workflow_.command(State(document_), command_.type, command_.payload));
    if (plan.writes.empty()) return record_only(CommandState::nothing_to_do, {});
    const std::string halted = halted_as(document_);
    const bool had_ended = TRY(due_tasks(document_)).empty();
    std::vector<Write> writes = plan.writes;
    writes.push_back(record(CommandState::applied));
    Ordered ordered;
    ordered.delta = TRY(plan_command(workflow_.graph, document_, writes, plan.next_node));
    ordered.sets_going = plan.sets_going;
    if (!plan.sets_going && (!halted.empty() || had_ended)) halt(document_, ordered.delta, halted.empty() ? "stopped" : halted.c_str());
    return ordered;
  }

  [[nodiscard]] Write record(CommandState state) const {
    return {standard::commands.name, command_record(command_.id, command_.type, seq_, state, {})};
  }

  const Workflow& workflow_;
  Json& document_;
  const Command& command_;
  const Seq seq_;
};

}  // namespace

Json command_record(const std::string& id, const std::string& type, Seq seq, CommandState state, const std::string& error) {
  Json record = {{"type", type}, {"seq", number(seq)}, {"outcome", to_string(state)}};
  if (!error.empty()) record["error"] = error;
  return {{id, std::move(record)}};
}

std::optional<CommandRecord> applied_before(const Json& document, const Command& command) {
  const auto all = document.find(standard::commands.name);
  if (all == document.end() || !all->is_object()) return std::nullopt;
  const auto one = all->find(command.id);
  if (one == all->end() || !one->is_object()) return std::nullopt;
  CommandRecord record{command, command_state(one->value("outcome", "")).value_or(CommandState::applied), {}, {}, one->value("error", "")};
  record.seq = Seq{one->value("seq", std::uint64_t{0})};
  return record;
}

Result<bool> retry_surroundings(const Json& document, Delta& delta) {
  bool has_woken = false;
  for (const Interrupt& one : TRY(interrupts(document))) {
    if (one.answer || one.question.kind != ErrorKind::unavailable || one.question.type != "llm_retry_exhausted") continue;
    merge_patch(delta.meta, plan_answer(one.id, {AnswerAction::retry, Json::object()}).meta);
    has_woken = true;
  }
  return has_woken;
}

Result<Delta> plan_resolution(const ValidGraph& graph, Json& document, const std::string& interrupt, const Answer& answer) {
  std::vector<Interrupt> open = TRY(interrupts(document));
  std::erase_if(open, [](const Interrupt& one) { return one.answer.has_value(); });
  const auto place = interrupt.empty() ? open.begin() : std::ranges::find(open, interrupt, &Interrupt::id);
  if (open.empty() || place == open.end()) return fail(ErrorKind::not_found, "no such open question. interrupt=" + interrupt);
  if (interrupt.empty() && open.size() > 1) return fail(ErrorKind::invalid, "several questions are open; name one. first=" + open.front().id);
  for (const auto& [name, value] : answer.revised_params.items())
    if (std::ranges::find(place->question.editable, name) == place->question.editable.end())
      return fail(ErrorKind::invalid, "parameter is not editable. name=" + name);
  if (answer.action == AnswerAction::skip && !graph.node(place->task.node)->skip)
    return fail(ErrorKind::invalid, "this node cannot be skipped; allowed: retry, abort. node=" + place->task.node);
  if (answer.action != AnswerAction::abort) return plan_answer(place->id, answer);
  Delta delta;  // the question stays open: a later resume asks it again
  halt(document, delta, "aborted");
  return delta;
}

std::optional<std::string> differing_input(const ValidGraph& graph, const Json& document, const Json& inputs) {
  for (const auto& [name, value] : inputs.items()) {
    const ChannelSpec* spec = graph.channel(name);
    if (spec == nullptr || spec->merge != Merge::once) continue;
    if (!document.contains(name) || document[name] != value) return name;
  }
  for (const ChannelSpec& spec : graph.channels())
    if (spec.merge == Merge::once && document.contains(spec.name) && !inputs.contains(spec.name)) return spec.name;
  return std::nullopt;
}

Result<Ordered> plan_order(const Workflow& workflow, Json& document, const Command& command, Seq seq) {
  Json planned = document;
  auto ordered = Planner(workflow, planned, command, seq).plan();
  if (ordered) {
    document = std::move(planned);
  } else {
    if (ordered.error().kind == ErrorKind::corrupt) return ordered;
    ordered = Planner(workflow, document, command, seq).record_only(CommandState::rejected, shown(ordered.error().message));
    if (!ordered) return ordered;
  }
  Delta cleanup;
  forget_old_commands(document, cleanup);
  if (cleanup.merge.contains(standard::commands.name)) {
    ordered->delta.merge[standard::commands.name].update(cleanup.merge[standard::commands.name]);
    merge_patch(document[standard::commands.name], cleanup.merge[standard::commands.name]);
  }
  return ordered;
}

}  // namespace workprint::run
