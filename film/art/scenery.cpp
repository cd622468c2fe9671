#include "film/art/scenery.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace film::art {
namespace {

void paint_clouds(Stage& stage, Dice dice) {
  const Palette& palette = stage.palette;
  const double horizon = stage.view.horizon;
  Layer& layer = stage.paint(9000, {.detail = 0.5, .texture = 0.04, .blur = 0.004}, [&](cairo_t* cr, const Rect& rect) {
    const int count = palette.haze > 0.6 ? 4 : 7;
    for (int index = 0; index < count; ++index) {
      const double x = dice.between(rect.left - 0.2, rect.right), y = horizon - std::pow(dice.unit(), 1.4) * 0.75 - 0.06;
      const double width = dice.between(0.35, 1.1), height = dice.between(0.012, 0.05) * (0.5 + (horizon - y) * 1.3);
      const bool lit = dice.chance(0.55);
      const Colour colour = lit ? mix(palette.horizon, palette.key, 0.55) : mix(palette.sky_top, palette.far, 0.5);
      std::vector<Point> top;
      constexpr int steps = 26;
      const auto seed = dice.next();
      for (int step = 0; step <= steps; ++step) {
        const double t = static_cast<double>(step) / steps, swell = std::sin(t * std::numbers::pi);
        top.push_back({x + t * width, y - height * swell * (0.75 + 0.6 * ridge_noise(t * 6, 3, seed))});
      }
      for (int step = steps; step >= 0; --step) {
        const double t = static_cast<double>(step) / steps;
        top.push_back({x + t * width, y + height * 0.28 * std::sin(t * std::numbers::pi) * (1 + 0.8 * ridge_noise(t * 4, 2, seed + 1))});
      }
      cairo_new_path(cr);
      curve(cr, top, true);
      const double alpha = palette.night ? 0.4 : 0.6;
      set_linear(cr, {x, y - height}, {x, y + height * 0.4}, {{0, colour, alpha}, {1, colour, 0.04}});
      cairo_fill(cr);
    }
  });
  layer.motion.drift_x = 0.004;
}

void draw_stars(cairo_t* cr, const Rect& rect, double horizon, Dice dice, Colour colour) {
  for (int index = 0; index < 160; ++index) {
    const double x = dice.between(rect.left, rect.right), y = rect.top + (horizon - rect.top) * std::pow(dice.unit(), 1.5);
    const double size = dice.between(0.0006, 0.0017);
    set(cr, colour, dice.between(0.15, 0.85) * std::clamp((horizon - y) * 3, 0.0, 1.0));
    cairo_arc(cr, x, y, size, 0, 2 * std::numbers::pi);
    cairo_fill(cr);
  }
}

}  // namespace

Point sky_light(const Stage& stage) {
  Dice dice = stage.dice("sky light");
  const View& view = stage.view;
  const bool low = !stage.palette.night && lightness(stage.palette.sky_top) < 40;
  const double rise = low ? dice.between(0.03, 0.1) : dice.between(0.24, 0.36);
  const double away = stage.palette.light.back > 0.8 ? 0.08 : dice.between(0.22, 0.4);
  const double side = stage.palette.light.x < 0 ? -1 : 1;
  const double x = std::clamp(view.subject_x + side * away, 0.12, view.aspect - 0.12);
  return {x, std::max(std::min(view.horizon, 1.1) - rise, 0.12)};
}

void paint_sky(Stage& stage) {
  const Palette& palette = stage.palette;
  const double horizon = stage.view.horizon;
  const Point light = sky_light(stage);
  const bool thick = palette.haze > 0.6;
  stage.paint(infinity, {.detail = 0.5, .texture = 0.03, .blur = 0}, [&](cairo_t* cr, const Rect& rect) {
    const double top = std::min(rect.top, horizon - 0.85);
    set_linear(cr, {0, top}, {0, horizon + 0.02},
               {{0, palette.sky_top}, {0.45, mix(palette.sky_top, palette.horizon, thick ? 0.6 : 0.38)},
                {0.82, mix(palette.sky_top, palette.horizon, 0.86)}, {1, mix(palette.horizon, palette.key, 0.25)}});
    cairo_paint(cr);
    if (palette.night) draw_stars(cr, rect, horizon, stage.dice("stars"), palette.key);
    set_radial(cr, light, 0.95, {{0, mix(palette.horizon, palette.key, 0.7), thick ? 0.75 : 0.85}, {0.18, mix(palette.horizon, palette.key, 0.45), 0.42}, {0.55, palette.horizon, 0.16}, {1, palette.horizon, 0}});
    cairo_paint(cr);
    const double radius = palette.night ? 0.042 : thick ? 0.05 : 0.06;
    if (!thick || palette.night) {
      set(cr, mix(palette.key, rgb(0xffffff), 0.25), thick ? 0.5 : 1);
      cairo_arc(cr, light.x, light.y, radius, 0, 2 * std::numbers::pi);
      cairo_fill(cr);
      if (palette.night) {  // a moon has seas
        set(cr, palette.horizon, 0.25);
        ellipse(cr, {light.x - radius * 0.3, light.y - radius * 0.2}, radius * 0.35, radius * 0.25);
        ellipse(cr, {light.x + radius * 0.3, light.y + radius * 0.3}, radius * 0.28, radius * 0.2);
        cairo_fill(cr);
      }
    }
  });
  paint_clouds(stage, stage.dice("clouds"));
}

