// Documents of the older system, as it wrote them: tests/compat/legacy, read with and without the objects they name.
#include "film/legacy.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "film/media/sample_test.h"
#include "film/plan/plan_json.h"
#include "film/plan/retime.h"
#include "workprint/digest.h"

namespace film {
namespace {

using namespace workprint;

const FilmId harbor = *parse_film_id("harbor");

Json fixture(const std::string& name) {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path();
  std::ifstream in(root / "tests/compat/legacy" / name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto json = parse_json(text);
  REQUIRE_MESSAGE(json.has_value(), name);
  return *json;
}

// A picture with light and shade: a black or flat one would fail its technical check.
std::string picture_png() {
  media::RgbImage image{64, 36, {}};
  for (int i = 0; i < 64 * 36 * 3; ++i) image.rgb.push_back(static_cast<std::uint8_t>((i * 37 / 3) % 256));
  return *media::encode_png(image);
}

std::string clip_bytes(std::int64_t frames) {
  const media::test::Folder folder;
  media::test::encode_numbers(folder / "clip.mp4", 3, frames, {320, 180, 12});
  return media::test::read(folder / "clip.mp4");
}

std::string song_bytes(double seconds) {
  const auto samples = static_cast<std::uint32_t>(seconds * 8000);
  std::string wav = "RIFF";
  const auto put = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) wav += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  put(36 + samples * 2, 4);
  wav += "WAVEfmt ";
  put(16, 4), put(1, 2), put(1, 2), put(8000, 4), put(16000, 4), put(2, 2), put(16, 2);
  wav += "data";
  put(samples * 2, 4);
  for (std::uint32_t i = 0; i < samples; ++i) put(static_cast<std::uint32_t>(i % 20 < 10 ? 8000 : 57536), 2);
  return wav;
}

class Bench {
 public:
  std::unique_ptr<ObjectStore> objects = open_memory_objects();
  std::unique_ptr<studio::Studio> studio = studio::builtin_studio(1);
  Workflow workflow = *film_workflow(*studio, {});

  void put(const std::string& name, const std::string& bytes) { REQUIRE(objects->put(name, bytes, IfAbsent{}).has_value()); }

  // All that made.json says there is, but for what it invented.
  void put_made(const std::vector<int>& scenes = {0, 17, 18}) {
    const std::string png = picture_png(), clip = clip_bytes(48);
    put("harbor/images/characters/char_1_reference.png", png);
    put("harbor/images/locations/loc_1_reference_01.png", png);
    for (const int scene : scenes)
      for (const Which which : {Which::start, Which::end}) put(*frame_name(harbor, static_cast<std::uint32_t>(scene), which, 1), png);
    put("harbor/scenes/scene_000_01.mp4", clip);
    put("harbor/scenes/scene_017_01.mp4", clip);
    put("harbor/scenes/scene_017_02.mp4", clip);
  }

  Loaded<Json> read(const Json& document) { return workflow.channels_from_legacy(harbor, document, *objects); }

  Json channels(const std::string& name) {
    const Loaded<Json> loaded = read(fixture(name));
    REQUIRE_MESSAGE(loaded.outcome == Outcome::found, name, ": ", loaded.detail);
    for (const auto& [channel, value] : loaded.value->items()) CHECK_MESSAGE(workflow.graph.channel(channel) != nullptr, channel);
    return *loaded.value;
  }

  std::string next(const Json& channels) { return workflow.restart_at(State(channels)); }
};

bool says(const Loaded<Json>& loaded, const std::string& words) { return loaded.detail.find(words) != std::string::npos; }

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> all;
  for (const auto& [key, value] : object.items()) all.push_back(key);
  return all;
}

}  // namespace

TEST_CASE("legacy: a prompt that was not expanded is expanded; one that was is not, and has no original") {
  Bench bench;
  const Json fresh = bench.channels("not-expanded.json");
  CHECK(bench.next(fresh) == "expand_creative_prompt");
  CHECK(fresh["originalPrompt"] == fresh["creativePrompt"]);
  CHECK(fresh["hasAudio"] == false);
  const Json expanded = bench.channels("expanded.json");
  CHECK(bench.next(expanded) == "expand_creative_prompt");  // which does nothing without an original
  CHECK_FALSE(expanded.contains("originalPrompt"));
  CHECK(expanded["attempts"]["expand_creative_prompt"] == 2);
  CHECK(expanded["generationRules"].size() == 1);  // two spellings of one rule
  CHECK(expanded["generationRules"].front()["origin"] == "legacy");
  CHECK(expanded["errors"].size() == 1);
  CHECK(expanded["errors"][0]["error"] == "503 from the model");
}

