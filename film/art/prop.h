/// Signature objects chosen by the words of a scene: the lighthouse, the piano, the phone booth.
#pragma once

#include <array>
#include <optional>
#include <optional>
#include <span>

#include "film/art/stage.h"

namespace film::art {

enum class Spot {
  ground,  ///< stands beside the people
  far,     ///< a landmark behind them
  water,   ///< floats
  hand,    ///< is carried
  sky
};

/// A flat shape in metres, foot at (0, 0), y down, so that heights are negative.
struct PropShape {
  double value = 0;   ///< tone 0..1; `accent_tone`, `light_tone` or `painted`
  const char* path = nullptr;
};
constexpr double accent_tone = 2, light_tone = 3;
/// Takes the colour that the text gives the thing; without one it has this tone.
[[nodiscard]] constexpr double painted(double tone) { return 4 + tone; }

struct Prop {
  const char* name;
  const char* words;
  Spot spot;
  double height;      ///< metres
  std::array<PropShape, 7> shapes;
  Point glow{};       ///< of a lamp
  double glow_radius = 0;
};

[[nodiscard]] std::span<const Prop> props();
/// Props named in `words`, in the order of mention, at most `count`.
[[nodiscard]] std::vector<const Prop*> props_in(const Words& words, Spot spot, std::size_t count);
/// The colour in "a red van": named right before the thing.
[[nodiscard]] std::optional<Colour> colour_said(const Words& words, const Prop& prop);
/// Draws with the foot at `foot`, `unit` screen units to the metre, as seen through `distance` metres of air.
void draw_prop(cairo_t* cr, const Prop& prop, Point foot, double unit, const Palette& palette, double distance, double flip = 1, std::optional<Colour> said = {});

void paint_far_props(Stage& stage);
void paint_water_props(Stage& stage);
/// Beside the people; `hero` when the shot has nobody: then the object is the subject, framed as one.
void paint_near_props(Stage& stage, bool hero);

}  // namespace film::art
