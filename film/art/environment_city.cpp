#include <algorithm>
#include <array>
#include <cmath>

#include "film/art/environment.h"
#include "film/art/prop.h"
#include "film/art/scenery.h"

namespace film::art {
namespace {

Colour window_light(const Palette& palette, Dice& dice) {
  const double choice = dice.unit();
  if (choice < 0.1) return palette.accent;
  return choice < 0.6 ? mix(palette.key, rgb(0xffc070), 0.6) : mix(palette.key, palette.horizon, 0.4);
}

// Rows of windows on a facade given by its four corners; works for faces in perspective too.
void draw_windows(cairo_t* cr, Point top_left, Point top_right, Point foot_right, Point foot_left, int columns, int rows, double lit, const Palette& palette, Colour dark, Dice& dice) {
  const auto at = [&](double u, double v) { return between(between(top_left, top_right, u), between(foot_left, foot_right, u), v); };
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const double u0 = (column + 0.22) / columns, u1 = (column + 0.78) / columns, v0 = (row + 0.25) / rows, v1 = (row + 0.75) / rows;
      const bool on = dice.chance(lit);
      const Colour light = window_light(palette, dice);
      set(cr, on ? light : dark, on ? dice.between(0.45, 1.0) : 0.55);
      polygon(cr, {at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)});
      cairo_fill(cr);
    }
}

void paint_skyline(Stage& stage, double depth, double tallest, double value) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
    Dice dice(stage.place_seed + static_cast<std::uint64_t>(depth), "skyline");
    const double unit = view.metre(depth), foot = std::max(view.ground(depth), view.horizon + 0.01);
    for (double x = rect.left - 0.05; x < rect.right;) {
      const double width = dice.between(9, 24) * unit, height = tallest * unit * (0.3 + 0.7 * std::pow(dice.unit(), 1.4));
      set_linear(cr, {0, foot - height}, {0, foot}, {{0, palette.tone(value, depth * 0.6)}, {1, palette.tone(value + 0.2, depth * 1.2)}});
      box(cr, x, foot - height, x + width, foot + 0.02);
      const int crown = dice.whole(0, 4);
      if (crown == 0) box(cr, x + width * 0.3, foot - height - 2.5 * unit, x + width * 0.7, foot - height);
      if (crown == 1) box(cr, x + width * 0.48, foot - height - 9 * unit, x + width * 0.52, foot - height);
      if (crown == 2) polygon(cr, {{x, foot - height}, {x + width, foot - height - 4 * unit}, {x + width, foot - height}});
      cairo_fill(cr);
      const double lit = palette.night ? 0.3 : 0.08;
      const int columns = std::clamp(static_cast<int>(width / unit / 3), 2, 8), rows = std::clamp(static_cast<int>(height / unit / 4), 2, 18);
      Dice windows(stage.place_seed + dice.next(), "windows");
      if (unit * 3 > 0.004)
        draw_windows(cr, {x, foot - height}, {x + width, foot - height}, {x + width, foot}, {x, foot}, columns, rows, lit, palette, palette.tone(value * 0.7, depth), windows);
      x += width * dice.between(0.85, 1.2);
    }
  });
  paint_mist(stage, depth * 0.95, view.horizon, 0.1, 0.2 + palette.haze * 0.4);
}

void draw_sign(cairo_t* cr, Point top, double width, double height, Colour colour, Dice& dice) {
  set(cr, mix(colour, rgb(0), 0.65), 0.9);
  box(cr, top.x, top.y, top.x + width, top.y + height);
  cairo_fill(cr);
  set(cr, mix(colour, rgb(0xffffff), 0.3));
  cairo_set_line_width(cr, std::max(width * 0.07, 0.0012));
  box(cr, top.x + width * 0.08, top.y + width * 0.08, top.x + width * 0.92, top.y + height - width * 0.08);
  cairo_stroke(cr);
  // Strokes that read as writing of no language.
  const int letters = std::clamp(static_cast<int>(height / width * 1.1), 1, 6);
  for (int letter = 0; letter < letters; ++letter) {
    const double y = top.y + height * (letter + 0.18) / letters, tall = height / letters * 0.62;
    for (int stroke = 0; stroke < 3; ++stroke) {
      const double x0 = top.x + width * dice.between(0.25, 0.7), x1 = top.x + width * dice.between(0.3, 0.75);
      cairo_move_to(cr, x0, y + tall * dice.unit());
      cairo_line_to(cr, x1, y + tall * dice.unit());
    }
    cairo_stroke(cr);
  }
}

struct Block {
  double near, far, inner, height;
  double side;
};