TEST_CASE("legacy: a storyboard without assets goes on with the references, and holds no production member") {
  Bench bench;
  const Json channels = bench.channels("storyboard-without-assets.json");
  CHECK(bench.next(channels) == "generate_character_assets");
  CHECK(channels["takes"].empty());
  CHECK(read_plan(channels["storyboard"], Author::ours).has_value());
  for (const char* member : {"state", "referenceImages"}) CHECK_FALSE(channels["storyboard"]["characters"][0].contains(member));
  for (const char* member : {"enhancedPrompt", "status"}) CHECK_FALSE(channels["storyboard"]["scenes"][0].contains(member));
  CHECK(channels["storyboard"]["scenes"][2]["endTime"] == 12);
  CHECK_FALSE(channels.contains("originalPrompt"));
}

TEST_CASE("legacy: what exists and decodes is circled under its own number; what does not is dropped by name") {
  Bench bench;
  bench.put_made();
  const Loaded<Json> loaded = bench.read(fixture("made.json"));
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  const Json& channels = *loaded.value;
  CHECK(bench.next(channels) == "process_scene");
  CHECK(keys(channels["takes"]) ==
        std::vector<std::string>{"character_image_char_1", "location_image_loc_1", "scene_end_frame_0", "scene_end_frame_17", "scene_end_frame_18",
                                 "scene_start_frame_0", "scene_start_frame_17", "scene_start_frame_18", "scene_video_0", "scene_video_17"});
  CHECK(channels["takes"]["scene_video_0"]["circled"] == 1);  // bestAttempt said 0
  const Json& take = channels["takes"]["scene_video_17"]["items"]["2"];
  CHECK(channels["takes"]["scene_video_17"]["circled"] == 2);
  CHECK(take["state"] == "adopted");
  CHECK(take["object"]["path"] == "harbor/scenes/scene_017_02.mp4");
  CHECK_FALSE(take.contains("score"));
  // Weights are ours: characters 0.25 at MINOR_ISSUES, no continuity in the first scene.
  CHECK(channels["takes"]["scene_video_0"]["items"]["1"]["score"].get<double>() == doctest::Approx(0.917));
  CHECK(channels["takes"]["scene_video_0"]["items"]["1"]["overall"] == "ACCEPT_WITH_NOTES");
  CHECK(channels["takes"]["character_image_char_1"]["items"]["1"]["object"]["path"] == "harbor/images/characters/char_1_reference.png");
  CHECK(channels["attempts"]["scene_video_17"] == 2);
  CHECK_FALSE(channels["attempts"].contains("bad key!"));
  CHECK(channels["picture"] == Json({{"width", 320}, {"height", 180}, {"fps", 12}}));
  CHECK(keys(channels["metrics"]["sceneMetrics"]) == std::vector<std::string>{"0"});
  CHECK_FALSE(channels["metrics"]["sceneMetrics"]["0"].contains("bestAttempt"));
  CHECK_FALSE(channels.contains("renderedVideo"));
  int built_in = 0, older = 0;
  for (const Json& rule : channels["generationRules"]) (rule["origin"] == "built_in" ? built_in : older)++;
  CHECK(built_in > 0);
  CHECK(older == 2);
  for (const char* line : {"scene 18: clip is dropped", "videos.example.com", "scene_video_17: evaluation is dropped", "attempts.bad key!",
                           "generationRules: a rule is dropped", "sceneMetrics", "thumbnails"})
    CHECK_MESSAGE(says(loaded, line), line, " in: ", loaded.detail);
}

TEST_CASE("legacy: a clip that is lost, damaged, foreign or too short is no take") {
  Bench bench;
  bench.put_made();
  const auto without = [&](const std::string& name, const std::string& bytes) {
    const auto info = bench.objects->head(name);
    REQUIRE(info.has_value());
    REQUIRE(bench.objects->put(name, bytes, IfVersion{info->version}).has_value());
    return bench.read(fixture("made.json"));
  };
  const std::string name = "harbor/scenes/scene_017_02.mp4";
  for (const std::string& bytes : {std::string("<html>not found</html>"), clip_bytes(48).substr(0, 900), clip_bytes(20)}) {
    const Loaded<Json> loaded = without(name, bytes);
    REQUIRE(loaded.outcome == Outcome::found);
    CHECK_FALSE((*loaded.value)["takes"].contains("scene_video_17"));
    CHECK(says(loaded, "scene 17: clip is dropped"));
    CHECK(bench.next(*loaded.value) == "process_scene");
  }
  const Loaded<Json> no_frame = without("harbor/images/frames/scene_000_frame_end_01.png", "no picture");
  CHECK(says(no_frame, "scene 0: endFrame is dropped"));
  CHECK(bench.next(*no_frame.value) == "generate_scene_assets");
  Json elsewhere = fixture("made.json");
  elsewhere["storyboardState"]["scenes"][0]["generatedVideo"] = "gs://older-bucket/harbor/scenes/scene_017_01.mp4";
  elsewhere["storyboardState"]["scenes"][1]["generatedVideo"] = "gs://older-bucket/harbor-2/scenes/scene_017_01.mp4";
  const Loaded<Json> foreign = bench.read(elsewhere);
  CHECK(says(foreign, "scene 0: clip is dropped: the address names another object"));
  CHECK(says(foreign, "scene 17: clip is dropped: the address leads to no object of this film"));
}

