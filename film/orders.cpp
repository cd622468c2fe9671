// The film's own commands: what a person may want of one scene, and how a START begins.
#include "film/channels.h"
#include "film/film.h"
#include "film/nodes.h"
#include "film/takes.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

constexpr std::size_t text_max = 8'000;

Result<std::string> text_of(const Json& payload, const char* name, std::size_t bytes_max) {
  const auto found = payload.find(name);
  if (found == payload.end() || found->is_null()) return std::string();
  if (!found->is_string()) return fail(ErrorKind::invalid, std::string(name) + " must be a text");
  if (found->get_ref<const std::string&>().size() > bytes_max)
    return fail(ErrorKind::invalid, std::string(name) + " is too long; at most " + std::to_string(bytes_max) + " bytes");
  return found->get<std::string>();
}

// `sceneId`, or `scene.id`: a number, or a number as text.
Result<int> scene_of(const State& state, const Json& payload) {
  Json id = payload.value("sceneId", Json());
  if (id.is_null() && payload.value("scene", Json()).is_object()) id = payload["scene"].value("id", Json());
  std::string text = id.is_number_integer() ? std::to_string(id.get<std::int64_t>()) : id.is_string() ? id.get<std::string>() : std::string();
  const bool is_number = !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return fail(ErrorKind::invalid, "sceneId must be a whole number from 0");
  const int scene = std::atoi(text.c_str());
  const Plan plan = TRY(plan_of(state));
  if (std::ranges::none_of(plan.scenes, [&](const Scene& one) { return one.id == scene; }))
    return fail(ErrorKind::not_found, "no such scene; the film has scenes 0.." + std::to_string(static_cast<int>(plan.scenes.size()) - 1) +
                                          ". sceneId=" + std::to_string(scene));
  return scene;
}

// Marks a part of a scene to be made again, with another prompt if one is given.
CommandPlan force(const State& state, int scene, const char* part, const std::string& prompt, const char* node) {
  const std::string id = std::to_string(scene);
  Json parts = Json::array();
  for (const char* one : {"clip", "startFrame", "endFrame"})
    if (one == std::string(part) || is_forced(state, scene, one)) parts.push_back(one);
  CommandPlan plan{{{channels::forced.name, {{id, parts}}}}, node, true};
  if (!prompt.empty()) plan.writes.push_back({channels::overrides.name, {{id, {{part, prompt}}}}});
  // Only a verified film is complete: what is made now has to be verified anew.
  if (state.has(channels::film_report)) plan.writes.push_back({channels::film_report.name, Json()});
  return plan;
}

Result<CommandPlan> regenerate_scene(const State& state, const Json& payload) {
  const int scene = TRY(scene_of(state, payload));
  const std::string prompt = TRY(text_of(payload, "promptModification", text_max));
  const Json forced = payload.value("forceRegenerate", Json(true));
  if (!forced.is_boolean()) return fail(ErrorKind::invalid, "forceRegenerate must be true or false");
  if (!forced.get<bool>() && is_settled(state, scene)) return CommandPlan{{}, {}, true};
  return force(state, scene, "clip", prompt, "process_scene");
}

Result<CommandPlan> regenerate_frame(const State& state, const Json& payload) {
  const int scene = TRY(scene_of(state, payload));
  const std::string prompt = TRY(text_of(payload, "promptModification", text_max));
  const Json which = payload.value("frameType", Json());
  if (which != "start" && which != "end") return fail(ErrorKind::invalid, "frameType must be start or end");
  return force(state, scene, which == "start" ? "startFrame" : "endFrame", prompt, "generate_scene_assets");
}

struct Kind {
  const char *word, *member, *node;
};
constexpr Kind kinds[] = {{"scene_video", "generatedVideo", "render_video"},
                          {"scene_start_frame", "startFrame", ""},
                          {"scene_end_frame", "endFrame", ""}};

