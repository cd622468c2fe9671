#include "film/art/figure.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "film/art/noise.h"

namespace film::art {

Exposure exposure_of(const Palette& palette, double level, double facing, double metre_px, double figure_px, int height) {
  Exposure exposure;
  exposure.level = level;
  exposure.light = palette.light;
  exposure.light.x *= facing;
  exposure.key = palette.key;
  exposure.ink = palette.ink;
  exposure.ambient = mix(palette.far, palette.sky_top, 0.4);
  exposure.rim = mix(palette.key, palette.horizon, 0.15);
  // A rim that grows with the figure looks like a sticker: 1 to 8 pixels of a 720-line picture.
  const double pixel = height / 720.0;
  exposure.rim_width = std::clamp(figure_px * 0.0085, 1.1 * pixel, 5.5 * pixel) / metre_px;
  return exposure;
}

Tones tones_of(Colour local, const Exposure& exposure) {
  const Colour in_air = mix(tinted(local, exposure.ambient, 0.3), exposure.ambient, exposure.haze);
  const Colour in_light = tinted(local, exposure.key, 0.22);
  const double level = exposure.level;
  // The dark of a thing keeps some of its own colour: skin and cloth that all darken to one ink look like ash.
  const Colour ink = mix(exposure.ink, {local.r * 0.34, local.g * 0.34, local.b * 0.34}, 0.55);
  return {mix(mix(exposure.ink, ink, 0.6), in_air, 0.16 + 0.34 * level), mix(ink, in_light, 0.3 + 0.6 * level),
          mix(mix(ink, in_light, 0.4 + 0.6 * level), exposure.key, 0.1 + 0.18 * level)};
}

void shade(cairo_t* cr, Colour local, const Exposure& exposure, double form, double rim, std::uint64_t seed) {
  const Tones tones = tones_of(local, exposure);
  cairo_path_t* outline = cairo_copy_path(cr);
  const Light& light = exposure.light;
  const auto shifted = [&](double amount) {
    cairo_new_path(cr);
    cairo_save(cr);
    cairo_translate(cr, light.x * amount, light.y * amount);
    cairo_append_path(cr, outline);
    cairo_restore(cr);
  };
  cairo_save(cr);
  cairo_clip(cr);
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  cairo_clip_extents(cr, &x0, &y0, &x1, &y1);
  if (rim > 0) {
    // Broken along its length by where hair and cloth turn away.
    Dice dice(seed, "rim");
    const double gap = dice.between(0.25, 0.75), width = dice.between(0.05, 0.12);
    const Colour bright = exposure.rim;
    set_linear(cr, {x0, y0}, {x0 + (x1 - x0) * 0.3, y1}, {{0, bright}, {gap - width, bright}, {gap, tones.middle}, {gap + width, bright}, {1, mix(bright, tones.middle, 0.5)}});
    cairo_paint(cr);
    shifted(-rim * (0.6 + 0.5 * light.back));
    cairo_clip(cr);
  }
  set(cr, tones.shadow);
  cairo_paint(cr);
  const double turn = form * (0.6 + light.back * 0.9);
  shifted(turn);
  set(cr, tones.middle);
  cairo_fill(cr);
  shifted(turn * 2.1);
  set(cr, tones.lit, 0.75 * (1 - light.back * 0.5));
  cairo_fill(cr);
  cairo_restore(cr);
  cairo_path_destroy(outline);
  cairo_new_path(cr);
}

namespace {

struct Body {
  cairo_t* cr;
  const Look& look;
  const Drawing& drawing;
  const Exposure& exposure;
  Skeleton s;

