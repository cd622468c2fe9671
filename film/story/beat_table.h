/// The shots a story is made of between the things that happen: what each is for, its size, its move, its words.
#pragma once

#include <span>
#include <string_view>

#include "film/plan/plan.h"

namespace film::story {

/// What a shot does for the story.
enum class Part { introduce, approach, look, insert, obstacle, doubt, memory, decide, act, reaction, together, aftermath, resolve, perform };

struct Beat {
  Part part;
  ShotType shot;
  CameraMovement movement;
  /// Letters: t a thing one can hold, g a thing of any size, d a second person, o outdoors, i indoors, h a human, b bad weather.
  std::string_view needs;
  /// {who} {other} {their} {them} {thing} {place} {path} {spot} {object} {nature} {ground} {lamp} {air}
  std::string_view text;
};

[[nodiscard]] std::span<const Beat> beats();
/// Postures for scenes past the table's end: "{who} " + one of these + " " + one of the spots.
[[nodiscard]] std::span<const std::string_view> postures();
[[nodiscard]] std::span<const std::string_view> spots();

}  // namespace film::story
