/// Plan and analysis <-> JSON, and the validator every author's answer passes (docs/formats/storyboard.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "film/plan/plan.h"
#include "workprint/json.h"
#include "workprint/result.h"

namespace film {

[[nodiscard]] workprint::Json to_json(const Plan& plan);
[[nodiscard]] workprint::Json to_json(const AudioAnalysis& analysis);

enum class Author {
  answer,         ///< a writer's or model's answer: refused when it breaks a rule
  older_document, ///< a stored document of the older system: filled with defaults, each one listed
  ours            ///< a plan we wrote and stored: held to the same rules, and its ids and times are read, not made
};

struct PlanReading {
  Plan plan;
  std::vector<std::string> notes;  ///< what was defaulted, cut or dropped, one line each, naming the member
};

/// An answer's ids and times are ours: ids by position, its `duration`s (else the nearest of 4, 6, 8) end to end.
/// Errors: invalid, with every finding in the message, each naming the member (`scenes[3].locationId: ...`).
workprint::Result<PlanReading> read_plan(const workprint::Json& json, Author author);
workprint::Result<AudioAnalysis> read_analysis(const workprint::Json& json);

/// The menus' own words: "CU", "Dolly In", "Fade to Black", ...
[[nodiscard]] std::string_view word(ShotType value);
[[nodiscard]] std::string_view word(CameraAngle value);
[[nodiscard]] std::string_view word(CameraMovement value);
[[nodiscard]] std::string_view word(Transition value);
[[nodiscard]] std::string_view word(SceneKind value);
[[nodiscard]] std::string_view word(Intensity value);
[[nodiscard]] std::string_view word(Tempo value);
[[nodiscard]] std::string_view word(AudioSync value);

}  // namespace film