  [[nodiscard]] double wobble(int purpose) const { return noise(purpose * 3.7 + drawing.boil * 11.3, look.seed) * 0.006; }
  void part(Colour local, double form, int purpose) const { shade(cr, local, exposure, form, exposure.rim_width, look.seed + static_cast<unsigned>(purpose)); }
  void dim_part(Colour local, double form) const {  // the far side lies in the body's shade
    Exposure dim = exposure;
    dim.level *= 0.55;
    shade(cr, local, dim, form, 0, 0);
  }
};

Colour sleeve(const Look& look) { return look.garment == Garment::dress && look.seed % 2 == 0 ? look.skin : look.top; }
bool loose(const Look& look) { return look.garment == Garment::long_coat || look.garment == Garment::robe || look.garment == Garment::hoodie || look.garment == Garment::spacesuit; }

void limb_path(cairo_t* cr, Point a, Point b, Point c, double ra, double rb, double rc) {
  capsule(cr, a, b, ra, rb);
  capsule(cr, b, c, rb, rc);
}

void draw_hand(const Body& body, std::size_t side) {
  const Point hand = body.s.hand[side], elbow = body.s.elbow[side];
  const double angle = std::atan2(hand.y - elbow.y, hand.x - elbow.x);
  cairo_save(body.cr);
  cairo_translate(body.cr, hand.x, hand.y);
  cairo_rotate(body.cr, angle);
  curve(body.cr, {{-0.02, -0.028}, {0.03, -0.034}, {0.075, -0.024}, {0.105, -0.006}, {0.095, 0.016}, {0.05, 0.032}, {0.0, 0.03}}, true);
  cairo_new_sub_path(body.cr);
  curve(body.cr, {{0.015, -0.02}, {0.045, -0.05}, {0.068, -0.048}, {0.05, -0.02}}, true);
  cairo_restore(body.cr);
  const Colour colour = body.look.garment == Garment::spacesuit ? body.look.second : body.look.skin;
  side == 0 ? body.dim_part(colour, 0.012) : body.part(colour, 0.014, 40);
}

void draw_arm(const Body& body, std::size_t side) {
  const double thick = (loose(body.look) ? 1.25 : 1.0) * (0.85 + 0.15 * body.look.build);
  draw_hand(body, side);
  limb_path(body.cr, body.s.shoulder[side], body.s.elbow[side], body.s.hand[side], 0.058 * thick, 0.049 * thick, 0.038 * thick + body.wobble(3));
  const Colour colour = sleeve(body.look);
  side == 0 ? body.dim_part(colour, 0.03) : body.part(colour, 0.028, 41);
  if (side == 1 && body.drawing.head_px > 20) {  // cuff: the small scale
    const Point from = body.s.elbow[1], to = body.s.hand[1], cuff = between(from, to, 0.93);
    const double length = std::hypot(to.x - from.x, to.y - from.y), nx = -(to.y - from.y) / length * 0.038 * thick, ny = (to.x - from.x) / length * 0.038 * thick;
    cairo_move_to(body.cr, cuff.x - nx, cuff.y - ny);
    cairo_line_to(body.cr, cuff.x + nx, cuff.y + ny);
    cairo_set_line_width(body.cr, 0.014);
    set(body.cr, tones_of(mix(body.look.top, body.look.second, 0.5), body.exposure).middle, 0.8);
    cairo_stroke(body.cr);
  }
}

void draw_leg(const Body& body, std::size_t side) {
  const Skeleton& s = body.s;
  const double thick = body.look.build * (body.look.garment == Garment::spacesuit ? 1.3 : 1.0);
  cairo_save(body.cr);  // shoe
  cairo_translate(body.cr, s.ankle[side].x, s.ankle[side].y);
  cairo_rotate(body.cr, -s.foot_angle[side]);
  curve(body.cr, {{-0.06, -0.05}, {0.04, -0.055}, {0.1, -0.01}, {0.175, 0.035}, {0.18, 0.072}, {-0.07, 0.072}, {-0.075, 0.0}}, true);
  cairo_restore(body.cr);
  side == 0 ? body.dim_part(body.look.shoes, 0.02) : body.part(body.look.shoes, 0.02, 50);
  limb_path(body.cr, s.hip[side], s.knee[side], s.ankle[side], 0.098 * thick, 0.072 * thick, 0.055 * thick);
  const Colour colour = body.look.garment == Garment::dress ? body.look.skin : body.look.garment == Garment::spacesuit ? mix(body.look.top, body.look.second, 0.2) : body.look.trousers;
  side == 0 ? body.dim_part(colour, 0.04) : body.part(colour, 0.036, 51);
}

// Points across the trunk at `t` from pelvis (0) to neck (1).
Point across(const Skeleton& s, double t, double offset) {
  const Point spine = t < 0.68 ? between(s.pelvis, s.chest, t / 0.68) : between(s.chest, s.neck, (t - 0.68) / 0.32);
  const double angle = s.spine_angle;
  return {spine.x + std::cos(angle) * offset, spine.y + std::sin(angle) * offset};
}

void trunk_path(const Body& body, double hem_length, double flare) {
  const Skeleton& s = body.s;
  const double w = body.look.build * (loose(body.look) ? 1.12 : 1.0), belly = std::max(0.0, body.look.build - 1.05) * 0.35;
  const double waist = body.look.soft > 0.55 ? 0.105 : 0.13;
  const double sweep = -std::abs(s.stride) * 0.12 * (hem_length > 0.2 ? 1 : 0);
  // Seated or kneeling: cloth lies along the thighs and is not a column.
  const Point knees = between(s.knee[0], s.knee[1], 0.5);
  const double standing = std::clamp((knees.y - s.pelvis.y) / 0.4, 0.15, 1.0);
  const Point hem{s.pelvis.x + (knees.x - s.pelvis.x) * std::min(hem_length / 0.5, 1.0) * 0.7 + sweep, s.pelvis.y + 0.08 + hem_length * standing};
  const double hem_half = 0.15 * w + flare * hem_length + std::abs(s.stride) * 0.07 * hem_length / 0.5;
  // The slope from the neck covers the top of the arm, or a shoulder looks like a ball joint.
  const Point near_shoulder{s.shoulder[1].x - 0.025, s.shoulder[1].y - 0.06}, far_shoulder{s.shoulder[0].x + 0.03, s.shoulder[0].y - 0.06};
  const Point points[] = {
      {s.neck.x - 0.058, s.neck.y - 0.014}, {(s.neck.x - 0.058) * 0.55 + near_shoulder.x * 0.45, s.neck.y * 0.55 + near_shoulder.y * 0.45 - 0.004}, near_shoulder, across(s, 0.72, -0.165 * w), across(s, 0.3, -waist * w - 0.01), across(s, 0.0, -0.145 * w),
      {hem.x - hem_half, hem.y + body.wobble(1)}, {hem.x - hem_half * 0.3, hem.y + 0.018}, {hem.x + hem_half * 0.9, hem.y - 0.005 + body.wobble(2)},
      across(s, 0.0, 0.13 * w + belly), across(s, 0.3, waist * w + belly), across(s, 0.7, 0.15 * w), far_shoulder, {s.neck.x + 0.055, s.neck.y - 0.005}};
  curve(body.cr, points, true);
}

void line(const Body& body, std::initializer_list<Point> points, double width, double alpha) {
  cairo_new_path(body.cr);
  curve(body.cr, points, false);
  set(body.cr, mix(body.exposure.ink, tones_of(body.look.top, body.exposure).shadow, 0.3), alpha);
  cairo_set_line_width(body.cr, width);
  cairo_stroke(body.cr);
}

void draw_collar(const Body& body) {
  const Skeleton& s = body.s;
  const Look& look = body.look;
  cairo_t* cr = body.cr;
  const Point n = s.neck;
  const auto lapels = [&](Colour inside, double depth) {
    polygon(cr, {{n.x - 0.04, n.y - 0.005}, {n.x + 0.055, n.y + 0.0}, {n.x + 0.07, n.y + depth}});
    body.part(inside, 0.01, 60);
    for (const double side : {-1.0, 1.0}) {
      polygon(cr, {{n.x + 0.008 + side * 0.05, n.y - 0.035}, {n.x + 0.012 + side * 0.085, n.y + 0.05}, {n.x + 0.045 + side * 0.05, n.y + depth * 0.62}, {n.x + 0.068, n.y + depth}, {n.x + 0.014 + side * 0.03, n.y + 0.02}});
      body.part(mix(look.top, rgb(0x0c0c10), side > 0 ? 0.12 : 0.22), 0.012, 61);
    }
  };
  switch (look.garment) {
    case Garment::suit: lapels(rgb(0xe8e4da), 0.26); break;
    case Garment::jacket: case Garment::long_coat: lapels(look.second, 0.2); break;
    case Garment::hoodie:
      curve(cr, {{n.x - 0.12, n.y + 0.03}, {n.x - 0.11, n.y - 0.05}, {n.x + 0.0, n.y + 0.0}, {n.x + 0.09, n.y - 0.03}, {n.x + 0.11, n.y + 0.05}, {n.x + 0.02, n.y + 0.09}}, true);
      body.part(mix(look.top, rgb(0x0c0c10), 0.12), 0.02, 62);
      break;
    case Garment::sweater:
      curve(cr, {{n.x - 0.062, n.y + 0.025}, {n.x - 0.055, n.y - 0.045}, {n.x + 0.055, n.y - 0.04}, {n.x + 0.066, n.y + 0.03}, {n.x, n.y + 0.045}}, true);
      body.part(mix(look.top, look.second, 0.25), 0.02, 63);
      break;
    case Garment::spacesuit:
      ellipse(cr, {n.x, n.y - 0.01}, 0.13, 0.055);
      body.part(look.second, 0.02, 64);
      polygon(cr, {across(s, 0.62, -0.06), across(s, 0.62, 0.1), across(s, 0.36, 0.1), across(s, 0.36, -0.06)});
      body.part(mix(look.second, rgb(0x30343a), 0.4), 0.015, 65);
      ellipse(cr, across(s, 0.54, 0.06), 0.016, 0.016);
      set(cr, look.accent);
      cairo_fill(cr);
      break;
    default:
      polygon(cr, {{n.x - 0.045, n.y - 0.015}, {n.x + 0.055, n.y - 0.01}, {n.x + 0.02, n.y + 0.075}});
      body.part(look.garment == Garment::shirt ? look.second : look.skin, 0.015, 66);
      break;
  }
}

void draw_trunk(const Body& body) {
  const Look& look = body.look;
  const Skeleton& s = body.s;
  double hem = 0.0, flare = 0.05;
  switch (look.garment) {
    case Garment::long_coat: hem = 0.44; flare = 0.11; break;
    case Garment::robe: hem = 0.72; flare = 0.2; break;
    case Garment::dress: hem = 0.52; flare = 0.2; break;
    case Garment::hoodie: case Garment::suit: hem = 0.06; break;
    default: break;
  }
  trunk_path(body, hem, flare);
  body.part(look.top, 0.075, 70);
  // Seams and folds: where cloth is pulled, not everywhere.
  const Point front = across(s, 0.8, 0.05), belt = across(s, 0.02, 0.045);
  if (body.drawing.head_px > 16) {
    line(body, {front, across(s, 0.4, 0.055), {belt.x, belt.y}, {belt.x + s.stride * 0.03, belt.y + hem * 0.9}}, 0.006, 0.65);
    line(body, {across(s, 0.66, -0.13), across(s, 0.52, -0.08), across(s, 0.44, -0.1)}, 0.005, 0.4);
    line(body, {across(s, 0.2, -0.11), across(s, 0.14, -0.03), across(s, 0.16, 0.02)}, 0.005, 0.35);
  }
  if (hem > 0.3 && look.garment == Garment::long_coat && body.drawing.head_px > 16) {
    polygon(body.cr, {across(s, 0.1, -0.14 * look.build), across(s, 0.1, 0.14 * look.build), across(s, 0.03, 0.14 * look.build), across(s, 0.03, -0.14 * look.build)});
    body.part(mix(look.top, rgb(0x0c0a0a), 0.4), 0.02, 71);
  }
  draw_collar(body);
}

void draw_neck(const Body& body) {
  const Skeleton& s = body.s;
  const Point top{s.head.x - 0.028, s.head.y + 0.06};
  polygon(body.cr, {{s.neck.x - 0.055, s.neck.y + 0.03}, {top.x - 0.034, top.y}, {top.x + 0.07, top.y + 0.01}, {s.neck.x + 0.055, s.neck.y + 0.04}});
  Exposure shaded = body.exposure;
  shaded.level *= 0.6;
  shade(body.cr, body.look.skin, shaded, 0.035, 0, 0);
}

void draw_scarf(const Body& body) {
  const Point n = body.s.neck;
  const double blow = -0.1 - std::abs(body.s.stride) * 0.2 + body.wobble(9);
  if (body.drawing.action == Action::walk || body.drawing.action == Action::run) {
    curve(body.cr, {{n.x - 0.03, n.y + 0.0}, {n.x - 0.16 + blow * 0.5, n.y + 0.02 + body.wobble(8) * 3}, {n.x - 0.3 + blow, n.y + 0.09}, {n.x - 0.31 + blow, n.y + 0.16}, {n.x - 0.15 + blow * 0.5, n.y + 0.1}, {n.x - 0.02, n.y + 0.06}}, true);
  } else {
    polygon(body.cr, {{n.x - 0.0, n.y + 0.01}, {n.x + 0.075, n.y + 0.02}, {n.x + 0.085, n.y + 0.3}, {n.x + 0.02, n.y + 0.31}});
  }
  body.part(body.look.accent, 0.02, 80);
  curve(body.cr, {{n.x - 0.085, n.y + 0.03}, {n.x - 0.07, n.y - 0.045}, {n.x + 0.02, n.y - 0.02}, {n.x + 0.085, n.y - 0.035}, {n.x + 0.095, n.y + 0.03}, {n.x + 0.02, n.y + 0.07}}, true);
  body.part(body.look.accent, 0.025, 81);
}

void draw_backpack(const Body& body) {
  const Skeleton& s = body.s;
  curve(body.cr, {across(s, 0.95, -0.1), across(s, 0.9, -0.3), across(s, 0.4, -0.34), across(s, 0.12, -0.28), across(s, 0.12, -0.08)}, true);
  body.part(body.look.accent, 0.05, 90);
  if (body.drawing.head_px > 20) line(body, {across(s, 0.6, -0.32), across(s, 0.58, -0.2), across(s, 0.6, -0.1)}, 0.007, 0.6);
}

void draw_strap(const Body& body) {
  cairo_new_path(body.cr);
  curve(body.cr, {{body.s.shoulder[1].x + 0.05, body.s.shoulder[1].y - 0.04}, across(body.s, 0.72, -0.03), across(body.s, 0.4, -0.1)}, false);
  cairo_set_line_width(body.cr, 0.03);
  set(body.cr, tones_of(mix(body.look.accent, rgb(0x101010), 0.3), body.exposure).middle);
  cairo_stroke(body.cr);
}

// Nobody sits on air.
void draw_stool(const Body& body) {
  const Point seat{body.s.pelvis.x, body.s.pelvis.y + 0.11};
  for (const double x : {-0.17, 0.16}) {
    capsule(body.cr, {seat.x + x, seat.y}, {seat.x + x * 1.25, -0.02}, 0.018, 0.014);
    body.dim_part(rgb(0x3a2a20), 0.01);
  }
  box(body.cr, seat.x - 0.23, seat.y - 0.02, seat.x + 0.22, seat.y + 0.05);
  body.dim_part(rgb(0x4a352a), 0.02);
}

void draw_held(const Body& body, const Palette& palette) {
  if (body.drawing.held == nullptr) return;
  const Prop& prop = *body.drawing.held;
  const std::string_view name = prop.name;
  const Skeleton& s = body.s;
  Point at = s.hand[0];
  double size = 1;
  cairo_save(body.cr);
  if (name == "guitar" || name == "violin") {
    at = between(s.hand[1], {s.pelvis.x + 0.05, s.pelvis.y - 0.12}, 0.5);
    cairo_translate(body.cr, at.x - 0.12, at.y + 0.1);
    cairo_rotate(body.cr, name == "guitar" ? 1.15 : 0.9);
  } else if (name == "lantern") {
    cairo_translate(body.cr, at.x + 0.05, at.y + 0.46);
  } else {
    cairo_translate(body.cr, at.x + 0.06, at.y + (name == "umbrella" ? 0.05 : 0.03));
    cairo_rotate(body.cr, name == "umbrella" ? -0.12 : 0.1);
    size = name == "letter" || name == "cup" || name == "phone" ? 1.0 : 0.95;
  }
  draw_prop(body.cr, prop, {0, 0}, size, palette, 0);
  cairo_restore(body.cr);
}

}  // namespace

void draw_figure(cairo_t* cr, const Look& look, const Drawing& drawing, const Exposure& exposure, const Palette& palette) {
  Body body{cr, look, drawing, exposure, pose(drawing.action, drawing.phase, drawing.mood, look)};
  cairo_save(cr);
  cairo_scale(cr, look.height, look.height);
  const Skeleton& s = body.s;
  // Children and big builds keep a grown-up head size in part: it is how age reads in silhouette.
  const double head = 0.238 * (look.age < 14 ? 1.28 : look.age < 18 ? 1.08 : 1.0);
  const auto in_head = [&](auto&& draw) {
    cairo_save(cr);
    cairo_translate(cr, s.head.x, s.head.y);
    cairo_rotate(cr, s.head_angle * 0.8);
    cairo_scale(cr, s.head_turned ? -head : head, head);
    Exposure turned = exposure;
    if (s.head_turned) turned.light.x = -turned.light.x;
    draw(turned);
    cairo_restore(cr);
  };
  if (drawing.action == Action::sit || drawing.action == Action::play_keys) draw_stool(body);
  draw_arm(body, 0);
  if (look.backpack) draw_backpack(body);
  in_head([&](const Exposure& turned) { draw_hair_behind(cr, look, turned, s.stride); });
  if (look.garment != Garment::robe) {
    draw_leg(body, 0);
    draw_leg(body, 1);
  }
  draw_neck(body);
  draw_trunk(body);
  if (look.backpack) draw_strap(body);
  draw_held(body, palette);
  in_head([&](const Exposure& turned) { draw_head(cr, look, drawing, turned); });
  if (look.scarf) draw_scarf(body);
  draw_arm(body, 1);
  cairo_restore(cr);
}

}  // namespace film::art
