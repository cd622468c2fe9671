#include <algorithm>
#include <cmath>

#include "film/art/environment.h"
#include "film/art/prop.h"
#include "film/art/scenery.h"

namespace film::art {
namespace {

void paint_headlands(Stage& stage) {
  const Palette& palette = stage.palette;
  const double horizon = stage.view.horizon;
  for (const auto& [depth, height, seed] : {std::tuple{3000.0, 0.045, 1U}, std::tuple{900.0, 0.085, 2U}})
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      const double from = seed == 1 ? rect.left : stage.view.subject_x + (stage.palette.light.x < 0 ? 0.35 : -1.5);
      const double to = seed == 1 ? rect.left + rect.width() * 0.6 : from + 1.2;
      cairo_save(cr);
      box(cr, rect.left, rect.top, rect.right, horizon + 0.004);
      cairo_clip(cr);
      cairo_new_path(cr);
      cairo_move_to(cr, from, horizon + 0.02);
      for (int step = 0; step <= 90; ++step) {
        const double t = step / 90.0, x = std::lerp(from, to, t), shoulder = std::pow(std::sin(t * 3.14159), 0.6);
        cairo_line_to(cr, x, horizon - height * shoulder * (0.55 + 0.45 * ridge_noise(t * 7, 4, stage.place_seed + seed)));
      }
      cairo_line_to(cr, to, horizon + 0.02);
      cairo_close_path(cr);
      set_linear(cr, {0, horizon - height}, {0, horizon}, {{0, palette.tone(0.28, depth * 0.05)}, {1, palette.tone(0.5, depth * 0.1)}});
      cairo_fill(cr);
      cairo_restore(cr);
    });
}

// Sheds, cranes and masts along the far side of the basin.
void paint_far_quay(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  constexpr double depth = 90;
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
    Dice dice = stage.dice("far quay");
    const double unit = view.metre(depth), foot = view.horizon + (view.camera_height + 1.5) * unit;
    double x = rect.left;
    while (x < rect.right) {
      const double width = dice.between(7, 18) * unit, height = dice.between(3.5, 8.5) * unit;
      if (dice.chance(0.75)) {
        set_linear(cr, {0, foot - height}, {0, foot}, {{0, palette.tone(0.2, depth * 0.5)}, {1, palette.tone(0.4, depth * 0.9)}});
        polygon(cr, {{x, foot}, {x, foot - height * 0.75}, {x + width / 2, foot - height}, {x + width, foot - height * 0.75}, {x + width, foot}});
        cairo_fill(cr);
        for (int window = 0; window < 4; ++window) {
          if (!dice.chance(palette.night || palette.haze > 0.3 ? 0.35 : 0.1)) continue;
          set(cr, mix(palette.accent, palette.key, 0.5), 0.85);
          box(cr, x + width * (0.15 + window * 0.2), foot - height * 0.5, x + width * (0.22 + window * 0.2), foot - height * 0.35);
          cairo_fill(cr);
        }
      } else {
        set(cr, palette.tone(0.25, depth * 0.5));
        cairo_set_line_width(cr, 0.25 * unit);
        const double mast = dice.between(8, 15) * unit;
        cairo_move_to(cr, x, foot);
        cairo_line_to(cr, x, foot - mast);
        cairo_move_to(cr, x, foot - mast * 0.95);
        cairo_line_to(cr, x + mast * 0.7, foot - mast * 0.75);
        cairo_line_to(cr, x, foot - mast * 0.7);
        cairo_stroke(cr);
      }
      x += width * dice.between(0.8, 1.5);
    }
  });
}

void draw_planks(cairo_t* cr, const Stage& stage, double edge_depth, const Rect& rect) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double edge = view.ground(edge_depth);
  if (edge > rect.bottom) return;
  const double metre_near = view.metre(edge_depth);
  // The top of the quay, then its shadowed front face towards the water is behind and not seen.
  set_linear(cr, {0, edge}, {0, std::max(rect.bottom, edge + 0.2)}, {{0, palette.tone(0.46, 6)}, {0.4, palette.tone(0.27, 3)}, {1, palette.tone(0.12, 1)}});
  box(cr, rect.left, edge, rect.right, rect.bottom);
  cairo_fill(cr);
  set(cr, mix(palette.ramp(0.8), palette.key, 0.4), 0.8);
  box(cr, rect.left, edge, rect.right, edge + 0.03 * metre_near);
  cairo_fill(cr);
  cairo_set_line_width(cr, 0.0022);
  Dice dice = stage.dice("planks");
  for (int index = -60; index <= 60; ++index) {
    const Point far = view.project(index * 0.32, 0, edge_depth), near = view.project(index * 0.32, 0, view.depth_at(std::max(rect.bottom, edge + 0.05)));
    if (dice.chance(0.35)) {
      const Point far2 = view.project(index * 0.32 + 0.32, 0, edge_depth), near2 = view.project(index * 0.32 + 0.32, 0, view.depth_at(std::max(rect.bottom, edge + 0.05)));
      polygon(cr, {far, far2, near2, near});
      set(cr, dice.chance(0.5) ? palette.ramp(0.55) : palette.ink, dice.between(0.05, 0.16));
      cairo_fill(cr);
    }
    set(cr, palette.ink, 0.45);
    cairo_move_to(cr, far.x, far.y);
    cairo_line_to(cr, near.x, near.y);
    cairo_stroke(cr);
  }
}