TEST_CASE("legacy: retakes that were asked for are still wanted") {
  Bench bench;
  bench.put_made();
  const Loaded<Json> loaded = bench.read(fixture("wishes.json"));
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK((*loaded.value)["forceRegenerateSceneIds"] == Json({{"0", {"clip"}}, {"17", {"clip"}}}));
  CHECK((*loaded.value)["scenePromptOverrides"] == Json({{"17", {{"clip", "The lamp flares."}}}}));
  CHECK(says(loaded, "forceRegenerateSceneId 44 is dropped"));
  CHECK(says(loaded, "scenePromptOverrides.44 is dropped"));
}

TEST_CASE("legacy: a storyboard of audio segments is the song's analysis, cut anew to the song") {
  Bench bench;
  bench.put("audio/tide.wav", song_bytes(8.5));
  const Json channels = bench.channels("segments.json");
  CHECK(bench.next(channels) == "expand_creative_prompt");
  CHECK_FALSE(channels.contains("storyboard"));
  CHECK_FALSE(channels.contains("originalPrompt"));
  CHECK(channels["song"]["durationSeconds"] == 8.5);
  CHECK(channels["song"]["path"] == "audio/tide.wav");
  const auto analysis = read_analysis(channels["audioAnalysis"]);
  REQUIRE_MESSAGE(analysis.has_value(), (analysis ? "" : analysis.error().message));
  REQUIRE(analysis->segments.size() == 2);
  CHECK(analysis->segments[0].end_ms == 4500);
  CHECK(analysis->segments[1].end_ms == 8500);
  CHECK(analysis->segments[1].lyrics == "light, light");
}

TEST_CASE("legacy: a film with a song that is nowhere is refused, never made silent") {
  Bench bench;
  const Loaded<Json> lost = bench.read(fixture("song-is-lost.json"));
  CHECK(lost.outcome == Outcome::corrupt);
  CHECK(says(lost, "hasAudio is true and no song is to be found"));
  bench.put("audio/lost.wav", "<html>no song</html>");
  CHECK(bench.read(fixture("song-is-lost.json")).outcome == Outcome::corrupt);
  Json in_metadata = fixture("bare-storyboard.json");
  in_metadata["metadata"]["hasAudio"] = true;
  CHECK(says(bench.read(in_metadata), "no song is to be found"));
}

TEST_CASE("legacy: a bare storyboard is mended, listed, and filmed") {
  Bench bench;
  bench.put_made();
  const Loaded<Json> loaded = bench.read(fixture("bare-storyboard.json"));
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  const auto plan = read_plan((*loaded.value)["storyboard"], Author::ours);
  REQUIRE_MESSAGE(plan.has_value(), (plan ? "" : plan.error().message));
  CHECK(plan->plan.scenes.size() == 3);
  CHECK(plan->plan.scenes[1].id == 17);
  CHECK(plan->plan.scenes[1].characters == std::vector<std::string>{"char_1"});
  CHECK(plan->plan.scenes[2].location_id == "loc_1");
  CHECK(plan->plan.characters[0].description.find("://") == std::string::npos);
  CHECK(bench.next(*loaded.value) == "process_scene");
  for (const char* line : {"holds an address", "on no menu", "unknown characters", "unknown location", "scenes[2].mood"})
    CHECK_MESSAGE(says(loaded, line), line, " in: ", loaded.detail);
}

TEST_CASE("legacy: scenes without times have the lengths that were wished for, or all of the song") {
  Bench bench;
  Json document = {{"creativePrompt", "A boat."}, {"hasAudio", false}, {"storyboard", {{"scenes", {{{"description", "A boat."}, {"duration", 8}}}}}}};
  CHECK((*bench.read(document).value)["storyboard"]["metadata"]["duration"] == 8);
  bench.put("audio/tide.wav", song_bytes(9.25));
  document["hasAudio"] = true;
  document["audioGcsUri"] = "gs://older-bucket/audio/tide.wav";
  const Json plan = (*bench.read(document).value)["storyboard"];
  REQUIRE(plan["scenes"].size() == 2);  // 9.25 s are no single clip
  CHECK(plan["scenes"][1]["endTime"] == 9.25);
  CHECK(plan["scenes"][1]["description"] == "A boat.");
}

