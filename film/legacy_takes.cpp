// What was made for the older system's storyboard, as far as it exists: addresses become objects, objects takes.
#include <stdlib.h>

#include "film/legacy.h"
#include "film/media/audio.h"
#include "film/media/video.h"
#include "film/peek.h"
#include "film/studio/judge.h"
#include "film/takes.h"
#include "workprint/try.h"

namespace film::legacy {
namespace {

using namespace workprint;

// Where objects are looked at; gone when the reading ends.
class PrivateFolder {
 public:
  PrivateFolder() = default;
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  /// The object as a file that is there until the next call.
  Result<std::filesystem::path> fetch(ObjectStore& objects, const std::string& name) {
    std::error_code error;
    if (path_.empty()) {
      std::string folder = (std::filesystem::temp_directory_path(error) / "workprint_legacy_XXXXXX").string();
      if (error || ::mkdtemp(folder.data()) == nullptr) return fail(ErrorKind::unavailable, "no private folder could be made");
      path_ = folder;
    }
    const std::filesystem::path file = path_ / "object";
    std::filesystem::remove(file, error);
    TRY(objects.get_file(name, file));
    return file;
  }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> addresses_of(const Json& value) {
  std::vector<std::string> all;
  if (value.is_string() && value != Json("")) all.push_back(value.get<std::string>());
  if (value.is_object())
    for (const char* member : {"storageUri", "gcsUri", "publicUri", "uri", "url", "path"})
      if (value.contains(member) && value[member].is_string() && value[member] != Json("")) all.push_back(value[member].get<std::string>());
  return all;
}

std::string shown(const Json& address) {
  const auto all = addresses_of(address);
  return all.empty() ? address.dump().substr(0, 120) : all.front().substr(0, 120);
}

// An object of the film that a person of the older system chose, and that is really there.
struct Kept {
  std::string key;  // "scene_video_3"
  int number = 0;
  Asset asset;
};

class Finder {
 public:
  Finder(const FilmId& film, const Storyboard& storyboard, ObjectStore& objects, const studio::Thresholds& thresholds, Lines& lines)
      : film_(film), board_(storyboard), objects_(objects), thresholds_(thresholds), lines_(lines) {}

  Result<Takes> run() {
    TRY(find_clips());
    for (std::size_t i = 0; i < board_.plan.scenes.size(); ++i) TRY(read_scene(i));
    for (std::size_t i = 0; i < board_.plan.characters.size(); ++i)
      TRY(read_references("characters", board_.plan.characters[i].id, i, ObjectType::character_reference, "character_image_"));
    for (std::size_t i = 0; i < board_.plan.locations.size(); ++i)
      TRY(read_references("locations", board_.plan.locations[i].id, i, ObjectType::location_reference, "location_image_"));
    return std::move(found_);
  }

 private:
  Json item(const char* list, std::size_t index) const {
    const Json& items = member(board_.source, list);
    return items.is_array() && index < items.size() ? items[index] : Json();
  }

  void drop(const std::string& what, const std::string& why) { lines_.push_back(what + " is dropped: " + why); }

  // The object under an address when it has the name that `is_expected` asks for, and its bytes are whole.
  Result<std::optional<Kept>> existing(const Json& address, const std::string& what, const std::string& key,
                                       const std::function<bool(const ObjectName&)>& is_expected) {
    std::optional<Kept> none;
    if (address.is_null() || address == Json("") || address == Json::object()) return none;
    const auto named = object_in(address, film_.value());
    if (!named || !is_expected(named->name)) {
      drop(what, (named ? "the address names another object: " : "the address leads to no object of this film: ") + shown(address));
      return none;
    }
    const auto info = objects_.verify(named->object);
    if (info) return std::optional(Kept{key, static_cast<int>(named->name.number), to_asset(*info)});
    if (info.error().kind != ErrorKind::not_found && info.error().kind != ErrorKind::corrupt) return std::unexpected(info.error());
    drop(what, (info.error().kind == ErrorKind::corrupt ? "the object is damaged: " : "no such object: ") + named->object);
    return none;
  }

