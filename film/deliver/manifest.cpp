#include "film/deliver/manifest.h"

#include <algorithm>
#include <set>

#include "film/deliver/names.h"
#include "film/deliver/timecode.h"
#include "workprint/digest.h"
#include "workprint/json.h"

namespace film::deliver {

using workprint::Json;

namespace {

constexpr int manifest_format = 1;

Json asset_json(const Asset& asset) {
  return {{"path", asset.path}, {"size", asset.size_bytes}, {"sha256", asset.sha256}};
}

/// The prompt itself stays in the state: a hand-over package names it by its hash.
void add_provenance(Json& json, const Provenance& provenance) {
  if (!provenance.provider.empty()) json["provider"] = provenance.provider;
  if (!provenance.model.empty()) json["model"] = provenance.model;
  if (provenance.take > 0) json["take"] = provenance.take;
  if (!provenance.prompt.empty()) json["promptSha256"] = workprint::sha256_hex(provenance.prompt);
  json["costUsdMicros"] = provenance.cost_usd_micros;
}

Json film_json(const Delivery& delivery) {
  Json json{{"id", delivery.film.id},
            {"title", delivery.plan->metadata.title},
            {"render", delivery.film.render},
            {"movie", asset_json(delivery.film.movie)},
            {"frames", delivery.film.frames},
            {"length", running_time(delivery.film.frames, delivery.picture.fps)},
            {"timecodeStart", timecode(0, delivery.picture.fps)},
            {"picture",
             {{"width", delivery.picture.width}, {"height", delivery.picture.height}, {"fps", delivery.picture.fps}}}};
  if (!delivery.film.rendered_at.empty()) json["renderedAt"] = delivery.film.rendered_at;
  return json;
}

Json scene_json(const Delivery& delivery, std::size_t index, std::int64_t begin) {
  const Scene& scene = delivery.plan->scenes[index];
  const SceneEntry& entry = delivery.scenes[index];
  const int fps = delivery.picture.fps;
  const std::int64_t frames = scene_frames(*delivery.plan, index, fps);
  Json json{{"scene", scene.id},       {"label", scene_label(scene.id)},
            {"timecodeIn", timecode(begin, fps)}, {"timecodeOut", timecode(begin + frames, fps)},
            {"frames", frames},        {"takes", entry.takes}};
  if (entry.clip) {
    json["clip"] = asset_json(*entry.clip);
    json["clipFrames"] = entry.clip_frames;
    json["handleFrames"] = std::max<std::int64_t>(entry.clip_frames - frames, 0);
  }
  add_provenance(json, entry.provenance);
  if (entry.score) json["score"] = *entry.score;
  if (!entry.overall.empty()) json["overall"] = entry.overall;
  if (!entry.placeholder.empty()) json["placeholder"] = entry.placeholder;
  return json;
}

Json song_json(const SongEntry& song) {
  Json json = asset_json(song.asset);
  json["name"] = song.name;
  json["contentType"] = song.content_type;
  json["durationSeconds"] = static_cast<double>(song.duration_ms) / 1000.0;
  return json;
}

/// What the hand-over as a whole cost: each take once, also those that are not in the cut.
std::int64_t total_cost(const Delivery& delivery) {
  std::int64_t total = 0;
  std::set<std::string> counted;
  for (const SceneEntry& scene : delivery.scenes) {
    total += scene.provenance.cost_usd_micros;
    if (scene.clip) counted.insert(scene.clip->path);
  }
  for (const OtherAsset& other : delivery.assets) {
    if (counted.insert(other.asset.path).second) total += other.provenance.cost_usd_micros;
  }
  return total;
}

}  // namespace

std::string manifest_json(const Delivery& delivery, const std::vector<WrittenFile>& files) {
  Json json{{"format", manifest_format},       {"kind", "manifest"},          {"film", film_json(delivery)},
            {"deliverables", Json::array()}, {"scenes", Json::array()},     {"assets", Json::array()},
            {"costUsdMicros", total_cost(delivery)}};
  for (const WrittenFile& file : files)
    json["deliverables"].push_back({{"name", file.name}, {"size", file.size_bytes}, {"sha256", file.sha256}});
  std::int64_t begin = 0;
  for (std::size_t index = 0; index < delivery.scenes.size(); ++index) {
    json["scenes"].push_back(scene_json(delivery, index, begin));
    begin += scene_frames(*delivery.plan, index, delivery.picture.fps);
  }
  for (const OtherAsset& other : delivery.assets) {
    Json entry = asset_json(other.asset);
    entry["role"] = other.role;
    add_provenance(entry, other.provenance);
    json["assets"].push_back(std::move(entry));
  }
  if (delivery.song) json["song"] = song_json(*delivery.song);
  return workprint::pretty_json(json);
}

}  // namespace film::deliver