Result<CommandPlan> circle(const State& state, const Json& payload) {
  const int scene = TRY(scene_of(state, payload));
  const Json word = payload.value("assetKey", Json());
  const auto kind = std::ranges::find_if(kinds, [&](const Kind& one) { return word == one.word; });
  if (kind == std::end(kinds)) return fail(ErrorKind::invalid, "assetKey must be scene_video, scene_start_frame or scene_end_frame");
  if (!payload.contains("version")) return fail(ErrorKind::invalid, "version must be a take's number, or null for none");
  const std::string key = scene_key(kind->word, scene), id = std::to_string(scene);
  const bool is_clip = kind->word == std::string("scene_video");
  const auto now = circled_take(state, key);
  CommandPlan plan;
  if (state.has(channels::film_report)) plan.writes.push_back({channels::film_report.name, Json()});
  if (payload["version"].is_null()) {
    if (!now) return CommandPlan{{}, {}, false};
    Json production = {{kind->member, Json()}};
    if (is_clip) production.update({{"bestAttempt", Json()}, {"segment", Json()}, {"status", "pending"}});
    plan.writes.push_back({channels::takes.name, {{key, {{"circled", Json()}}}}});
    plan.writes.push_back({channels::production.name, {{"scenes", {{id, production}}}}});
    plan.next_node = is_clip ? "process_scene" : "generate_scene_assets";
    plan.sets_going = false;
    return plan;
  }
  if (!payload["version"].is_number_integer()) return fail(ErrorKind::invalid, "version must be a take's number, or null for none");
  const auto take = payload["version"].get<std::int64_t>();
  const Json registry = state.raw(channels::takes.name).is_object() ? state.raw(channels::takes.name).value(key, Json::object()) : Json::object();
  const Json items = registry.value("items", Json::object());
  const std::string number = std::to_string(take);
  if (!items.contains(number)) return fail(ErrorKind::not_found, "no such take. assetKey=" + key + " version=" + number);
  const std::string made = items[number].value("state", "");
  if ((made != "made" && made != "adopted") || !items[number].contains("object"))
    return fail(ErrorKind::conflict, "this take has no usable file. version=" + number + " state=" + made);
  if (now && now->number == take) return CommandPlan{{}, {}, true};
  Json production = {{kind->member, items[number]["object"]}};
  if (is_clip) production.update({{"bestAttempt", take}, {"segment", Json()}, {"placeholder", Json()}, {"warning", Json()}, {"status", "complete"}});
  plan.writes.push_back({channels::takes.name, {{key, {{"circled", take}, {"skipped", Json()}}}}});
  plan.writes.push_back({channels::production.name, {{"scenes", {{id, production}}}}});
  // A circled frame changes no clip: scenes made from the other one are shown as stale.
  plan.next_node = is_clip ? kind->node : "finalize";
  return plan;
}

// The song a client names, as an object name: clients know it as a path, a gs:// or an http address of our own.
Result<std::string> song_named(const Json& payload) {
  for (const char* name : {"audioGcsUri", "audioPublicUri", "audioUrl"}) {
    const std::string text = TRY(text_of(payload, name, 2'000));
    if (text.empty()) continue;
    const auto at = text.rfind("audio/");
    if (at == std::string::npos || (at > 0 && text[at - 1] != '/'))
      return fail(ErrorKind::invalid, std::string(name) + " must name an uploaded song: a path that ends in audio/<name>");
    return text.substr(at);
  }
  return std::string();
}

Result<std::uint64_t> number_of(const Json& payload, const char* name, std::uint64_t fallback, std::uint64_t most) {
  const Json value = payload.value(name, Json());
  if (value.is_null()) return fallback;
  if (!value.is_number_integer() || value < 0 || value > most)
    return fail(ErrorKind::invalid, std::string(name) + " must be a whole number 0.." + std::to_string(most));
  return value.get<std::uint64_t>();
}

}  // namespace

Result<CommandPlan> plan_command(const State& state, const std::string& type, const Json& payload) {
  const bool is_ours = type == "REGENERATE_SCENE" || type == "REGENERATE_FRAME" || type == "UPDATE_SCENE_ASSET";
  if (!is_ours) return fail(ErrorKind::invalid, "type must be a command of films. type=" + type);
  if (!state.has(channels::storyboard)) return fail(ErrorKind::conflict, "the film has no scenes yet");
  if (type == "REGENERATE_SCENE") return regenerate_scene(state, payload);
  if (type == "REGENERATE_FRAME") return regenerate_frame(state, payload);
  return circle(state, payload);
}

std::uint64_t seed_of_prompt(std::string_view prompt) { return std::stoull(sha256_hex(prompt).substr(0, 8), nullptr, 16); }

Result<Json> inputs_of_start(ObjectStore& objects, const Json& payload, const Picture& picture, std::stop_token stop) {
  FilmRequest request;
  request.prompt = TRY(text_of(payload, "creativePrompt", 20'000));
  request.song_object = TRY(song_named(payload));
  if (request.prompt.empty()) {
    if (!request.song_object.empty() || payload.contains("creativePrompt")) return fail(ErrorKind::invalid, "creativePrompt must be 1..20,000 bytes of text");
    return Json();
  }
  request.picture = picture;
  const std::string wanted = TRY(text_of(payload, "picture", 40));
  if (!wanted.empty()) request.picture = TRY(parse_picture(wanted));
  request.seed = TRY(number_of(payload, "seed", seed_of_prompt(request.prompt), std::uint64_t{1} << 53));
  request.max_scenes = static_cast<int>(TRY(number_of(payload, "maxScenes", 0, 1'000)));
  return prepare_inputs(objects, request, stop);
}

}  // namespace film
