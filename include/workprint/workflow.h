/// A graph as a product: what it needs to be started, and how it begins again from the plan alone.
#pragma once

#include <functional>
#include <string>

#include "workprint/checkpoint_store.h"
#include "workprint/context.h"
#include "workprint/graph.h"

namespace workprint {

/// What a command changes in a film.
struct CommandPlan {
  std::vector<Write> writes;  ///< none: there is nothing to do
  std::string next_node;      ///< due because of it, unless something before it in the graph is anyway; empty: nothing
  bool sets_going = true;     ///< a film that was stopped or complete goes on; false: it rests until it is resumed
};

struct Workflow {
  ValidGraph graph;
  /// Where the work must begin again in this state, or empty when nothing before the due nodes is missing. Asked after a
  /// takeover, when the entry node has looked at what really exists. Pure.
  BranchFunction restart_at;
  /// A command of the workflow's own ("REGENERATE_SCENE") in this state. Pure. Unset: there are none.
  /// Errors: invalid, not_found, conflict: the command is rejected, and the message is its answer.
  std::function<Result<CommandPlan>(const State&, const std::string& type, const Json& payload)> command;
  /// Tier 3: channels to start from, read out of the film's storyboard document. Pure.
  /// Returns found (value: the inputs for the first commit), corrupt, foreign or too_new.
  std::function<Loaded<Json>(const FilmId&, std::string_view bytes)> channels_from_storyboard;
  /// A whole document of the system this graph replaced (a JSON object without `$workprint`: its state, or its storyboard
  /// alone) as channels to start from. Reads objects, writes nothing. Unset: such documents are corrupt.
  /// Returns found (value: the inputs for the first commit; detail: what was left out, one line each), corrupt (detail:
  /// why it is refused) or unreachable (the object store did not answer).
  std::function<Loaded<Json>(const FilmId&, const Json& document, ObjectStore& objects)> channels_from_legacy;
};

}  // namespace workprint
