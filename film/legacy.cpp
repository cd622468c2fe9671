// A whole document of the older system, member by member.
#include "film/legacy.h"

#include <array>

#include "film/channels.h"
#include "film/peek.h"
#include "film/plan/plan_json.h"
#include "film/story/prompt.h"
#include "film/takes.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

constexpr std::size_t lines_max = 200;
constexpr std::size_t rules_max = 64;
constexpr std::size_t errors_max = 200;
constexpr std::size_t rule_bytes_max = 1000;

// Read by name below, or known to say nothing that the objects do not say better.
constexpr std::array known_members{
    "creativePrompt", "originalPrompt", "initialPrompt", "hasAudio", "audioGcsUri", "audioPublicUri", "localAudioPath", "storyboard",
    "storyboardState", "attempts", "errors", "metrics", "generationRules", "refinedRules", "forceRegenerateSceneId",
    "forceRegenerateSceneIds", "scenePromptOverrides", "currentSceneIndex", "status", "state", "renderedVideo", "__interrupt__",
    "__interrupt_resolved__", "projectId", "videoId"};

Json picture_json(const Picture& picture) { return {{"width", picture.width}, {"height", picture.height}, {"fps", picture.fps}}; }

bool is_blank(const std::string& words) { return words.find_first_not_of(" \t\r\n\v\f") == std::string::npos; }

std::optional<std::int64_t> whole_number(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()) && std::abs(value.get<double>()) < 1e9)
    return static_cast<std::int64_t>(value.get<double>());
  return std::nullopt;
}

// A storyboard.json of the older system is the storyboard and nothing around it.
Json state_around(const Json& document) {
  const bool is_storyboard = document.contains("scenes") && document["scenes"].is_array() && !document.contains("storyboard") &&
                             !document.contains("storyboardState");
  if (!is_storyboard) return document;
  Json state = {{"storyboard", document}};
  for (const char* name : {"creativePrompt", "hasAudio", "audioGcsUri", "audioPublicUri", "localAudioPath"})
    if (const Json& value = member(member(document, "metadata"), name); !value.is_null()) state[name] = value;
  return state;
}

class Document {
 public:
  Document(const FilmId& film, const Json& document, ObjectStore& objects, const FilmOptions& options)
      : film_(film), document_(state_around(document)), objects_(objects), options_(options) {}

  /// Errors: corrupt (refused: the reason); unavailable.
  Result<Json> read() {
    if (const std::string other = text(document_, "projectId"); !other.empty() && other != film_.value())
      return fail(ErrorKind::corrupt, "the document says that it is of film " + other.substr(0, 128));
    for (const auto& [name, value] : document_.items())
      if (std::ranges::find(known_members, name) == known_members.end()) lines.push_back(name.substr(0, 80) + " is not known and is dropped");
    TRY(read_song());
    TRY(read_storyboard());
    TRY(read_prompt());
    read_numbers();
    read_rules();
    read_wishes();
    return std::move(channels_);
  }

  legacy::Lines lines;

 private:
  Json& channel(const std::string& name) { return channels_[name]; }

  Result<void> read_song() {
    Json has_audio = member(document_, "hasAudio");
    for (const char* board : {"storyboardState", "storyboard"})
      if (!has_audio.is_boolean()) has_audio = member(member(member(document_, board), "metadata"), "hasAudio");
    bool names_song = false;
    for (const char* name : {"audioGcsUri", "audioPublicUri", "localAudioPath"}) names_song = names_song || !text(document_, name).empty();
    const bool wanted = has_audio.is_boolean() ? has_audio.get<bool>() : names_song;
    channel(channels::has_audio.name) = wanted;
    if (!wanted) {
      if (names_song) lines.push_back("hasAudio is false: the address of a song is dropped");
      return {};
    }
    legacy::Lines reasons;
    const auto song = TRY(legacy::find_song(document_, objects_, reasons));
    if (!song) {
      std::string why;
      for (const std::string& reason : reasons) why += "; " + reason;
      return fail(ErrorKind::corrupt, "hasAudio is true and no song is to be found; put it under audio/ where audioGcsUri says" + why);
    }
    lines.insert(lines.end(), reasons.begin(), reasons.end());
    channel(channels::song.name) = *song;
    song_ms_ = std::llround((*song)["durationSeconds"].get<double>() * 1000.0);
    return {};
  }