void ridge(cairo_t* cr, const Rect& rect, double base, double height, double wavelength, double roughness, std::uint64_t seed, Colour top, Colour foot) {
  const int steps = 160;
  cairo_new_path(cr);
  cairo_move_to(cr, rect.left, base + 0.5);
  for (int step = 0; step <= steps; ++step) {
    const double x = std::lerp(rect.left, rect.right, static_cast<double>(step) / steps);
    const double broad = noise(x / wavelength, seed) * 0.5 + 0.5;
    const double rough = std::abs(ridge_noise(x / wavelength * 2.7, 5, seed + 9)) * roughness;
    cairo_line_to(cr, x, base - height * (0.25 + 0.75 * broad) * (1 - roughness * 0.5 + rough));
  }
  cairo_line_to(cr, rect.right, base + 0.5);
  cairo_close_path(cr);
  set_linear(cr, {0, base - height}, {0, base + 0.02}, {{0, top}, {1, foot}});
  cairo_fill(cr);
}

void conifer(cairo_t* cr, Point foot, double height, std::uint64_t seed) {
  Dice dice(seed, "conifer");
  const double half = height * dice.between(0.17, 0.24);
  const int tiers = dice.whole(6, 9);
  box(cr, foot.x - height * 0.018, foot.y - height * 0.3, foot.x + height * 0.018, foot.y);
  cairo_move_to(cr, foot.x, foot.y - height);
  for (int side : {1, -1}) {
    if (side < 0) cairo_line_to(cr, foot.x, foot.y - height * 0.1);
    for (int step = 0; step < tiers; ++step) {
      const int tier = side > 0 ? step : tiers - 1 - step;
      const double t = (tier + 1.0) / tiers;
      const double reach = half * t * dice.between(0.75, 1.15) * side;
      const double y = foot.y - height * (1 - t * 0.88);
      const Point tip{foot.x + reach, y + height * 0.03}, notch{foot.x + reach * 0.45, y - height * 0.005};
      for (const Point& point : {side > 0 ? tip : notch, side > 0 ? notch : tip}) cairo_line_to(cr, point.x, point.y);
    }
  }
  cairo_close_path(cr);
  cairo_fill(cr);
}

void branch(cairo_t* cr, Point from, double angle, double length, double width, int levels, Dice& dice, double leaf) {
  const double bend = dice.between(-0.25, 0.25);
  const Point middle{from.x + std::cos(angle) * length * 0.5, from.y + std::sin(angle) * length * 0.5};
  const Point to{middle.x + std::cos(angle + bend) * length * 0.5, middle.y + std::sin(angle + bend) * length * 0.5};
  cairo_new_path(cr);
  capsule(cr, from, middle, width, width * 0.8);
  capsule(cr, middle, to, width * 0.8, width * 0.6);
  cairo_fill(cr);
  if (levels == 0) {
    if (leaf > 0)
      for (int index = 0; index < 5; ++index) {
        ellipse(cr, {to.x + dice.between(-1, 1) * leaf * 1.5, to.y + dice.between(-1, 1) * leaf}, leaf * dice.between(0.5, 1.0), leaf * dice.between(0.35, 0.7));
        cairo_fill(cr);
      }
    return;
  }
  const int children = dice.whole(2, 3);
  for (int index = 0; index < children; ++index)
    branch(cr, between(from, to, dice.between(0.6, 1)), angle + bend + dice.between(-0.75, 0.75), length * dice.between(0.55, 0.8), width * 0.6, levels - 1, dice, leaf);
}

