/// How ratings become a verdict: values, weights, caps and rounding (reference: film domain, 7.1).
///
/// Pure. The same rules hold for the built-in judge and for a model's answer, whatever numbers the model sends.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "film/plan/plan.h"
#include "workprint/json.h"
#include "workprint/result.h"

namespace film::studio {

enum class Rating { pass, minor_issues, major_issues, fail };
enum class Dimension { narrative_fidelity, character_consistency, technical_quality, emotional_authenticity, continuity };
inline constexpr std::size_t dimension_count = 5;
enum class Overall { accept, accept_with_notes, regenerate_minor, regenerate_major, fail };
enum class Severity { critical, major, minor };
enum class Department { director, cinematographer, gaffer, script_supervisor, costume, production_design };

/// Lowest score of each verdict; in descending order, 0..1.
struct Thresholds {
  double accept = 0.95;
  double minor_issue = 0.90;
  double major_issue = 0.70;
  double fail = 0.40;
};

/// In hundredths, by Dimension; 0: the dimension has no say.
using Weights = std::array<int, dimension_count>;

struct DimensionScore {
  Rating rating = Rating::pass;
  int weight = 0;  ///< hundredths
  std::string details;
};

struct Issue {
  Department department = Department::director;
  std::string category;
  Severity severity = Severity::minor;
  std::string description;
  std::optional<std::string> video_timestamp, location_in_frame;
  std::string suggested_fix;
};

struct PromptCorrection {
  Department department = Department::director;
  std::string issue_type;
  std::string original_section;  ///< empty: nothing is replaced, the corrected text is added at the end
  std::string corrected_section, reasoning;
};

struct Evaluation {
  std::array<DimensionScore, dimension_count> scores;
  std::vector<Issue> issues;
  std::string feedback;
  std::vector<PromptCorrection> corrections;
  std::optional<std::string> rule_suggestion;
  int score_thousandths = 0;
  Overall overall = Overall::fail;

  [[nodiscard]] double score() const { return score_thousandths / 1000.0; }
  [[nodiscard]] DimensionScore& at(Dimension dimension) { return scores[static_cast<std::size_t>(dimension)]; }
  [[nodiscard]] const DimensionScore& at(Dimension dimension) const {
    return scores[static_cast<std::size_t>(dimension)];
  }
};

/// The menus' words: "MINOR_ISSUES", "narrativeFidelity", "ACCEPT_WITH_NOTES", "major", "script_supervisor".
[[nodiscard]] std::string_view word(Rating value);
[[nodiscard]] std::string_view word(Dimension value);
[[nodiscard]] std::string_view word(Overall value);
[[nodiscard]] std::string_view word(Severity value);
[[nodiscard]] std::string_view word(Department value);

/// What applies to this scene: no character weight without characters, no continuity weight in the first scene.
/// REQUIRES: `scene` is an index into plan.scenes.
[[nodiscard]] Weights scene_weights(const Plan& plan, std::size_t scene);

/// ACCEPT and ACCEPT_WITH_NOTES: the take may be circled.
[[nodiscard]] bool is_accepted(Overall overall);

/// Gives each dimension its weight and fills score and overall from ratings and issues.
/// REQUIRES: one weight at least is not 0.
void settle(Evaluation& evaluation, const Weights& weights, const Thresholds& thresholds);

/// The document stored beside a take.
[[nodiscard]] workprint::Json to_json(const Evaluation& evaluation);

/// Reads a judge's answer. Its own weights, score and overall are not looked at; ours are computed.
/// Errors: invalid, with every finding, each naming the member (`issues[2].severity: ...`).
workprint::Result<Evaluation> read_evaluation(const workprint::Json& json, const Weights& weights,
                                              const Thresholds& thresholds);

}  // namespace film::studio
