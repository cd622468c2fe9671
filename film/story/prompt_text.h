/// The user's words made safe to read: valid UTF-8, no links, no markup; and cut into sentences or list items.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace film::story {

struct PromptText {
  std::string clean;                   ///< what the user wrote, safe to quote
  std::string low;                     ///< lower case, with English words for emoji and some foreign nouns added
  std::vector<std::string> sentences;  ///< in order; list items when it is a list
  bool is_list = false;                ///< an explicit list of scenes
  bool is_lyric = false;               ///< short lines without full stops
};

[[nodiscard]] PromptText read_prompt(std::string_view prompt);

}  // namespace film::story
