/// One film's state in memory and every decision about what changes next. Pure: no I/O, no clock, no threads.
///
/// Each `plan_*` function looks at the run and returns the Delta of one commit; the worker makes it durable and applies
/// it. The engine's record inside the document ($workprint) is read and written here only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/delta.h"
#include "workprint/context.h"
#include "workprint/graph.h"
#include "workprint/id.h"

namespace workprint::run {

/// One due piece of work: a node, or one item of a fan-out node.
struct Task {
  std::string node, item;
  friend auto operator<=>(const Task&, const Task&) = default;
  [[nodiscard]] std::string key() const { return item.empty() ? node : node + "/" + item; }
};

struct EffectRecord {
  enum class State { intent, submitted, done, failed, in_doubt };
  std::string key;
  Task task;
  State state = State::intent;
  std::string idempotency_key, input_hash, provider, model;
  std::int64_t estimate_usd_micros = 0;
  std::uint64_t intent_seq = 0;
  std::optional<std::string> handle;
  std::optional<EffectResult> result;
};
[[nodiscard]] std::string_view to_string(EffectRecord::State state);

struct Interrupt {
  std::string id;
  Task task;
  Question question;
  std::uint64_t attempt_count = 0;
  std::optional<Answer> answer;
};

/// A task's end inside an unfinished step.
struct Finished {
  Task task;
  std::vector<Write> writes;
};

// --- reading -------------------------------------------------------------------------------------------------------

/// Due tasks in merge order. Errors of all readers: corrupt ($workprint is not as written).
Result<std::vector<Task>> due_tasks(const Json& document);
Result<std::vector<EffectRecord>> effects_of(const Json& document, const Task& task);
Result<std::vector<EffectRecord>> open_effects(const Json& document);
Result<std::optional<EffectRecord>> find_effect(const Json& document, const std::string& key);
Result<std::vector<Interrupt>> interrupts(const Json& document);
/// What the film has cost, and what its open effects may still cost. Micro-dollars.
Result<std::int64_t> cost_so_far(const Json& document);
Result<std::optional<Finished>> find_finished(const Json& document, const Task& task);
[[nodiscard]] bool has_open_question(const std::vector<Interrupt>& all, const Task& task);
/// Whether the graph can go on with this document's next nodes. Errors: conflict, naming the nodes it does not have.
Result<void> check_graph_fits(const Json& document, const ValidGraph& graph);

// --- naming --------------------------------------------------------------------------------------------------------

/// `wp_` + first 40 hex of SHA-256(film id, newline, key).
[[nodiscard]] std::string idempotency_key(const FilmId& film, const std::string& effect_key);
struct EffectName {
  std::string base;
  std::int64_t number = 0;
};
/// `<base>/<number>`. Errors: invalid.
Result<EffectName> parse_effect_key(std::string_view key);
[[nodiscard]] std::string interrupt_id(const FilmId& film, const Task& task, std::size_t ordinal);

// --- deciding ------------------------------------------------------------------------------------------------------

/// The first commit of a film: inputs into their channels, the entry node due.
/// Errors: invalid (an input is no channel of the graph).
Result<Delta> plan_start(const ValidGraph& graph, const Json& inputs, const Json& command);
[[nodiscard]] Delta plan_intent(const EffectRecord& record);
[[nodiscard]] Delta plan_handle(const std::string& key, const std::string& handle, const std::string& at);
[[nodiscard]] Delta plan_result(const std::string& key, const EffectResult& result);
/// A task that ended while others of its step run on.
[[nodiscard]] Delta plan_task_done(const Finished& finished);
[[nodiscard]] Delta plan_interrupt(const Interrupt& interrupt, const std::string& at);
[[nodiscard]] Delta plan_answer(const std::string& id, const Answer& answer);

/// Merges the finished tasks' writes (node order of the graph, then item order), drops their effects, answers and
/// done-records, and finds the next due tasks. Applies the channel parts to `document` on the way (branches look at the
/// state after the merge); `meta` is left to the commit.
/// Errors: invalid (undeclared channel, `once` written twice, wrong shape for the rule: names node and channel).
Result<Delta> plan_step(const ValidGraph& graph, Json& document, std::vector<Finished> finished);

/// A writer's first commit after taking a film over: what `reconcile` (a task of the entry node) found out is merged. The
/// due tasks stay what they were, unless `restart_at` (may be unset) names a node before all of them: what it made is
/// gone. Applies the channel parts to `document`. Errors: as plan_step.
Result<Delta> plan_takeover(const ValidGraph& graph, Json& document, const Finished& reconcile,
                            const BranchFunction& restart_at);

/// A person's change: writes to channels, then `next_node` is due unless something before it in the graph is anyway.
/// `halted` is removed. Applies the channel parts to `document`. Errors: as plan_step.
Result<Delta> plan_command(const ValidGraph& graph, Json& document, const std::vector<Write>& writes,
                           const std::string& next_node);

/// Of channel `commands` only the newest are kept. Into `delta`, not applied.
void forget_old_commands(const Json& document, Delta& delta);

/// Turns writes to merge channels into a delta; for effect notes. Errors: invalid (not a merge channel).
Result<void> add_note(const ValidGraph& graph, const std::vector<Write>& note, Delta& delta);

// --- JSON of records -----------------------------------------------------------------------------------------------

[[nodiscard]] Json to_json(const Writes& writes);
Result<std::vector<Write>> writes_from_json(const Json& json);

}  // namespace workprint::run
