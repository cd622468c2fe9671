#include <algorithm>
#include <cmath>

#include "film/art/environment.h"
#include "film/art/prop.h"
#include "film/art/scenery.h"

namespace film::art {
namespace {

struct Line {
  double depth, height, wavelength, roughness, value;
};

// Heights in degrees of the picture, not metres: far ridges keep their size when the camera comes close.
void paint_ridges(Stage& stage, std::initializer_list<Line> lines) {
  const View& view = stage.view;
  unsigned seed = 0;
  for (const Line& line : lines) {
    ++seed;
    const double lens = view.focal / 1.8;
    stage.paint(line.depth, {}, [&](cairo_t* cr, const Rect& rect) {
      const double base = view.ground(line.depth * 0.6);
      ridge(cr, rect, base, line.height * lens, line.wavelength * lens, line.roughness, stage.place_seed + seed * 101,
            stage.palette.tone(line.value, line.depth * 0.014), stage.palette.tone(line.value + 0.2, line.depth * 0.04));
    });
    if (stage.palette.haze > 0.3) paint_mist(stage, line.depth * 0.9, view.ground(line.depth * 0.5), 0.05 * lens, 0.3 * stage.palette.haze + 0.1);
  }
}

void paint_mesas(Stage& stage) {
  const View& view = stage.view;
  const double lens = view.focal / 1.8;
  for (const auto& [depth, scale, seed] : {std::tuple{2600.0, 0.10, 3U}, std::tuple{900.0, 0.17, 8U}})
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      Dice dice(stage.place_seed + seed, "mesa");
      const Colour lit = stage.palette.tone(0.62, depth * 0.05), dark = stage.palette.tone(0.34, depth * 0.05);
      for (double x = rect.left - 0.3 + dice.between(0, 0.5); x < rect.right; x += dice.between(0.5, 1.3) * lens) {
        const double width = dice.between(0.14, 0.5) * lens, height = scale * dice.between(0.5, 1.0) * lens, base = view.horizon + 0.004;
        const double inset = height * 0.22;
        const auto outline = [&] {
          polygon(cr, {{x, base}, {x + inset * 1.6, base - height * 0.38}, {x + inset * 1.9, base - height * 0.95}, {x + width * 0.4, base - height}, {x + width - inset * 2, base - height * 0.97}, {x + width - inset * 1.7, base - height * 0.42}, {x + width, base}});
        };
        outline();
        set_linear(cr, {0, base - height}, {0, base}, {{0, lit}, {0.5, mix(lit, dark, 0.35)}, {1, stage.palette.tone(0.7, depth * 0.12)}});
        cairo_fill(cr);
        cairo_save(cr);
        outline();
        cairo_clip(cr);
        const double side = stage.palette.light.x < 0 ? 1 : -1, middle = x + width * (0.5 + side * 0.12);
        polygon(cr, {{middle, base - height * 1.1}, {middle + side * 0.02, base - height * 0.5}, {middle - side * 0.03, base}, {middle + side * width, base}, {middle + side * width, base - height * 1.1}});
        set(cr, dark, 0.75);
        cairo_fill(cr);
        cairo_set_line_width(cr, 0.0016);
        for (int crack = 0; crack < 7; ++crack) {  // strata and gullies: the small scale of the texture
          const double at = x + width * dice.unit();
          cairo_move_to(cr, at, base - height);
          cairo_line_to(cr, at + dice.between(-0.008, 0.008), base - height * dice.between(0.3, 0.7));
        }
        set(cr, dark, 0.5);
        cairo_stroke(cr);
        cairo_restore(cr);
      }
    });
}

