#include "film/plan/plan_json.h"

#include <doctest/doctest.h>

#include <functional>

namespace film {
namespace {

using workprint::ErrorKind;
using workprint::Json;

// Two scenes of the format page's example film.
const char* const storyboard_text = R"json(
{
 "metadata": {
  "title": "Harbor Lights",
  "duration": 13.5,
  "totalScenes": 2,
  "style": "painterly realism",
  "mood": "longing, then relief",
  "colorPalette": [
   "#2b3a67",
   "#ffb26b"
  ],
  "tags": [
   "harbor",
   "night"
  ]
 },
 "characters": [
  {
   "id": "char_1",
   "name": "Mara",
   "aliases": [
    "the keeper"
   ],
   "description": "Lighthouse keeper, sixties, patient.",
   "age": "about 60",
   "physicalTraits": {
    "hair": "short grey",
    "clothing": [
     "yellow oilskin",
     "wool cap"
    ],
    "accessories": [
     "brass lantern"
    ],
    "distinctiveFeatures": [],
    "build": "small, upright"
   },
   "appearanceNotes": []
  }
 ],
 "locations": [
  {
   "id": "loc_1",
   "name": "Old harbor",
   "description": "Stone quay with one lamp and moored boats.",
   "type": "harbor",
   "lightingConditions": {
    "quality": "low sun"
   },
   "timeOfDay": "dusk",
   "weather": "Fog",
   "colorPalette": [
    "#8a6f8f"
   ],
   "naturalElements": [
    "sea"
   ],
   "manMadeObjects": [
    "lamp",
    "boats"
   ],
   "groundSurface": "wet stone"
  }
 ],
 "scenes": [
  {
   "id": 0,
   "startTime": 0,
   "endTime": 7.5,
   "duration": 8,
   "type": "instrumental",
   "lyrics": "",
   "musicalDescription": "slow piano over surf",
   "musicChange": "strings enter",
   "intensity": "low",
   "mood": "longing",
   "tempo": "slow",
   "transitionType": "Dissolve",
   "description": "Mara walks the quay with a lantern while fog rolls in. She exits right.",
   "audioSync": "Mood Sync",
   "shotType": "WS",
   "cameraAngle": "Eye Level",
   "cameraMovement": "Track Right",
   "lighting": {
    "quality": "soft, low sun through fog",
    "colorTemperature": "Warm 3200K",
    "direction": "key from left"
   },
   "continuityNotes": [
    "lantern in her right hand"
   ],
   "characters": [
    "char_1"
   ],
   "locationId": "loc_1"
  },
  {
   "id": 1,
   "startTime": 7.5,
   "endTime": 13.5,
   "duration": 6,
   "type": "climax",
   "lyrics": "",
   "musicalDescription": "full strings",
   "musicChange": "drums enter",
   "intensity": "high",
   "mood": "relief",
   "tempo": "moderate",
   "transitionType": "Fade to Black",
   "description": "Mara lights the lamp; a boat answers with its own light.",
   "shotType": "MCU",
   "cameraMovement": "Dolly In",
   "lighting": {
    "quality": "hard lamp against dusk",
    "intensity": "Low"
   },
   "continuityNotes": [],
   "characters": [
    "char_1"
   ],
   "locationId": "loc_1"
  }
 ]
}
)json";

const char* const analysis_text = R"json(
{
 "totalDuration": 13.5,
 "segments": [
  {
   "startTime": 0,
   "endTime": 7.5,
   "duration": 8,
   "type": "instrumental",
   "lyrics": "",
   "musicalDescription": "slow piano over surf",
   "musicChange": "strings enter",
   "intensity": "low",
   "mood": "longing",
   "tempo": "slow",
   "transitionType": "Dissolve"
  },
  {
   "startTime": 7.5,
   "endTime": 13.5,
   "duration": 6,
   "type": "climax",
   "lyrics": "",
   "musicalDescription": "full strings",
   "musicChange": "drums enter",
   "intensity": "high",
   "mood": "relief",
   "tempo": "moderate",
   "transitionType": "Fade to Black"
  }
 ]
}
)json";

Json storyboard() { return Json::parse(storyboard_text); }

struct Verdict {
  const char* law;
  std::function<void(Json&)> spoil;
  const char* finding;  ///< part of the refusal, or of a note
};

