/// The places of a prompt, under the user's own names, as locations that can be drawn.
#pragma once

#include <string>
#include <vector>

#include "film/plan/plan.h"
#include "film/story/conditions.h"
#include "film/story/place_table.h"
#include "film/story/prompt_text.h"

namespace film::story {

struct Setting {
  const PlaceKind* kind = nullptr;
  std::string label;              ///< inside a sentence: "the abandoned theme park"
  std::vector<std::string> words; ///< what names it in the prompt
  std::size_t at = 0;             ///< where it is named first
  std::string_view time;          ///< a time of the daylight table
  Location location;
};

/// Never empty. `wanted` is how many a film of this length can carry: related places are added up to that.
[[nodiscard]] std::vector<Setting> read_settings(const PromptText& text, const Conditions& conditions, std::size_t wanted);

}  // namespace film::story
