#include <algorithm>
#include <cmath>
#include <numbers>

#include "film/art/environment.h"
#include "film/art/prop.h"
#include "film/art/scenery.h"

namespace film::art {
namespace {

void draw_stars(cairo_t* cr, const Rect& rect, const Palette& palette, Dice dice) {
  for (int index = 0; index < 420; ++index) {
    const double size = 0.0006 + 0.0018 * std::pow(dice.unit(), 4);
    set(cr, dice.chance(0.1) ? palette.accent : palette.key, dice.between(0.15, 0.95));
    cairo_arc(cr, dice.between(rect.left, rect.right), dice.between(rect.top, rect.bottom), size, 0, 2 * std::numbers::pi);
    cairo_fill(cr);
  }
}

void draw_planet(cairo_t* cr, Point centre, double radius, const Palette& palette, std::uint64_t seed) {
  cairo_save(cr);
  cairo_new_path(cr);
  ellipse(cr, centre, radius, radius);
  cairo_clip(cr);
  set_linear(cr, {centre.x + palette.light.x * radius, centre.y + palette.light.y * radius}, {centre.x - palette.light.x * radius * 0.7, centre.y - palette.light.y * radius * 0.7},
             {{0, mix(palette.horizon, palette.key, 0.75)}, {0.35, palette.horizon}, {0.7, mix(palette.far, palette.ink, 0.35)}, {1, mix(palette.ink, palette.far, 0.12)}});
  cairo_paint(cr);
  Dice dice(seed, "planet");
  for (int band = 0; band < 26; ++band) {
    const double y = centre.y + dice.between(-1, 1) * radius, reach = radius * dice.between(0.2, 1.1), thick = radius * dice.between(0.008, 0.05);
    set(cr, dice.chance(0.5) ? palette.ink : palette.key, dice.between(0.04, 0.14));
    ellipse(cr, {centre.x + dice.between(-0.6, 0.6) * radius, y}, reach, thick);
    cairo_fill(cr);
  }
  cairo_restore(cr);
  cairo_new_path(cr);
  cairo_set_line_width(cr, radius * 0.012);
  cairo_arc(cr, centre.x, centre.y, radius, std::atan2(palette.light.y, palette.light.x) - 1.1, std::atan2(palette.light.y, palette.light.x) + 1.1);
  set(cr, palette.key, 0.8);
  cairo_stroke(cr);
}

void paint_space(Stage& stage) {
  const Palette& palette = stage.palette;
  const View& view = stage.view;
  stage.paint(infinity, {.texture = 0.03, .blur = 0}, [&](cairo_t* cr, const Rect& rect) {
    set_linear(cr, {0, rect.top}, {0, rect.bottom}, {{0, palette.sky_top}, {0.6, mix(palette.sky_top, palette.horizon, 0.5)}, {1, palette.sky_top}});
    cairo_paint(cr);
    Dice dice = stage.dice("nebula");
    for (int index = 0; index < 9; ++index) {
      cairo_save(cr);
      cairo_translate(cr, dice.between(0, view.aspect), dice.between(0.1, 0.9));
      cairo_rotate(cr, -0.4);
      cairo_scale(cr, dice.between(1.5, 3.5), 1);
      set_radial(cr, {0, 0}, dice.between(0.12, 0.3), {{0, mix(palette.horizon, palette.far, dice.unit()), 0.3}, {1, palette.far, 0}});
      cairo_paint(cr);
      cairo_restore(cr);
    }
    draw_stars(cr, rect, palette, stage.dice("stars"));
  });
  const double side = view.subject_x < view.aspect / 2 ? 1 : -1;
  stage.paint(8000, {}, [&](cairo_t* cr, const Rect&) {
    draw_planet(cr, {view.aspect * (0.5 + side * 0.24), 0.36}, 0.3 * std::sqrt(view.focal / 1.8), palette, stage.place_seed);
  });
  if (!stage.place_words.has("surface ground moon lunar mars crater asteroid planet")) return;
  stage.paint(900, {}, [&](cairo_t* cr, const Rect& rect) { ridge(cr, rect, view.horizon + 0.01, 0.12, 0.4, 0.6, stage.place_seed + 4, palette.tone(0.6, 40), palette.tone(0.5, 80)); });
  paint_ground(stage, {palette.ramp(0.28), palette.ramp(0.68), 220, true, palette.ink}, {});
}

// One rib of a hull: a frame with cut corners that the next, smaller one repeats.
void draw_rib(cairo_t* cr, const View& view, double half, double height, double depth, double thick) {
  const auto frame = [&](double w, double bottom, double top) {
    const double cut = 0.6;
    polygon(cr, {view.project(-w, bottom + cut, depth), view.project(-w + cut, bottom, depth), view.project(w - cut, bottom, depth), view.project(w, bottom + cut, depth),
                 view.project(w, top - cut, depth), view.project(w - cut, top, depth), view.project(-w + cut, top, depth), view.project(-w, top - cut, depth)});
  };
  frame(half + 30, -30, height + 30);
  frame(half, 0, height);
  cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
  cairo_fill(cr);
  cairo_set_fill_rule(cr, CAIRO_FILL_RULE_WINDING);
  (void)thick;
}

void draw_screen(cairo_t* cr, Point top_left, double width, double height, Colour colour, Dice& dice) {
  set_linear(cr, {0, top_left.y}, {0, top_left.y + height}, {{0, mix(colour, rgb(0), 0.55)}, {1, mix(colour, rgb(0), 0.75)}});
  box(cr, top_left.x, top_left.y, top_left.x + width, top_left.y + height);
  cairo_fill(cr);
  set(cr, mix(colour, rgb(0xffffff), 0.25), 0.9);
  cairo_set_line_width(cr, std::max(height * 0.03, 0.0009));
  for (int line = 0; line < 4; ++line) {
    const double y = top_left.y + height * (0.2 + 0.17 * line);
    cairo_move_to(cr, top_left.x + width * 0.1, y);
    cairo_line_to(cr, top_left.x + width * dice.between(0.3, 0.55), y);
  }
  cairo_stroke(cr);
  for (int point = 0; point <= 10; ++point) {
    const double x = top_left.x + width * (0.58 + 0.034 * point), y = top_left.y + height * dice.between(0.3, 0.8);
    point == 0 ? cairo_move_to(cr, x, y) : cairo_line_to(cr, x, y);
  }
  cairo_stroke(cr);
}

void paint_hull(Stage& stage, bool ship) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double back = view.distance + (ship ? 8 : 5), height = ship ? 2.9 : 3.4, half = ship ? 2.7 : 4.2;
  const Point port = view.project(0, 1.6, back);
  const double radius = 1.35 * view.metre(back);
  stage.paint(infinity, {.texture = 0.02, .blur = view.blur_far * 0.5}, [&](cairo_t* cr, const Rect& rect) {
    if (ship) {
      set_linear(cr, {0, 0}, {0, 1}, {{0, palette.sky_top}, {1, mix(palette.sky_top, palette.horizon, 0.7)}});
      cairo_paint(cr);
      draw_stars(cr, rect, palette, stage.dice("stars"));
      draw_planet(cr, {port.x + radius * 0.55, port.y + radius * 0.9}, radius * 1.2, palette, stage.place_seed);
    } else {
      set_linear(cr, {0, 0}, {0, 1}, {{0, palette.ramp(0.5)}, {1, palette.ramp(0.3)}});
      cairo_paint(cr);
    }
  });
  stage.paint(back, {}, [&](cairo_t* cr, const Rect& rect) {  // the bulkhead, with a round port in a ship
    set_linear(cr, {0, view.project(0, height, back).y}, {0, view.ground(back)}, {{0, palette.tone(0.3, 6)}, {1, palette.tone(0.48, 6)}});
    box(cr, rect.left, rect.top, rect.right, rect.bottom);
    if (ship) {
      cairo_new_sub_path(cr);
      cairo_arc_negative(cr, port.x, port.y, radius, 2 * std::numbers::pi, 0);
    }
    cairo_fill(cr);
    if (ship)
      for (const auto& [grow, value] : {std::pair{0.12, 0.12}, std::pair{0.03, 0.7}}) {
        cairo_set_line_width(cr, radius * grow);
        cairo_arc(cr, port.x, port.y, radius * (1 + grow / 2), 0, 2 * std::numbers::pi);
        set(cr, palette.ramp(value));
        cairo_stroke(cr);
      }
    Dice dice = stage.dice("panels");
    cairo_set_line_width(cr, 0.0016);
    set(cr, palette.ink, 0.35);
    for (int line = 0; line < 16; ++line) {
      const double x = view.project(dice.between(-half, half), 0, back).x, y = view.project(0, dice.between(0, height), back).y;
      cairo_move_to(cr, x, y);
      cairo_line_to(cr, x + (dice.chance(0.5) ? 0.12 : 0), y + (dice.chance(0.5) ? 0.1 : 0));
      cairo_stroke(cr);
    }
    if (!ship)
      for (int screen = 0; screen < 5; ++screen) {
        const double unit = view.metre(back);
        const Point at = view.project(-3.6 + screen * 1.5, 2.3, back);
        draw_screen(cr, at, 1.2 * unit, 0.75 * unit, screen == 2 ? palette.accent : mix(palette.key, palette.horizon, 0.5), dice);
      }
  });
  if (ship) paint_glow(stage, back, port, radius * 2.1, palette.horizon, 0.45, 0);
  for (double depth = back * 0.92; depth > view.distance * 1.12; depth -= std::max(1.1, (back - view.distance) * 0.2)) {
    std::vector<Point> lights;
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect&) {
      Dice dice(stage.place_seed + static_cast<std::uint64_t>(depth * 10), "rib");
      const bool lit_left = palette.light.x < 0;
      set_linear(cr, {view.project(-half, 0, depth).x, 0}, {view.project(half, 0, depth).x, 0}, {{0, palette.tone(lit_left ? 0.34 : 0.12, depth)}, {1, palette.tone(lit_left ? 0.12 : 0.34, depth)}});
      draw_rib(cr, view, half, height, depth, 0.3);
      const double unit = view.metre(depth);
      for (const double side : {-1.0, 1.0}) {
        set(cr, mix(palette.key, rgb(0xffffff), 0.4));
        const Point a = view.project(side * (half - 0.05), 2.1, depth), b = view.project(side * (half - 0.05), 0.9, depth);
        capsule(cr, a, b, 0.035 * unit, 0.035 * unit);
        cairo_fill(cr);
        lights.push_back(between(a, b, 0.5));
        const Point at = view.project(side > 0 ? half + 0.15 : -half - 0.9, 1.7, depth);
        draw_screen(cr, at, 0.75 * unit, 0.5 * unit, dice.chance(0.35) ? palette.accent : mix(palette.key, palette.horizon, 0.4), dice);
      }
    });
    for (const Point& at : lights) paint_glow(stage, depth, at, 1.1 * view.metre(depth), palette.key, 0.38, 0.06);
    paint_mist(stage, depth * 0.98, view.ground(depth), 0.2, 0.12 + palette.haze * 0.2);
  }
  Layer& floor = stage.paint(view.distance, {.blur = view.blur_far * 0.4}, [&](cairo_t* cr, const Rect& rect) {
    const double top = view.ground(view.distance * 1.25);
    if (top > rect.bottom) return;
    set_linear(cr, {0, top}, {0, std::max(rect.bottom, top + 0.2)}, {{0, palette.tone(0.34, 3)}, {1, palette.tone(0.1, 1)}});
    polygon(cr, {view.project(-half + 0.6, 0, view.distance * 1.25), view.project(half - 0.6, 0, view.distance * 1.25), {rect.right + 2, rect.bottom + 0.3}, {rect.left - 2, rect.bottom + 0.3}});
    cairo_fill(cr);
    set(cr, palette.ink, 0.4);
    cairo_set_line_width(cr, 0.002);
    for (double depth = view.distance * 1.25; view.ground(depth) < rect.bottom; depth *= 0.9) {
      const double y = view.ground(depth);
      cairo_move_to(cr, rect.left, y);
      cairo_line_to(cr, rect.right, y);
    }
    cairo_stroke(cr);
  });
  floor.ground = true;
}