void paint_scrub(Stage& stage, double value) {
  const View& view = stage.view;
  for (const double depth : {38.0, 17.0}) {
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      Dice dice(stage.place_seed + static_cast<std::uint64_t>(depth), "scrub");
      const double unit = view.metre(depth);
      for (double x = rect.left; x < rect.right; x += dice.between(2, 7) * unit) {
        const Point foot{x, view.ground(depth)};
        set(cr, stage.palette.tone(value, depth));
        for (int tuft = 0; tuft < 5; ++tuft) ellipse(cr, {foot.x + dice.between(-0.7, 0.7) * unit, foot.y - dice.between(0.1, 0.4) * unit}, dice.between(0.25, 0.6) * unit, dice.between(0.15, 0.42) * unit);
        cairo_fill(cr);
        if (!dice.chance(0.18)) continue;
        const double tall = dice.between(2.2, 4) * unit;  // a cactus
        capsule(cr, foot, {foot.x, foot.y - tall}, 0.22 * unit, 0.2 * unit);
        capsule(cr, {foot.x, foot.y - tall * 0.45}, {foot.x + 0.7 * unit, foot.y - tall * 0.5}, 0.15 * unit, 0.15 * unit);
        capsule(cr, {foot.x + 0.7 * unit, foot.y - tall * 0.5}, {foot.x + 0.7 * unit, foot.y - tall * 0.8}, 0.15 * unit, 0.14 * unit);
        cairo_fill(cr);
      }
    });
  }
}

void paint_trees(Stage& stage, bool conifers, std::initializer_list<double> depths, double gap) {
  const View& view = stage.view;
  for (const double depth : depths)
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      Dice dice(stage.place_seed + static_cast<std::uint64_t>(depth), "trees");
      const double unit = view.metre(depth), y = view.ground(depth);
      set_linear(cr, {0, y - 14 * unit}, {0, y}, {{0, stage.palette.tone(0.14, depth * 0.8)}, {1, stage.palette.tone(0.3, depth * 1.5)}});
      for (double x = rect.left - unit; x < rect.right + unit; x += dice.between(0.5, 1.5) * gap * unit) {
        // Leave air round the figure.
        if (depth < 40 && std::abs(x - view.subject_x) < 1.6 * unit) continue;
        const double tall = dice.between(8, 14) * unit;
        conifers ? conifer(cr, {x, y + 0.2 * unit}, tall, dice.next()) : leafy_tree(cr, {x, y + 0.2 * unit}, tall * 0.8, dice.next());
      }
    });
}

// Tall trunks that leave the picture at the top: the inside of a forest.
void paint_trunks(Stage& stage) {
  const View& view = stage.view;
  for (const double depth : {60.0, 34.0, 20.0, 12.0}) {
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      Dice dice(stage.place_seed + static_cast<std::uint64_t>(depth), "trunks");
      const double unit = view.metre(depth), y = view.ground(depth);
      const Colour dark = stage.palette.tone(0.1, depth * 0.9), lit = stage.palette.tone(0.42, depth * 0.9);
      for (double x = rect.left - unit; x < rect.right + unit; x += dice.between(0.9, 3.2) * unit) {
        if (depth < 30 && std::abs(x - view.subject_x) < 1.3 * unit) continue;
        const double half = dice.between(0.13, 0.36) * unit, lean = dice.between(-0.02, 0.02);
        const double top = rect.top - 0.1;
        cairo_new_path(cr);
        cairo_move_to(cr, x - half * 1.8, y + 0.1 * unit);
        cairo_curve_to(cr, x - half, y - unit, x - half + lean, y - 3 * unit, x - half * 0.7 + lean * 3, top);
        cairo_line_to(cr, x + half * 0.7 + lean * 3, top);
        cairo_curve_to(cr, x + half + lean, y - 3 * unit, x + half, y - unit, x + half * 1.8, y + 0.1 * unit);
        const double lit_at = stage.palette.light.x < 0 ? 0.0 : 1.0;
        set_linear(cr, {x - half, 0}, {x + half, 0}, {{0, lit_at < 0.5 ? lit : dark}, {0.35, mix(dark, lit, 0.25)}, {0.7, mix(dark, lit, lit_at * 0.3)}, {1, lit_at < 0.5 ? dark : lit}});
        cairo_fill(cr);
        if (depth < 40 && dice.chance(0.6)) {
          set(cr, dark);
          branch(cr, {x, y - dice.between(2, 5) * unit}, dice.chance(0.5) ? -0.5 : -2.6, 1.2 * unit, 0.06 * unit, 2, dice, 0.1 * unit);
        }
      }
      set_linear(cr, {0, y - 0.6 * unit}, {0, y + 0.3 * unit}, {{0, stage.palette.tone(0.22, depth)}, {1, stage.palette.tone(0.3, depth * 1.4)}});
      for (double x = rect.left; x < rect.right; x += dice.between(0.3, 0.8) * unit) ellipse(cr, {x, y}, dice.between(0.3, 0.9) * unit, dice.between(0.15, 0.5) * unit);
      cairo_fill(cr);
    });
    paint_mist(stage, depth * 0.95, view.ground(depth) - 0.02, 0.09, 0.25 + stage.palette.haze * 0.3);
  }
  Dice dice = stage.dice("forest light");
  const double side = stage.palette.light.x < 0 ? -1 : 1;
  for (int index = 0; index < 3; ++index) {
    const double x = view.subject_x - side * dice.between(-0.5, 0.6), wide = dice.between(0.05, 0.13);
    paint_shaft(stage, 15, {x + side * 0.45, -0.2}, {x + side * 0.45 + wide, -0.2}, {x + wide * 1.7, 0.95}, {x, 0.95}, 0.2);
  }
}