TEST_CASE("our own plan reads back to the same document") {
  const auto reading = read_plan(storyboard(), Author::ours);
  REQUIRE(reading);
  CHECK(reading->notes.empty());
  CHECK(to_json(reading->plan) == storyboard());
  CHECK(reading->plan.scenes[1].start_ms == 7500);
}

TEST_CASE("whole seconds are written as integers") {
  const auto reading = read_plan(storyboard(), Author::ours);
  REQUIRE(reading);
  const std::string text = to_json(reading->plan).dump();
  CHECK(text.find("\"startTime\":0,") != std::string::npos);
  CHECK(text.find("\"startTime\":7.5,") != std::string::npos);
}

TEST_CASE("an analysis reads back to the same document") {
  const auto analysis = read_analysis(Json::parse(analysis_text));
  REQUIRE(analysis);
  CHECK(to_json(*analysis) == Json::parse(analysis_text));
}

TEST_CASE("an analysis whose segments do not tile the song is refused") {
  Json json = Json::parse(analysis_text);
  json["segments"][1]["startTime"] = 7;
  CHECK(!read_analysis(json));
}

TEST_CASE("an author's answer that breaks a rule is refused and the member is named") {
  const Verdict verdicts[] = {
      {"unknown member", [](Json& j) { j["scenes"][1]["lens"] = "50mm"; }, "scenes[1].lens"},
      {"production member", [](Json& j) { j["scenes"][0]["generatedVideo"] = Json::object(); }, "scenes[0].generatedVideo"},
      {"reference images", [](Json& j) { j["characters"][0]["referenceImages"] = Json::array(); }, "characters[0].referenceImages"},
      {"a link", [](Json& j) { j["scenes"][0]["description"] = "see https://example.org"; }, "scenes[0].description"},
      {"inlined data", [](Json& j) { j["locations"][0]["name"] = "data:image/png"; }, "locations[0].name"},
      {"wrong type", [](Json& j) { j["scenes"][0]["mood"] = 3; }, "scenes[0].mood"},
      {"wrong type of a menu", [](Json& j) { j["scenes"][0]["shotType"] = 3; }, "scenes[0].shotType"},
      {"missing", [](Json& j) { j["metadata"].erase("title"); }, "metadata.title"},
      {"empty", [](Json& j) { j["scenes"][1]["description"] = ""; }, "scenes[1].description"},
      {"doubled id", [](Json& j) { j["characters"].push_back(j["characters"][0]); }, "characters"},
      {"bad id", [](Json& j) { j["characters"][0]["id"] = "a b"; }, "characters[0].id"},
      {"unknown character", [](Json& j) { j["scenes"][0]["characters"] = {"char_9"}; }, "char_9"},
      {"unknown location", [](Json& j) { j["scenes"][0]["locationId"] = "loc_9"; }, "loc_9"},
      {"no scenes", [](Json& j) { j["scenes"] = Json::array(); }, "scenes"},
      {"not an object", [](Json& j) { j = Json::array(); }, "plan"},
  };
  for (const Verdict& verdict : verdicts) {
    CAPTURE(verdict.law);
    Json json = storyboard();
    verdict.spoil(json);
    const auto reading = read_plan(json, Author::answer);
    REQUIRE(!reading);
    CHECK(reading.error().kind == ErrorKind::invalid);
    CHECK(reading.error().message.find(verdict.finding) != std::string::npos);
  }
}

TEST_CASE("one refusal names every finding") {
  Json json = storyboard();
  json["scenes"][0]["mood"] = "";
  json["scenes"][1]["locationId"] = "nowhere";
  const auto reading = read_plan(json, Author::answer);
  REQUIRE(!reading);
  CHECK(reading.error().message.find("scenes[0].mood") != std::string::npos);
  CHECK(reading.error().message.find("nowhere") != std::string::npos);
}

TEST_CASE("a word off the menu becomes the default and is noted, without a second try") {
  Json json = storyboard();
  json["scenes"][0]["shotType"] = "Fisheye";
  json["scenes"][0]["transitionType"] = "Explosion";
  json["scenes"][0]["cameraAngle"] = "From hell";
  const auto reading = read_plan(json, Author::answer);
  REQUIRE(reading);
  CHECK(reading->plan.scenes[0].shot == ShotType::ms);
  CHECK(reading->plan.scenes[0].transition == Transition::cut);
  CHECK(!reading->plan.scenes[0].angle);
  CHECK(reading->notes.size() == 3);
}

