/// What happens in a prompt, in order: the user's own clauses, told in the present tense, with what they say of the lens.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "film/story/people.h"
#include "film/story/setting.h"

namespace film::story {

struct Event {
  std::string text;                 ///< one clause with its subject, no stop at the end: "the keeper lights the lamp"
  std::vector<std::size_t> who;     ///< people in it, subject first; empty for a picture without anybody
  std::size_t setting = 0;
  std::string thing;                ///< what is acted on: "the harbor lamp"
  std::optional<ShotType> shot;
  std::optional<CameraMovement> movement;
  std::optional<CameraAngle> angle;
};

[[nodiscard]] std::vector<Event> read_events(const PromptText& text, const std::vector<Person>& people, const std::vector<Setting>& settings);

}  // namespace film::story