  Result<void> read_storyboard() {
    channel(channels::picture.name) = picture_json(Picture());
    for (const char* name : {"storyboardState", "storyboard"}) {
      const Json& json = member(document_, name);
      if (json.is_object() && !json.empty()) has_storyboard_ = true;
      if (!board_) board_ = legacy::read_storyboard(json, song_ms_, lines);
    }
    if (board_) return read_takes();
    for (const char* name : {"storyboard", "storyboardState"}) {
      const Json& json = member(document_, name);
      if (!json.is_object() || channels_.contains(channels::audio_analysis.name)) continue;
      if (!song_ms_) {
        if (!json.empty()) lines.push_back(std::string(name) + ": no scene tells anything, and there is no song; it is dropped");
      } else if (const auto analysis = legacy::read_segments(json, *song_ms_, lines)) {
        channel(channels::audio_analysis.name) = to_json(*analysis);
      }
    }
    return {};
  }

  Result<void> read_takes() {
    const studio::Thresholds thresholds{options_.accept_threshold, options_.minor_issue_threshold, options_.major_issue_threshold,
                                        options_.fail_threshold};
    const legacy::Takes found = TRY(legacy::find_takes(film_, *board_, objects_, thresholds, lines));
    channel(channels::storyboard.name) = to_json(board_->plan);
    channel(channels::picture.name) = picture_json(found.picture);
    channel(channels::takes.name) = found.takes;
    channel(channels::production.name) = found.production;
    attempts_ = found.attempts;
    for (const std::string& rule : story::built_in_rules(board_->plan))
      rules_[story::rule_id(rule)] = {{"text", rule}, {"origin", "built_in"}};
    return {};
  }

  // The older system wrote the expanded prompt over the one it was given.
  Result<void> read_prompt() {
    std::string original = text(document_, "originalPrompt"), prompt = text(document_, "creativePrompt");
    if (original.empty()) original = text(document_, "initialPrompt");
    if (is_blank(prompt)) prompt = original;
    if (is_blank(prompt) && board_) {
      const Metadata& about = board_->plan.metadata;
      prompt = about.title + ". " + about.logline.value_or(board_->plan.scenes.front().description);
      lines.push_back("creativePrompt is missing; title and logline are taken");
    }
    if (is_blank(prompt))
      return fail(ErrorKind::corrupt, "neither a creativePrompt nor a storyboard: no document of the older system");
    const auto expansions = whole_number(member(member(document_, "attempts"), "expand_creative_prompt"));
    const bool is_expanded = has_storyboard_ || expansions.value_or(0) > 0;
    channel(channels::creative_prompt.name) = prompt;
    if (!is_blank(original))
      channel(channels::original_prompt.name) = original;
    else if (!is_expanded)
      channel(channels::original_prompt.name) = prompt;
    channel(channels::settings.name) = {{"seed", std::stoull(sha256_hex(prompt).substr(0, 8), nullptr, 16)}, {"maxScenes", 0}};
    channel(channels::current_scene_index.name) = 0;
    return {};
  }

