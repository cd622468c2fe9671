#include "film/plan/plan_json.h"
#include "film/plan/tile.h"

namespace film {
namespace {

using workprint::Json;

// Seconds with at most three decimals; whole seconds as integers, so that equal times have equal bytes.
Json seconds(std::int64_t ms) {
  if (ms % 1000 == 0) return ms / 1000;
  return static_cast<double>(ms) / 1000.0;
}

void put(Json& json, const char* member, const std::optional<std::string>& value) {
  if (value) json[member] = *value;
}

void put(Json& json, const char* member, const std::vector<std::string>& value) { json[member] = value; }

Json lighting_json(const Lighting& lighting) {
  Json json = {{"quality", lighting.quality}};
  put(json, "colorTemperature", lighting.color_temperature);
  put(json, "intensity", lighting.intensity);
  put(json, "motivatedSources", lighting.motivated_sources);
  put(json, "direction", lighting.direction);
  return json;
}

Json character_json(const Character& character) {
  Json traits = {{"hair", character.traits.hair}, {"clothing", character.traits.clothing},
                 {"accessories", character.traits.accessories}, {"distinctiveFeatures", character.traits.distinctive_features}};
  put(traits, "build", character.traits.build);
  put(traits, "ethnicity", character.traits.ethnicity);
  Json json = {{"id", character.id}, {"name", character.name}, {"aliases", character.aliases},
               {"description", character.description}, {"appearanceNotes", character.appearance_notes}, {"physicalTraits", traits}};
  put(json, "age", character.age);
  return json;
}

Json location_json(const Location& location) {
  Json json = {{"id", location.id}, {"name", location.name}, {"description", location.description},
               {"lightingConditions", lighting_json(location.lighting)}, {"timeOfDay", location.time_of_day},
               {"weather", location.weather}};
  put(json, "type", location.type);
  put(json, "mood", location.mood);
  put(json, "architecture", location.architecture);
  put(json, "groundSurface", location.ground_surface);
  put(json, "skyOrCeiling", location.sky_or_ceiling);
  put(json, "colorPalette", location.color_palette);
  put(json, "naturalElements", location.natural_elements);
  put(json, "manMadeObjects", location.man_made_objects);
  return json;
}

Json scene_json(const Scene& scene) {
  Json json = {{"id", scene.id},
               {"startTime", seconds(scene.start_ms)},
               {"endTime", seconds(scene.end_ms)},
               {"duration", scene.duration_s},
               {"type", word(scene.kind)},
               {"lyrics", scene.lyrics},
               {"musicalDescription", scene.musical_description},
               {"musicChange", scene.music_change},
               {"intensity", word(scene.intensity)},
               {"mood", scene.mood},
               {"tempo", word(scene.tempo)},
               {"transitionType", word(scene.transition)},
               {"description", scene.description},
               {"shotType", word(scene.shot)},
               {"cameraMovement", word(scene.movement)},
               {"lighting", lighting_json(scene.lighting)},
               {"continuityNotes", scene.continuity_notes},
               {"characters", scene.characters},
               {"locationId", scene.location_id}};
  put(json, "composition", scene.composition);
  if (scene.angle) json["cameraAngle"] = word(*scene.angle);
  if (scene.audio_sync) json["audioSync"] = word(*scene.audio_sync);
  return json;
}

}  // namespace

Json to_json(const Plan& plan) {
  Json metadata = {{"title", plan.metadata.title}, {"colorPalette", plan.metadata.color_palette}, {"tags", plan.metadata.tags},
                   {"duration", seconds(plan.metadata.duration_ms)}, {"totalScenes", plan.metadata.total_scenes}};
  put(metadata, "logline", plan.metadata.logline);
  put(metadata, "style", plan.metadata.style);
  put(metadata, "mood", plan.metadata.mood);
  Json json = {{"metadata", metadata}, {"characters", Json::array()}, {"locations", Json::array()}, {"scenes", Json::array()}};
  for (const Character& one : plan.characters) json["characters"].push_back(character_json(one));
  for (const Location& one : plan.locations) json["locations"].push_back(location_json(one));
  for (const Scene& one : plan.scenes) json["scenes"].push_back(scene_json(one));
  return json;
}

Json to_json(const AudioAnalysis& analysis) {
  Json segments = Json::array();
  for (const AudioSegment& segment : analysis.segments)
    segments.push_back({{"startTime", seconds(segment.start_ms)},
                        {"endTime", seconds(segment.end_ms)},
                        {"duration", clip_seconds(segment.end_ms - segment.start_ms)},
                        {"type", word(segment.kind)},
                        {"lyrics", segment.lyrics},
                        {"musicalDescription", segment.musical_description},
                        {"musicChange", segment.music_change},
                        {"intensity", word(segment.intensity)},
                        {"mood", segment.mood},
                        {"tempo", word(segment.tempo)},
                        {"transitionType", word(segment.transition)}});
  return {{"totalDuration", seconds(analysis.duration_ms)}, {"segments", segments}};
}

}  // namespace film