void bare_tree(cairo_t* cr, Point foot, double height, std::uint64_t seed) {
  Dice dice(seed, "bare");
  branch(cr, foot, -std::numbers::pi / 2 + dice.between(-0.12, 0.12), height * 0.38, height * 0.03, 5, dice, 0);
}

void leafy_tree(cairo_t* cr, Point foot, double height, std::uint64_t seed) {
  Dice dice(seed, "leafy");
  branch(cr, foot, -std::numbers::pi / 2 + dice.between(-0.1, 0.1), height * 0.36, height * 0.028, 3, dice, height * 0.075);
  for (int index = 0; index < 14; ++index) {
    const double angle = dice.between(0, 2 * std::numbers::pi), away = std::sqrt(dice.unit());
    ellipse(cr, {foot.x + std::cos(angle) * away * height * 0.3, foot.y - height * 0.68 + std::sin(angle) * away * height * 0.24}, height * dice.between(0.07, 0.14), height * dice.between(0.06, 0.1));
    cairo_fill(cr);
  }
}

void rock(cairo_t* cr, Point foot, double width, double height, std::uint64_t seed, Colour lit, Colour dark, double light_x) {
  Dice dice(seed, "rock");
  std::vector<Point> outline;
  constexpr int count = 9;
  for (int index = 0; index <= count; ++index) {
    const double t = static_cast<double>(index) / count;
    outline.push_back({foot.x + (t - 0.5) * width, foot.y - std::pow(std::sin(t * std::numbers::pi), 0.7) * height * dice.between(0.7, 1.05)});
  }
  outline.front().y = outline.back().y = foot.y + height * 0.1;
  cairo_new_path(cr);
  polygon(cr, outline);
  set_linear(cr, {foot.x - width / 2, foot.y - height}, {foot.x + width * 0.1, foot.y + height * 0.2}, {{0, dark}, {1, mix(dark, rgb(0), 0.3)}});
  cairo_fill_preserve(cr);
  cairo_save(cr);
  cairo_clip(cr);
  // The lit plane ends in a broken edge: a stone has facets.
  const double side = light_x < 0 ? -1 : 1;
  const double edge = foot.x + side * width * 0.06;
  polygon(cr, {{edge, foot.y - height * 1.2}, {edge + side * width * 0.09, foot.y - height * 0.55}, {edge + side * width * 0.02, foot.y - height * 0.3}, {edge + side * width * 0.2, foot.y + height * 0.2}, {foot.x + side * width, foot.y + height * 0.2}, {foot.x + side * width, foot.y - height * 1.2}});
  set(cr, lit);
  cairo_fill(cr);
  cairo_restore(cr);
}

void paint_mist(Stage& stage, double depth, double y, double thickness, double alpha) {
  const Colour colour = mix(stage.palette.horizon, stage.palette.key, 0.15);
  stage.paint(depth, {.detail = 0.25, .texture = 0, .blur = 0}, [&](cairo_t* cr, const Rect& rect) {
    set_linear(cr, {0, y - thickness}, {0, y + thickness}, {{0, colour, 0}, {0.5, colour, alpha}, {1, colour, 0}});
    cairo_paint(cr);
    Dice dice = stage.dice("mist");
    for (int index = 0; index < 6; ++index) {
      const Point centre{dice.between(rect.left, rect.right), y + dice.between(-0.6, 0.3) * thickness};
      cairo_save(cr);
      cairo_translate(cr, centre.x, centre.y);
      cairo_scale(cr, dice.between(3, 6), 1);
      set_radial(cr, {0, 0}, thickness * 0.7, {{0, colour, alpha * 0.5}, {1, colour, 0}});
      cairo_paint(cr);
      cairo_restore(cr);
    }
  });
}

void paint_ground(Stage& stage, const Ground& ground, const Stage::Painter& details) {
  const View& view = stage.view;
  const double top = view.ground(ground.far_depth);
  Layer& layer = stage.paint(view.distance, {.blur = 0}, [&](cairo_t* cr, const Rect& rect) {
    if (top > rect.bottom) return;
    set_linear(cr, {0, top}, {0, std::max(rect.bottom, top + 0.3)}, {{0, ground.far_colour}, {0.35, mix(ground.far_colour, ground.near_colour, 0.65)}, {1, ground.near_colour}});
    box(cr, rect.left, top, rect.right, rect.bottom);
    cairo_fill(cr);
    Dice dice = stage.dice("ground");
    if (ground.speckles)
      for (int index = 0; index < 260; ++index) {
        const double t = std::pow(dice.unit(), 1.6), y = top + (rect.bottom + 0.05 - top) * t;
        const double size = (y - view.horizon) * dice.between(0.02, 0.16);
        set(cr, ground.mark, dice.between(0.05, 0.3));
        ellipse(cr, {dice.between(rect.left, rect.right), y}, size, size * dice.between(0.05, 0.13));
        cairo_fill(cr);
      }
    if (details) details(cr, rect);
  });
  layer.ground = true;
}

