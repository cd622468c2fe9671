#include "film/studio/score.h"

#include <fmt/format.h>

#include <algorithm>

namespace film::studio {

using workprint::ErrorKind;
using workprint::Json;
using workprint::Result;

namespace {

constexpr std::array<std::string_view, 4> rating_words{"PASS", "MINOR_ISSUES", "MAJOR_ISSUES", "FAIL"};
constexpr std::array<int, 4> rating_tenths{10, 7, 4, 0};
constexpr std::array<std::string_view, dimension_count> dimension_words{
    "narrativeFidelity", "characterConsistency", "technicalQuality", "emotionalAuthenticity", "continuity"};
constexpr Weights full_weights{30, 25, 20, 15, 10};
constexpr std::array<std::string_view, 5> overall_words{"ACCEPT", "ACCEPT_WITH_NOTES", "REGENERATE_MINOR",
                                                        "REGENERATE_MAJOR", "FAIL"};
constexpr std::array<std::string_view, 3> severity_words{"critical", "major", "minor"};
constexpr std::array<std::string_view, 6> department_words{"director",          "cinematographer", "gaffer",
                                                           "script_supervisor", "costume",         "production_design"};
constexpr std::size_t text_bytes_max = 8000;
constexpr std::size_t list_max = 64;

Overall by_score(double score, const Thresholds& thresholds) {
  if (score >= thresholds.accept) return Overall::accept;
  if (score >= thresholds.minor_issue) return Overall::accept_with_notes;
  if (score >= thresholds.major_issue) return Overall::regenerate_minor;
  if (score >= thresholds.fail) return Overall::regenerate_major;
  return Overall::fail;
}

Overall cap(Overall overall, const Evaluation& evaluation) {
  const bool critical = std::ranges::any_of(evaluation.issues,
                                            [](const Issue& issue) { return issue.severity == Severity::critical; });
  const bool failed = std::ranges::any_of(evaluation.scores, [](const DimensionScore& score) {
    return score.weight > 0 && score.rating == Rating::fail;
  });
  if (critical) overall = std::max(overall, Overall::regenerate_minor);
  if (failed) overall = std::max(overall, Overall::regenerate_major);
  return overall;
}

/// Walks an answer, keeps going after a fault and remembers them all: one paid answer gives one whole list.
class Reader {
 public:
  std::vector<std::string> findings;

  void refuse(const std::string& member, std::string_view why) { findings.push_back(fmt::format("{}: {}", member, why)); }

  const Json* member(const Json& object, const std::string& path, const char* name) {
    const auto found = object.find(name);
    if (found != object.end() && !found->is_null()) return &*found;
    refuse(path, "missing");
    return nullptr;
  }

  std::string text(const Json& object, const std::string& path, const char* name) {
    const Json* value = member(object, path, name);
    return value ? text_of(*value, path) : std::string();
  }

  std::optional<std::string> optional_text(const Json& object, const std::string& path, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::nullopt;
    return text_of(*found, path);
  }

  template <class Enum, std::size_t count>
  Enum menu(const Json& object, const std::string& path, const char* name,
            const std::array<std::string_view, count>& words) {
    const std::string value = text(object, path, name);
    const auto found = std::ranges::find(words, std::string_view(value));
    if (found != words.end()) return static_cast<Enum>(found - words.begin());
    if (!value.empty()) refuse(path, fmt::format("not one of {}", fmt::join(words, ", ")));
    return Enum{};
  }

  /// The array's objects; a member that is no object is a finding and left out.
  std::vector<std::pair<std::string, const Json*>> objects(const Json& list, const std::string& path) {
    std::vector<std::pair<std::string, const Json*>> result;
    if (!list.is_array()) {
      refuse(path, "not an array");
      return result;
    }
    if (list.size() > list_max) refuse(path, fmt::format("more than {} entries", list_max));
    for (std::size_t index = 0; index < std::min(list.size(), list_max); ++index) {
      const std::string entry = fmt::format("{}[{}]", path, index);
      if (list[index].is_object()) {
        result.emplace_back(entry, &list[index]);
      } else {
        refuse(entry, "not an object");
      }
    }
    return result;
  }