  // Clips that exist; the first one that decodes says what picture the film has.
  Result<void> find_clips() {
    bool known = false;
    for (std::size_t i = 0; i < board_.plan.scenes.size(); ++i) {
      const auto id = static_cast<std::uint32_t>(board_.plan.scenes[i].id);
      const Json scene = item("scenes", board_.scene_items[i]);
      const auto kept = TRY(existing(member(scene, "generatedVideo"), "scene " + std::to_string(id) + ": clip",
                                     scene_key("scene_video", board_.plan.scenes[i].id),
                                     [&](const ObjectName& name) { return name.type == ObjectType::clip && name.scene == id; }));
      clips_.push_back(kept);
      if (!kept || known) continue;
      const std::filesystem::path file = TRY(folder_.fetch(objects_, kept->asset.path));
      const auto info = media::verify_video(file, {});
      if (!info) continue;
      const Picture seen{info->width - info->width % 2, info->height - info->height % 2,
                         static_cast<int>(std::lround(static_cast<double>(info->fps_numerator) / std::max(1, info->fps_denominator)))};
      known = seen.width >= 320 && seen.width <= 3840 && seen.height >= 180 && seen.height <= 2160 && seen.fps >= 12 && seen.fps <= 60;
      if (known) found_.picture = seen;
    }
    return {};
  }

  Result<void> read_scene(std::size_t index) {
    const Scene& scene = board_.plan.scenes[index];
    const auto number = static_cast<std::uint32_t>(scene.id);
    const Json source = item("scenes", board_.scene_items[index]);
    const std::string id = std::to_string(scene.id);
    Json production = Json::object();
    for (const Which which : {Which::start, Which::end}) {
      const char* part = which == Which::start ? "startFrame" : "endFrame";
      const std::string key = scene_key(which == Which::start ? "scene_start_frame" : "scene_end_frame", scene.id);
      const auto frame = TRY(existing(member(source, part), "scene " + id + ": " + part, key, [&](const ObjectName& name) {
        return name.type == ObjectType::frame && name.which == which && name.scene == number;
      }));
      if (!frame || !TRY(is_picture(*frame, "scene " + id + ": " + part))) continue;
      const std::string text = std::string(part) + "Prompt", rating = std::string(part) + "Evaluation";
      circle(*frame, member(source, text.c_str()));
      const std::string opinion = TRY(frame_evaluation_name(film_, number, which, static_cast<std::uint32_t>(frame->number)));
      TRY(rate(*frame, member(source, rating.c_str()), index, opinion));
      production[part] = to_json(frame->asset);
    }
    if (clips_[index] && TRY(is_clip(*clips_[index], index))) {
      const Kept& clip = *clips_[index];
      circle(clip, member(source, "enhancedPrompt"));
      const std::string opinion = TRY(clip_evaluation_name(film_, number, static_cast<std::uint32_t>(clip.number)));
      TRY(rate(clip, member(source, "evaluation"), index, opinion));
      production["generatedVideo"] = to_json(clip.asset);
      production["bestAttempt"] = clip.number;
      production["status"] = "complete";
    }
    if (!production.empty()) {
      if (!production.contains("status")) production["status"] = "pending";
      found_.production["scenes"][id] = std::move(production);
    }
    return {};
  }

  Result<void> read_references(const char* list, const std::string& id, std::size_t index, ObjectType type, const char* prefix) {
    const Json one = item(list, index);
    Json addresses = member(one, "referenceImages");
    if (!addresses.is_array()) addresses = addresses.is_null() ? Json::array() : Json::array({addresses});
    Json kept_images = Json::array();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const std::string what = std::string(list) + " " + id + ": reference " + std::to_string(i + 1);
      const auto image = TRY(existing(addresses[i], what, prefix + id, [&](const ObjectName& name) { return name.type == type && name.key == id; }));
      if (!image || !TRY(is_picture(*image, what))) continue;
      const bool is_first = kept_images.empty();
      if (is_first) circle(*image, Json());
      if (!is_first) add(*image, Json());
      kept_images.push_back(to_json(image->asset));
    }
    if (!kept_images.empty()) found_.production[list][id] = {{"status", "complete"}, {"referenceImages", kept_images}};
    return {};
  }

  Result<bool> is_picture(const Kept& kept, const std::string& what) {
    const ObjectBytes bytes = TRY(objects_.get(kept.asset.path));
    const auto image = media::decode_image(bytes.bytes);
    if (image && image->width >= 16 && image->height >= 16) return true;
    drop(what, "it does not decode as a picture: " + kept.asset.path);
    return false;
  }