void paint_water(Stage& stage, double top, double edge, double level_drop) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const Point light = sky_light(stage);
  Layer& layer = stage.paint(view.distance * 4, {.detail = 0.6, .blur = view.blur_far * 0.6}, [&](cairo_t* cr, const Rect& rect) {
    const double bottom = std::min(edge, rect.bottom);
    if (bottom <= top) return;
    cairo_save(cr);
    box(cr, rect.left - 0.1, top, rect.right + 0.1, bottom);
    cairo_clip(cr);
    set(cr, mix(palette.sky_top, palette.far, 0.4));
    cairo_paint(cr);
    stage.mirror(cr, top, 0.8, 0.8);
    set_linear(cr, {0, top}, {0, top + 0.55}, {{0, palette.horizon, 0.12}, {0.25, palette.far, 0.35}, {1, mix(palette.ink, palette.sky_top, 0.45), 0.8}});
    cairo_paint(cr);
    Dice dice = stage.dice("waves");
    for (int index = 0; index < 420; ++index) {
      const double t = std::pow(dice.unit(), 1.8), y = top + 0.003 + (std::max(edge, top + 0.5) - top) * t;
      const double reach = (y - top) * dice.between(0.12, 0.8) + 0.004, thick = 0.0009 + (y - top) * dice.between(0.004, 0.014);
      const double x = dice.between(rect.left, rect.right);
      const double glint = std::exp(-std::pow((x - light.x) / (0.09 + (y - top) * 0.35), 2));
      const bool bright = dice.chance(0.35 + glint * 0.5);
      set(cr, bright ? mix(palette.horizon, palette.key, glint) : mix(palette.ink, palette.sky_top, 0.5), bright ? 0.14 + glint * 0.75 : 0.22);
      cairo_move_to(cr, x - reach, y);
      cairo_curve_to(cr, x - reach * 0.4, y - thick * 2, x + reach * 0.3, y - thick, x + reach, y);
      cairo_curve_to(cr, x + reach * 0.3, y + thick, x - reach * 0.3, y + thick * 0.4, x - reach, y);
      cairo_fill(cr);
    }
    cairo_restore(cr);
  });
  layer.motion.ripple = 0.004 + level_drop * 0.001;
}

void paint_shaft(Stage& stage, double depth, Point top_left, Point top_right, Point foot_right, Point foot_left, double alpha) {
  Layer& layer = stage.paint(depth, {.detail = 0.25, .texture = 0, .blur = 0.012, .blend = Blend::add}, [&](cairo_t* cr, const Rect&) {
    polygon(cr, {top_left, top_right, foot_right, foot_left});
    set_linear(cr, between(top_left, top_right, 0.5), between(foot_left, foot_right, 0.5), {{0, stage.palette.key, alpha}, {0.6, stage.palette.key, alpha * 0.45}, {1, stage.palette.key, alpha * 0.1}});
    cairo_fill(cr);
  });
  layer.motion.flicker = 0.06;
}

void paint_glow(Stage& stage, double depth, Point at, double radius, Colour colour, double alpha, double flicker) {
  const Rect rect{at.x - radius, at.y - radius, at.x + radius, at.y + radius};
  Layer& layer = stage.paint_in(rect, depth, {.detail = 0.25, .texture = 0, .blur = 0, .blend = Blend::add},
                                [&](cairo_t* cr, const Rect&) { glow(cr, at, radius, colour, alpha); });
  layer.motion.flicker = flicker;
}