void draw_block(cairo_t* cr, const Stage& stage, const Block& block, Dice& dice) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double inner = block.side * block.inner, outer = block.side * (block.inner + 26);
  const double lit = palette.night ? 0.4 : 0.1;
  const Point nt = view.project(inner, block.height, block.near), nf = view.project(inner, 0, block.near);
  const Point ft = view.project(inner, block.height, block.far), ff = view.project(inner, 0, block.far);
  const Point ot = view.project(outer, block.height, block.near), of = view.project(outer, 0, block.near);
  const bool faces_light = palette.light.x * block.side < 0;
  set_linear(cr, {0, nt.y}, {0, nf.y}, {{0, palette.tone(0.16, block.near)}, {1, palette.tone(0.24, block.near)}});
  polygon(cr, {nt, ot, of, nf});
  cairo_fill(cr);
  set_linear(cr, {nf.x, 0}, {ff.x, 0}, {{0, palette.tone(faces_light ? 0.4 : 0.2, block.near)}, {1, palette.tone(faces_light ? 0.52 : 0.34, block.far * 1.4)}});
  polygon(cr, {nt, ft, ff, nf});
  cairo_fill(cr);
  const int floors = std::max(2, static_cast<int>(block.height / 3.6));
  draw_windows(cr, nt, ft, ff, nf, std::max(2, static_cast<int>((block.far - block.near) / 3)), floors, lit, palette, palette.tone(0.12, block.near), dice);
  draw_windows(cr, nt, ot, of, nf, 8, floors, lit * 0.8, palette, palette.tone(0.1, block.near), dice);
  // Cornice and shop front: the big and the small scale.
  set(cr, palette.tone(0.55, block.near), 0.7);
  const Point ct = view.project(inner, block.height - 0.5, block.near), cf = view.project(inner, block.height - 0.5, block.far);
  polygon(cr, {nt, ft, cf, ct});
  cairo_fill(cr);
  const Point st = view.project(inner, 3.2, block.near), sf = view.project(inner, 3.2, block.far), sb = view.project(inner, 0.5, block.far), sn = view.project(inner, 0.5, block.near);
  if (palette.night || palette.haze > 0.4) {
    set(cr, window_light(palette, dice), 0.55);
    polygon(cr, {between(st, sf, 0.1), between(st, sf, 0.55), between(sn, sb, 0.55), between(sn, sb, 0.1)});
    cairo_fill(cr);
  }
}

void paint_blocks(Stage& stage, double half_street, double scale) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const bool neon = palette.night && stage.place_words.has("neon cyberpunk downtown market city club");
  const std::array depths{90.0, 55.0, 34.0, 21.0, 13.0};
  for (std::size_t index = 0; index < depths.size(); ++index) {
    const double near = depths[index] + view.distance, far = index == 0 ? near * 1.6 : depths[index - 1] + view.distance;
    std::vector<std::pair<Point, Colour>> glows;
    stage.paint(near, {}, [&](cairo_t* cr, const Rect&) {
      Dice dice(stage.place_seed + index, "blocks");
      for (const double side : {-1.0, 1.0}) {
        const Block block{near, far * 0.97, half_street + dice.between(0, 1.2), scale * dice.between(9, 30), side};
        Dice windows(dice.next(), "block windows");
        draw_block(cr, stage, block, windows);
        const int signs = neon ? 2 : palette.night ? 1 : 0;
        for (int sign = 0; sign < signs; ++sign) {
          const double depth = std::lerp(near, far, 0.1 + 0.4 * sign), unit = view.metre(depth);
          const Point at = view.project(side * (block.inner - 1.1), dice.between(4.5, 8.5), depth);
          const Colour colour = dice.chance(0.3) ? palette.accent : dice.chance(0.6) ? saturate(palette.key, 1.2) : mix(palette.key, palette.far, 0.5);
          draw_sign(cr, {at.x - 0.5 * unit, at.y}, 1.0 * unit, dice.between(2.2, 4) * unit, colour, dice);
          glows.push_back({{at.x, at.y + 1.4 * unit}, colour});
        }
      }
    });
    for (const auto& [at, colour] : glows) paint_glow(stage, near, at, 5 * view.metre(near), colour, 0.55, 0.1);
    if (index + 1 < depths.size()) paint_mist(stage, near * 0.96, view.horizon, 0.13, 0.08 + palette.haze * 0.3);
  }
}

