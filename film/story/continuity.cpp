#include "film/story/continuity.h"

#include <algorithm>
#include <array>

#include "film/story/text.h"

namespace film::story {
namespace {

using workprint::Json;

constexpr std::array dirt_levels{"clean", "slightly_dirty", "dirty", "very_dirty", "covered"};
constexpr std::array exhaustion_levels{"fresh", "slightly_tired", "tired", "exhausted", "collapsing"};
constexpr std::array wetness_levels{"dry", "damp", "wet", "soaked"};

struct Body {
  int dirt = 0, exhaustion = 0, wetness = 0;
  std::string emotion, exit = "none";
  int last_seen = -1;
};

struct Place {
  std::string time, weather, light;
  int last_used = -1;
};

// Up to three words before a cue cancel it: "never runs", "without any mud".
bool is_cancelled(const std::vector<std::string>& words, std::size_t at) {
  for (std::size_t i = at > 3 ? at - 3 : 0; i < at; ++i)
    if (words[i] == "not" || words[i] == "no" || words[i] == "never" || words[i] == "without") return true;
  return false;
}

bool says(const std::vector<std::string>& words, std::string_view cues) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (has_any_word(words[i], cues) && !is_cancelled(words, i)) return true;
  return false;
}

int step(int level, bool up, bool down, int most) { return std::clamp(level + (up ? 1 : 0) - (down ? 1 : 0), 0, most); }

std::string exit_of(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!has_any_word(words[i], "exit exits exiting leave leaves leaving walk walks run runs ride rides drive drives climb climbs")) continue;
    for (std::size_t k = i + 1; k < std::min(words.size(), i + 5); ++k)
      if (words[k] == "left" || words[k] == "right" || words[k] == "up" || words[k] == "down") return words[k];
  }
  return "none";
}

void live_through(Body& body, const Scene& scene, const std::vector<std::string>& words, bool rains) {
  body.dirt = says(words, "wash washes washed bathe bathes shower showers")
                  ? 0
                  : step(body.dirt, says(words, "mud muddy dirt dirty dust dusty soot crawl crawls dig digs tumble tumbles"), false, 4);
  body.exhaustion = step(body.exhaustion, says(words, "run runs running chase chases fight fights climb climbs swim swims struggle struggles"),
                         says(words, "rest rests resting sit sits sitting sleep sleeps"), 4);
  const bool soaked = says(words, "swim swims dive dives");
  body.wetness = soaked ? 3 : step(body.wetness, rains || says(words, "splash splashes"), !rains, 3);
  body.emotion = scene.mood;
  body.exit = exit_of(words);
  body.last_seen = scene.id;
}

std::vector<std::string> words_of(const Scene& scene) {
  std::string text = scene.description;
  for (const std::string& note : scene.continuity_notes) text += ". " + note;
  return split_words(lower(text));
}

const Location* location_of(const Plan& plan, const std::string& id) {
  const auto found = std::ranges::find(plan.locations, id, &Location::id);
  return found == plan.locations.end() ? nullptr : &*found;
}

struct World {
  std::map<std::string, Body> bodies;
  std::map<std::string, Place> places;
};

World fold(const Plan& plan, std::size_t index) {
  World world;
  for (const Character& one : plan.characters) world.bodies[one.id];
  for (const Location& one : plan.locations) world.places[one.id] = {one.time_of_day, lower(one.weather), one.lighting.quality, -1};
  for (std::size_t i = 0; i < std::min(index, plan.scenes.size()); ++i) {
    const Scene& scene = plan.scenes[i];
    const auto words = words_of(scene);
    const Location* location = location_of(plan, scene.location_id);
    const bool rains = says(words, "rain rains raining storm downpour") ||
                       (location != nullptr && has_any_word(lower(location->weather), "rain storm"));
    for (const std::string& id : scene.characters) live_through(world.bodies[id], scene, words, rains);
    Place& place = world.places[scene.location_id];
    place.light = scene.lighting.quality;
    place.last_used = scene.id;
    for (const char* weather : {"rain", "storm", "snow", "fog", "wind"})
      if (says(words, weather)) place.weather = weather;
  }
  return world;
}

}  // namespace

Json continuity_before(const Plan& plan, std::size_t index) {
  const World world = fold(plan, index);
  Json json = {{"characters", Json::object()}, {"locations", Json::object()}};
  for (const auto& [id, body] : world.bodies) {
    Json one = {{"dirtLevel", dirt_levels[static_cast<std::size_t>(body.dirt)]},
                {"exhaustionLevel", exhaustion_levels[static_cast<std::size_t>(body.exhaustion)]},
                {"costumeCondition", {{"wetness", wetness_levels[static_cast<std::size_t>(body.wetness)]}}},
                {"lastExitDirection", body.exit}};
    if (body.last_seen >= 0) {
      one["lastSeen"] = body.last_seen;
      one["emotionalState"] = body.emotion;
    }
    json["characters"][id] = std::move(one);
  }
  for (const auto& [id, place] : world.places) {
    Json one = {{"timeOfDay", place.time}, {"weather", place.weather}, {"lighting", place.light}};
    if (place.last_used >= 0) one["lastUsed"] = place.last_used;
    json["locations"][id] = std::move(one);
  }
  return json;
}

std::string continuity_words(const Plan& plan, std::size_t index) {
  const World world = fold(plan, index);
  Paragraph words(800);
  if (index >= plan.scenes.size()) return {};
  for (const std::string& id : plan.scenes[index].characters) {
    const auto body = world.bodies.find(id);
    const auto character = std::ranges::find(plan.characters, id, &Character::id);
    if (body == world.bodies.end() || character == plan.characters.end()) continue;
    std::vector<std::string> changed;
    const auto add = [&](int level, const char* text) {
      if (level > 0) {
        std::string word = text;
        std::ranges::replace(word, '_', ' ');
        changed.push_back(word);
      }
    };
    add(body->second.dirt, dirt_levels[static_cast<std::size_t>(body->second.dirt)]);
    add(body->second.exhaustion, exhaustion_levels[static_cast<std::size_t>(body->second.exhaustion)]);
    add(body->second.wetness, wetness_levels[static_cast<std::size_t>(body->second.wetness)]);
    if (!changed.empty()) words.add(sentence(character->name + " is " + list_of(changed) + " from what came before"));
  }
  return words.text();
}

}  // namespace film::story
