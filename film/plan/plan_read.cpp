// The validator every plan passes: an author's answer, a document of ours, one of the older system.
#include <cmath>

#include "film/plan/member_reader.h"
#include "film/plan/tile.h"

namespace film {
namespace {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Json;
using workprint::Result;

constexpr std::size_t findings_shown = 40;

bool is_id(const std::string& text) {
  if (text.empty() || text.size() > 64) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::int64_t to_ms(double seconds) { return std::llround(std::clamp(seconds, 0.0, 100'000.0) * 1000.0); }

Lighting read_lighting(const Json& json, const std::string& at, Verdict& verdict) {
  MemberReader read(json, at, verdict);
  Lighting lighting;
  lighting.quality = read.text("quality", "soft daylight");
  lighting.color_temperature = read.optional_text("colorTemperature");
  lighting.intensity = read.optional_text("intensity");
  lighting.motivated_sources = read.optional_text("motivatedSources");
  lighting.direction = read.optional_text("direction");
  read.finish();
  return lighting;
}

Character read_character(const Json& json, const std::string& at, std::size_t index, Verdict& verdict) {
  MemberReader read(json, at, verdict);
  Character character;
  character.id = read.text("id", "char_" + std::to_string(index + 1), 200);
  if (!is_id(character.id)) verdict.refuse(read.at("id"), "must be [A-Za-z0-9_-]{1,64}");
  character.name = read.text("name", character.id);
  character.aliases = read.texts("aliases");
  character.description = read.text("description", character.name);
  character.age = read.optional_text("age");
  character.appearance_notes = read.texts("appearanceNotes");
  MemberReader traits(read.object("physicalTraits", true), read.at("physicalTraits"), verdict);
  character.traits.hair = traits.text("hair", "dark hair");
  character.traits.clothing = traits.texts("clothing");
  character.traits.accessories = traits.texts("accessories");
  character.traits.distinctive_features = traits.texts("distinctiveFeatures");
  character.traits.build = traits.optional_text("build");
  character.traits.ethnicity = traits.optional_text("ethnicity");
  traits.finish();
  if (verdict.fills_gaps()) read.ignore({"referenceImages", "state", "status", "progressMessage"});
  read.finish();
  return character;
}

Location read_location(const Json& json, const std::string& at, std::size_t index, Verdict& verdict) {
  MemberReader read(json, at, verdict);
  Location location;
  location.id = read.text("id", "loc_" + std::to_string(index + 1), 200);
  if (!is_id(location.id)) verdict.refuse(read.at("id"), "must be [A-Za-z0-9_-]{1,64}");
  location.name = read.text("name", location.id);
  location.description = read.text("description", location.name);
  location.type = read.optional_text("type");
  location.lighting = read_lighting(read.object("lightingConditions", true), read.at("lightingConditions"), verdict);
  location.time_of_day = read.text("timeOfDay", "day");
  location.weather = read.optional_text("weather").value_or("Clear");
  location.mood = read.optional_text("mood");
  location.color_palette = read.texts("colorPalette");
  location.architecture = read.optional_text("architecture");
  location.natural_elements = read.texts("naturalElements");
  location.man_made_objects = read.texts("manMadeObjects");
  location.ground_surface = read.optional_text("groundSurface");
  location.sky_or_ceiling = read.optional_text("skyOrCeiling");
  read.finish();
  return location;
}

int nearest_clip(double wish) { return wish < 5 ? 4 : wish < 7 ? 6 : 8; }

Scene read_scene(const Json& json, const std::string& at, std::size_t index, Verdict& verdict) {
  MemberReader read(json, at, verdict);
  Scene scene;
  const auto id = read.number("id"), start = read.number("startTime"), end = read.number("endTime"), wish = read.number("duration");
  const bool kept = verdict.author != Author::answer;
  scene.id = kept && id ? static_cast<int>(std::clamp(*id, 0.0, 1e6)) : static_cast<int>(index);
  scene.start_ms = kept && start ? to_ms(*start) : 0;
  scene.end_ms = kept && end ? to_ms(*end) : 0;
  scene.duration_s = nearest_clip(wish.value_or(4));
  scene.description = read.text("description", "Scene " + std::to_string(index + 1));
  scene.mood = read.text("mood", "neutral");
  scene.lyrics = read.text_or_empty("lyrics");
  scene.musical_description = read.text_or_empty("musicalDescription");
  scene.music_change = read.text_or_empty("musicChange");
  scene.continuity_notes = read.texts("continuityNotes");
  scene.characters = read.texts("characters");
  scene.location_id = read.text("locationId", "");
  scene.lighting = read_lighting(read.object("lighting", true), read.at("lighting"), verdict);
  scene.composition = read.optional_text("composition");
  scene.kind = read.menu("type", SceneKind::instrumental);
  scene.intensity = read.menu("intensity", Intensity::medium);
  scene.tempo = read.menu("tempo", Tempo::moderate);
  scene.audio_sync = read.optional_menu<AudioSync>("audioSync");
  scene.shot = read.menu("shotType", ShotType::ms);
  scene.angle = read.optional_menu<CameraAngle>("cameraAngle");
  scene.movement = read.menu("cameraMovement", CameraMovement::static_);
  scene.transition = read.menu("transitionType", Transition::cut);
  read.finish();
  return scene;
}

void check_references(const Plan& plan, Verdict& verdict) {
  std::set<std::string> characters, locations;
  std::set<int> scenes;
  for (const Character& one : plan.characters)
    if (!characters.insert(one.id).second) verdict.refuse("characters", "id is there twice: " + one.id);
  for (const Location& one : plan.locations)
    if (!locations.insert(one.id).second) verdict.refuse("locations", "id is there twice: " + one.id);
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    const Scene& scene = plan.scenes[i];
    const std::string at = "scenes[" + std::to_string(i) + "]";
    if (!scenes.insert(scene.id).second) verdict.refuse(at + ".id", "is there twice: " + std::to_string(scene.id));
    for (const std::string& id : scene.characters)
      if (!characters.contains(id)) verdict.refuse(at + ".characters", "unknown character id \"" + id + "\"");
    if (!locations.contains(scene.location_id))
      verdict.refuse(at + ".locationId", "unknown location id \"" + scene.location_id + "\"");
  }
  if (plan.scenes.empty()) verdict.refuse("scenes", "is empty");
  if (plan.locations.empty()) verdict.refuse("locations", "is empty");
}

// An older document's references are mended, so that what it tells can still be filmed.
void mend_references(Plan& plan, Verdict& verdict) {
  std::set<std::string> characters, locations;
  const auto rename = [&](auto& parts, std::set<std::string>& taken, const char* list) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (is_id(parts[i].id) && taken.insert(parts[i].id).second) continue;
      std::string other = std::string(list) + "_" + std::to_string(i + 1);
      while (!taken.insert(other).second) other += "x";
      verdict.note(list, "id \"" + parts[i].id + "\" cannot be kept; \"" + other + "\" is taken");
      parts[i].id = other;
    }
  };
  rename(plan.characters, characters, "char");
  if (plan.locations.empty()) {
    Location place;
    place.name = place.description = "Unnamed place";
    place.time_of_day = "day";
    place.lighting.quality = "soft daylight";
    plan.locations.push_back(std::move(place));
  }
  rename(plan.locations, locations, "loc");
  std::set<int> scenes;
  bool doubled = false;
  for (Scene& scene : plan.scenes) {
    doubled = !scenes.insert(scene.id).second || doubled;
    const auto unknown = std::erase_if(scene.characters, [&](const std::string& id) { return !characters.contains(id); });
    if (unknown > 0) verdict.note("scenes", "unknown characters are dropped. scene=" + std::to_string(scene.id));
    if (locations.contains(scene.location_id)) continue;
    verdict.note("scenes", "unknown location, the first is taken. scene=" + std::to_string(scene.id));
    scene.location_id = plan.locations.front().id;
  }
  if (!doubled) return;
  verdict.note("scenes", "ids are there twice; positions are taken");
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) plan.scenes[i].id = static_cast<int>(i);
}

void check_tiling(const Plan& plan, Verdict& verdict) {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    const Scene& scene = plan.scenes[i];
    if (scene.start_ms != at || scene.end_ms <= scene.start_ms)
      verdict.refuse("scenes[" + std::to_string(i) + "]", "times do not tile the film");
    at = scene.end_ms;
  }
}

// An author's scenes are laid end to end by the lengths that were wished for.
void lay_out(Plan& plan) {
  std::int64_t at = 0;
  for (Scene& scene : plan.scenes) {
    scene.start_ms = at;
    at += scene.duration_s * 1000;
    scene.end_ms = at;
  }
}

// An older document's cuts are kept where they can be.
void tile_again(Plan& plan, Verdict& verdict) {
  std::vector<std::int64_t> cuts;
  for (const Scene& scene : plan.scenes) cuts.push_back(scene.start_ms);
  const std::int64_t length = std::max<std::int64_t>(plan.scenes.empty() ? 0 : plan.scenes.back().end_ms, 1500);
  const auto spans = tile(length, cuts);
  const bool has_end = !plan.scenes.empty() && plan.scenes.back().end_ms > plan.scenes.back().start_ms;
  if (spans.size() != plan.scenes.size() || !has_end) {
    verdict.note("scenes", "times cannot be kept; scenes are laid end to end");
    return lay_out(plan);
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    plan.scenes[i].start_ms = spans[i].start_ms;
    plan.scenes[i].end_ms = spans[i].end_ms;
    plan.scenes[i].duration_s = clip_seconds(spans[i].end_ms - spans[i].start_ms);
  }
}

std::string joined(const std::vector<std::string>& findings) {
  std::string text = "plan breaks " + std::to_string(findings.size()) + " rules: ";
  for (std::size_t i = 0; i < std::min(findings.size(), findings_shown); ++i) text += (i > 0 ? "; " : "") + findings[i];
  return text;
}

void read_metadata(const Json& json, Plan& plan, Verdict& verdict) {
  MemberReader read(json, "metadata", verdict);
  plan.metadata.title = read.text("title", "Untitled", 200);
  plan.metadata.logline = read.optional_text("logline");
  plan.metadata.style = read.optional_text("style");
  plan.metadata.mood = read.optional_text("mood");
  plan.metadata.color_palette = read.texts("colorPalette");
  plan.metadata.tags = read.texts("tags");
  read.ignore({"duration", "totalScenes"});
  if (verdict.fills_gaps())
    read.ignore({"hasAudio", "creativePrompt", "videoModel", "imageModel", "textModel", "qualityModel", "enhancedPrompt"});
  read.finish();
}

}  // namespace

