/// The people and animals of a prompt: who they are, what they wear and carry, and how a sentence names them.
#pragma once

#include <string>
#include <vector>

#include "film/plan/plan.h"
#include "film/story/dice.h"
#include "film/story/prompt_text.h"
#include "film/story/role_table.h"

namespace film::story {

struct Person {
  Character character;
  std::string label;        ///< inside a sentence: "the keeper", "Mara"
  std::string their, them;
  Gender gender = Gender::unknown;
  std::string noun;         ///< last word of what the prompt calls them, lower case: "keeper"
  std::size_t at = 0;       ///< where the prompt names them first, in its lower-case text
  bool sure_gender = false; ///< by the noun itself, not by a pronoun nearby
  bool grouped = false;     ///< one of "two sisters"
};

/// Never empty: a prompt without anybody gets a wanderer.
[[nodiscard]] std::vector<Person> read_people(const PromptText& text, Dice dice);

/// A word that says how a thing or person is, as far as a noun phrase goes: not an article, verb or preposition.
[[nodiscard]] bool is_describing(const std::string& word);
/// The describing words right before byte `at`, at most `most`, with a space after each.
[[nodiscard]] std::string describing_before(const std::string& low, std::size_t at, std::size_t most);

}  // namespace film::story