  void read_numbers() {
    Json attempts = member(document_, "attempts");
    if (!attempts.is_object()) attempts = Json::object();
    for (const auto& [key, value] : attempts.items()) {
      const auto number = whole_number(value);
      const bool is_base = !key.empty() && key.size() <= 180 && std::ranges::all_of(key, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '/';
      });
      if (!is_base || !number || *number < 0 || *number > 1'000'000) {
        lines.push_back("attempts." + key.substr(0, 80) + " is dropped: no number of an attempt");
        continue;
      }
      attempts_[key] = std::max(attempts_.value(key, std::int64_t{0}), *number);
    }
    channel(standard::attempts.name) = attempts_;
    channel(standard::errors.name) = errors();
    channel(channels::metrics.name) = {{"sceneMetrics", scene_metrics()}};
  }

  Json errors() {
    Json kept = Json::array();
    const Json& all = member(document_, "errors");
    for (const Json& one : all) {
      if (!one.is_object()) {
        lines.push_back("errors: an entry that is no object is dropped");
        continue;
      }
      Json error = {{"node", text(one, "node")}, {"error", text(one, text(one, "error").empty() ? "message" : "error").substr(0, 2000)}, {"kind", "legacy"}};
      if (member(one, "skipped").is_boolean()) error["skipped"] = one["skipped"];
      if (!text(one, "timestamp").empty()) error["timestamp"] = text(one, "timestamp");
      if (const auto scene = whole_number(member(one, "sceneId"))) error["sceneId"] = *scene;
      kept.push_back(std::move(error));
    }
    if (kept.size() > errors_max) kept.erase(kept.begin(), kept.end() - static_cast<Json::difference_type>(errors_max));
    return kept;
  }

  [[nodiscard]] bool is_scene(std::int64_t id) const {
    return board_ && std::ranges::any_of(board_->plan.scenes, [&](const Scene& scene) { return scene.id == id; });
  }

  Json scene_metrics() {
    Json kept = Json::object();
    const Json& all = member(member(document_, "metrics"), "sceneMetrics");
    if (!all.is_array()) return kept;
    for (const Json& one : all) {
      const auto id = whole_number(member(one, "sceneId"));
      if (!id || !is_scene(*id)) {
        lines.push_back("metrics.sceneMetrics: an entry of no scene of this film is dropped");
        continue;
      }
      Json metrics = {{"sceneId", *id}};
      for (const char* name : {"attempts", "bestAttempt"})
        if (const auto number = whole_number(member(one, name)); number && *number > 0) metrics[name] = *number;
      for (const char* name : {"finalScore", "duration"})
        if (member(one, name).is_number()) metrics[name] = one[name];
      if (member(one, "ruleAdded").is_boolean()) metrics["ruleAdded"] = one["ruleAdded"];
      kept[std::to_string(*id)] = std::move(metrics);
    }
    return kept;
  }

  void read_rules() {
    std::size_t legacy_rules = 0;
    for (const char* source : {"generationRules", "refinedRules"})
      for (const Json& one : member(document_, source)) {
        const std::string rule = one.is_string() ? one.get<std::string>() : text(one, "text");
        const bool is_usable = !story::normal_form(rule).empty() && rule.size() <= rule_bytes_max && rule.find("://") == std::string::npos;
        if (!is_usable || legacy_rules == rules_max) {
          lines.push_back(std::string(source) + ": a rule is dropped: " + (is_usable ? "64 are kept" : "empty, too long or with an address"));
          continue;
        }
        const std::string id = story::rule_id(rule);
        if (rules_.contains(id)) continue;
        rules_[id] = {{"text", rule}, {"origin", "legacy"}};
        ++legacy_rules;
      }
    channel(channels::rules.name) = rules_;
  }

  // What a person had asked for and not yet got.
  void read_wishes() {
    Json forced = Json::object(), overrides = Json::object();
    const auto force = [&](const Json& value) {
      const auto id = whole_number(value);
      if (id && is_scene(*id))
        forced[std::to_string(*id)] = Json::array({"clip"});
      else
        lines.push_back("forceRegenerateSceneId " + value.dump().substr(0, 40) + " is dropped: no such scene");
    };
    if (const Json& one = member(document_, "forceRegenerateSceneId"); !one.is_null()) force(one);
    const Json& several = member(document_, "forceRegenerateSceneIds");
    if (several.is_array())
      for (const Json& one : several) force(one);
    else if (!several.is_null())
      lines.push_back("forceRegenerateSceneIds is dropped: no list");
    Json prompts = member(document_, "scenePromptOverrides");
    if (!prompts.is_object()) prompts = Json::object();
    for (const auto& [id, prompt] : prompts.items()) {
      const bool is_known = std::ranges::any_of(board_ ? board_->plan.scenes : std::vector<Scene>(),
                                                [&](const Scene& scene) { return std::to_string(scene.id) == id; });
      if (is_known && prompt.is_string() && !is_blank(prompt.get<std::string>()))
        overrides[id] = {{"clip", prompt}};
      else
        lines.push_back("scenePromptOverrides." + id.substr(0, 40) + " is dropped: no such scene, or no text");
    }
    channel(channels::forced.name) = forced;
    channel(channels::overrides.name) = overrides;
  }

  const FilmId& film_;
  const Json document_;
  ObjectStore& objects_;
  const FilmOptions& options_;
  Json channels_ = Json::object(), attempts_ = Json::object(), rules_ = Json::object();
  std::optional<std::int64_t> song_ms_;
  std::optional<legacy::Storyboard> board_;
  bool has_storyboard_ = false;
};

std::string joined(const legacy::Lines& lines) {
  std::string all;
  for (std::size_t i = 0; i < std::min(lines.size(), lines_max); ++i) all += (i > 0 ? "\n" : "") + lines[i];
  if (lines.size() > lines_max) all += "\nand " + std::to_string(lines.size() - lines_max) + " more";
  return all;
}

}  // namespace

Loaded<Json> channels_from_legacy(const FilmId& film, const Json& document, ObjectStore& objects, const FilmOptions& options) {
  if (!document.is_object()) return {Outcome::corrupt, std::nullopt, "no JSON object"};
  Document reading(film, document, objects, options);
  auto channels = reading.read();
  if (channels) return {Outcome::found, *std::move(channels), joined(reading.lines)};
  const bool refused = channels.error().kind == ErrorKind::corrupt || channels.error().kind == ErrorKind::invalid;
  return {refused ? Outcome::corrupt : Outcome::unreachable, std::nullopt, channels.error().message};
}

}  // namespace film