Result<PlanReading> read_plan(const Json& json, Author author) {
  Verdict verdict{author, {}, {}};
  PlanReading reading;
  Plan& plan = reading.plan;
  MemberReader read(json, "", verdict);
  read_metadata(read.object("metadata", true), plan, verdict);
  const auto each = [&](const char* list, auto&& one) {
    const Json& items = read.array(list);
    for (std::size_t i = 0; i < items.size(); ++i) one(items[i], std::string(list) + "[" + std::to_string(i) + "]", i);
  };
  each("characters", [&](const Json& item, const std::string& at, std::size_t i) { plan.characters.push_back(read_character(item, at, i, verdict)); });
  each("locations", [&](const Json& item, const std::string& at, std::size_t i) { plan.locations.push_back(read_location(item, at, i, verdict)); });
  each("scenes", [&](const Json& item, const std::string& at, std::size_t i) { plan.scenes.push_back(read_scene(item, at, i, verdict)); });
  read.finish();
  if (author == Author::older_document) mend_references(plan, verdict);
  check_references(plan, verdict);
  if (author == Author::ours) check_tiling(plan, verdict);
  if (author == Author::answer) lay_out(plan);
  if (author == Author::older_document) tile_again(plan, verdict);
  if (!verdict.findings.empty()) return fail(ErrorKind::invalid, joined(verdict.findings));
  // Even a lenient reading needs one scene: without any there is nothing to fill in.
  if (plan.scenes.empty()) return fail(ErrorKind::invalid, "plan breaks 1 rules: scenes: is empty");
  plan.metadata.duration_ms = plan.scenes.back().end_ms;
  plan.metadata.total_scenes = static_cast<int>(plan.scenes.size());
  reading.notes = std::move(verdict.notes);
  return reading;
}

