/// The closed menus of a plan: words as people and models write them, and the values they stand for.
#pragma once

#include <optional>
#include <string_view>

#include "film/plan/plan.h"

namespace film {

/// Nothing when the word is on no menu. Case matters not.
template <class Enum>
[[nodiscard]] std::optional<Enum> from_word(std::string_view word);

template <>
std::optional<ShotType> from_word(std::string_view word);
template <>
std::optional<CameraAngle> from_word(std::string_view word);
template <>
std::optional<CameraMovement> from_word(std::string_view word);
template <>
std::optional<Transition> from_word(std::string_view word);
template <>
std::optional<SceneKind> from_word(std::string_view word);
template <>
std::optional<Intensity> from_word(std::string_view word);
template <>
std::optional<Tempo> from_word(std::string_view word);
template <>
std::optional<AudioSync> from_word(std::string_view word);

}  // namespace film
