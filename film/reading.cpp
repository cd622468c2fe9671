// What several nodes read out of the state.
#include "film/channels.h"
#include "film/nodes.h"
#include "film/plan/plan_json.h"
#include "film/takes.h"
#include "workprint/try.h"

namespace film {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Json;

Result<Plan> plan_of(const State& state) {
  if (!state.has(channels::storyboard)) return fail(ErrorKind::not_found, "there is no storyboard yet");
  PlanReading reading = TRY(read_plan(state.raw(channels::storyboard.name), Author::ours));
  return std::move(reading.plan);
}

Result<Picture> picture_of(const State& state) {
  const Json json = TRY(state.get(channels::picture));
  Picture picture{json.value("width", 0), json.value("height", 0), json.value("fps", 0)};
  if (picture.width < 320 || picture.height < 180 || picture.fps < 12)
    return fail(ErrorKind::corrupt, "channel picture is not {width, height, fps}");
  return picture;
}

std::uint64_t seed_of(const State& state) {
  const Json& settings = state.raw(channels::settings.name);
  return settings.is_object() ? settings.value("seed", std::uint64_t{0}) : 0;
}

int max_scenes_of(const State& state) {
  const Json& settings = state.raw(channels::settings.name);
  return settings.is_object() ? settings.value("maxScenes", 0) : 0;
}

bool is_forced(const State& state, int scene, const char* part) {
  const Json& forced = state.raw(channels::forced.name);
  const auto entry = forced.is_object() ? forced.find(std::to_string(scene)) : forced.end();
  if (!forced.is_object() || entry == forced.end() || !entry->is_array()) return false;
  return std::ranges::find(*entry, Json(part)) != entry->end();
}

std::string prompt_override(const State& state, int scene, const char* part) {
  const Json& all = state.raw(channels::overrides.name);
  const auto entry = all.is_object() ? all.find(std::to_string(scene)) : all.end();
  if (!all.is_object() || entry == all.end() || !entry->is_object()) return {};
  return entry->value(part, "");
}

bool is_settled(const State& state, int scene) {
  if (is_forced(state, scene, "clip")) return false;
  if (circled_take(state, scene_key("scene_video", scene))) return true;
  const Json& production = state.raw(channels::production.name);
  const Json scenes = production.is_object() ? production.value("scenes", Json::object()) : Json::object();
  const auto entry = scenes.find(std::to_string(scene));
  return entry != scenes.end() && entry->contains("placeholder");
}

namespace {

std::vector<int> scene_ids(const State& state) {
  std::vector<int> ids;
  const Json& plan = state.raw(channels::storyboard.name);
  if (!plan.is_object() || !plan.contains("scenes")) return ids;
  for (const Json& scene : plan["scenes"]) ids.push_back(scene.value("id", 0));
  return ids;
}

std::vector<std::string> ids_of(const State& state, const char* list) {
  std::vector<std::string> ids;
  const Json& plan = state.raw(channels::storyboard.name);
  if (!plan.is_object() || !plan.contains(list)) return ids;
  for (const Json& one : plan[list]) ids.push_back(one.value("id", ""));
  return ids;
}

bool has_all(const State& state, const char* list, const char* prefix) {
  for (const std::string& id : ids_of(state, list)) {
    const std::string key = std::string(prefix) + id;
    if (!circled_take(state, key) && !is_skipped(state, key)) return false;
  }
  return true;
}

bool has_frames(const State& state) {
  for (const int id : scene_ids(state))
    for (const char* kind : {"scene_start_frame", "scene_end_frame"}) {
      const std::string key = scene_key(kind, id);
      const bool forced = is_forced(state, id, kind == std::string("scene_start_frame") ? "startFrame" : "endFrame");
      if (forced || (!circled_take(state, key) && !is_skipped(state, key))) return false;
    }
  return true;
}

}  // namespace

std::vector<std::string> unsettled_scenes(const State& state) {
  std::vector<std::string> forced, open;
  for (const int id : scene_ids(state)) {
    if (is_settled(state, id)) continue;
    (is_forced(state, id, "clip") ? forced : open).push_back(std::to_string(id));
  }
  forced.insert(forced.end(), open.begin(), open.end());
  return forced;
}

std::vector<std::string> rules_of(const State& state) {
  std::vector<std::string> built_in, learned;
  const Json& rules = state.raw(channels::rules.name);
  if (!rules.is_object()) return built_in;
  for (const auto& [id, rule] : rules.items())
    (rule.value("origin", "") == "built_in" ? built_in : learned).push_back(rule.value("text", ""));
  built_in.insert(built_in.end(), learned.begin(), learned.end());
  if (built_in.size() > 24) built_in.resize(24);
  return built_in;
}

std::string first_missing_node(const State& state) {
  if (!state.has(channels::storyboard)) return "expand_creative_prompt";
  if (!has_all(state, "characters", "character_image_")) return "generate_character_assets";
  if (!has_all(state, "locations", "location_image_")) return "generate_location_assets";
  if (!has_frames(state)) return "generate_scene_assets";
  if (!unsettled_scenes(state).empty()) return "process_scene";
  if (!state.has(channels::rendered_video)) return "render_video";
  if (!state.has(channels::film_report)) return "finalize";
  return {};
}

Result<std::filesystem::path> fetch(Context& context, const workprint::Asset& asset, const std::string& name) {
  const std::filesystem::path folder = TRY(context.scratch());
  std::filesystem::path file = folder / name;
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  const workprint::ObjectInfo info = TRY(context.objects().get_file(asset.path, file));
  if (info.sha256 != asset.sha256 || info.size_bytes != asset.size_bytes)
    return fail(ErrorKind::corrupt, "object is not the one the state names. path=" + asset.path);
  return file;
}

}  // namespace film
