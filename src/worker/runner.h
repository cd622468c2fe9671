/// Runs one film's graph: supersteps, bounded parallel tasks, retries, timeouts, parking.
///
/// All threads of the engine start here (and in Publisher); everything the runner decides with is pure (run/).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "worker/session.h"
#include "worker/task_context.h"

namespace workprint::worker {

struct RunOptions {
  int jobs = 1;                      ///< tasks of one step at the same time, 1..64
  int steps_max = 10'000;            ///< recursion limit of one run call: a graph that loops for ever is stopped
  std::filesystem::path scratch;     ///< private folders of tasks are made under it
  EffectPolicy effects;
  /// Called before every step. False: the run ends here (RunStatus::stopped). May commit to the session.
  std::function<Result<bool>()> at_boundary;
};

enum class RunStatus { complete, waiting, stopped };

/// Runs until END, until nothing but unanswered questions is due, or until `stop`.
///
/// Errors: fenced, unavailable, corrupt: the session is broken (the message says why); invalid: recursion limit, or the
/// graph broke its own rules (names node and channel).
Result<RunStatus> run_film(Session& session, const RunOptions& options, std::stop_token stop);

}  // namespace workprint::worker
