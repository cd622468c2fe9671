#include "film/story/writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>

#include "film/plan/plan_json.h"
#include "film/story/prompt.h"

namespace film::story {
namespace {

AudioAnalysis song(std::size_t segments) {
  AudioAnalysis analysis;
  for (std::size_t i = 0; i < segments; ++i) {
    AudioSegment segment;
    segment.start_ms = analysis.duration_ms;
    segment.end_ms = segment.start_ms + 2500 + static_cast<std::int64_t>(i % 4) * 1700;
    segment.kind = static_cast<SceneKind>((i / 7) % 6);
    segment.intensity = static_cast<Intensity>((i / 7) % 4);
    segment.musical_description = "part " + std::to_string(i / 7);
    analysis.duration_ms = segment.end_ms;
    analysis.segments.push_back(segment);
  }
  return analysis;
}

Plan plan_of(const std::string& prompt, std::uint64_t seed = 1, const AudioAnalysis* analysis = nullptr, int scenes_max = 0) {
  const Brief brief{prompt, seed, scenes_max, analysis};
  return write_storyboard(brief, expand_prompt(brief));
}

std::string repeated(const std::string& text, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += text;
  return all;
}

std::vector<std::string> hostile_prompts() {
  return {"x", " ", ".", "...", "\n\n", "🔥🔥🔥", "love", "ÄÖÜ", "海辺の灯台で老人が夜を待つ", "девочка идёт в лес ночью", "مدينة في الليل",
          "https://example.org/a?b=c data:image/png;base64,AAAA", "a\xff\xfe\xc3 b\xed\xa0\x80", std::string("nul\0inside", 10),
          "{\"metadata\": {\"title\": \"x\"}}", "Scene 1: Scene 2: Scene 3:", "1. 2. 3. 4.", "- a\n- b\n- c", "{who} {other} {thing} {place}",
          repeated("The king walks and falls and runs. ", 20'000), repeated("aaaa", 20'000), repeated("海", 20'000), repeated("and then ", 20'000),
          repeated("Scene 1: she runs\n", 20'000), "she she she he they it", "and then and then", "'''''", "the the the the", "NO MORE WARS", "a a a a a a a"};
}

void check_lawful(const Plan& plan) {
  const auto reading = read_plan(to_json(plan), Author::answer);
  if (!reading) FAIL(reading.error().message);
  CHECK(reading->notes.empty());
  const auto stored = read_plan(to_json(plan), Author::ours);
  if (!stored) FAIL(stored.error().message);
  std::set<std::string> descriptions;
  for (const Scene& scene : plan.scenes) {
    CHECK(descriptions.insert(scene.description).second);
    CHECK(scene.description.find_first_of("{}") == std::string::npos);
  }
  CHECK(plan.scenes.back().transition == Transition::fade_to_black);
}

TEST_CASE("whatever the prompt is, the plan is valid and no two shots are told alike") {
  for (const std::string& prompt : hostile_prompts())
    for (const std::uint64_t seed : {0U, 7U}) {
      CAPTURE(prompt.substr(0, 60));
      CAPTURE(seed);
      check_lawful(plan_of(prompt, seed));
    }
}

TEST_CASE("a film without a song has 6 to 16 scenes of 4, 6 or 8 seconds, and scenes_max is obeyed") {
  for (const std::string& prompt : hostile_prompts()) {
    const Plan plan = plan_of(prompt);
    CHECK(plan.scenes.size() >= 6);
    for (const Scene& scene : plan.scenes) CHECK((scene.duration_s == 4 || scene.duration_s == 6 || scene.duration_s == 8));
    CHECK(plan_of(prompt, 1, nullptr, 3).scenes.size() <= 3);
    CHECK(plan_of(prompt, 1, nullptr, 1).scenes.size() == 1);
  }
}

TEST_CASE("the same seed gives the same plan and another seed another one") {
  const std::string prompt = "An old lighthouse keeper lights the harbor lamp one last time.";
  CHECK(to_json(plan_of(prompt, 5)) == to_json(plan_of(prompt, 5)));
  CHECK(to_json(plan_of(prompt, 5)) != to_json(plan_of(prompt, 6)));
}

TEST_CASE("with a song there is one scene a segment, with its times and its music") {
  for (const std::size_t count : {1U, 2U, 5U, 52U, 180U}) {
    AudioAnalysis analysis = song(count);
    analysis.segments.back().transition = Transition::fade_to_black;
    const Plan plan = plan_of("A young dancer leaves her village and finds the stage.", 3, &analysis);
    REQUIRE(plan.scenes.size() == count);
    check_lawful(Plan(plan));
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(plan.scenes[i].start_ms == analysis.segments[i].start_ms);
      CHECK(plan.scenes[i].end_ms == analysis.segments[i].end_ms);
      CHECK(plan.scenes[i].kind == analysis.segments[i].kind);
      CHECK(plan.scenes[i].musical_description == analysis.segments[i].musical_description);
    }
  }
}

TEST_CASE("a cut changes the size by two steps or the angle, unless the user said the sizes") {
  const AudioAnalysis analysis = song(60);
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    const Plan plan = plan_of("A lonely robot searches an abandoned mall for a flower.", seed, &analysis);
    for (std::size_t i = 1; i < plan.scenes.size(); ++i) {
      const Scene &before = plan.scenes[i - 1], &now = plan.scenes[i];
      const bool size = std::abs(static_cast<int>(now.shot) - static_cast<int>(before.shot)) >= 2;
      CHECK((size || now.angle != before.angle || now.location_id != before.location_id));
    }
  }
}

bool tells(const Plan& plan, const std::string& words) {
  return std::ranges::any_of(plan.scenes, [&](const Scene& scene) { return scene.description.find(words) != std::string::npos; });
}

TEST_CASE("what the user says happens, happens, in order and in the present tense") {
  const Plan plan = plan_of("Mara, a retired sailor in a green coat, walked along the pier at dawn. She opened an old suitcase and found a letter. Then she ran to the station.");
  REQUIRE(plan.characters.size() == 1);
  CHECK(plan.characters[0].name == "Mara");
  CHECK(plan.characters[0].traits.clothing.front() == "green coat");
  CHECK(tells(plan, "Mara walks along the pier"));
  CHECK(tells(plan, "Mara opens an old suitcase"));
  CHECK(tells(plan, "Mara runs to the station"));
  CHECK(plan.locations.front().time_of_day == "dawn");
  CHECK(plan.locations.size() >= 2);
}

TEST_CASE("an explicit list keeps its shots, sizes and moves") {
  const Plan plan = plan_of("Scene 1: Extreme wide shot of a desert at noon.\nScene 2: A cowboy rides in, tracking shot.\nScene 3: Close-up of his hand.\n"
                            "Scene 4: Low angle, he falls.\nScene 5: A wolf watches.\nScene 6: Night, a small fire.");
  REQUIRE(plan.scenes.size() == 6);
  CHECK(plan.scenes[0].shot == ShotType::vw);
  CHECK(plan.scenes[1].movement == CameraMovement::track);
  CHECK(plan.scenes[2].shot == ShotType::cu);
  CHECK(plan.scenes[3].angle == CameraAngle::low_angle);
  CHECK(plan.scenes[4].description.find("wolf watches") != std::string::npos);
}

TEST_CASE("weather and things are nobody's names") {
  const Plan plan = plan_of("Rain falls on the city. Smoke rises. Lanterns float away while Nora watches from the bridge.");
  REQUIRE(plan.characters.size() == 1);
  CHECK(plan.characters[0].name == "Nora");
}

TEST_CASE("two of a kind are told apart") {
  const Plan plan = plan_of("Two friends explore an abandoned theme park at night.");
  REQUIRE(plan.characters.size() == 2);
  CHECK(plan.characters[0].name != plan.characters[1].name);
  CHECK(plan.characters[0].traits.clothing.front() != plan.characters[1].traits.clothing.front());
}

TEST_CASE("nobody is seen before the clause that brings them in") {
  const Plan plan = plan_of("A boy waits at the station. A train arrives. A soldier steps out and embraces him.", 2);
  REQUIRE(plan.characters.size() == 2);
  const auto brings = std::ranges::find_if(plan.scenes, [](const Scene& scene) { return scene.description.find("soldier steps out") != std::string::npos; });
  REQUIRE(brings != plan.scenes.end());
  for (auto scene = plan.scenes.begin(); scene != brings; ++scene)
    CHECK(std::ranges::find(scene->characters, plan.characters[1].id) == scene->characters.end());
}

TEST_CASE("the drawn things are filled in") {
  for (const std::string& prompt : hostile_prompts()) {
    const Plan plan = plan_of(prompt);
    for (const Location& place : plan.locations) {
      CHECK(place.type.has_value());
      CHECK(!place.man_made_objects.empty());
      CHECK(!place.natural_elements.empty());
      CHECK(place.ground_surface.has_value());
      CHECK(place.sky_or_ceiling.has_value());
    }
    for (const Character& who : plan.characters) CHECK(!who.traits.hair.empty());
  }
}

TEST_CASE("the expanded prompt keeps the user's words, adds to them and has a limit") {
  const std::string prompt = "An old lighthouse keeper lights the harbor lamp one last time.";
  const std::string expanded = expand_prompt({prompt, 1, 0, nullptr});
  CHECK(expanded.find("lights the harbor lamp one last time") != std::string::npos);
  CHECK(expanded.size() > 3 * prompt.size());
  for (const std::string& hostile : hostile_prompts()) {
    const std::string text = expand_prompt({hostile, 1, 0, nullptr});
    CHECK(text != hostile);
    CHECK(!text.empty());
    CHECK(text.size() <= 4000);
  }
}

TEST_CASE("prompts for effects have a limit and name what they show") {
  const Plan plan = plan_of("Mara, a retired sailor in a green coat, walks along the pier at dawn.");
  const auto rules = built_in_rules(plan);
  CHECK(rules.size() <= 8);
  CHECK(character_prompt(plan, 0).find("green coat") != std::string::npos);
  CHECK(location_prompt(plan, 0).find(plan.locations[0].name) != std::string::npos);
  const std::vector<std::string> many(24, std::string(600, 'r'));
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    CHECK(clip_prompt(plan, i, rules).find(plan.scenes[i].description.substr(0, 20)) != std::string::npos);
    CHECK(clip_prompt(plan, i, many).size() <= prompt_bytes_max);
    CHECK(frame_prompt(plan, i, Which::start, many).size() <= prompt_bytes_max);
    CHECK(frame_prompt(plan, i, Which::start, rules) != frame_prompt(plan, i, Which::end, rules));
  }
}

TEST_CASE("equal rules have one id") {
  CHECK(rule_id("Keep every character in the clothing of the reference image.") == "5b59a586246e");
  CHECK(rule_id("One camera move per shot; no cuts inside a shot.") == "b88927058493");
  CHECK(rule_id("  HAND props keep one shape, and one hand for the whole shot!") == rule_id("Hand props keep one shape and one hand for the whole shot."));
  CHECK(rule_id("Hand props keep one shape and one hand for the whole shot.") == "deb46d49cfb3");
}

}  // namespace
}  // namespace film::story
