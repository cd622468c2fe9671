#include "film/studio/score.h"

#include <doctest/doctest.h>

using namespace film::studio;
using film::Plan;
using workprint::Json;

namespace {

constexpr Weights all{30, 25, 20, 15, 10};
constexpr Weights first_scene{30, 25, 20, 15, 0};

Evaluation rated(Rating narrative, Rating character, Rating technical, Rating emotional, Rating continuity) {
  Evaluation evaluation;
  evaluation.at(Dimension::narrative_fidelity).rating = narrative;
  evaluation.at(Dimension::character_consistency).rating = character;
  evaluation.at(Dimension::technical_quality).rating = technical;
  evaluation.at(Dimension::emotional_authenticity).rating = emotional;
  evaluation.at(Dimension::continuity).rating = continuity;
  return evaluation;
}

Issue critical_issue() {
  Issue issue;
  issue.severity = Severity::critical;
  return issue;
}

Json answer() {
  Json scores;
  for (const char* name : {"narrativeFidelity", "characterConsistency", "technicalQuality", "emotionalAuthenticity",
                           "continuity"})
    scores[name] = {{"rating", "PASS"}, {"weight", 77}, {"details", "as planned"}};
  return {{"scores", scores}, {"issues", Json::array()}, {"feedback", "good"}, {"score", 0.1}, {"overall", "FAIL"}};
}

constexpr auto pass = Rating::pass;
constexpr auto minor = Rating::minor_issues;
constexpr auto major = Rating::major_issues;
constexpr auto failed = Rating::fail;

}  // namespace