void paint_road(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const auto strip = [&](cairo_t* cr, double left, double right, double near_y) {
    const double near = view.depth_at(near_y);
    polygon(cr, {view.project(left, 0, 900), view.project(right, 0, 900), view.project(right, 0, near), view.project(left, 0, near)});
    cairo_fill(cr);
  };
  Layer& layer = stage.paint(view.distance, {.blur = view.blur_far * 0.4}, [&](cairo_t* cr, const Rect& rect) {
    const double bottom = std::max(rect.bottom, view.horizon + 0.1);
    if (view.horizon > rect.bottom) return;
    set_linear(cr, {0, view.horizon}, {0, bottom}, {{0, palette.tone(0.5, 30)}, {0.3, palette.tone(0.3, 5)}, {1, palette.tone(0.17, 1)}});
    strip(cr, -2.6, 4.6, bottom);
    set(cr, palette.tone(0.85, 2), 0.75);
    strip(cr, -2.35, -2.22, bottom);
    strip(cr, 4.22, 4.35, bottom);
    set(cr, mix(palette.key, palette.accent, 0.35), 0.8);
    for (double depth = 2; depth < 160; depth *= 1.35) {
      const double far = depth * 1.16;
      if (view.ground(far) > bottom) continue;
      polygon(cr, {view.project(0.94, 0, far), view.project(1.06, 0, far), view.project(1.06, 0, depth), view.project(0.94, 0, depth)});
      cairo_fill(cr);
    }
  });
  layer.ground = true;
  stage.paint(26, {}, [&](cairo_t* cr, const Rect&) {  // poles that run to the vanishing point
    for (double depth = 160; depth > 13; depth *= 0.66) {
      const Point foot = view.project(7.5, 0, depth), top = view.project(7.5, 7.5, depth);
      const double unit = view.metre(depth);
      set(cr, palette.tone(0.16, depth));
      cairo_set_line_width(cr, std::max(0.16 * unit, 0.0015));
      cairo_move_to(cr, foot.x, foot.y);
      cairo_line_to(cr, top.x, top.y);
      cairo_move_to(cr, top.x - 0.9 * unit, top.y + 0.5 * unit);
      cairo_line_to(cr, top.x + 0.9 * unit, top.y + 0.5 * unit);
      cairo_stroke(cr);
      const Point next = view.project(7.5, 7.5, depth / 0.66);
      cairo_set_line_width(cr, std::max(0.03 * unit, 0.0009));
      cairo_move_to(cr, top.x - 0.8 * unit, top.y + 0.5 * unit);
      cairo_curve_to(cr, (top.x + next.x) / 2, (top.y + next.y) / 2 + 0.7 * unit, (top.x + next.x) / 2, (top.y + next.y) / 2 + 0.5 * unit, next.x, next.y);
      cairo_stroke(cr);
    }
  });
}