TEST_CASE("the menus' older words are read") {
  Json json = storyboard();
  json["scenes"][0]["shotType"] = "EWS";
  json["scenes"][1]["shotType"] = "MWS";
  json["scenes"][0]["cameraAngle"] = "Dutch";
  const auto reading = read_plan(json, Author::answer);
  REQUIRE(reading);
  CHECK(reading->plan.scenes[0].shot == ShotType::vw);
  CHECK(reading->plan.scenes[1].shot == ShotType::mw);
  CHECK(reading->plan.scenes[0].angle == CameraAngle::dutch_angle);
}

TEST_CASE("a text that is too long is cut at a word and noted") {
  Json json = storyboard();
  std::string text;
  while (text.size() < 9000) text += "lantern ";
  json["scenes"][0]["description"] = text;
  const auto reading = read_plan(json, Author::answer);
  REQUIRE(reading);
  CHECK(reading->plan.scenes[0].description.size() <= 8000);
  CHECK(reading->plan.scenes[0].description.ends_with("lantern"));
  CHECK(reading->notes.size() == 1);
}

TEST_CASE("an answer's ids and times are ours") {
  Json json = storyboard();
  json["scenes"][0]["id"] = 77;
  json["scenes"][0]["startTime"] = 500;
  json["scenes"][0]["duration"] = 5;
  json["metadata"]["duration"] = 99;
  const auto reading = read_plan(json, Author::answer);
  REQUIRE(reading);
  CHECK(reading->plan.scenes[0].id == 0);
  CHECK(reading->plan.scenes[0].start_ms == 0);
  CHECK(reading->plan.scenes[0].end_ms == 6000);  // ties up
  CHECK(reading->plan.metadata.duration_ms == 12'000);
}

TEST_CASE("an older document is mended and everything that was changed is listed") {
  Json json = storyboard();
  json["scenes"][0]["generatedVideo"] = "gs://bucket/clip.mp4";
  json["scenes"][0]["mood"] = nullptr;
  json["scenes"][1]["locationId"] = "gone";
  json["scenes"][1]["characters"] = {"char_1", "gone"};
  json["characters"][0]["description"] = "see https://example.org";
  json["locations"][0]["type"] = 7;
  json["metadata"].erase("title");
  const auto reading = read_plan(json, Author::older_document);
  REQUIRE(reading);
  CHECK(reading->plan.metadata.title == "Untitled");
  CHECK(!reading->plan.scenes[0].mood.empty());
  CHECK(reading->plan.scenes[1].location_id == "loc_1");
  CHECK(reading->plan.scenes[1].characters == std::vector<std::string>{"char_1"});
  CHECK(reading->plan.characters[0].description.find("://") == std::string::npos);
  CHECK(reading->notes.size() >= 6);
  CHECK(read_plan(to_json(reading->plan), Author::ours));
}

TEST_CASE("an older document keeps its scene ids and its times tile again") {
  Json json = storyboard();
  json["scenes"][0]["id"] = 4;
  json["scenes"][1]["id"] = 9;
  json["scenes"][1]["startTime"] = 7.4;
  const auto reading = read_plan(json, Author::older_document);
  REQUIRE(reading);
  CHECK(reading->plan.scenes[0].id == 4);
  CHECK(reading->plan.scenes[1].id == 9);
  CHECK(reading->plan.scenes[0].end_ms == reading->plan.scenes[1].start_ms);
  CHECK(reading->plan.scenes[1].end_ms == 13'500);
}

TEST_CASE("a plan of ours whose times do not tile is refused") {
  Json json = storyboard();
  json["scenes"][1]["startTime"] = 8;
  CHECK(!read_plan(json, Author::ours));
}

TEST_CASE("no document makes the reader throw") {
  for (const char* text : {"null", "1", "\"x\"", "[]", "{}", R"({"metadata":1,"characters":{},"locations":null,"scenes":[1,null,[],{}]})",
                           R"({"metadata":{"colorPalette":[1,{}],"tags":"x"},"characters":[null],"locations":[[]],"scenes":[{"id":-1,"startTime":"x","lighting":[]}]})"})
    for (const Author author : {Author::answer, Author::older_document, Author::ours}) {
      CHECK_NOTHROW((void)read_plan(Json::parse(text), author));
      CHECK_NOTHROW((void)read_analysis(Json::parse(text)));
    }
}

}  // namespace
}  // namespace film