namespace {

void draw_framing(cairo_t* cr, const Rect& rect, Framing framing, double side, Dice& dice) {
  const double edge = side < 0 ? rect.left : rect.right;
  const auto in = [&](double x) { return edge - side * x; };
  switch (framing) {
    case Framing::branch:
    case Framing::leaves:
      for (int index = 0; index < 3; ++index)
        branch(cr, {in(-0.05), rect.top + 0.05 + index * 0.12}, side > 0 ? std::numbers::pi - 0.25 - index * 0.2 : 0.25 + index * 0.2, dice.between(0.22, 0.32), 0.016, 2, dice, framing == Framing::leaves ? 0.05 : 0.026);
      break;
    case Framing::doorway:
      box(cr, std::min(edge, in(0.17)), rect.top - 1, std::max(edge, in(0.17)), rect.bottom + 1);
      cairo_fill(cr);
      box(cr, rect.left, rect.top, rect.right, rect.top + 0.07);
      cairo_fill(cr);
      break;
    case Framing::wall:
      polygon(cr, {{in(0), rect.top}, {in(0.2), rect.top}, {in(0.15), rect.bottom}, {in(0), rect.bottom}});
      cairo_fill(cr);
      break;
    case Framing::rigging:
      cairo_set_line_width(cr, 0.014);
      for (const double x : {0.04, 0.2, 0.36}) {
        cairo_move_to(cr, in(x - 0.1), rect.top);
        cairo_line_to(cr, in(-0.05), rect.top + 0.25 + x * 1.2);
        cairo_stroke(cr);
      }
      box(cr, std::min(in(0.03), in(0.085)), rect.top, std::max(in(0.03), in(0.085)), rect.bottom);
      cairo_fill(cr);
      break;
    case Framing::rocks:
      curve(cr, {{in(-0.1), rect.bottom + 0.1}, {in(-0.1), rect.bottom - 0.34}, {in(0.1), rect.bottom - 0.3}, {in(0.24), rect.bottom - 0.17}, {in(0.5), rect.bottom - 0.1}, {in(0.75), rect.bottom + 0.1}}, true);
      cairo_fill(cr);
      break;
    case Framing::grass:
      cairo_set_line_width(cr, 0.007);
      for (int index = 0; index < 70; ++index) {
        const double x = dice.between(-0.05, 0.8) * dice.unit(), lean = dice.between(-0.06, 0.1);
        cairo_move_to(cr, in(x), rect.bottom + 0.05);
        cairo_curve_to(cr, in(x), rect.bottom - 0.1, in(x + lean * 0.4), rect.bottom - 0.16, in(x + lean), rect.bottom - dice.between(0.12, 0.34) * (1 - x * 0.8));
        cairo_stroke(cr);
      }
      break;
    case Framing::curtain:
      curve(cr, {{in(-0.1), rect.top - 0.1}, {in(0.3), rect.top - 0.1}, {in(0.2), 0.25}, {in(0.1), 0.55}, {in(0.15), 0.8}, {in(0.13), rect.bottom + 0.1}, {in(-0.1), rect.bottom + 0.1}}, true);
      cairo_fill(cr);
      break;
    case Framing::pipes:
      for (const double x : {0.02, 0.11}) {
        box(cr, std::min(in(x), in(x + 0.06)), rect.top, std::max(in(x), in(x + 0.06)), rect.bottom);
        cairo_fill(cr);
      }
      box(cr, rect.left, rect.top, rect.right, rect.top + 0.05);
      cairo_fill(cr);
      break;
    case Framing::heads:
      for (double x = rect.left; x < rect.right; x += dice.between(0.2, 0.3)) {
        const double y = rect.bottom - dice.between(0.02, 0.1);
        ellipse(cr, {x, y}, 0.06, 0.075);
        cairo_fill(cr);
        ellipse(cr, {x, y + 0.16}, 0.13, 0.1);
        cairo_fill(cr);
      }
      break;
    case Framing::none: break;
  }
}

}  // namespace

void paint_framing(Stage& stage, Framing framing) {
  if (framing == Framing::none) return;
  const View& view = stage.view;
  const double depth = view.distance * 0.6;
  // Opposite the subject, so that the open part of the picture is between both.
  const double side = view.subject_x < view.aspect / 2 ? 1 : -1;
  Layer& layer = stage.paint(depth, {.detail = 0.5, .texture = 0, .blur = 0.011, .flat = true}, [&](cairo_t* cr, const Rect& rect) {
    Dice dice = stage.dice("framing");
    set(cr, mix(stage.palette.ink, stage.palette.sky_top, 0.12), 0.96);
    Rect inside = rect;
    inside.left = std::max(rect.left, -0.1);
    inside.right = std::min(rect.right, view.aspect + 0.1);
    inside.top = std::max(rect.top, -0.06);
    inside.bottom = std::min(rect.bottom, 1.02);
    draw_framing(cr, inside, framing, side, dice);
  });
  if (framing == Framing::branch || framing == Framing::leaves || framing == Framing::grass || framing == Framing::rigging) {
    layer.motion.sway_x = 0.006;
    layer.motion.sway_hz = 0.3;
  }
}

}  // namespace film::art
