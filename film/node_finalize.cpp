// finalize: verifies everything before it says complete, and writes what leaves the house.
#include <set>

#include "film/channels.h"
#include "film/deliver/deliver.h"
#include "film/media/video.h"
#include "film/nodes.h"
#include "film/peek.h"
#include "film/takes.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

deliver::Asset delivered(const Asset& asset) { return {asset.path, asset.size_bytes, asset.sha256}; }

class Finalizer {
 public:
  Finalizer(const State& state, Context& context, Plan plan, Picture picture)
      : state_(state), context_(context), plan_(std::move(plan)), picture_(picture),
        rendered_(state.raw(channels::rendered_video.name)) {}

  Result<Writes> run() {
    render_ = rendered_.value("render", 0);
    movie_ = TRY(asset_from_json(rendered_));
    TRY(check_settled());
    TRY(check_movie());
    TRY(check_assets());
    TRY(write_deliverables());
    TRY(refresh_alias());
    Json report = {{"outcome", placeholders_.empty() ? "complete" : "complete_with_placeholders"},
                   {"render", render_},
                   {"frames", rendered_.value("frames", std::int64_t{0})},
                   {"durationSeconds", rendered_.value("durationSeconds", 0.0)},
                   {"placeholders", placeholders_},
                   {"verifiedAt", to_rfc3339(context_.clock().wall())}};
    Writes writes;
    writes.set(channels::film_report, report);
    return writes;
  }

 private:
  Result<void> check_settled() {
    for (const Scene& scene : plan_.scenes) {
      if (!is_settled(state_, scene.id))
        return fail(ErrorKind::invalid, "scene is not finished; the film is not complete. scene=" + std::to_string(scene.id));
      if (!circled_take(state_, scene_key("scene_video", scene.id))) placeholders_.push_back(scene.id);
    }
    return {};
  }

  // The whole film decodes and has the frames and the sound it must have.
  Result<void> check_movie() {
    context_.progress({"checking the film", 0.1});
    const std::filesystem::path file = TRY(fetch(context_, movie_, "movie.mp4"));
    const media::VideoInfo info = TRY(media::verify_video(file, context_.stop()));
    const std::int64_t expected = film_frames(plan_.scenes.back().end_ms, picture_.fps);
    if (info.frames != expected)
      return fail(ErrorKind::corrupt, "film has another number of frames. frames=" + std::to_string(info.frames) +
                                          " expected=" + std::to_string(expected));
    if (!state_.has(channels::song)) return {};
    if (!info.has_audio) return fail(ErrorKind::corrupt, "film has lost its song");
    const double song_ms = state_.raw(channels::song.name).value("durationSeconds", 0.0) * 1000;
    const double film_ms = static_cast<double>(info.frames) * 1000.0 / picture_.fps;
    if (std::abs(film_ms - song_ms) >= 1000.0 / picture_.fps)
      return fail(ErrorKind::corrupt, "film and song differ by a frame or more. film_ms=" + std::to_string(film_ms) +
                                          " song_ms=" + std::to_string(song_ms));
    return {};
  }

  Result<void> check_one(const Json& json, const std::string& role, const deliver::Provenance& provenance) {
    const Asset asset = TRY(asset_from_json(json));
    const ObjectInfo info = TRY(context_.objects().verify(asset.path));
    if (info.sha256 != asset.sha256 || info.size_bytes != asset.size_bytes)
      return fail(ErrorKind::corrupt, "object is not the one the state names. path=" + asset.path);
    if (seen_.insert(asset.path).second) others_.push_back({delivered(asset), role, provenance});
    return {};
  }

  Result<void> check_assets() {
    const Json& cost = state_.raw(standard::cost.name);
    for (const auto& [key, entry] : state_.raw(channels::takes.name).items()) {
      if (!entry.contains("items")) continue;
      for (const auto& [number, item] : entry["items"].items()) {
        if (!item.contains("object") || item.value("state", "") == "lost") continue;
        deliver::Provenance provenance{text(item, "provider"), text(item, "model"), text(item, "prompt"), std::atoi(number.c_str()),
                                       cost.is_object() ? cost.value(key + "/" + number, std::int64_t{0}) : 0};
        TRY(check_one(item["object"], key, provenance));
        if (item.contains("evaluation")) TRY(check_one(item["evaluation"], "evaluation", {}));
      }
    }
    const Json scenes = state_.raw(channels::production.name).value("scenes", Json::object());
    for (const auto& [id, scene] : scenes.items())
      if (scene.contains("segment")) TRY(check_one(scene["segment"], "segment", {}));
    return {};
  }