TEST_SUITE("score") {
  TEST_CASE("ratings become a score of three decimals and a verdict by threshold") {
    struct Row {
      Evaluation evaluation;
      Weights weights;
      int thousandths;
      Overall overall;
    };
    const Row rows[] = {
        {rated(pass, pass, pass, pass, pass), all, 1000, Overall::accept},
        {rated(pass, pass, pass, pass, minor), all, 970, Overall::accept},
        {rated(pass, pass, pass, minor, pass), all, 955, Overall::accept},
        {rated(pass, pass, minor, pass, pass), all, 940, Overall::accept_with_notes},
        {rated(pass, pass, minor, pass, pass), first_scene, 933, Overall::accept_with_notes},
        {rated(pass, pass, minor, pass, minor), all, 910, Overall::accept_with_notes},
        {rated(minor, pass, pass, pass, minor), all, 880, Overall::regenerate_minor},
        {rated(minor, pass, major, pass, pass), first_scene, 767, Overall::regenerate_minor},
        {rated(minor, minor, minor, minor, minor), all, 700, Overall::regenerate_minor},
        {rated(minor, minor, minor, major, minor), all, 655, Overall::regenerate_major},
        {rated(major, major, major, major, major), all, 400, Overall::regenerate_major},
        {rated(failed, failed, failed, pass, pass), all, 250, Overall::fail},
        {rated(failed, failed, failed, failed, failed), all, 0, Overall::fail},
        {rated(minor, pass, pass, pass, pass), {2, 1, 0, 0, 0}, 800, Overall::regenerate_minor},
        {rated(minor, pass, pass, pass, pass), {1, 2, 0, 0, 0}, 900, Overall::accept_with_notes},
        {rated(minor, pass, pass, pass, pass), {1, 6, 0, 0, 0}, 957, Overall::accept},
        {rated(failed, pass, pass, pass, pass), {1, 15, 0, 0, 0}, 938, Overall::regenerate_major},
    };
    for (Row row : rows) {
      settle(row.evaluation, row.weights, Thresholds{});
      CHECK(row.evaluation.score_thousandths == row.thousandths);
      CHECK(row.evaluation.overall == row.overall);
    }
  }

  TEST_CASE("a half thousandth rounds up") {
    Evaluation evaluation = rated(minor, pass, pass, pass, pass);  // (7 + 10 * 7) / 8 = 9.625 tenths
    settle(evaluation, {1, 7, 0, 0, 0}, Thresholds{});
    CHECK(evaluation.score_thousandths == 963);
  }

  TEST_CASE("a critical issue and a failed dimension cap the verdict, a dimension without weight does not") {
    Evaluation evaluation = rated(pass, pass, pass, pass, pass);
    evaluation.issues.push_back(critical_issue());
    settle(evaluation, all, Thresholds{});
    CHECK(evaluation.score_thousandths == 1000);
    CHECK(evaluation.overall == Overall::regenerate_minor);

    evaluation = rated(pass, pass, pass, pass, failed);
    settle(evaluation, all, Thresholds{});
    CHECK(evaluation.score_thousandths == 900);
    CHECK(evaluation.overall == Overall::regenerate_major);
    settle(evaluation, first_scene, Thresholds{});
    CHECK(evaluation.overall == Overall::accept);
  }

  TEST_CASE("a cap never lifts a worse verdict") {
    Evaluation evaluation = rated(failed, failed, failed, failed, failed);
    evaluation.issues.push_back(critical_issue());
    settle(evaluation, all, Thresholds{});
    CHECK(evaluation.overall == Overall::fail);
  }

  TEST_CASE("the thresholds are the caller's") {
    Evaluation evaluation = rated(pass, pass, minor, pass, pass);
    settle(evaluation, all, {.accept = 0.94, .minor_issue = 0.5, .major_issue = 0.4, .fail = 0.3});
    CHECK(evaluation.overall == Overall::accept);
  }

  TEST_CASE("the first scene has no continuity weight and a scene without people no character weight") {
    Plan plan;
    plan.scenes.resize(2);
    plan.scenes[1].characters = {"char_1"};
    CHECK(scene_weights(plan, 0) == Weights{30, 0, 20, 15, 0});
    CHECK(scene_weights(plan, 1) == all);
  }

  TEST_CASE("an answer's own weights, score and overall are not believed") {
    const auto evaluation = read_evaluation(answer(), all, Thresholds{});
    REQUIRE(evaluation.has_value());
    CHECK(evaluation->score_thousandths == 1000);
    CHECK(evaluation->overall == Overall::accept);
    CHECK(evaluation->at(Dimension::continuity).weight == 10);
  }

  TEST_CASE("what was written reads back the same") {
    Json json = answer();
    json["scores"]["technicalQuality"]["rating"] = "MINOR_ISSUES";
    json["issues"].push_back({{"department", "gaffer"}, {"category", "exposure"}, {"severity", "major"},
                              {"description", "dark"}, {"videoTimestamp", "00:00:01"}, {"suggestedFix", "open up"}});
    json["promptCorrections"].push_back({{"department", "gaffer"}, {"issueType", "exposure"},
                                         {"originalPromptSection", "night"}, {"correctedPromptSection", "moonlit night"},
                                         {"reasoning", "nothing was seen"}});
    json["ruleSuggestion"] = "Keep a key light on the face.";
    const auto evaluation = read_evaluation(json, all, Thresholds{});
    REQUIRE(evaluation.has_value());
    const Json written = to_json(*evaluation);
    CHECK(written["score"] == 0.94);
    CHECK(written["overall"] == "ACCEPT_WITH_NOTES");
    CHECK(written["scores"]["narrativeFidelity"]["weight"] == 0.3);
    const auto again = read_evaluation(written, all, Thresholds{});
    REQUIRE(again.has_value());
    CHECK(to_json(*again) == written);
  }

  TEST_CASE("every fault of an answer is named") {
    Json json = answer();
    json["scores"].erase("continuity");
    json["scores"]["technicalQuality"]["rating"] = "FINE";
    json["issues"].push_back({{"department", "catering"}, {"category", "x"}, {"severity", 3}, {"description", "d"}});
    json.erase("feedback");
    const auto evaluation = read_evaluation(json, all, Thresholds{});
    REQUIRE(!evaluation.has_value());
    const std::string& message = evaluation.error().message;
    for (const char* part : {"scores.continuity: missing", "scores.technicalQuality.rating: not one of",
                             "issues[0].department: not one of", "issues[0].severity: not a text",
                             "issues[0].suggestedFix: missing", "feedback: missing"})
      CHECK_MESSAGE(message.find(part) != std::string::npos, part);
    CHECK(read_evaluation(answer(), first_scene, Thresholds{}).has_value());
    CHECK(!read_evaluation(Json::array(), all, Thresholds{}).has_value());
  }
}