TEST_CASE("legacy: what is no document of the older system is refused by its reason") {
  Bench bench;
  CHECK(says(bench.read(fixture("no-document.json")), "no document of the older system"));
  CHECK(bench.read(fixture("no-document.json")).outcome == Outcome::corrupt);
  CHECK(says(bench.read(fixture("other-film.json")), "of film another"));
  for (const char* text : {"{}", R"({"storyboard": [], "creativePrompt": 7})", R"({"storyboard": {"scenes": []}})", R"({"scenes": [1, 2]})"})
    CHECK_MESSAGE(bench.read(*parse_json(text)).outcome == Outcome::corrupt, text);
}

TEST_CASE("legacy: members of a wrong type are left out, whatever they are") {
  Bench bench;
  const Json good = fixture("made.json");
  const std::vector<Json> wrong{Json(), 7, -1.5, "text", Json::array({1, "x", Json::object()}), Json({{"a", 1}}), true};
  for (const auto& [member, value] : good.items())
    for (const Json& other : wrong) {
      Json document = good;
      document[member] = other;
      const Loaded<Json> loaded = bench.read(document);
      const std::string what = member + "=" + other.dump();
      CAPTURE(what);
      CHECK((loaded.outcome == Outcome::found || loaded.outcome == Outcome::corrupt));
      CHECK(loaded.value.has_value() == (loaded.outcome == Outcome::found));
    }
  for (const char* list : {"characters", "locations", "scenes"})
    for (const auto& [member, value] : good["storyboardState"][list][0].items())
      for (const Json& other : wrong) {
        Json document = good;
        document["storyboardState"][list][0][member] = other;
        const Loaded<Json> loaded = bench.read(document);
        const std::string what = std::string(list) + "." + member + "=" + other.dump();
        CAPTURE(what);
        REQUIRE(loaded.outcome == Outcome::found);
        CHECK(read_plan((*loaded.value)["storyboard"], Author::ours).has_value());
      }
}

TEST_CASE("legacy: an address leads to an object of this film, however it begins, or nowhere") {
  const auto object = [](const std::string& address) {
    const auto named = legacy::object_in(Json(address), "harbor");
    return named ? named->object : std::string();
  };
  for (const char* prefix : {"", "gs://bucket/", "https://storage.googleapis.com/bucket/", "https://host/a/b/c/"})
    CHECK(object(std::string(prefix) + "harbor/scenes/scene_001_02.mp4") == "harbor/scenes/scene_001_02.mp4");
  CHECK(object("https://h/b/harbor/scenes/scene_001_02.mp4?X-Sig=a/b#t") == "harbor/scenes/scene_001_02.mp4");
  for (const char* other : {"gs://bucket/harbor2/scenes/scene_001_02.mp4", "gs://bucket/myharbor/scenes/scene_001_02.mp4", "harbor/../scenes/scene_001_02.mp4",
                            "gs://bucket/harbor/scenes/scene_1_2.mp4", "https://h/?f=harbor/scenes/scene_001_02.mp4", "", "/", "harbor"})
    CHECK_MESSAGE(object(other).empty(), other);
  CHECK(legacy::object_in(Json("gs://bucket/audio/my-song.mp3"), "")->object == "audio/my-song.mp3");
  CHECK_FALSE(legacy::object_in(Json("/tmp/my-song.mp3"), "").has_value());
}

TEST_CASE("retime: whatever the song's length, scenes tile it, none is lost and none is longer than 8 s") {
  Plan plan;
  for (int i = 0; i < 4; ++i) {
    Scene scene;
    scene.id = i * 3;
    scene.start_ms = i * 4000;
    scene.end_ms = scene.start_ms + 4000;
    plan.scenes.push_back(scene);
  }
  plan.metadata.total_scenes = 4;
  for (const std::int64_t length : {1, 100, 1500, 4000, 9000, 13000, 15999, 16000, 16001, 17400, 20000, 31999, 33000, 100000}) {
    CAPTURE(length);
    Plan timed = plan;
    std::vector<std::string> notes;
    retime(timed, length, notes);
    std::int64_t at = 0;
    std::set<int> ids;
    for (const Scene& scene : timed.scenes) {
      CHECK(scene.start_ms == at);
      CHECK(scene.end_ms - scene.start_ms <= 8000);
      CHECK(scene.duration_s * 1000 >= scene.end_ms - scene.start_ms);
      CHECK(ids.insert(scene.id).second);
      at = scene.end_ms;
    }
    CHECK(at == length);
    for (const Scene& scene : plan.scenes) CHECK(ids.contains(scene.id));
    CHECK(notes.empty() == (length == 16000));
    CHECK(timed.metadata.total_scenes == static_cast<int>(timed.scenes.size()));
  }
}

}  // namespace film
