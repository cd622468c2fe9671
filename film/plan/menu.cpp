#include "film/plan/menu.h"

#include <algorithm>
#include <array>

#include "film/plan/plan_json.h"

namespace film {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 7> shots{"ECU", "CU", "MCU", "MS", "MW", "WS", "VW"};
constexpr std::array<std::string_view, 5> angles{"Eye Level", "High Angle", "Low Angle", "Bird's Eye", "Dutch Angle"};
constexpr std::array<std::string_view, 22> movements{
    "Static",   "Pan",        "Pan Left", "Pan Right", "Tilt",     "Tilt Up",    "Tilt Down", "Track",
    "Track Left", "Track Right", "Crane",  "Crane Up",  "Crane Down", "Dolly In", "Dolly Out", "Zoom In",
    "Zoom Out", "Handheld",   "Steadicam", "Drone",     "Aerial",   "Orbit"};
constexpr std::array<std::string_view, 13> transitions{"Cut",  "Hard Cut", "Jump Cut", "Smash Cut", "Dissolve", "Cross Fade", "Fade",
                                                       "Fade to Black", "Wipe", "Iris In", "Iris Out", "Push", "Slide"};
constexpr std::array<std::string_view, 6> kinds{"lyrical", "instrumental", "transition", "breakdown", "solo", "climax"};
constexpr std::array<std::string_view, 4> intensities{"low", "medium", "high", "extreme"};
constexpr std::array<std::string_view, 4> tempos{"slow", "moderate", "fast", "very_fast"};
constexpr std::array<std::string_view, 3> syncs{"Lip Sync", "Mood Sync", "Beat Sync"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

template <class Enum, std::size_t count>
std::optional<Enum> find(const std::array<std::string_view, count>& menu, std::string_view word) {
  for (std::size_t i = 0; i < count; ++i)
    if (same_word(menu[i], word)) return static_cast<Enum>(i);
  return std::nullopt;
}

template <class Enum, std::size_t count>
std::string_view name(const std::array<std::string_view, count>& menu, Enum value) {
  return menu[static_cast<std::size_t>(value)];
}

}  // namespace

std::string_view word(ShotType value) { return name(shots, value); }
std::string_view word(CameraAngle value) { return name(angles, value); }
std::string_view word(CameraMovement value) { return name(movements, value); }
std::string_view word(Transition value) { return name(transitions, value); }
std::string_view word(SceneKind value) { return name(kinds, value); }
std::string_view word(Intensity value) { return name(intensities, value); }
std::string_view word(Tempo value) { return name(tempos, value); }
std::string_view word(AudioSync value) { return name(syncs, value); }

template <>
std::optional<ShotType> from_word(std::string_view text) {
  if (same_word(text, "MWS")) return ShotType::mw;
  if (same_word(text, "EWS")) return ShotType::vw;
  return find<ShotType>(shots, text);
}
template <>
std::optional<CameraAngle> from_word(std::string_view text) {
  if (same_word(text, "Dutch")) return CameraAngle::dutch_angle;
  return find<CameraAngle>(angles, text);
}
template <>
std::optional<CameraMovement> from_word(std::string_view text) { return find<CameraMovement>(movements, text); }
template <>
std::optional<Transition> from_word(std::string_view text) { return find<Transition>(transitions, text); }
template <>
std::optional<SceneKind> from_word(std::string_view text) { return find<SceneKind>(kinds, text); }
template <>
std::optional<Intensity> from_word(std::string_view text) { return find<Intensity>(intensities, text); }
template <>
std::optional<Tempo> from_word(std::string_view text) { return find<Tempo>(tempos, text); }
template <>
std::optional<AudioSync> from_word(std::string_view text) { return find<AudioSync>(syncs, text); }

}  // namespace film