 private:
  std::string text_of(const Json& value, const std::string& path) {
    if (!value.is_string()) {
      refuse(path, "not a text");
      return {};
    }
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > text_bytes_max) refuse(path, fmt::format("longer than {} bytes", text_bytes_max));
    return text;
  }
};

void read_scores(Reader& reader, const Json& json, const Weights& weights, Evaluation& evaluation) {
  const Json* scores = reader.member(json, "scores", "scores");
  if (!scores) return;
  if (!scores->is_object()) return reader.refuse("scores", "not an object");
  for (std::size_t index = 0; index < dimension_count; ++index) {
    const std::string name(dimension_words[index]);
    const std::string path = "scores." + name;
    const auto found = scores->find(name);
    const bool there = found != scores->end() && found->is_object();
    if (!there) {
      if (weights[index] > 0) reader.refuse(path, "missing");
      evaluation.scores[index].details = "does not apply";
      continue;
    }
    evaluation.scores[index].rating = reader.menu<Rating>(*found, path + ".rating", "rating", rating_words);
    evaluation.scores[index].details = reader.optional_text(*found, path + ".details", "details").value_or("");
  }
}

void read_issues(Reader& reader, const Json& json, Evaluation& evaluation) {
  const Json* issues = reader.member(json, "issues", "issues");
  if (!issues) return;
  for (const auto& [path, entry] : reader.objects(*issues, "issues")) {
    Issue issue;
    issue.department = reader.menu<Department>(*entry, path + ".department", "department", department_words);
    issue.category = reader.text(*entry, path + ".category", "category");
    issue.severity = reader.menu<Severity>(*entry, path + ".severity", "severity", severity_words);
    issue.description = reader.text(*entry, path + ".description", "description");
    issue.video_timestamp = reader.optional_text(*entry, path + ".videoTimestamp", "videoTimestamp");
    issue.location_in_frame = reader.optional_text(*entry, path + ".locationInFrame", "locationInFrame");
    issue.suggested_fix = reader.text(*entry, path + ".suggestedFix", "suggestedFix");
    evaluation.issues.push_back(std::move(issue));
  }
}

void read_corrections(Reader& reader, const Json& json, Evaluation& evaluation) {
  const auto list = json.find("promptCorrections");
  if (list == json.end() || list->is_null()) return;
  for (const auto& [path, entry] : reader.objects(*list, "promptCorrections")) {
    PromptCorrection correction;
    correction.department = reader.menu<Department>(*entry, path + ".department", "department", department_words);
    correction.issue_type = reader.text(*entry, path + ".issueType", "issueType");
    correction.original_section = reader.text(*entry, path + ".originalPromptSection", "originalPromptSection");
    correction.corrected_section = reader.text(*entry, path + ".correctedPromptSection", "correctedPromptSection");
    correction.reasoning = reader.text(*entry, path + ".reasoning", "reasoning");
    evaluation.corrections.push_back(std::move(correction));
  }
}

Json issue_json(const Issue& issue) {
  Json json{{"department", word(issue.department)}, {"category", issue.category},
            {"severity", word(issue.severity)},     {"description", issue.description},
            {"suggestedFix", issue.suggested_fix}};
  if (issue.video_timestamp) json["videoTimestamp"] = *issue.video_timestamp;
  if (issue.location_in_frame) json["locationInFrame"] = *issue.location_in_frame;
  return json;
}

}  // namespace

std::string_view word(Rating value) { return rating_words[static_cast<std::size_t>(value)]; }
std::string_view word(Dimension value) { return dimension_words[static_cast<std::size_t>(value)]; }
std::string_view word(Overall value) { return overall_words[static_cast<std::size_t>(value)]; }
std::string_view word(Severity value) { return severity_words[static_cast<std::size_t>(value)]; }
std::string_view word(Department value) { return department_words[static_cast<std::size_t>(value)]; }

Weights scene_weights(const Plan& plan, std::size_t scene) {
  workprint::check(scene < plan.scenes.size(), "a judged scene is in the plan");
  Weights weights = full_weights;
  if (plan.scenes[scene].characters.empty()) weights[static_cast<std::size_t>(Dimension::character_consistency)] = 0;
  if (scene == 0) weights[static_cast<std::size_t>(Dimension::continuity)] = 0;
  return weights;
}

bool is_accepted(Overall overall) { return overall == Overall::accept || overall == Overall::accept_with_notes; }

void settle(Evaluation& evaluation, const Weights& weights, const Thresholds& thresholds) {
  int weighted_tenths = 0;
  int total = 0;
  for (std::size_t index = 0; index < dimension_count; ++index) {
    evaluation.scores[index].weight = weights[index];
    weighted_tenths += weights[index] * rating_tenths[static_cast<std::size_t>(evaluation.scores[index].rating)];
    total += weights[index];
  }
  workprint::check(total > 0, "an evaluation rates one dimension at least");
  // Whole numbers throughout, half rounded up: the same verdict on every machine.
  evaluation.score_thousandths = (weighted_tenths * 100 * 2 + total) / (2 * total);
  evaluation.overall = cap(by_score(evaluation.score(), thresholds), evaluation);
}

Json to_json(const Evaluation& evaluation) {
  Json scores = Json::object();
  for (std::size_t index = 0; index < dimension_count; ++index) {
    const DimensionScore& score = evaluation.scores[index];
    scores[std::string(dimension_words[index])] = {
        {"rating", word(score.rating)}, {"weight", score.weight / 100.0}, {"details", score.details}};
  }
  Json json{{"scores", std::move(scores)},      {"issues", Json::array()},          {"feedback", evaluation.feedback},
            {"score", evaluation.score()}, {"overall", word(evaluation.overall)}};
  for (const Issue& issue : evaluation.issues) json["issues"].push_back(issue_json(issue));
  if (evaluation.rule_suggestion) json["ruleSuggestion"] = *evaluation.rule_suggestion;
  if (evaluation.corrections.empty()) return json;
  Json& corrections = json["promptCorrections"] = Json::array();
  for (const PromptCorrection& correction : evaluation.corrections) {
    corrections.push_back({{"department", word(correction.department)},
                           {"issueType", correction.issue_type},
                           {"originalPromptSection", correction.original_section},
                           {"correctedPromptSection", correction.corrected_section},
                           {"reasoning", correction.reasoning}});
  }
  return json;
}

Result<Evaluation> read_evaluation(const Json& json, const Weights& weights, const Thresholds& thresholds) {
  if (!json.is_object()) return workprint::fail(ErrorKind::invalid, "the evaluation is not an object");
  Reader reader;
  Evaluation evaluation;
  read_scores(reader, json, weights, evaluation);
  read_issues(reader, json, evaluation);
  evaluation.feedback = reader.text(json, "feedback", "feedback");
  read_corrections(reader, json, evaluation);
  evaluation.rule_suggestion = reader.optional_text(json, "ruleSuggestion", "ruleSuggestion");
  if (!reader.findings.empty()) {
    return workprint::fail(ErrorKind::invalid, fmt::format("evaluation refused: {}", fmt::join(reader.findings, "; ")));
  }
  settle(evaluation, weights, thresholds);
  return evaluation;
}

}  // namespace film::studio
