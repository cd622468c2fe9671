/// The continuity state as values: one record a character, one a location, and what one sentence does to each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "film/plan/plan.h"
#include "film/story/cue.h"

namespace film::story {

struct Injury {
  std::string type, location;
  int severity = 0;  ///< 0 minor, 1 moderate, 2 severe
  int scene = 0;
};

struct Body {
  int last_seen = -1;  ///< scene id; -1: not yet
  std::string emotion, side = "center", depth = "foreground", exit = "none";
  std::vector<std::string> emotions, tears, stains, damage;
  int dirt = 0, exhaustion = 0, sweat = 0, wetness = 0, hair_mess = 0, hair_wetness = 0;
  std::vector<Injury> injuries;
};

struct BrokenObject {
  std::string object, description;
  int scene = 0;
};

struct Effect {
  std::string type;
  int intensity = 0;  ///< 0 light, 1 moderate, 2 heavy
  int scene = 0;
  int uses = 0;       ///< of the place since it came up
};

struct Surroundings {
  int last_used = -1;
  std::string light, time, weather, precipitation = "none", visibility = "clear", season = "unspecified";
  std::vector<std::string> lights, times, weathers, debris, ground_damage, temperature;
  int ground = 0;
  std::vector<BrokenObject> broken;
  std::vector<Effect> effects;
};

struct World {
  std::map<std::string, Body> bodies;
  std::map<std::string, Surroundings> places;
};

/// What a whole scene does: at most one level up or down each, whatever number of sentences say so.
void live_through(Body& body, const Scene& scene, const std::vector<CueSentence>& about, bool wet_weather, bool wild_weather);
void pass_over(Surroundings& place, const Scene& scene, const Location& location, const std::vector<CueSentence>& sentences);
/// A day, a night, a year later: people are fresh again but for severe injuries.
void reset(Body& body);

/// The weather of section 8 a text names; empty when it names none.
[[nodiscard]] std::string weather_in(const CueSentence& sentence);
[[nodiscard]] std::string time_in(const CueSentence& sentence);
[[nodiscard]] std::string precipitation_of(const CueSentence& sentence);

}  // namespace film::story