// Wet streets mirror everything above them; dry ones only darken.
void paint_street_ground(Stage& stage, double half_street) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double far = 160, top = view.ground(far);
  Layer& layer = stage.paint(view.distance, {.blur = view.blur_far * 0.4}, [&](cairo_t* cr, const Rect& rect) {
    if (top > rect.bottom) return;
    const double bottom = std::max(rect.bottom, top + 0.2);
    cairo_save(cr);
    box(cr, rect.left - 0.2, top, rect.right + 0.2, bottom + 0.2);
    cairo_clip(cr);
    set_linear(cr, {0, top}, {0, bottom}, {{0, palette.tone(0.55, far * 0.4)}, {0.4, palette.tone(0.26, 8)}, {1, palette.tone(0.12, 2)}});
    cairo_paint(cr);
    const double wet = palette.wet || stage.place_words.has("wet puddle rain slick") ? 0.62 : palette.night ? 0.25 : 0;
    if (wet > 0) stage.mirror(cr, view.ground(24), 0.85, wet);
    set_linear(cr, {0, top}, {0, bottom}, {{0, palette.ink, 0}, {1, palette.ink, 0.55}});
    cairo_paint(cr);
    set(cr, palette.tone(0.7, 10), 0.4);
    for (const double side : {-1.0, 1.0}) {  // kerbs
      const double near = view.depth_at(bottom), x = side * (half_street - 1.6);
      polygon(cr, {view.project(x, 0, far), view.project(x + 0.16, 0, far), view.project(x + 0.16, 0, near), view.project(x, 0, near)});
      cairo_fill(cr);
    }
    Dice dice = stage.dice("asphalt");
    for (int index = 0; index < 220; ++index) {  // broken streaks: water, cracks, patches
      const double t = std::pow(dice.unit(), 1.5), y = top + (bottom - top) * t, reach = (y - view.horizon) * dice.between(0.05, 0.5);
      set(cr, dice.chance(0.5) ? palette.ink : palette.ramp(0.6), dice.between(0.04, 0.2));
      ellipse(cr, {dice.between(rect.left, rect.right), y}, reach, reach * dice.between(0.02, 0.07));
      cairo_fill(cr);
    }
    cairo_restore(cr);
  });
  layer.ground = true;
  if (palette.wet) layer.motion.ripple = 0.0015;
}

void paint_lamps(Stage& stage, double side_distance) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const bool on = palette.night || palette.haze > 0.5 || lightness(palette.sky_top) < 45;
  for (const double depth : {34.0, 17.0, 8.5}) {
    const double at_depth = depth + view.distance, unit = view.metre(at_depth);
    const double side = view.subject_x < view.aspect / 2 ? 1 : -1;
    const Point foot = view.project(side * side_distance, 0, at_depth), top = view.project(side * side_distance, 5.2, at_depth);
    const Point bulb{top.x - side * 0.9 * unit, top.y + 0.15 * unit};
    stage.paint(at_depth, {}, [&](cairo_t* cr, const Rect&) {
      set(cr, palette.tone(0.06, at_depth));
      capsule(cr, foot, top, 0.09 * unit, 0.05 * unit);
      capsule(cr, top, bulb, 0.05 * unit, 0.05 * unit);
      cairo_fill(cr);
      set(cr, on ? mix(palette.accent, rgb(0xfff2d8), 0.75) : palette.tone(0.4, at_depth));
      ellipse(cr, bulb, 0.28 * unit, 0.12 * unit);
      cairo_fill(cr);
    });
    if (on) paint_glow(stage, at_depth, bulb, 4.2 * unit, mix(palette.accent, palette.key, 0.5), 0.7, 0.08);
  }
}

// A water tank on the next roof: the counterweight of every skyline.
void paint_tank(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double depth = view.distance + 24, unit = view.metre(depth), edge = view.ground(depth);
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
    set(cr, palette.tone(0.1, depth));
    const double tank = edge - 1.5 * unit, x = view.subject_x < view.aspect / 2 ? view.aspect * 0.8 : view.aspect * 0.17;
    box(cr, x - 0.8 * unit, tank - 1.2 * unit, x + 0.8 * unit, tank + 0.6 * unit);
    polygon(cr, {{x - 0.95 * unit, tank - 1.2 * unit}, {x, tank - 2.1 * unit}, {x + 0.95 * unit, tank - 1.2 * unit}});
    for (const double leg : {-0.7, 0.7}) box(cr, x + (leg - 0.06) * unit, tank, x + (leg + 0.06) * unit, edge + unit);
    box(cr, x - 6 * unit, edge, x + 6 * unit, rect.bottom);
    cairo_fill(cr);
  });
}

