/// Draws a person: cut shapes with a lit and a shadow side and a broken rim of light.
#pragma once

#include "film/art/look.h"
#include "film/art/palette.h"
#include "film/art/pose.h"
#include "film/art/prop.h"

namespace film::art {

/// The light a figure stands in.
struct Exposure {
  double level = 0.6;        ///< 0 silhouette .. 1 fully lit
  Light light;               ///< in the figure's own directions (mirrored with it)
  Colour key, ink, ambient, rim;
  double rim_width = 0.006;  ///< metres
  double haze = 0;
};

struct Drawing {
  Action action = Action::stand;
  double phase = 0;
  Mood mood;
  const Prop* held = nullptr;
  int boil = 0;              ///< which redrawing of the line
  bool blink = false;
  double head_px = 100;      ///< height of the head on screen: how much face is drawn
};

[[nodiscard]] Exposure exposure_of(const Palette& palette, double level, double facing, double metre_px, double figure_px, int height);
/// Foot between both feet at the origin, metres, facing right; call inside a scaled and mirrored context.
void draw_figure(cairo_t* cr, const Look& look, const Drawing& drawing, const Exposure& exposure, const Palette& palette);
/// Only the head, centre at the origin, one unit from chin to crown, facing right.
void draw_head(cairo_t* cr, const Look& look, const Drawing& drawing, const Exposure& exposure);
/// Hair or hat parts that lie behind the shoulders.
void draw_hair_behind(cairo_t* cr, const Look& look, const Exposure& exposure, double stride);

/// Local colour in this light: shadow, middle and lit tone.
struct Tones {
  Colour shadow, middle, lit;
};
[[nodiscard]] Tones tones_of(Colour local, const Exposure& exposure);
/// Fills the current path with a rim, a shadow side and a lit side. `form`: width of the shadow, in path units.
void shade(cairo_t* cr, Colour local, const Exposure& exposure, double form, double rim, std::uint64_t seed);

}  // namespace film::art
