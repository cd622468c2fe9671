/// The workflow of the simulated films: a plan, some clips, a report. Its outcome is the same however it came about.
#pragma once

#include "tests/sim/world.h"
#include "workprint/workflow.h"

namespace workprint::sim {

Workflow film_workflow(World& world, Worker& worker);
[[nodiscard]] Json film_inputs(const Weather& weather);
/// The channels that must be the same in every run of the same film.
[[nodiscard]] Json outcome_of(const Json& document);
[[nodiscard]] Json expected_outcome(const Weather& weather);

}  // namespace workprint::sim
