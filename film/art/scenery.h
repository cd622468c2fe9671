/// Pieces that several environments share: sky, ridges, trees, blocks, water, mist, lamps.
#pragma once

#include <limits>

#include "film/art/stage.h"

namespace film::art {

/// The distance of what is never out of the way: sky, sea to the horizon.
inline constexpr double infinity = std::numeric_limits<double>::infinity();

void paint_sky(Stage& stage);
/// The sun, the moon or the brightest part of the sky; screen position.
[[nodiscard]] Point sky_light(const Stage& stage);
/// A line of hills whose foot is at screen row `base`; heights in screen units.
void ridge(cairo_t* cr, const Rect& rect, double base, double height, double wavelength, double roughness, std::uint64_t seed, Colour top, Colour foot);
void conifer(cairo_t* cr, Point foot, double height, std::uint64_t seed);
void leafy_tree(cairo_t* cr, Point foot, double height, std::uint64_t seed);
void bare_tree(cairo_t* cr, Point foot, double height, std::uint64_t seed);
void branch(cairo_t* cr, Point from, double angle, double length, double width, int levels, Dice& dice, double leaf);
void rock(cairo_t* cr, Point foot, double width, double height, std::uint64_t seed, Colour lit, Colour dark, double light_x);
/// A low bank of haze at screen row `y`.
void paint_mist(Stage& stage, double depth, double y, double thickness, double alpha);
/// The ground from the horizon to the bottom: a graded plane, with marks that thin out with distance.
struct Ground {
  Colour near_colour, far_colour;
  double far_depth = 200;   ///< where the plane begins
  bool speckles = true;
  Colour mark;
};
void paint_ground(Stage& stage, const Ground& ground, const Stage::Painter& details);
/// Water from the horizon down to screen row `edge`; mirrors what is painted already.
void paint_water(Stage& stage, double top, double edge, double level_drop);
/// Light falling through an opening: a wedge from (top_left, top_right) to the floor.
void paint_shaft(Stage& stage, double depth, Point top_left, Point top_right, Point foot_right, Point foot_left, double alpha);
/// A practical lamp: its glow is a layer of its own that flickers.
void paint_glow(Stage& stage, double depth, Point at, double radius, Colour colour, double alpha, double flicker);
/// A dark, unsharp shape near the lens that frames the picture.
enum class Framing { branch, doorway, wall, rigging, rocks, grass, curtain, pipes, heads, leaves, none };
void paint_framing(Stage& stage, Framing framing);

}  // namespace film::art