  // The check every clip passes before it is a take, whoever made it.
  Result<bool> is_clip(const Kept& kept, std::size_t index) {
    const std::filesystem::path file = TRY(folder_.fetch(objects_, kept.asset.path));
    const auto good = studio::technical_check(file, found_.picture, scene_frames(board_.plan, index, found_.picture.fps), {});
    if (good) return true;
    drop("scene " + std::to_string(board_.plan.scenes[index].id) + ": clip", good.error().message + ": " + kept.asset.path);
    return false;
  }

  void add(const Kept& kept, const Json& prompt) {
    Json& items = found_.takes[kept.key]["items"];
    Json& take = items[std::to_string(kept.number)];
    if (take.is_object()) return;  // the same image named twice
    take = {{"state", "adopted"}, {"object", to_json(kept.asset)}, {"prompt", prompt.is_string() ? prompt : Json("")},
            {"provider", "unknown"}, {"model", "unknown"}};
    found_.attempts[kept.key] = std::max(found_.attempts.value(kept.key, 0), kept.number);
  }

  void circle(const Kept& kept, const Json& prompt) {
    add(kept, prompt);
    found_.takes[kept.key]["circled"] = kept.number;
  }

  // The opinion that came with a take, with our weights.
  Result<void> rate(const Kept& kept, const Json& evaluation, std::size_t scene, const std::string& object) {
    if (evaluation.is_null()) return {};
    const auto read = studio::read_evaluation(evaluation, studio::scene_weights(board_.plan, scene), thresholds_);
    if (!read) {
      drop(kept.key + ": evaluation", read.error().message.substr(0, 300));
      return {};
    }
    Json& take = found_.takes[kept.key]["items"][std::to_string(kept.number)];
    take["score"] = read->score();
    take["overall"] = studio::word(read->overall);
    const auto stored = objects_.verify(object);
    if (stored) take["evaluation"] = to_json(to_asset(*stored));
    if (!stored && stored.error().kind == ErrorKind::unavailable) return std::unexpected(stored.error());
    return {};
  }

  const FilmId& film_;
  const Storyboard& board_;
  ObjectStore& objects_;
  const studio::Thresholds& thresholds_;
  Lines& lines_;
  PrivateFolder folder_;
  std::vector<std::optional<Kept>> clips_;  // by scene
  Takes found_;
};

}  // namespace

std::optional<Named> object_in(const Json& address, const std::string& film) {
  for (std::string text : addresses_of(address)) {
    text.resize(std::min(text.size(), text.find_first_of("?#")));
    for (std::size_t at = 0; at != std::string::npos && at < text.size();) {
      const std::string rest = text.substr(at);
      if (const auto name = parse_object_name(rest); name && name->film == film && (!film.empty() || name->type == ObjectType::song))
        return Named{rest, *name};
      const std::size_t slash = text.find('/', at);
      at = slash == std::string::npos ? slash : slash + 1;
    }
  }
  return std::nullopt;
}

Result<std::optional<Json>> find_song(const Json& document, ObjectStore& objects, Lines& lines) {
  PrivateFolder folder;
  for (const char* source : {"audioGcsUri", "localAudioPath", "audioPublicUri"}) {
    const Json& address = member(document, source);
    if (address.is_null() || address == Json("")) continue;
    const auto named = object_in(address, "");
    if (!named) {
      lines.push_back(std::string(source) + " leads to no object under audio/: " + shown(address));
      continue;
    }
    const auto file = folder.fetch(objects, named->object);
    if (!file && file.error().kind != ErrorKind::not_found && file.error().kind != ErrorKind::corrupt) return std::unexpected(file.error());
    const auto song = file ? media::measure_song(*file, {}) : Result<media::SongInfo>(std::unexpected(file.error()));
    if (!song) {
      lines.push_back(std::string(source) + ": " + song.error().message + ". object=" + named->object);
      continue;
    }
    Json json = to_json(to_asset(TRY(objects.verify(named->object))));
    json["durationSeconds"] = static_cast<double>(song->duration_ms) / 1000.0;
    json["contentType"] = song->content_type;
    json["name"] = named->object.substr(named->object.find('/') + 1);
    return std::optional(std::move(json));
  }
  return std::optional<Json>();
}

Result<Takes> find_takes(const FilmId& film, const Storyboard& storyboard, ObjectStore& objects, const studio::Thresholds& thresholds, Lines& lines) {
  return Finder(film, storyboard, objects, thresholds, lines).run();
}

}  // namespace film::legacy