// Seen through the windscreen: the world runs past while the frame stays.
void paint_cabin(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  paint_sky(stage);
  const double horizon = std::clamp(view.horizon, 0.3, 0.56);
  Layer& hills = stage.paint(400, {.blur = 0.003}, [&](cairo_t* cr, const Rect& rect) {
    ridge(cr, rect, horizon + 0.02, 0.13, 0.5, 0.3, stage.place_seed, palette.tone(0.42, 30), palette.tone(0.6, 60));
  });
  hills.motion.travel_x = -0.02;
  stage.paint(300, {.blur = 0.002}, [&](cairo_t* cr, const Rect& rect) {
    set_linear(cr, {0, horizon}, {0, 0.9}, {{0, palette.tone(0.55, 60)}, {1, palette.tone(0.2, 3)}});
    box(cr, rect.left, horizon, rect.right, rect.bottom);
    cairo_fill(cr);
    set(cr, palette.key, 0.7);
    polygon(cr, {{view.centre - 0.003, horizon}, {view.centre + 0.003, horizon}, {view.centre + 0.12, 0.95}, {view.centre + 0.03, 0.95}});
    cairo_fill(cr);
  });
  for (int pole = 0; pole < 2; ++pole) {
    Layer& layer = stage.paint_in({0, 0, view.aspect * 1.2, 1}, 60, {.texture = 0, .blur = 0.006}, [&](cairo_t* cr, const Rect&) {
      set(cr, palette.tone(0.15, 20));
      box(cr, 0.3 + pole * 0.9, 0.1, 0.315 + pole * 0.9, 0.75);
      cairo_fill(cr);
      set(cr, palette.tone(0.1, 20), 0.9);
      leafy_tree(cr, {0.75 + pole * 0.9, 0.75}, 0.5, stage.place_seed + static_cast<unsigned>(pole));
    });
    layer.wraps = true;
    layer.motion.drift_x = -0.35 - 0.3 * pole;
  }
  stage.paint(view.distance * 1.4, {.blur = 0.004, .flat = true}, [&](cairo_t* cr, const Rect& rect) {  // posts, roof, wheel
    const Colour dark = mix(palette.ink, palette.far, 0.1);
    set(cr, dark);
    box(cr, rect.left - 0.1, rect.top - 0.1, rect.right + 0.1, rect.bottom + 0.1);
    curve(cr, {{0.16, 0.82}, {0.3, 0.12}, {0.5, 0.09}, {view.aspect - 0.5, 0.09}, {view.aspect - 0.3, 0.12}, {view.aspect - 0.16, 0.82}, {view.aspect / 2, 0.78}}, true);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_fill(cr);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_WINDING);
    set(cr, palette.key, 0.5);
    cairo_set_line_width(cr, 0.004);
    cairo_move_to(cr, 0.2, 0.8);
    cairo_curve_to(cr, 0.5, 0.77, view.aspect - 0.5, 0.77, view.aspect - 0.2, 0.8);
    cairo_stroke(cr);
    set(cr, dark);
    box(cr, view.aspect / 2 - 0.09, 0.13, view.aspect / 2 + 0.09, 0.18);
    cairo_fill(cr);
  });
}

}  // namespace

void paint_vessel(Stage& stage, Place place) {
  switch (place) {
    case Place::space: return paint_space(stage);
    case Place::vehicle: return paint_cabin(stage);
    default: return paint_hull(stage, place == Place::ship);
  }
}

}  // namespace film::art
