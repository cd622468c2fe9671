#include "film/story/continuity.h"

#include <algorithm>
#include <array>

#include "film/story/text.h"
#include "film/story/world.h"
#include "workprint/result.h"

namespace film::story {
namespace {

using workprint::Json;

constexpr std::array dirt_levels{"clean", "slightly_dirty", "dirty", "very_dirty", "covered"};
constexpr std::array exhaustion_levels{"fresh", "slightly_tired", "tired", "exhausted", "collapsing"};
constexpr std::array sweat_levels{"dry", "slight", "moderate", "heavy", "drenched"};
constexpr std::array wetness_levels{"dry", "damp", "wet", "soaked"};
constexpr std::array hair_levels{"pristine", "slightly_messy", "messy", "disheveled", "wild"};
constexpr std::array ground_levels{"dry", "damp", "wet", "soaked", "flooded"};
constexpr std::array severities{"minor", "moderate", "severe"};
constexpr std::array effect_levels{"light", "moderate", "heavy"};

template <std::size_t count>
std::string level(const std::array<const char*, count>& levels, int at) {
  return levels[static_cast<std::size_t>(std::clamp(at, 0, static_cast<int>(count) - 1))];
}

std::vector<CueSentence> sentences_of(const Scene& scene) {
  std::string text = scene.description;
  for (const std::string& note : scene.continuity_notes) text += ". " + note;
  return cue_sentences(text);
}

// A cue holds for whoever its sentence names, or for who is alone in the scene.
std::vector<CueSentence> about(const Character& character, const Scene& scene, const std::vector<CueSentence>& sentences) {
  if (scene.characters.size() == 1) return sentences;
  std::vector<CueSentence> own;
  for (const CueSentence& one : sentences) {
    bool named = has_word(one.text(), lower(character.name));
    for (const std::string& alias : character.aliases) named = named || has_word(one.text(), lower(alias));
    if (named) own.push_back(one);
  }
  return own;
}

bool jumps_in_time(const std::vector<CueSentence>& sentences) {
  for (const CueSentence& one : sentences)
    for (std::size_t i = 0; i + 1 < one.words().size(); ++i) {
      constexpr std::string_view jump = "later next following", span = "day days morning night week weeks month months year years";
      const auto& words = one.words();
      if ((has_any_word(jump, words[i]) && has_any_word(span, words[i + 1])) || (has_any_word(span, words[i]) && words[i + 1] == "later")) return true;
    }
  return false;
}

Surroundings baseline(const Location& location) {
  Surroundings place;
  const CueSentence weather(location.weather), time(location.time_of_day);
  place.weather = weather_in(weather).empty() ? "clear" : weather_in(weather);
  place.time = time_in(time).empty() ? lower(location.time_of_day) : time_in(time);
  place.light = location.lighting.quality;
  const std::string falls = precipitation_of(weather);
  if (!falls.empty()) place.precipitation = falls;
  if (place.weather == "fog") place.visibility = "foggy";
  return place;
}

World fold(const Plan& plan, std::size_t index) {
  World world;
  for (const Character& one : plan.characters) world.bodies[one.id];
  for (const Location& one : plan.locations) world.places[one.id] = baseline(one);
  for (std::size_t i = 0; i < index; ++i) {
    const Scene& scene = plan.scenes[i];
    const auto sentences = sentences_of(scene);
    if (jumps_in_time(sentences))
      for (auto& [id, body] : world.bodies) reset(body);
    const auto location = std::ranges::find(plan.locations, scene.location_id, &Location::id);
    if (location != plan.locations.end()) pass_over(world.places[location->id], scene, *location, sentences);
    const Surroundings& here = world.places[scene.location_id];
    for (const Character& one : plan.characters)
      if (std::ranges::find(scene.characters, one.id) != scene.characters.end())
        live_through(world.bodies[one.id], scene, about(one, scene, sentences), here.weather == "rain" || here.weather == "storm", here.weather == "wind" || here.weather == "storm");
  }
  return world;
}

// Everything above baseline, in words.
std::string condition(const Body& body) {
  std::vector<std::string> changed;
  if (body.dirt > 0) changed.push_back(spaced(level(dirt_levels, body.dirt)) + (body.dirt == 4 ? " in dirt" : ""));
  if (body.exhaustion > 0) changed.push_back(spaced(level(exhaustion_levels, body.exhaustion)));
  if (body.sweat > 0) changed.push_back(level(sweat_levels, body.sweat) + " sweat");
  if (body.wetness > 0) changed.push_back("clothes " + level(wetness_levels, body.wetness));
  if (body.hair_mess > 0) changed.push_back("hair " + spaced(level(hair_levels, body.hair_mess)));
  for (const Injury& injury : body.injuries) changed.push_back(level(severities, injury.severity) + " " + injury.type + " on the " + injury.location);
  for (const std::string& garment : body.tears) changed.push_back("torn " + garment);
  for (const std::string& stain : body.stains) changed.push_back(stain);
  for (const std::string& damage : body.damage) changed.push_back(damage);
  return list_of(changed);
}

Json injuries_json(const Body& body) {
  Json list = Json::array();
  for (const Injury& one : body.injuries)
    list.push_back({{"type", one.type}, {"location", one.location}, {"severity", level(severities, one.severity)}, {"acquiredInScene", one.scene}});
  return list;
}

Json to_json(const Character& character, const Body& body) {
  Json json = {{"position", body.side + " " + body.depth},
               {"lastExitDirection", body.exit},
               {"emotionalHistory", body.emotions},
               {"dirtLevel", level(dirt_levels, body.dirt)},
               {"exhaustionLevel", level(exhaustion_levels, body.exhaustion)},
               {"sweatLevel", level(sweat_levels, body.sweat)},
               {"injuries", injuries_json(body)},
               {"costumeCondition", {{"tears", body.tears}, {"stains", body.stains}, {"damage", body.damage}, {"wetness", level(wetness_levels, body.wetness)}}},
               {"hairCondition", {{"style", character.traits.hair}, {"messiness", level(hair_levels, body.hair_mess)}, {"wetness", level(wetness_levels, body.hair_wetness)}}},
               {"physicalCondition", condition(body)}};
  if (body.last_seen < 0) return json;
  json["lastSeen"] = body.last_seen;
  json["emotionalState"] = body.emotion;
  return json;
}

Json to_json(const Surroundings& place) {
  Json broken = Json::array(), effects = Json::array();
  for (const BrokenObject& one : place.broken) broken.push_back({{"object", one.object}, {"description", one.description}, {"brokenInScene", one.scene}});
  for (const Effect& one : place.effects)
    effects.push_back({{"type", one.type}, {"intensity", level(effect_levels, one.intensity)}, {"addedInScene", one.scene}, {"dissipating", one.uses >= 2}});
  Json json = {{"lighting", place.light}, {"lightingHistory", place.lights}, {"timeOfDay", place.time}, {"timeHistory", place.times},
               {"weather", place.weather}, {"weatherHistory", place.weathers}, {"precipitation", place.precipitation}, {"visibility", place.visibility},
               {"groundCondition", {{"wetness", level(ground_levels, place.ground)}, {"debris", place.debris}, {"damage", place.ground_damage}}},
               {"brokenObjects", broken}, {"atmosphericEffects", effects}, {"season", place.season}, {"temperatureIndicators", place.temperature}};
  if (place.last_used >= 0) json["lastUsed"] = place.last_used;
  return json;
}

std::string words_for(const Character& character, const Body& body) {
  if (body.last_seen < 0) return {};
  Paragraph words(400);
  if (const std::string changed = condition(body); !changed.empty()) words.add(sentence(character.name + " still shows what came before: " + changed));
  // Who left to the right comes in from the left: the audience keeps its bearings.
  if (body.exit == "right" || body.exit == "left") words.add(sentence(character.name + " comes in from the " + (body.exit == "right" ? "left" : "right")));
  return words.text();
}

std::string words_for(const Surroundings& place) {
  std::vector<std::string> changed;
  for (const BrokenObject& one : place.broken) changed.push_back("the " + one.object + " is " + one.description);
  if (place.ground >= 2) changed.push_back("the ground is " + level(ground_levels, place.ground));
  for (const Effect& one : place.effects) changed.push_back((one.uses >= 2 ? "thinning " : "") + one.type + " in the air");
  return changed.empty() || place.last_used < 0 ? std::string() : sentence(capital(list_of(changed)));
}

}  // namespace

Json continuity_before(const Plan& plan, std::size_t index) {
  workprint::check(index <= plan.scenes.size(), "scene index lies inside the plan");
  const World world = fold(plan, index);
  Json json = {{"characters", Json::object()}, {"locations", Json::object()}};
  for (const Character& one : plan.characters) json["characters"][one.id] = to_json(one, world.bodies.at(one.id));
  for (const Location& one : plan.locations) json["locations"][one.id] = to_json(world.places.at(one.id));
  return json;
}

std::string continuity_words(const Plan& plan, std::size_t index) {
  if (index >= plan.scenes.size()) return {};
  const World world = fold(plan, index);
  const Scene& scene = plan.scenes[index];
  Paragraph words(800);
  for (const Character& one : plan.characters)
    if (std::ranges::find(scene.characters, one.id) != scene.characters.end()) words.add(words_for(one, world.bodies.at(one.id)));
  if (const auto place = world.places.find(scene.location_id); place != world.places.end()) words.add(words_for(place->second));
  return words.text();
}

}  // namespace film::story