void paint_quay(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double edge_depth = view.distance + 2.2;
  Layer& layer = stage.paint(view.distance, {.blur = view.defocus(view.distance * 1.4) * 0.5}, [&](cairo_t* cr, const Rect& rect) { draw_planks(cr, stage, edge_depth, rect); });
  layer.ground = true;
  // Bollards and a lamp on the edge.
  const double depth = edge_depth - 0.2, unit = view.metre(depth);
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect&) {
    Dice dice = stage.dice("bollards");
    for (const double x : {-5.6, -1.9, 2.4, 6.1}) {
      const Point foot = view.project(x + dice.between(-0.3, 0.3), 0, depth);
      set_linear(cr, {foot.x - 0.2 * unit, 0}, {foot.x + 0.2 * unit, 0}, {{0, palette.ramp(0.1)}, {palette.light.x < 0 ? 0.2 : 0.8, palette.ramp(0.5)}, {1, palette.ramp(0.05)}});
      box(cr, foot.x - 0.14 * unit, foot.y - 0.42 * unit, foot.x + 0.14 * unit, foot.y);
      ellipse(cr, {foot.x, foot.y - 0.42 * unit}, 0.2 * unit, 0.09 * unit);
      cairo_fill(cr);
    }
    set(cr, palette.ramp(0.08), 0.9);
    cairo_set_line_width(cr, 0.05 * unit);
    for (const double x : {-5.6, -1.9, 2.4}) {
      const Point from = view.project(x, 0.36, depth), to = view.project(x + 4.1, 0.36, depth);
      cairo_move_to(cr, from.x, from.y);
      cairo_curve_to(cr, from.x + (to.x - from.x) * 0.3, from.y + 0.32 * unit, from.x + (to.x - from.x) * 0.7, from.y + 0.32 * unit, to.x, to.y);
      cairo_stroke(cr);
    }
  });
}

void paint_beach(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double edge = view.ground(view.distance + 5);
  Layer& layer = stage.paint(view.distance, {.blur = view.blur_far * 0.3}, [&](cairo_t* cr, const Rect& rect) {
    cairo_new_path(cr);
    cairo_move_to(cr, rect.left, rect.bottom + 0.1);
    for (int step = 0; step <= 40; ++step) {
      const double x = std::lerp(rect.left, rect.right, step / 40.0);
      cairo_line_to(cr, x, edge + 0.015 * noise(x * 3, stage.place_seed));
    }
    cairo_line_to(cr, rect.right, rect.bottom + 0.1);
    cairo_close_path(cr);
    set_linear(cr, {0, edge}, {0, std::max(rect.bottom, edge + 0.2)}, {{0, palette.tone(0.62, 5)}, {0.3, palette.tone(0.45, 3)}, {1, palette.tone(0.2, 1)}});
    cairo_fill_preserve(cr);
    set(cr, palette.key, 0.7);
    cairo_set_line_width(cr, 0.004);
    cairo_stroke(cr);
  });
  layer.ground = true;
}

}  // namespace

void paint_coast(Stage& stage, Place place) {
  const View& view = stage.view;
  paint_sky(stage);
  paint_headlands(stage);
  if (place == Place::harbor) paint_far_quay(stage);
  paint_far_props(stage);
  paint_water(stage, view.horizon, 1.4, place == Place::harbor ? 1.5 : 0.5);
  paint_mist(stage, 60, view.horizon + 0.01, 0.05 + stage.palette.haze * 0.08, 0.35 + stage.palette.haze * 0.5);
  paint_water_props(stage);
  const bool afloat = place == Place::sea && stage.words.has("swim dive drown float underwater");
  if (!afloat) place == Place::harbor ? paint_quay(stage) : paint_beach(stage);
}

}  // namespace film::art
