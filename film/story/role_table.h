/// What the writer knows about kinds of people and animals: how they look when the prompt does not say.
#pragma once

#include <span>
#include <string_view>

namespace film::story {

enum class Gender { unknown, woman, man, creature };

struct RoleKind {
  std::string_view words;        ///< nouns that name it, "_" is a space; the first is the canonical one
  Gender gender;
  std::string_view age;          ///< "" when the noun says nothing
  std::string_view hair;
  std::string_view clothing;     ///< "|" between
  std::string_view accessories;  ///< the first is the role's own thing
  std::string_view build;
};

[[nodiscard]] std::span<const RoleKind> role_kinds();

}  // namespace film::story