  Result<std::string> still_of(const std::string& key) {
    const auto circled = circled_take(state_, key);
    if (!circled) return std::string();
    ObjectBytes bytes = TRY(context_.objects().get(circled->asset.path));
    return std::move(bytes.bytes);
  }

  Result<deliver::SceneEntry> scene_entry(std::size_t index) {
    const Scene& scene = plan_.scenes[index];
    deliver::SceneEntry entry;
    const std::string key = scene_key("scene_video", scene.id);
    const Json registry = state_.raw(channels::takes.name).value(key, Json::object());
    entry.takes = static_cast<int>(registry.value("items", Json::object()).size());
    if (const auto circled = circled_take(state_, key)) {
      const Json& item = registry["items"][std::to_string(circled->number)];
      entry.clip = delivered(circled->asset);
      entry.provenance = {text(item, "provider"), text(item, "model"), text(item, "prompt"), circled->number, 0};
      entry.clip_frames = scene_frames(plan_, index, picture_.fps);
      if (item.contains("score")) entry.score = item["score"].get<double>();
      entry.overall = text(item, "overall");
    } else {
      entry.placeholder = "no clip: a slug stands here";
    }
    entry.start_still = TRY(still_of(scene_key("scene_start_frame", scene.id)));
    entry.end_still = TRY(still_of(scene_key("scene_end_frame", scene.id)));
    return entry;
  }

  Result<void> write_deliverables() {
    context_.progress({"writing storyboard, contact sheet, captions", 0.5});
    deliver::Delivery delivery;
    delivery.plan = &plan_;
    delivery.picture = picture_;
    delivery.film = {context_.film().value(), render_, delivered(movie_), rendered_.value("frames", std::int64_t{0}), {}};
    for (std::size_t i = 0; i < plan_.scenes.size(); ++i) delivery.scenes.push_back(TRY(scene_entry(i)));
    if (state_.has(channels::song)) {
      const Json& song = state_.raw(channels::song.name);
      const Asset asset = TRY(asset_from_json(song));
      delivery.song = deliver::SongEntry{delivered(asset), text(song, "name"), text(song, "contentType"),
                                         static_cast<std::int64_t>(song.value("durationSeconds", 0.0) * 1000 + 0.5)};
    }
    delivery.assets = others_;
    const std::filesystem::path scratch = TRY(context_.scratch());
    const std::filesystem::path folder = scratch / "deliver";
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorKind::unavailable, "no private folder could be made. reason=" + error.message());
    const deliver::Deliverables written = TRY(deliver::write_deliverables(delivery, folder, context_.stop()));
    for (const std::string& line : written.notes) context_.note(line);
    for (const std::string& name : written.names) {
      const std::string object = TRY(deliver_name(context_.film(), static_cast<std::uint32_t>(render_), name));
      TRY(create_or_keep_file(context_.objects(), object, folder / name));
    }
    return {};
  }

  // The alias always names the newest verified render; it is a copy, so a reader never follows a link.
  Result<void> refresh_alias() {
    const std::string alias = TRY(latest_render_name(context_.film()));
    const std::filesystem::path scratch = TRY(context_.scratch());
    const std::filesystem::path movie = scratch / "movie.mp4";
    for (int tries = 0; tries < 3; ++tries) {
      PutCondition condition = IfAbsent{};
      const auto there = context_.objects().head(alias);
      if (there && there->sha256 == movie_.sha256) return {};
      if (there)
        condition = IfVersion{there->version};
      else if (there.error().kind != ErrorKind::not_found)
        return std::unexpected(there.error());
      const auto put = context_.objects().put_file(alias, movie, condition);
      if (put) return {};
      if (put.error().kind != ErrorKind::conflict) return std::unexpected(put.error());
    }
    return fail(ErrorKind::unavailable, "the film's alias keeps moving. name=" + alias);
  }

  const State& state_;
  Context& context_;
  Plan plan_;
  Picture picture_;
  const Json& rendered_;
  int render_ = 0;
  Asset movie_;
  std::vector<int> placeholders_;
  std::vector<deliver::OtherAsset> others_;
  std::set<std::string> seen_;
};

}  // namespace

Result<Writes> finalize(const Workshop&, const State& state, Context& context) {
  const Json& rendered = state.raw(channels::rendered_video.name);
  if (!rendered.is_object()) return fail(ErrorKind::invalid, "there is no rendered film to finalize");
  const Json& report = state.raw(channels::film_report.name);
  if (report.is_object() && report.value("render", 0) == rendered.value("render", -1)) return Writes();
  Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  return Finalizer(state, context, std::move(plan), picture).run();
}

}  // namespace film
