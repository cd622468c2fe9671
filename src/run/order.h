/// How one command ends in a film's state. Every command is a commit, also one that changes nothing: so it is answered
/// once, whatever crashes. Pure.
#pragma once

#include "run/run.h"
#include "workprint/inbox.h"
#include "workprint/workflow.h"

namespace workprint::run {

/// Commands of the engine; all others are the workflow's.
namespace order {
inline constexpr std::string_view start = "START_PIPELINE", resume = "RESUME_PIPELINE", stop = "STOP_PIPELINE", resolve = "RESOLVE_INTERVENTION";
}  // namespace order

struct Ordered {
  CommandState state = CommandState::applied;
  std::string error;      ///< why it was rejected
  bool stops = false;     ///< the film's tasks are to be cancelled now
  bool sets_going = false;
  Delta delta;            ///< with the command's record in channel `commands`
};

/// `{<id>: {type, seq, outcome, error?}}` for the channel of commands.
[[nodiscard]] Json command_record(const std::string& id, const std::string& type, Seq seq, CommandState state, const std::string& error);

/// How a command that the state knows already has ended there.
[[nodiscard]] std::optional<CommandRecord> applied_before(const Json& document, const Command& command);

/// Plans `command` as commit `seq` and applies its channel parts to `document`. What the state does not allow is rejected,
/// which is a commit too. Errors: corrupt ($workprint is not as written).
Result<Ordered> plan_order(const Workflow& workflow, Json& document, const Command& command, Seq seq);

/// The answer to an open question; `interrupt` may be empty when exactly one is open. "abort" halts the film and leaves the
/// question open. Applies the channel parts to `document`.
/// Errors: not_found (no such open question); invalid (several are open; a parameter that is not editable; a node that
/// cannot be skipped).
Result<Delta> plan_resolution(const ValidGraph& graph, Json& document, const std::string& interrupt, const Answer& answer);

/// Open questions about failures of the surroundings (disk full, service down) are answered "retry". Into `delta`.
Result<bool> retry_surroundings(const Json& document, Delta& delta);

/// The first immutable input whose value is not the film's own.
[[nodiscard]] std::optional<std::string> differing_input(const ValidGraph& graph, const Json& document, const Json& inputs);

}  // namespace workprint::run