void paint_grass(Stage& stage) {
  const View& view = stage.view;
  for (const double factor : {2.4, 1.25}) {
    const double depth = view.distance * factor, unit = view.metre(depth);
    Layer& layer = stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      Dice dice(stage.place_seed + static_cast<std::uint64_t>(factor * 10), "grass");
      const double y = view.ground(depth);
      if (y - unit > rect.bottom) return;
      for (int blade = 0; blade < 420; ++blade) {
        const double x = dice.between(rect.left, rect.right), tall = dice.between(0.15, 0.6) * unit, lean = dice.between(-0.12, 0.22) * unit;
        set(cr, stage.palette.tone(dice.between(0.2, 0.55), depth), 0.9);
        cairo_set_line_width(cr, std::max(0.012 * unit, 0.001));
        cairo_move_to(cr, x, y + 0.1 * unit);
        cairo_curve_to(cr, x, y - tall * 0.5, x + lean * 0.3, y - tall * 0.8, x + lean, y - tall);
        cairo_stroke(cr);
      }
    });
    layer.motion.sway_x = 0.004;
    layer.motion.sway_hz = 0.35;
    layer.motion.sway_phase = factor;
  }
}

}  // namespace

void paint_land(Stage& stage, Place place) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  paint_sky(stage);
  const double far_ground = 220;
  const auto ground = [&](double near_value, double far_value) {
    paint_ground(stage, {palette.tone(near_value, 1), palette.tone(far_value, far_ground * 0.3), far_ground, true, palette.ramp(near_value * 0.4)}, {});
  };
  switch (place) {
    case Place::mountain:
      paint_ridges(stage, {{6000, 0.42, 0.75, 0.75, 0.5}, {2500, 0.27, 0.55, 0.65, 0.4}, {900, 0.15, 0.45, 0.4, 0.28}});
      paint_far_props(stage);
      ground(0.14, 0.42);
      paint_trees(stage, true, {110, 46}, 4);
      break;
    case Place::forest:
      paint_ridges(stage, {{900, 0.2, 0.5, 0.2, 0.4}});
      paint_trees(stage, true, {150, 95}, 1.6);
      ground(0.12, 0.45);
      paint_trunks(stage);
      break;
    case Place::desert:
    case Place::road:
      if (place == Place::desert || stage.place_words.has("desert canyon mesa arizona nevada mojave dusty")) {
        paint_mesas(stage);
        paint_far_props(stage);
        ground(0.5, 0.72);
        paint_scrub(stage, 0.3);
      } else {
        paint_ridges(stage, {{3000, 0.12, 0.8, 0.2, 0.45}, {700, 0.06, 0.5, 0.2, 0.3}});
        paint_far_props(stage);
        ground(0.2, 0.5);
        paint_trees(stage, false, {120}, 9);
      }
      if (place == Place::road || stage.place_words.has("road highway") || stage.words.has("road highway drive")) paint_road(stage);
      break;
    case Place::snowfield:
      paint_ridges(stage, {{5000, 0.22, 0.7, 0.6, 0.55}, {900, 0.08, 0.9, 0.1, 0.62}});
      paint_far_props(stage);
      paint_ground(stage, {mix(palette.ramp(0.8), palette.sky_top, 0.25), palette.ramp(0.9), far_ground, true, palette.ramp(0.6)}, {});
      paint_trees(stage, true, {90, 40}, 9);
      break;
    default:
      paint_ridges(stage, {{3500, 0.11, 0.9, 0.15, 0.5}, {1000, 0.07, 0.8, 0.1, 0.38}});
      paint_far_props(stage);
      paint_trees(stage, false, {140}, 7);
      ground(0.22, 0.58);
      stage.paint(48, {}, [&](cairo_t* cr, const Rect&) {  // one tree as counterweight
        set(cr, palette.tone(0.12, 30));
        const Point foot = view.project(view.subject_x < view.aspect / 2 ? 13 : -13, 0, 48);
        leafy_tree(cr, foot, 11 * view.metre(48), stage.place_seed);
      });
      paint_grass(stage);
      break;
  }
}

}  // namespace film::art
