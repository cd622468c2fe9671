/// Time of day, weather, light and mood: read from the prompt where it says them, chosen to fit where it does not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "film/story/dice.h"

namespace film::story {

struct Daylight {
  std::string_view words, time, next_time;
  std::string_view outside, inside;   ///< quality of the light, outdoors and in a room
  std::string_view temperature;
  std::string_view sources;           ///< what gives it outdoors
  std::string_view palette;           ///< sky, horizon, accent; "|" between
  std::string_view clauses;           ///< what the light does, whole clauses, "|" between
};

struct Weather {
  std::string_view words, name;       ///< name: "Fog"
  std::string_view noun;              ///< "the fog"
  std::string_view clauses;           ///< what it does outdoors, "|" between
};

struct Mood {
  std::string_view words, opening, rising, turning, ending;
};

struct Conditions {
  const Daylight* daylight = nullptr;
  const Weather* weather = nullptr;
  const Mood* mood = nullptr;
  bool says_time = false;
  std::string style;
};

[[nodiscard]] Conditions read_conditions(const std::string& low, Dice dice);
/// The time that is named first; nullptr when none is.
[[nodiscard]] const Daylight* daylight_said(const std::string& low);
/// Whether a lower-case word is weather or an hour: "Rain falls" names nobody.
[[nodiscard]] bool is_condition(std::string_view word);
/// REQUIRES: a time of the table.
[[nodiscard]] const Daylight& daylight(std::string_view time);

}  // namespace film::story
