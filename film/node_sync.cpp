// sync_state: what the state says exists, held against the objects that really do.
#include "film/channels.h"
#include "film/media/video.h"
#include "film/nodes.h"
#include "film/takes.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

// The registry key and number an object's name stands for; nothing for objects that are no takes.
std::optional<std::pair<std::string, int>> take_of(const ObjectName& name) {
  const int number = static_cast<int>(name.number);
  const std::string scene = std::to_string(name.scene);
  switch (name.type) {
    case ObjectType::clip: return std::pair("scene_video_" + scene, number);
    case ObjectType::frame:
      return std::pair((name.which == Which::start ? "scene_start_frame_" : "scene_end_frame_") + scene, number);
    case ObjectType::character_reference: return std::pair("character_image_" + name.key, number);
    case ObjectType::location_reference: return std::pair("location_image_" + name.key, number);
    default: return std::nullopt;
  }
}

class Sync {
 public:
  Sync(const State& state, Context& context) : state_(state), context_(context) {}

  Result<Writes> run() {
    takes_ = state_.raw(channels::takes.name);
    if (!takes_.is_object()) takes_ = Json::object();
    TRY(check_named());
    TRY(adopt_strays());
    TRY(check_segments());
    Writes writes;
    if (!patch_.empty()) writes.patch(channels::takes, patch_);
    if (!production_.empty()) writes.patch(channels::production, production_);
    if (!attempts_.empty()) writes.patch(standard::attempts, attempts_);
    TRY(check_render(writes));
    return writes;
  }

 private:
  enum class There { yes, no };

  // Bytes and hash, not mere existence. A store that does not answer proves nothing: the takeover waits.
  Result<There> is_there(const Asset& asset) {
    const auto info = context_.objects().verify(asset.path);
    if (info) return info->sha256 == asset.sha256 && info->size_bytes == asset.size_bytes ? There::yes : There::no;
    if (info.error().kind == ErrorKind::not_found || info.error().kind == ErrorKind::corrupt) return There::no;
    return std::unexpected(info.error());
  }

  Result<void> check_named() {
    for (const auto& [key, entry] : takes_.items()) {
      const auto items = entry.find("items");
      if (items == entry.end() || !items->is_object()) continue;
      for (const auto& [number, item] : items->items()) {
        const std::string state = item.value("state", "");
        if ((state != "made" && state != "adopted") || !item.contains("object")) continue;
        const Asset asset = TRY(asset_from_json(item["object"]));
        known_[asset.path] = true;
        if (TRY(is_there(asset)) == There::yes) continue;
        context_.note("take is lost: " + asset.path);
        patch_[key]["items"][number]["state"] = "lost";
        if (entry.contains("circled") && std::to_string(entry["circled"].get<int>()) == number) uncircle(key, number, *items);
      }
    }
    return {};
  }

  // The next best accepted take stands in; without one the asset is to be made again.
  void uncircle(const std::string& key, const std::string& lost, const Json& items) {
    std::optional<int> best;
    double best_score = -1;
    for (const auto& [number, item] : items.items()) {
      const std::string overall = item.value("overall", "");
      if (number == lost || item.value("state", "") != "made" || (overall != "ACCEPT" && overall != "ACCEPT_WITH_NOTES")) continue;
      if (item.value("score", 0.0) > best_score) {
        best_score = item.value("score", 0.0);
        best = std::atoi(number.c_str());
      }
    }
    patch_[key]["circled"] = best ? Json(*best) : Json();
    forget_production(key);
  }

  void forget_production(const std::string& key) {
    constexpr std::string_view video = "scene_video_";
    if (!key.starts_with(video)) return;
    production_["scenes"][key.substr(video.size())] = {{"status", "pending"}, {"generatedVideo", Json()}, {"segment", Json()}};
  }

  // Objects at a take's name that no take names: paid for once, so they are taken up, and never paid again.
  Result<void> adopt_strays() {
    for (const ObjectInfo& info : TRY(context_.objects().list(film_prefix(context_.film())))) {
      const auto name = parse_object_name(info.name);
      const auto take = name ? take_of(*name) : std::nullopt;
      if (!take || known_.contains(info.name) || context_.is_open(take->first)) continue;
      const auto& [key, number] = *take;
      const Json entry = takes_.value(key, Json::object());
      if (entry.contains("items") && entry["items"].contains(std::to_string(number))) continue;
      attempts_[key] = std::max(attempts_.value(key, 0), number);
      if (!TRY(decodes(*name, info.name))) {
        context_.note("object at a take's name does not decode and is left alone: " + info.name);
        continue;
      }
      const ObjectInfo verified = TRY(context_.objects().verify(info.name));
      patch_[key]["items"][std::to_string(number)] = {{"state", "adopted"}, {"object", to_json(to_asset(verified))},
                                                      {"prompt", ""}, {"provider", "unknown"}, {"model", "unknown"}};
      context_.note("take is adopted: " + info.name);
    }
    return {};
  }

  Result<bool> decodes(const ObjectName& name, const std::string& object) {
    const auto verified = context_.objects().verify(object);
    if (!verified && verified.error().kind == ErrorKind::unavailable) return std::unexpected(verified.error());
    if (!verified) return false;
    if (name.type == ObjectType::clip) {
      const std::filesystem::path file = TRY(fetch(context_, to_asset(*verified), "found.mp4"));
      const auto video = media::verify_video(file, context_.stop());
      if (!video && video.error().kind == ErrorKind::cancelled) return std::unexpected(video.error());
      return video.has_value();
    }
    const ObjectBytes bytes = TRY(context_.objects().get(object));
    return media::decode_image(bytes.bytes).has_value();
  }

  Result<void> check_segments() {
    const Json& production = state_.raw(channels::production.name);
    const Json scenes = production.is_object() ? production.value("scenes", Json::object()) : Json::object();
    for (const auto& [id, scene] : scenes.items()) {
      if (!scene.contains("segment")) continue;
      const Asset asset = TRY(asset_from_json(scene["segment"]));
      if (TRY(is_there(asset)) == There::yes) continue;
      context_.note("segment is lost and will be cut again: " + asset.path);
      production_["scenes"][id]["segment"] = Json();
      segments_lost_ = true;
      // The name is create-only: a damaged object must make way before the same bytes can be written again.
      const auto damaged = context_.objects().get_as_is(asset.path);
      if (damaged) TRY(context_.objects().remove(asset.path, damaged->info.version));
    }
    return {};
  }

  Result<void> check_render(Writes& writes) {
    if (!state_.has(channels::rendered_video)) return {};
    const Asset asset = TRY(asset_from_json(state_.raw(channels::rendered_video.name)));
    const bool whole = TRY(is_there(asset)) == There::yes;
    if (whole && !segments_lost_ && !production_.contains("scenes")) return {};
    if (!whole) context_.note("the film is lost and will be joined again: " + asset.path);
    writes.remove(channels::rendered_video);
    if (state_.has(channels::film_report)) writes.remove(channels::film_report);
    return {};
  }

  const State& state_;
  Context& context_;
  Json takes_, patch_ = Json::object(), production_ = Json::object(), attempts_ = Json::object();
  std::map<std::string, bool> known_;
  bool segments_lost_ = false;
};

}  // namespace

Result<Writes> sync_state(const Workshop&, const State& state, Context& context) { return Sync(state, context).run(); }

}  // namespace film
