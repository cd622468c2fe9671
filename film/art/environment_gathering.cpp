#include <algorithm>
#include <cmath>
#include <numbers>

#include "film/art/environment.h"
#include "film/art/scenery.h"

namespace film::art {
namespace {

void paint_people(Stage& stage, double depth, double value, double spacing, double hands) {
  const View& view = stage.view;
  Layer& layer = stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
    Dice dice(stage.place_seed + static_cast<std::uint64_t>(depth * 7), "people");
    const double unit = view.metre(depth);
    set_linear(cr, {0, view.project(0, 1.8, depth).y}, {0, view.ground(depth)}, {{0, stage.palette.tone(value, depth * 1.5)}, {1, stage.palette.tone(value + 0.12, depth * 2.5)}});
    for (double x = rect.left - unit; x < rect.right + unit; x += dice.between(0.6, 1.3) * spacing * unit) {
      const double tall = dice.between(1.5, 1.85), y = view.project(0, tall, depth).y;
      ellipse(cr, {x, y}, 0.1 * unit, 0.13 * unit);
      cairo_new_sub_path(cr);
      curve(cr, {{x - 0.08 * unit, y + 0.1 * unit}, {x - 0.26 * unit, y + 0.28 * unit}, {x - 0.3 * unit, y + 1.2 * unit}, {x + 0.3 * unit, y + 1.2 * unit}, {x + 0.26 * unit, y + 0.28 * unit}, {x + 0.08 * unit, y + 0.1 * unit}}, true);
      if (dice.chance(hands)) {
        const double side = dice.sign();
        capsule(cr, {x + side * 0.24 * unit, y + 0.35 * unit}, {x + side * 0.36 * unit, y - 0.25 * unit}, 0.06 * unit, 0.045 * unit);
        capsule(cr, {x + side * 0.36 * unit, y - 0.25 * unit}, {x + side * 0.28 * unit, y - 0.6 * unit}, 0.045 * unit, 0.04 * unit);
      }
    }
    cairo_fill(cr);
    box(cr, rect.left, view.project(0, 1.0, depth).y, rect.right, rect.bottom);
    cairo_fill(cr);
  });
  layer.motion.sway_y = 0.012 * view.metre(depth) * 2;
  layer.motion.sway_hz = 1.1;
  layer.motion.sway_phase = depth;
}

void paint_crowd(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  stage.paint(infinity, {.detail = 0.5, .blur = 0}, [&](cairo_t* cr, const Rect& rect) {
    set_linear(cr, {0, rect.top}, {0, view.horizon + 0.1}, {{0, palette.sky_top}, {1, palette.horizon}});
    cairo_paint(cr);
    set_radial(cr, {view.aspect / 2, view.horizon}, 0.8, {{0, palette.key, 0.7}, {1, palette.key, 0}});
    cairo_paint(cr);
  });
  Dice dice = stage.dice("beams");
  for (int beam = 0; beam < 5; ++beam) {
    const double x = view.aspect * (0.12 + 0.19 * beam), lean = dice.between(-0.5, 0.5);
    paint_shaft(stage, 60, {x - 0.01, -0.15}, {x + 0.01, -0.15}, {x + lean + 0.14, view.horizon + 0.2}, {x + lean - 0.14, view.horizon + 0.2}, 0.28);
    stage.layers.back().motion.sway_x = 0.05;
    stage.layers.back().motion.sway_hz = 0.2;
    stage.layers.back().motion.sway_phase = beam;
  }
  for (const double depth : {60.0, 30.0, 16.0}) {
    paint_people(stage, depth + view.distance, 0.3 - 0.2 / depth * 10, 0.7, 0.35);
    paint_mist(stage, depth * 0.95 + view.distance, view.ground(depth + view.distance), 0.1, 0.3);
  }
  paint_people(stage, view.distance + 5, 0.12, 1.5, 0);
}

// A place that is only a feeling: one big form, a horizon of colour, a few sheets that float.
void paint_abstract(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  Dice dice(stage.shot_seed, "abstract");
  const double turn = dice.between(-0.5, 0.5);
  const Point centre{view.subject_x + dice.between(-0.1, 0.1), std::clamp(view.eyes + 0.1, 0.3, 0.55)};
  stage.paint(infinity, {.blur = 0}, [&](cairo_t* cr, const Rect& rect) {
    set_linear(cr, {rect.left, rect.top}, {rect.right, rect.bottom}, {{0, palette.sky_top}, {0.6, mix(palette.sky_top, palette.horizon, 0.6)}, {1, palette.far}});
    cairo_paint(cr);
  });
  stage.paint(300, {}, [&](cairo_t* cr, const Rect&) {
    const double radius = dice.between(0.32, 0.46);
    set_linear(cr, {centre.x, centre.y - radius}, {centre.x, centre.y + radius}, {{0, palette.key}, {1, palette.horizon}});
    ellipse(cr, centre, radius, radius);
    cairo_fill(cr);
    cairo_set_line_width(cr, 0.003);
    for (int ring = 1; ring < 7; ++ring) {
      set(cr, palette.key, 0.4 - ring * 0.05);
      cairo_arc(cr, centre.x, centre.y, radius + ring * ring * 0.018, 0, 2 * std::numbers::pi);
      cairo_stroke(cr);
    }
  });
  for (int sheet = 0; sheet < 3; ++sheet) {
    Layer& layer = stage.paint(view.distance * (5.0 - sheet), {}, [&](cairo_t* cr, const Rect& rect) {
      for (int index = 0; index < 6; ++index) {
        cairo_save(cr);
        cairo_translate(cr, dice.between(rect.left, rect.right), dice.between(0.05, 0.75));
        cairo_rotate(cr, turn + dice.between(-0.9, 0.9));
        const double width = dice.between(0.03, 0.12), tall = width * dice.between(0.4, 1.5);
        set_linear(cr, {-width, 0}, {width, 0}, {{0, palette.ramp(0.85)}, {1, palette.ramp(0.35)}});
        polygon(cr, {{-width, -tall}, {width * 0.8, -tall * 0.8}, {width, tall}, {-width * 0.9, tall * 0.9}});
        cairo_fill(cr);
        cairo_restore(cr);
      }
    });
    layer.motion.sway_y = 0.02;
    layer.motion.sway_hz = 0.12;
    layer.motion.sway_phase = sheet * 2.0;
  }
  paint_ground(stage, {palette.ramp(0.12), palette.ramp(0.5), 80, true, palette.ink}, {});
}

}  // namespace

void paint_gathering(Stage& stage, Place place) { place == Place::crowd ? paint_crowd(stage) : paint_abstract(stage); }

}  // namespace film::art