Result<AudioAnalysis> read_analysis(const Json& json) {
  Verdict verdict{Author::ours, {}, {}};
  MemberReader read(json, "", verdict);
  AudioAnalysis analysis;
  analysis.duration_ms = to_ms(read.number("totalDuration").value_or(0));
  std::int64_t at = 0;
  const Json& segments = read.array("segments");
  for (std::size_t i = 0; i < segments.size(); ++i) {
    MemberReader one(segments[i], "segments[" + std::to_string(i) + "]", verdict);
    AudioSegment segment;
    segment.start_ms = to_ms(one.number("startTime").value_or(0));
    segment.end_ms = to_ms(one.number("endTime").value_or(0));
    segment.kind = one.menu("type", SceneKind::instrumental);
    segment.intensity = one.menu("intensity", Intensity::medium);
    segment.tempo = one.menu("tempo", Tempo::moderate);
    segment.transition = one.menu("transitionType", Transition::cut);
    segment.lyrics = one.text_or_empty("lyrics");
    segment.musical_description = one.text_or_empty("musicalDescription");
    segment.music_change = one.text_or_empty("musicChange");
    segment.mood = one.text_or_empty("mood");
    if (segment.start_ms != at || segment.end_ms <= segment.start_ms) verdict.refuse("segments", "times do not tile the song");
    at = segment.end_ms;
    analysis.segments.push_back(std::move(segment));
  }
  if (at != analysis.duration_ms) verdict.refuse("segments", "do not end with the song");
  if (!verdict.findings.empty()) return fail(ErrorKind::corrupt, joined(verdict.findings));
  return analysis;
}

}  // namespace film
