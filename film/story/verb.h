/// English verbs as a story needs them: any form recognised, told in the present tense.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace film::story {

enum class VerbForm { base, third, past, participle };

struct Verb {
  std::string base;
  VerbForm form = VerbForm::base;
};

/// The verb that a lower-case word is a form of.
[[nodiscard]] std::optional<Verb> verb_of(std::string_view word);
/// "walk" -> "walks".
[[nodiscard]] std::string third_person(std::string_view base);

}  // namespace film::story