void paint_roof(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double edge_depth = view.distance + 4;
  Layer& layer = stage.paint(view.distance, {.blur = view.blur_far * 0.3}, [&](cairo_t* cr, const Rect& rect) {
    const double edge = view.ground(edge_depth), unit = view.metre(edge_depth);
    if (edge - unit > rect.bottom) return;
    set_linear(cr, {0, edge}, {0, std::max(rect.bottom, edge + 0.2)}, {{0, palette.tone(0.4, 6)}, {1, palette.tone(0.12, 1)}});
    box(cr, rect.left, edge, rect.right, rect.bottom);
    cairo_fill(cr);
    set_linear(cr, {0, edge - 0.9 * unit}, {0, edge}, {{0, palette.tone(0.26, 4)}, {1, palette.tone(0.14, 2)}});
    box(cr, rect.left, edge - 0.75 * unit, rect.right, edge);
    cairo_fill(cr);
    set(cr, palette.ramp(0.75), 0.6);
    box(cr, rect.left, edge - 0.75 * unit, rect.right, edge - 0.69 * unit);
    cairo_fill(cr);
  });
  layer.ground = true;
}

void paint_bridge_deck(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  paint_street_ground(stage, 5);
  stage.paint(view.distance + 6, {}, [&](cairo_t* cr, const Rect& rect) {
    for (double depth = 120; depth > view.distance + 3; depth *= 0.7) {
      const double unit = view.metre(depth);
      set(cr, palette.tone(0.18, depth));
      for (const double side : {-1.0, 1.0}) {
        const Point foot = view.project(side * 5.2, 0, depth), top = view.project(side * 5.2, 9, depth);
        cairo_set_line_width(cr, std::max(0.3 * unit, 0.0016));
        cairo_move_to(cr, foot.x, foot.y);
        cairo_line_to(cr, top.x, top.y);
        const Point next = view.project(side * 5.2, 9, depth / 0.7), low = view.project(side * 5.2, 1.1, depth / 0.7);
        cairo_line_to(cr, next.x, next.y);
        cairo_stroke(cr);
        cairo_set_line_width(cr, std::max(0.1 * unit, 0.001));
        cairo_move_to(cr, top.x, top.y);
        cairo_line_to(cr, low.x, low.y);
        cairo_stroke(cr);
      }
      cairo_set_line_width(cr, std::max(0.35 * unit, 0.0016));
      const Point a = view.project(-5.2, 9, depth), b = view.project(5.2, 9, depth);
      cairo_move_to(cr, a.x, a.y);
      cairo_line_to(cr, b.x, b.y);
      cairo_stroke(cr);
    }
    (void)rect;
  });
}

void paint_platform(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  paint_street_ground(stage, 4);
  stage.paint(view.distance + 5, {}, [&](cairo_t* cr, const Rect& rect) {
    const double side = view.subject_x < view.aspect / 2 ? 1 : -1;
    const Point roof_far = view.project(side * 1.5, 4.6, 150), roof_near = view.project(side * 1.5, 4.6, 5), roof_out = view.project(side * 14, 4.9, 5);
    set_linear(cr, {0, roof_near.y}, {0, view.horizon}, {{0, palette.tone(0.1, 2)}, {1, palette.tone(0.4, 80)}});
    polygon(cr, {roof_far, roof_near, roof_out});
    cairo_fill(cr);
    for (double depth = 110; depth > view.distance + 2.5; depth *= 0.62) {
      set(cr, palette.tone(0.14, depth));
      const double unit = view.metre(depth);
      capsule(cr, view.project(side * 3.2, 0, depth), view.project(side * 3.2, 4.6, depth), 0.14 * unit, 0.14 * unit);
      cairo_fill(cr);
    }
    (void)rect;
  });
  paint_lamps(stage, 3.0);
}

}  // namespace

void paint_city(Stage& stage, Place place) {
  paint_sky(stage);
  if (place == Place::skyline) {
    paint_skyline(stage, 420, 120, 0.4);
    paint_skyline(stage, 190, 70, 0.28);
    paint_skyline(stage, 80, 22, 0.16);
    paint_far_props(stage);
    paint_tank(stage);
    paint_roof(stage);
    return;
  }
  paint_skyline(stage, 330, 95, 0.36);
  paint_far_props(stage);
  switch (place) {
    case Place::alley:
      paint_blocks(stage, 2.6, 0.8);
      paint_street_ground(stage, 2.6);
      paint_lamps(stage, 1.9);
      break;
    case Place::bridge:
      paint_skyline(stage, 170, 50, 0.26);
      paint_bridge_deck(stage);
      paint_lamps(stage, 4.6);
      break;
    case Place::station:
      paint_skyline(stage, 150, 30, 0.26);
      paint_platform(stage);
      break;
    default:
      paint_blocks(stage, 6.5, 1);
      paint_street_ground(stage, 6.5);
      paint_lamps(stage, 4.4);
      break;
  }
}

}  // namespace film::art
