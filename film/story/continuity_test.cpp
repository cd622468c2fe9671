#include "film/story/continuity.h"

#include <doctest/doctest.h>

namespace film::story {
namespace {

using workprint::Json;

Plan plan_with(const std::vector<std::string>& descriptions) {
  Plan plan;
  Character mara, jonas;
  mara.id = "char_1";
  mara.name = "Mara";
  mara.aliases = {"the keeper"};
  mara.traits.hair = "short grey";
  jonas.id = "char_2";
  jonas.name = "Jonas";
  plan.characters = {mara, jonas};
  Location harbor;
  harbor.id = "loc_1";
  harbor.name = "Harbor";
  harbor.time_of_day = "dusk";
  harbor.lighting.quality = "low sun";
  harbor.man_made_objects = {"lamp"};
  plan.locations = {harbor};
  for (const std::string& text : descriptions) {
    Scene scene;
    scene.id = static_cast<int>(plan.scenes.size());
    scene.description = text;
    scene.mood = "longing";
    scene.characters = {"char_1"};
    scene.location_id = "loc_1";
    scene.lighting.quality = "low sun";
    plan.scenes.push_back(scene);
  }
  return plan;
}

Json after(const std::vector<std::string>& descriptions, const char* kind = "characters", const char* id = "char_1") {
  const Plan plan = plan_with(descriptions);
  return continuity_before(plan, plan.scenes.size())[kind][id];
}

TEST_CASE("before the first scene everybody is at the baseline") {
  const Json json = after({});
  CHECK(!json.contains("lastSeen"));
  CHECK(json["dirtLevel"] == "clean");
  CHECK(json["exhaustionLevel"] == "fresh");
  CHECK(json["position"] == "center foreground");
  CHECK(json["physicalCondition"] == "");
}

TEST_CASE("the state before a scene does not depend on that scene or later ones") {
  const Plan plan = plan_with({"Mara crawls through mud.", "Mara bathes."});
  CHECK(continuity_before(plan, 1)["characters"]["char_1"]["dirtLevel"] == "slightly_dirty");
  CHECK(continuity_before(plan, 2)["characters"]["char_1"]["dirtLevel"] == "clean");
  CHECK(continuity_before(plan, 2)["characters"]["char_1"]["lastSeen"] == 1);
}

TEST_CASE("a level moves one step a scene at most") {
  CHECK(after({"Mara crawls through mud and dust and dirt. She digs in the dirt."})["dirtLevel"] == "slightly_dirty");
  CHECK(after({"Mara runs.", "Mara runs and climbs.", "Mara fights."})["exhaustionLevel"] == "exhausted");
  CHECK(after({"Mara runs.", "Mara runs.", "Mara sits down."})["exhaustionLevel"] == "slightly_tired");
}

TEST_CASE("a cue taken back in the three words before it does not count") {
  CHECK(after({"Mara never runs."})["exhaustionLevel"] == "fresh");
  CHECK(after({"Mara walks without any mud on her boots."})["dirtLevel"] == "clean");
  CHECK(after({"No one else may run."})["exhaustionLevel"] == "slightly_tired");  // four words before is too far
}

TEST_CASE("a cue is a whole word of its list") {
  CHECK(after({"Mara looks at the muddle of the runway."})["dirtLevel"] == "clean");
  CHECK(after({"Mara looks at the muddle of the runway."})["exhaustionLevel"] == "fresh");
}

TEST_CASE("with two in the scene a cue holds for the one its sentence names") {
  Plan plan = plan_with({"Jonas runs. The keeper sits down."});
  plan.scenes[0].characters = {"char_1", "char_2"};
  const Json json = continuity_before(plan, 1)["characters"];
  CHECK(json["char_1"]["exhaustionLevel"] == "fresh");
  CHECK(json["char_2"]["exhaustionLevel"] == "slightly_tired");
}

TEST_CASE("an exit has the direction within four words of its verb, else none") {
  CHECK(after({"Mara walks the quay. She exits right."})["lastExitDirection"] == "right");
  CHECK(after({"Mara climbs up the stairs."})["lastExitDirection"] == "up");
  CHECK(after({"She exits right.", "Mara looks at the sea."})["lastExitDirection"] == "none");
}

TEST_CASE("rain wets clothes and ground, and both dry again") {
  const std::vector<std::string> wet{"Mara stands in the rain.", "Mara waits in the rain."};
  CHECK(after(wet)["costumeCondition"]["wetness"] == "wet");
  CHECK(after(wet, "locations", "loc_1")["groundCondition"]["wetness"] == "wet");
  CHECK(after(wet, "locations", "loc_1")["precipitation"] == "moderate");
  const std::vector<std::string> dried{"Mara stands in the rain.", "A clear sky. Mara waits.", "Mara waits on."};
  CHECK(after(dried)["costumeCondition"]["wetness"] == "dry");
  CHECK(after({"Mara dives from the pier."})["costumeCondition"]["wetness"] == "soaked");
}

TEST_CASE("an injury needs a body part, and bandages make it one less") {
  CHECK(after({"Mara cuts the rope."})["injuries"].empty());
  const Json hurt = after({"A burn on her hand makes Mara wince."})["injuries"];
  REQUIRE(hurt.size() == 1);
  CHECK(hurt[0]["severity"] == "moderate");
  CHECK(hurt[0]["location"] == "hand");
  CHECK(after({"A burn on her hand makes Mara wince.", "Mara bandages it."})["injuries"][0]["severity"] == "minor");
}

TEST_CASE("a jump in time resets all but severe injuries") {
  const Json json = after({"Mara crawls through mud.", "She has a wound in the leg and a scratch on the cheek.", "The next morning Mara looks at the sea."});
  CHECK(json["dirtLevel"] == "clean");
  REQUIRE(json["injuries"].size() == 1);
  CHECK(json["injuries"][0]["type"] == "wound");
}

TEST_CASE("times, weather and broken things of a place are remembered") {
  const Json place = after({"Fog rolls in at night.", "Somebody smashes the lamp."}, "locations", "loc_1");
  CHECK(place["timeOfDay"] == "night");
  CHECK(place["weather"] == "fog");
  CHECK(place["visibility"] == "foggy");
  REQUIRE(place["brokenObjects"].size() == 1);
  CHECK(place["brokenObjects"][0]["object"] == "lamp");
  CHECK(place["brokenObjects"][0]["brokenInScene"] == 1);
  CHECK(place["lastUsed"] == 1);
}

TEST_CASE("smoke thins from its second later use and is gone after the fifth") {
  std::vector<std::string> scenes{"Thick smoke fills the quay.", "Mara waits.", "Mara waits on."};
  CHECK(after(scenes, "locations", "loc_1")["atmosphericEffects"][0]["dissipating"] == true);
  CHECK(after(scenes, "locations", "loc_1")["atmosphericEffects"][0]["intensity"] == "heavy");
  for (int i = 0; i < 4; ++i) scenes.push_back("Mara stands still.");
  CHECK(after(scenes, "locations", "loc_1")["atmosphericEffects"].empty());
}

TEST_CASE("fall is a season only behind in, the or of") {
  CHECK(after({"Leaves turn in the fall."}, "locations", "loc_1")["season"] == "fall");
  CHECK(after({"Mara must fall."}, "locations", "loc_1")["season"] == "unspecified");
}

TEST_CASE("a prompt is told what must show, and nothing when nothing changed") {
  CHECK(continuity_words(plan_with({"Mara waits.", "Mara waits on."}), 1).empty());
  const std::string words = continuity_words(plan_with({"Mara crawls through mud and exits right.", "Mara waits."}), 1);
  CHECK(words.find("slightly dirty") != std::string::npos);
  CHECK(words.find("from the left") != std::string::npos);
}

}  // namespace
}  // namespace film::story
