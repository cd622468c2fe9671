/// Puts the people of a scene into the picture: place, size, pose, light and shadow.
#pragma once

#include "film/art/stage.h"

namespace film::art {

/// +1 when the main figure looks or moves to the right of the screen, -1 to the left.
[[nodiscard]] double facing_of(const Scene& scene, const Words& words, std::uint64_t seed, int take);
/// Paints the scene's characters; nothing when it has none.
void paint_cast(Stage& stage, const Plan& plan, double facing, bool seated_place, std::uint64_t film_seed);
/// Mean L* of what is painted so far inside `rect`.
[[nodiscard]] double lightness_behind(const Stage& stage, const Rect& rect);

}  // namespace film::art
