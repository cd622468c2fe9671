#include "film/views.h"

#include <map>

#include "film/peek.h"

namespace film {
namespace {

using workprint::Json;

std::int64_t whole(const Json& value) { return value.is_number_integer() ? value.get<std::int64_t>() : 0; }

Json take_of(const Json& state, const std::string& key, const Json& number) {
  if (!number.is_number_integer()) return Json();
  return member(member(member(member(state, "takes"), key), "items"), std::to_string(number.get<std::int64_t>()));
}

// Made from a take that is no longer the circled one: shown, never made again by itself.
bool is_stale(const Json& state, const Json& take) {
  const Json& from = member(take, "from");
  if (!from.is_array()) return false;
  for (const Json& source : from) {
    if (!source.is_string()) continue;
    const std::string name = source.get<std::string>();
    const auto slash = name.rfind('/');
    if (slash == std::string::npos) continue;
    const Json& circled = member(member(member(state, "takes"), name.substr(0, slash)), "circled");
    if (circled.is_number_integer() && std::to_string(circled.get<std::int64_t>()) != name.substr(slash + 1)) return true;
  }
  return false;
}

bool is_stale_scene(const Json& state, const std::string& scene) {
  for (const char* kind : {"scene_video_", "scene_start_frame_", "scene_end_frame_"}) {
    const std::string key = kind + scene;
    if (is_stale(state, take_of(state, key, member(member(member(state, "takes"), key), "circled")))) return true;
  }
  return false;
}

std::string prompt_of(const Json& state, const std::string& key) {
  return text(take_of(state, key, member(member(member(state, "takes"), key), "circled")), "prompt");
}

void put_asset(const Json& from, Json& to, const char* name) {
  const Json& asset = member(from, name);
  if (asset.is_object()) to[name] = with_uris(asset);
}

Json old_scene(const Json& state, const Json& plan) {
  Json scene = plan;
  const std::string id = std::to_string(plan.value("id", 0));
  const Json& production = member(member(member(state, "storyboardState"), "scenes"), id);
  const std::string status = text(production, "status");
  scene["status"] = status.empty() ? "pending" : status == "skipped" ? "error" : status;
  for (const char* asset : {"generatedVideo", "startFrame", "endFrame", "segment"}) put_asset(production, scene, asset);
  for (const char* name : {"bestAttempt", "progressMessage", "placeholder", "warning"})
    if (const Json& value = member(production, name); !value.is_null()) scene[name] = value;
  const std::pair<const char*, const char*> prompts[] = {{"enhancedPrompt", "scene_video_"}, {"startFramePrompt", "scene_start_frame_"}, {"endFramePrompt", "scene_end_frame_"}};
  for (const auto& [name, key] : prompts)
    if (const std::string prompt = prompt_of(state, key + id); !prompt.empty()) scene[name] = prompt;
  const Json clip = take_of(state, "scene_video_" + id, member(member(member(state, "takes"), "scene_video_" + id), "circled"));
  if (const Json& evaluation = member(clip, "evaluation"); evaluation.is_object()) scene["evaluation"] = with_uris(evaluation);
  if (is_stale_scene(state, id)) scene["stale"] = true;
  return scene;
}

Json with_references(const Json& state, const Json& plan, const char* list) {
  Json all = Json::array();
  const Json& planned = member(plan, list);
  if (!planned.is_array()) return all;
  for (const Json& one : planned) {
    Json entry = one;
    const Json& production = member(member(member(state, "storyboardState"), list), text(one, "id"));
    entry["referenceImages"] = Json::array();
    const Json& images = member(production, "referenceImages");
    if (images.is_array())
      for (const Json& image : images) entry["referenceImages"].push_back(with_uris(image));
    all.push_back(std::move(entry));
  }
  return all;
}

std::string node_of_effect(const std::string& key) {
  const std::pair<const char*, const char*> starts[] = {{"scene_video_", "process_scene"}, {"scene_start_frame_", "generate_scene_assets"}, {"scene_end_frame_", "generate_scene_assets"},
                                                        {"character_image_", "generate_character_assets"}, {"location_image_", "generate_location_assets"}};
  for (const auto& [start, node] : starts)
    if (key.starts_with(start)) return node;
  return key.substr(0, key.find('/'));
}

std::string scene_of_effect(const std::string& key) {
  for (const char* start : {"scene_video_", "scene_start_frame_", "scene_end_frame_"})
    if (key.starts_with(start)) {
      const std::string rest = key.substr(std::string(start).size());
      return rest.substr(0, rest.find('/'));
    }
  return {};
}

bool waits_only(const Json& meta) {
  const Json &due = member(meta, "nextNodes"), &questions = member(meta, "interrupts");
  if (!due.is_array() || due.empty() || !questions.is_object() || questions.empty()) return false;
  for (const Json& task : due) {
    bool waits = false;
    for (const Json& question : questions)
      waits = waits || (member(question, "answer").is_null() && text(question, "node") == text(task, "node") && text(question, "item") == text(task, "item"));
    if (!waits) return false;
  }
  return true;
}

}  // namespace

std::string film_status(const Json& state) {
  const Json& meta = member(state, "$workprint");
  const std::string halted = text(state, "halted");
  if (halted == "aborted") return "error";
  if (halted == "stopped" || waits_only(meta)) return "paused";
  if (member(state, "filmReport").is_object()) return "complete";
  if (member(meta, "seq").is_null() || whole(member(meta, "seq")) <= 1) return "ready";
  if (!member(state, "storyboard").is_object()) return "analyzing";
  const Json& open = member(meta, "openEffects");
  bool has_open = false, only_judges = true;
  if (open.is_object())
    for (const auto& [key, effect] : open.items()) {
      if (text(effect, "state") == "done") continue;
      has_open = true;
      only_judges = only_judges && key.find("/judge/") != std::string::npos;
    }
  return has_open && only_judges ? "evaluating" : "generating";
}

std::string film_title(const Json& state) {
  const std::string title = text(member(member(state, "storyboard"), "metadata"), "title");
  if (!title.empty()) return title;
  std::string prompt = text(state, "originalPrompt");
  if (prompt.size() <= 80) return prompt;
  std::size_t end = 80;
  while (end > 0 && (static_cast<unsigned char>(prompt[end]) & 0xC0) == 0x80) --end;
  return prompt.substr(0, end) + "…";
}

Json old_shape(const Json& state) {
  Json old = state.is_object() ? state : Json::object();
  old.erase("$workprint");
  for (const char* ours : {"takes", "storyboardState", "generationRules", "commands"}) old.erase(ours);
  const Json& plan = member(state, "storyboard");
  if (plan.is_object()) {
    Json board = plan;
    board["scenes"] = Json::array();
    for (const Json& scene : plan.value("scenes", Json::array())) board["scenes"].push_back(old_scene(state, scene));
    for (const char* list : {"characters", "locations"}) board[list] = with_references(state, plan, list);
    old["storyboardState"] = std::move(board);
  }
  Json rules = Json::array();
  const Json& known = member(state, "generationRules");
  if (known.is_object())
    for (const Json& rule : known)
      if (!text(rule, "text").empty()) rules.push_back(text(rule, "text"));
  old["generationRules"] = std::move(rules);
  for (const char* asset : {"renderedVideo", "song"}) put_asset(state, old, asset);
  const Json& song = member(state, "song");
  if (song.is_object()) {
    old["audioGcsUri"] = text(song, "path");
    old["audioPublicUri"] = public_uri(song);
  }
  old["status"] = film_status(state);
  return old;
}

Json takes_view(const Json& state, const std::string& scene) {
  Json view = Json::object();
  const Json& takes = member(state, "takes");
  if (!takes.is_object()) return view;
  for (const auto& [key, entry] : takes.items()) {
    if (!scene.empty() && key != "scene_video_" + scene && key != "scene_start_frame_" + scene && key != "scene_end_frame_" + scene) continue;
    Json shown = entry;
    const Json& items = member(entry, "items");
    if (items.is_object())
      for (const auto& [number, item] : items.items()) {
        for (const char* asset : {"object", "evaluation"})
          if (member(item, asset).is_object()) shown["items"][number][asset] = with_uris(member(item, asset));
        if (is_stale(state, item)) shown["items"][number]["stale"] = true;
      }
    view[key] = std::move(shown);
  }
  return view;
}

std::int64_t cost_total(const Json& state) {
  std::int64_t total = 0;
  const Json& cost = member(state, "cost");
  if (cost.is_object())
    for (const Json& one : cost) total += whole(one);
  return total;
}

Json cost_view(const Json& state) {
  std::map<std::string, std::int64_t> by_node, by_scene;
  const Json& cost = member(state, "cost");
  if (cost.is_object())
    for (const auto& [key, value] : cost.items()) {
      by_node[node_of_effect(key)] += whole(value);
      if (const std::string scene = scene_of_effect(key); !scene.empty()) by_scene[scene] += whole(value);
    }
  std::int64_t open = 0;
  Json doubted = Json::array();
  const Json& effects = member(member(state, "$workprint"), "openEffects");
  if (effects.is_object())
    for (const auto& [key, effect] : effects.items()) {
      if (text(effect, "state") == "done" || text(effect, "state") == "failed") continue;
      open += whole(member(effect, "estimateUsdMicros"));
    }
  const Json& errors = member(state, "errors");
  if (errors.is_array())
    for (const Json& error : errors)
      if (text(error, "kind") == "may_be_paid_twice") doubted.push_back(text(error, "effectKey"));
  Json view = {{"totalUsdMicros", cost_total(state)}, {"openUsdMicros", open}, {"byNode", by_node}, {"byScene", by_scene}, {"mayBePaidTwice", doubted}};
  const Json& seconds = member(member(state, "filmReport"), "durationSeconds");
  if (seconds.is_number() && seconds.get<double>() > 0)
    view["perFinishedSecond"] = static_cast<std::int64_t>(static_cast<double>(cost_total(state)) / seconds.get<double>());
  return view;
}

Json question_view(const std::string& id, const Json& question) {
  Json view = question.is_object() ? question : Json::object();
  view["interruptId"] = id;
  view["nodeName"] = text(question, "node");
  view["functionName"] = text(question, "node");
  if (!text(question, "item").empty()) view["sceneId"] = text(question, "item");
  return view;
}

std::string public_uri(const Json& asset) {
  const std::string path = text(asset, "path");
  // Texts and verdicts are read through the state's routes; they are not served as media.
  return path.empty() || path.ends_with(".json") ? std::string() : "/api/objects/" + path;
}

Json with_uris(Json asset) {
  if (text(asset, "path").empty()) return asset;
  asset["storageUri"] = asset["path"];
  if (const std::string uri = public_uri(asset); !uri.empty()) asset["publicUri"] = uri;
  return asset;
}

}  // namespace film
