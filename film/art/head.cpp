#include <algorithm>
#include <cmath>
#include <numbers>

#include "film/art/figure.h"
#include "film/art/noise.h"

namespace film::art {
namespace {

// Three-quarter view to the right. The face front is the part right of the cheek line, the side plane left of it.
struct Face {
  cairo_t* cr;
  const Look& look;
  const Drawing& drawing;
  const Exposure& exposure;
  Tones skin;
  double jaw;    ///< 0 round .. 1 angular
  double old;

  [[nodiscard]] bool front_lit() const { return exposure.light.x > 0; }
  void fill(Colour colour, double alpha = 1) const {
    set(cr, colour, alpha);
    cairo_fill(cr);
  }
  void stroke(Colour colour, double width, double alpha = 1) const {
    set(cr, colour, alpha);
    cairo_set_line_width(cr, width);
    cairo_stroke(cr);
  }
};

void outline(const Face& face) {
  const double j = face.jaw, child = face.look.age < 14 ? 1 : 0;
  curve(face.cr,
        {{-0.02, -0.5}, {0.2, -0.445}, {0.315, -0.28}, {0.335, -0.13}, {0.308, -0.035}, {0.33 + child * 0.02, 0.07}, {0.305 + child * 0.02, 0.2 - 0.01 * j},
         {0.24 + 0.015 * j, 0.355}, {0.175 + 0.02 * j, 0.455}, {0.085, 0.5}, {-0.04, 0.46 - 0.01 * j}, {-0.19 - 0.035 * j, 0.325}, {-0.265 - 0.015 * j, 0.14}, {-0.36, -0.04}, {-0.405, -0.22}, {-0.29, -0.42}},
        true);
}

void side_plane(const Face& face) {
  curve(face.cr, {{-0.12, -0.5}, {-0.1, -0.32}, {-0.065, -0.16}, {-0.085, -0.03}, {-0.035, 0.09}, {-0.045, 0.2}, {0.015, 0.32}, {0.01, 0.42}, {0.03, 0.56}, {-0.5, 0.56}, {-0.6, -0.1}, {-0.4, -0.55}}, true);
}

void front_plane(const Face& face) {
  curve(face.cr, {{0.0, -0.56}, {0.015, -0.34}, {0.1, -0.2}, {0.075, -0.09}, {0.13, -0.02}, {0.1, 0.06}, {0.165, 0.13}, {0.1, 0.2}, {0.14, 0.27}, {0.08, 0.34}, {0.12, 0.42}, {0.05, 0.55}, {0.5, 0.6}, {0.5, -0.5}}, true);
}

void shadow_planes(const Face& face) {
  cairo_t* cr = face.cr;
  cairo_save(cr);
  outline(face);
  cairo_clip(cr);
  if (face.front_lit()) {
    side_plane(face);
    face.fill(face.skin.shadow, 0.88);
    curve(cr, {{0.15, -0.3}, {0.3, -0.32}, {0.36, -0.15}, {0.2, -0.13}, {0.08, -0.16}}, true);  // the lit brow
    face.fill(face.skin.lit, 0.5);
    curve(cr, {{0.0, 0.09}, {0.1, 0.07}, {0.14, 0.14}, {0.06, 0.21}, {-0.005, 0.18}}, true);  // cheekbone
    face.fill(face.skin.lit, 0.5);
  } else {
    front_plane(face);
    face.fill(face.skin.shadow, 0.9);
    curve(cr, {{-0.08, 0.06}, {0.02, 0.06}, {0.05, 0.12}, {-0.02, 0.2}, {-0.09, 0.15}}, true);
    face.fill(face.skin.lit, 0.55);
  }
  curve(cr, {{-0.25, 0.36}, {-0.05, 0.455}, {0.1, 0.465}, {0.25, 0.4}, {0.3, 0.6}, {-0.3, 0.6}}, true);  // under the jaw
  face.fill(face.skin.shadow, 0.75);
  cairo_restore(cr);
}

// Sockets, the side of the nose, under the lip and the chin: the planes that make a head of an egg.
void socket_and_nose(const Face& face) {
  cairo_t* cr = face.cr;
  const Colour shadow = face.skin.shadow;
  cairo_save(cr);
  outline(face);
  cairo_clip(cr);
  curve(cr, {{-0.075, -0.075}, {0.03, -0.105}, {0.125, -0.08}, {0.145, -0.01}, {0.08, 0.032}, {-0.02, 0.03}, {-0.075, -0.005}}, true);
  face.fill(shadow, 0.5);
  curve(cr, {{0.2, -0.085}, {0.27, -0.105}, {0.34, -0.08}, {0.33, 0.01}, {0.25, 0.03}, {0.2, -0.005}}, true);
  face.fill(shadow, 0.5);
  if (face.front_lit()) {
    curve(cr, {{0.145, -0.07}, {0.17, 0.0}, {0.17, 0.1}, {0.125, 0.165}, {0.16, 0.195}, {0.245, 0.185}, {0.2, 0.14}, {0.195, 0.02}, {0.18, -0.08}}, true);
  } else {
    curve(cr, {{0.19, -0.09}, {0.215, 0.0}, {0.245, 0.09}, {0.275, 0.145}, {0.25, 0.19}, {0.17, 0.195}, {0.32, 0.23}, {0.35, 0.1}, {0.3, -0.05}}, true);
  }
  face.fill(shadow, face.front_lit() ? 0.62 : 0.55);
  curve(cr, {{0.215, -0.04}, {0.24, 0.05}, {0.275, 0.125}, {0.25, 0.145}, {0.225, 0.1}, {0.205, 0.0}}, true);  // bridge and tip catch light
  face.fill(face.front_lit() ? face.skin.lit : face.skin.middle, 0.75);
  curve(cr, {{0.09, 0.35}, {0.16, 0.335}, {0.225, 0.345}, {0.2, 0.385}, {0.12, 0.385}}, true);
  face.fill(shadow, 0.45);
  if (face.look.age > 14) {
    curve(cr, {{-0.03, 0.17}, {0.03, 0.27}, {0.035, 0.36}, {-0.02, 0.34}, {-0.06, 0.24}}, true);
    face.fill(shadow, 0.16 + 0.25 * face.jaw * 0.6 + face.old * 0.25);
  }
  cairo_restore(cr);
}

void draw_eye(const Face& face, Point centre, double half, bool near) {
  cairo_t* cr = face.cr;
  const double tired = std::clamp(face.drawing.mood.droop, 0.0, 1.0), wide = face.drawing.mood.tension;
  const double open = face.drawing.blink ? 0.004 : 0.036 * (1 - 0.35 * tired + 0.25 * wide) * (face.look.age < 14 ? 1.45 : 1) * (0.9 + 0.2 * face.look.soft);
  const Colour ink = mix(face.exposure.ink, face.look.hair_colour, 0.12);
  const Point inner{centre.x + half, centre.y + 0.008}, outer{centre.x - half, centre.y - 0.004 + tired * 0.008};
  const auto almond = [&] {
    cairo_move_to(cr, outer.x, outer.y);
    cairo_curve_to(cr, centre.x - half * 0.5, centre.y - open * 1.35, centre.x + half * 0.4, centre.y - open * 1.3, inner.x, inner.y);
    cairo_curve_to(cr, centre.x + half * 0.4, centre.y + open * 0.85, centre.x - half * 0.5, centre.y + open * 0.8, outer.x, outer.y);
    cairo_close_path(cr);
  };
  if (!face.drawing.blink) {
    cairo_save(cr);
    almond();
    cairo_clip(cr);
    const Colour white = mix(mix(face.skin.lit, rgb(0xf4f1ea), 0.6), face.skin.shadow, near == face.front_lit() ? 0.25 : 0.3);
    set(cr, white);
    cairo_paint(cr);
    const double iris = open * 0.98;
    const Point look{centre.x + half * 0.25, centre.y - open * 0.08};
    constexpr unsigned eyes[] = {0x3a2a1c, 0x2b1d14, 0x4d6b7a, 0x55693f, 0x6b4a2a};
    const Colour eye = rgb(eyes[face.look.seed % 5]);
    ellipse(cr, look, iris * 0.92, iris);
    face.fill(mix(eye, ink, 0.25));
    ellipse(cr, {look.x + iris * 0.1, look.y + iris * 0.3}, iris * 0.62, iris * 0.5);
    face.fill(mix(eye, face.exposure.key, 0.35), 0.7);
    ellipse(cr, look, iris * 0.45, iris * 0.48);
    face.fill(face.exposure.ink);
    if (face.drawing.head_px > 350)
      for (int ray = 0; ray < 22; ++ray) {
        const double angle = ray * 0.2856, inside = iris * 0.5, outside = iris * (0.75 + 0.15 * noise(ray, face.look.seed));
        cairo_move_to(cr, look.x + std::cos(angle) * inside, look.y + std::sin(angle) * inside);
        cairo_line_to(cr, look.x + std::cos(angle) * outside, look.y + std::sin(angle) * outside);
        face.stroke(mix(eye, face.exposure.key, 0.5), 0.0016, 0.55);
      }
    curve(cr, {outer, {centre.x, centre.y - open * 1.4}, inner, {centre.x, centre.y - open * 0.5}}, true);  // the lid's shadow
    face.fill(ink, 0.45);
    const double glint = face.exposure.light.x > 0 ? 0.35 : -0.35;
    ellipse(cr, {look.x + iris * glint, look.y - iris * 0.35}, iris * 0.2, iris * 0.22);
    face.fill(mix(face.exposure.key, rgb(0xffffff), 0.6), 0.95);
    cairo_restore(cr);
  }
  const double lid = face.drawing.blink ? centre.y + 0.015 : centre.y - open;
  cairo_new_path(cr);
  curve(cr, {{outer.x - 0.012, outer.y + 0.006}, outer, {centre.x - half * 0.3, lid - 0.006}, {centre.x + half * 0.45, lid}, inner, {centre.x + half * 0.45, lid + 0.014}, {centre.x - half * 0.3, lid + 0.012}}, true);
  face.fill(ink, 0.95);
  cairo_new_path(cr);
  curve(cr, {{outer.x + 0.01, centre.y + open * 0.62}, {centre.x, centre.y + open * 0.86}, inner}, false);
  face.stroke(mix(ink, face.skin.shadow, 0.5), 0.006, 0.7);
  cairo_new_path(cr);  // crease of the lid
  curve(cr, {{outer.x, outer.y - 0.024}, {centre.x, lid - 0.03}, {inner.x - 0.01, inner.y - 0.03}}, false);
  face.stroke(face.skin.shadow, 0.007, 0.75);
  if (face.drawing.head_px > 350 && face.look.soft > 0.5)
    for (int lash = 0; lash < 9; ++lash) {
      const double t = lash / 8.0, x = std::lerp(outer.x, centre.x + half * 0.4, t);
      const double y = std::lerp(outer.y, lid, std::sin(t * 1.57));
      cairo_move_to(cr, x, y);
      cairo_curve_to(cr, x - 0.006, y - 0.01, x - 0.014 + 0.01 * t, y - 0.014, x - 0.02 + 0.016 * t, y - 0.016);
      face.stroke(ink, 0.003);
    }
  if (face.old > 0.2 || tired > 0.5) {
    cairo_new_path(cr);
    curve(cr, {{outer.x + 0.015, centre.y + open + 0.018}, {centre.x + 0.01, centre.y + open + 0.033}, {inner.x - 0.005, centre.y + open + 0.015}}, false);
    face.stroke(face.skin.shadow, 0.006, 0.65);
  }
}

void draw_brow(const Face& face, Point from, Point to, double weight) {
  const double tension = face.drawing.mood.tension, sad = std::max(0.0, -face.drawing.mood.joy) * (1 - tension);
  // `to` is the inner end: drawn down in anger, up in grief.
  from.y += sad * 0.012 - tension * 0.012;
  to.y += tension * 0.022 - sad * 0.022;
  const Point middle{from.x + (to.x - from.x) * 0.42, (from.y + to.y) / 2 - 0.026};
  curve(face.cr, {from, middle, {to.x, to.y - weight * 0.4}, {to.x + 0.004, to.y + weight}, {middle.x, middle.y + weight * 1.25}}, true);
  face.fill(mix(mix(face.look.hair_colour, face.exposure.ink, 0.5), face.skin.shadow, 0.15), 0.95);
}

void draw_mouth(const Face& face) {
  cairo_t* cr = face.cr;
  const double joy = face.drawing.mood.joy, full = 0.5 + face.look.soft;
  const bool open = face.drawing.action == Action::sing || face.drawing.action == Action::raise_arms;
  const Point left{0.062, 0.288 - joy * 0.016}, right{0.258, 0.278 - joy * 0.014}, middle{0.172, 0.288 + joy * 0.008};
  const Colour lip = mix(mix(face.skin.middle, rgb(0x9a4038), 0.25 + 0.25 * face.look.soft), face.skin.shadow, 0.3);
  if (open) {
    ellipse(cr, {0.17, 0.31}, 0.062, 0.05);
    face.fill(mix(face.exposure.ink, rgb(0x3a0f12), 0.5));
  }
  curve(cr, {left, {0.115, 0.272}, {0.155, 0.262 - 0.004 * full}, {0.178, 0.267}, {0.205, 0.261 - 0.004 * full}, right, middle}, true);
  face.fill(mix(lip, face.exposure.ink, 0.28), 0.9);
  const double drop = open ? 0.045 : 0;
  curve(cr, {{left.x + 0.02, left.y + 0.004 + drop * 0.6}, {middle.x, middle.y + drop + 0.003}, {right.x - 0.015, right.y + 0.004 + drop * 0.6}, {0.215, 0.312 + drop}, {0.165, 0.316 + 0.01 * full + drop}, {0.105, 0.308 + drop}}, true);
  face.fill(lip, 0.85);
  if (!open) {
    cairo_new_path(cr);
    curve(cr, {{left.x - 0.012, left.y + (joy < 0 ? 0.008 : -0.006)}, {0.12, middle.y - 0.002}, middle, {0.215, middle.y - 0.005}, right}, false);
    face.stroke(mix(face.exposure.ink, rgb(0x3a1512), 0.35), 0.009, 0.95);
  }
  if (face.old > 0.1 || joy > 0.4) {  // from the nose to the corner of the mouth
    cairo_new_path(cr);
    curve(cr, {{0.105, 0.175}, {0.055, 0.225}, {0.035, 0.285}}, false);
    face.stroke(face.skin.shadow, 0.008, 0.35 + face.old * 0.4);
  }
}

void draw_beard(const Face& face) {
  if (!face.look.beard && !face.look.moustache) return;
  cairo_t* cr = face.cr;
  if (face.look.beard) {
    const double length = face.look.age > 50 ? 0.13 : 0.05;
    curve(cr, {{-0.245, 0.03}, {-0.19, 0.12}, {-0.1, 0.2}, {0.0, 0.235}, {0.07, 0.245}, {0.045, 0.3}, {0.09, 0.335}, {0.17, 0.345}, {0.25, 0.325}, {0.275, 0.275}, {0.255, 0.235}, {0.31, 0.215}, {0.28, 0.36}, {0.24, 0.47 + length * 0.5}, {0.13, 0.5 + length}, {-0.02, 0.49 + length * 0.7}, {-0.17, 0.41}, {-0.26, 0.25}}, true);
    shade(cr, face.look.hair_colour, face.exposure, 0.07, face.exposure.rim_width / 0.238 * 0.6, face.look.seed + 5);
    if (face.drawing.head_px > 60)
      for (int hair = 0; hair < 16; ++hair) {
        const double t = hair / 15.0, x = std::lerp(-0.2, 0.24, t), y = 0.3 + 0.13 * std::sin(t * 3.14) + 0.03 * noise(hair * 1.7, face.look.seed);
        cairo_move_to(cr, x, y);
        cairo_curve_to(cr, x + 0.01, y + 0.03, x + 0.012, y + 0.05, x + 0.03 * (t - 0.3), y + 0.08);
        face.stroke(mix(face.look.hair_colour, face.exposure.ink, 0.5), 0.007, 0.45);
      }
  }
  curve(cr, {{0.06, 0.285}, {0.09, 0.235}, {0.17, 0.205}, {0.25, 0.225}, {0.27, 0.275}, {0.21, 0.262}, {0.165, 0.265}, {0.11, 0.272}}, true);
  shade(cr, mix(face.look.hair_colour, face.exposure.ink, 0.1), face.exposure, 0.03, 0, 0);
}

void draw_ear(const Face& face) {
  if (face.look.hair == Hair::bob || face.look.hair == Hair::long_straight || face.look.hat == Hat::hood) return;
  curve(face.cr, {{-0.2, -0.05}, {-0.235, -0.075}, {-0.285, -0.05}, {-0.29, 0.02}, {-0.255, 0.1}, {-0.215, 0.12}, {-0.195, 0.07}}, true);
  shade(face.cr, face.look.skin, face.exposure, 0.025, face.exposure.rim_width / 0.238 * 0.7, face.look.seed + 6);
  if (face.drawing.head_px > 50) {
    curve(face.cr, {{-0.225, -0.03}, {-0.265, -0.025}, {-0.255, 0.04}, {-0.225, 0.07}}, false);
    face.stroke(face.skin.shadow, 0.011, 0.8);
  }
  if (face.look.earrings) {
    ellipse(face.cr, {-0.22, 0.145}, 0.018, 0.022);
    face.fill(face.look.accent);
  }
}

void hair_front(const Face& face) {
  cairo_t* cr = face.cr;
  const double rim = face.exposure.rim_width / 0.238;
  const auto cut = [&](std::initializer_list<Point> points) {
    curve(cr, points, true);
    shade(cr, face.look.hair_colour, face.exposure, 0.09, rim, face.look.seed + 7);
  };
  switch (face.look.hair) {
    case Hair::bald: return;
    case Hair::cropped: cut({{0.3, -0.33}, {0.2, -0.36}, {0.04, -0.34}, {-0.1, -0.28}, {-0.16, -0.14}, {-0.18, 0.04}, {-0.23, 0.03}, {-0.25, -0.08}, {-0.3, -0.06}, {-0.34, 0.1}, {-0.4, -0.02}, {-0.435, -0.22}, {-0.32, -0.46}, {-0.04, -0.545}, {0.2, -0.5}, {0.31, -0.39}}); break;
    case Hair::side_part: cut({{0.32, -0.3}, {0.22, -0.37}, {0.06, -0.36}, {-0.08, -0.27}, {-0.15, -0.12}, {-0.17, 0.07}, {-0.225, 0.06}, {-0.25, -0.08}, {-0.3, -0.05}, {-0.36, 0.16}, {-0.42, 0.02}, {-0.46, -0.24}, {-0.33, -0.49}, {-0.05, -0.585}, {0.2, -0.57}, {0.345, -0.45}, {0.36, -0.36}}); break;
    case Hair::tousled: cut({{0.34, -0.22}, {0.25, -0.32}, {0.21, -0.24}, {0.12, -0.34}, {0.04, -0.25}, {-0.06, -0.3}, {-0.13, -0.14}, {-0.18, 0.04}, {-0.23, 0.02}, {-0.26, -0.06}, {-0.33, 0.16}, {-0.4, 0.1}, {-0.47, -0.08}, {-0.45, -0.3}, {-0.36, -0.46}, {-0.2, -0.6}, {-0.06, -0.56}, {0.1, -0.63}, {0.24, -0.54}, {0.37, -0.46}, {0.36, -0.34}}); break;
    case Hair::curly: case Hair::afro: {
      const double big = face.look.hair == Hair::afro ? 1.32 : 1.0;
      cairo_new_path(cr);
      constexpr int lobes = 15;
      for (int lobe = 0; lobe < lobes; ++lobe) {
        const double angle = -0.35 - lobe * 3.35 / (lobes - 1), reach = 0.4 * big + 0.02 * noise(lobe * 1.3, face.look.seed);
        ellipse(cr, {-0.06 + std::cos(angle) * reach, -0.16 + std::sin(angle) * reach * 0.95}, 0.12 * big, 0.11 * big);
      }
      cairo_new_sub_path(cr);
      curve(cr, {{0.29, -0.32}, {0.14, -0.33}, {-0.04, -0.28}, {-0.14, -0.12}, {-0.2, 0.06}, {-0.4 * big, 0.08}, {-0.44 * big, -0.2}, {-0.2, -0.5 * big}, {0.2, -0.5 * big}}, true);
      shade(cr, face.look.hair_colour, face.exposure, 0.09, rim, face.look.seed + 7);
      break;
    }
    case Hair::bob: cut({{0.31, -0.28}, {0.2, -0.34}, {0.05, -0.31}, {-0.06, -0.2}, {-0.1, 0.0}, {-0.09, 0.2}, {-0.13, 0.36}, {-0.3, 0.36}, {-0.42, 0.24}, {-0.48, -0.05}, {-0.46, -0.3}, {-0.3, -0.51}, {-0.02, -0.575}, {0.22, -0.53}, {0.34, -0.4}}); break;
    case Hair::long_straight: cut({{0.31, -0.28}, {0.18, -0.37}, {0.02, -0.3}, {-0.08, -0.16}, {-0.11, 0.06}, {-0.1, 0.34}, {-0.14, 0.72}, {-0.34, 0.78}, {-0.46, 0.4}, {-0.48, -0.05}, {-0.45, -0.3}, {-0.3, -0.51}, {-0.02, -0.57}, {0.22, -0.52}, {0.34, -0.39}}); break;
    case Hair::ponytail: case Hair::bun: cut({{0.305, -0.31}, {0.2, -0.39}, {0.04, -0.35}, {-0.1, -0.24}, {-0.155, -0.1}, {-0.18, 0.03}, {-0.225, -0.02}, {-0.27, -0.08}, {-0.33, 0.06}, {-0.41, -0.02}, {-0.45, -0.22}, {-0.33, -0.47}, {-0.04, -0.55}, {0.2, -0.505}, {0.31, -0.4}}); break;
  }
  if (face.drawing.head_px < 60 || face.look.hair == Hair::cropped || face.look.hair == Hair::afro) return;
  const Tones hair = tones_of(face.look.hair_colour, face.exposure);
  for (int strand = 0; strand < 9; ++strand) {  // the direction of the hair, not every hair
    const double t = strand / 8.0, wild = 0.03 * noise(strand * 2.1 + face.drawing.boil * 5, face.look.seed);
    cairo_new_path(cr);
    curve(cr, {{std::lerp(0.22, -0.34, t), -0.42 - 0.08 * std::sin(t * 3.14)}, {std::lerp(0.12, -0.36, t) + wild, -0.4 + 0.1 * t}, {std::lerp(0.02, -0.38, t), -0.34 + 0.24 * t + wild}}, false);
    face.stroke(strand % 3 == 0 ? hair.lit : mix(hair.shadow, face.exposure.ink, 0.5), 0.008, strand % 3 == 0 ? 0.5 : 0.4);
  }
}

void draw_hat(const Face& face) {
  cairo_t* cr = face.cr;
  const double rim = face.exposure.rim_width / 0.238;
  const auto cut = [&](std::initializer_list<Point> points, Colour colour, double form) {
    curve(cr, points, true);
    shade(cr, colour, face.exposure, form, rim, face.look.seed + 8);
  };
  const Colour cloth = mix(face.look.accent, rgb(0x1a1a1e), 0.25);
  switch (face.look.hat) {
    case Hat::none: break;
    case Hat::beanie:
      cut({{0.34, -0.26}, {0.33, -0.42}, {0.16, -0.6}, {-0.06, -0.645}, {-0.3, -0.56}, {-0.45, -0.34}, {-0.44, -0.14}, {-0.2, -0.22}, {0.1, -0.27}}, cloth, 0.1);
      cut({{0.355, -0.25}, {0.35, -0.36}, {0.1, -0.385}, {-0.2, -0.345}, {-0.45, -0.25}, {-0.455, -0.11}, {-0.2, -0.2}, {0.1, -0.25}}, mix(cloth, face.look.second, 0.25), 0.05);
      break;
    case Hat::cap:
      cut({{0.33, -0.28}, {0.3, -0.46}, {0.12, -0.585}, {-0.1, -0.6}, {-0.33, -0.5}, {-0.44, -0.28}, {-0.42, -0.14}, {-0.1, -0.25}}, cloth, 0.1);
      cut({{0.02, -0.285}, {0.3, -0.34}, {0.53, -0.24}, {0.58, -0.18}, {0.4, -0.21}, {0.15, -0.225}}, mix(cloth, rgb(0x101014), 0.3), 0.03);
      break;
    case Hat::captain:
      cut({{0.38, -0.36}, {0.4, -0.5}, {0.1, -0.64}, {-0.25, -0.62}, {-0.5, -0.47}, {-0.46, -0.34}, {-0.1, -0.36}}, cloth, 0.08);
      cut({{0.34, -0.26}, {0.36, -0.37}, {0.0, -0.38}, {-0.42, -0.32}, {-0.43, -0.18}, {-0.1, -0.27}}, mix(cloth, rgb(0x0c0c10), 0.5), 0.04);
      cut({{0.06, -0.275}, {0.33, -0.29}, {0.45, -0.19}, {0.44, -0.15}, {0.3, -0.195}, {0.12, -0.21}}, rgb(0x141418), 0.03);
      ellipse(cr, {0.2, -0.42}, 0.035, 0.04);
      face.fill(rgb(0xd9a441), 0.9);
      break;
    case Hat::brimmed:
      cut({{0.27, -0.33}, {0.25, -0.6}, {0.1, -0.7}, {-0.02, -0.66}, {-0.16, -0.72}, {-0.34, -0.6}, {-0.38, -0.3}}, mix(face.look.top, rgb(0x2a211a), 0.45), 0.1);
      cut({{0.62, -0.28}, {0.4, -0.37}, {0.0, -0.38}, {-0.4, -0.32}, {-0.7, -0.18}, {-0.5, -0.17}, {-0.1, -0.25}, {0.3, -0.25}}, mix(face.look.top, rgb(0x1a140f), 0.5), 0.05);
      cut({{0.28, -0.35}, {0.27, -0.42}, {-0.05, -0.43}, {-0.37, -0.38}, {-0.38, -0.31}, {-0.05, -0.36}}, face.look.accent, 0.03);
      break;
    case Hat::hood:
      cut({{0.28, -0.36}, {0.2, -0.56}, {-0.06, -0.66}, {-0.36, -0.55}, {-0.52, -0.25}, {-0.48, 0.15}, {-0.36, 0.45}, {-0.1, 0.52}, {-0.16, 0.28}, {-0.19, 0.0}, {-0.13, -0.22}, {0.04, -0.38}, {0.2, -0.41}}, face.look.top, 0.1);
      break;
    case Hat::helmet: break;
  }
}

void draw_helmet(const Face& face) {
  cairo_t* cr = face.cr;
  const double rim = face.exposure.rim_width / 0.238;
  cairo_new_path(cr);
  ellipse(cr, {-0.03, -0.03}, 0.66, 0.67);
  cairo_new_sub_path(cr);
  ellipse(cr, {0.09, -0.02}, 0.46, 0.5);
  cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
  set_linear(cr, {-0.6, -0.6}, {0.5, 0.6}, {{0, tones_of(face.look.top, face.exposure).lit}, {0.5, tones_of(face.look.top, face.exposure).middle}, {1, tones_of(face.look.top, face.exposure).shadow}});
  cairo_fill(cr);
  cairo_set_fill_rule(cr, CAIRO_FILL_RULE_WINDING);
  ellipse(cr, {0.09, -0.02}, 0.46, 0.5);
  face.stroke(mix(face.look.accent, face.exposure.ink, 0.2), 0.035);
  ellipse(cr, {0.09, -0.02}, 0.45, 0.49);
  set_linear(cr, {-0.3, -0.5}, {0.5, 0.5}, {{0, face.exposure.key, 0.4}, {0.3, face.exposure.key, 0.05}, {1, face.exposure.ambient, 0.25}});
  cairo_fill(cr);
  curve(cr, {{-0.24, -0.3}, {-0.1, -0.44}, {0.1, -0.47}, {-0.06, -0.36}, {-0.2, -0.2}}, true);
  face.fill(face.exposure.key, 0.55);
  (void)rim;
}

void draw_glasses(const Face& face) {
  if (!face.look.glasses && !face.look.goggles) return;
  cairo_t* cr = face.cr;
  const Colour frame = face.look.goggles ? face.look.accent : mix(face.exposure.ink, face.look.accent, 0.1);
  const double lift = face.look.goggles ? -0.3 : 0;  // pushed up into the hair: eyes tell more than goggles
  for (const auto& [x, half] : {std::pair{0.03, 0.105}, std::pair{0.258, 0.07}}) {
    ellipse(cr, {x, 0.0 + lift}, half, 0.075);
    set(cr, face.exposure.key, face.look.goggles ? 0.35 : 0.14);
    cairo_fill_preserve(cr);
    face.stroke(frame, face.look.goggles ? 0.028 : 0.013);
  }
  cairo_move_to(cr, 0.135, -0.01 + lift);
  cairo_line_to(cr, 0.19, -0.012 + lift);
  cairo_move_to(cr, -0.075, -0.01 + lift);
  cairo_line_to(cr, -0.24, -0.035 + lift);
  face.stroke(frame, face.look.goggles ? 0.03 : 0.013);
}

void draw_marks(const Face& face) {
  cairo_t* cr = face.cr;
  if (face.look.freckles)
    for (int index = 0; index < 16; ++index) {
      Dice dice(face.look.seed + static_cast<unsigned>(index), "freckle");
      ellipse(cr, {dice.between(0.0, 0.29), dice.between(0.06, 0.16)}, 0.006, 0.006);
      face.fill(face.skin.shadow, 0.6);
    }
  if (face.look.scar) {
    cairo_new_path(cr);
    curve(cr, {{0.0, -0.16}, {-0.01, -0.05}, {0.015, 0.09}, {0.0, 0.16}}, false);
    face.stroke(mix(face.skin.lit, rgb(0xd88a7a), 0.5), 0.014, 0.9);
  }
  if (face.old > 0.25) {
    for (const double y : {-0.27, -0.22}) {
      cairo_new_path(cr);
      curve(cr, {{0.05, y}, {0.15, y - 0.012}, {0.28, y + 0.005}}, false);
      face.stroke(face.skin.shadow, 0.007, 0.5 * face.old);
    }
    for (int line = 0; line < 3; ++line) {
      cairo_new_path(cr);
      curve(cr, {{-0.075, 0.0 + line * 0.018}, {-0.11, -0.005 + line * 0.03}, {-0.14, -0.01 + line * 0.042}}, false);
      face.stroke(face.skin.shadow, 0.006, 0.6 * face.old);
    }
  }
}

}  // namespace

void draw_hair_behind(cairo_t* cr, const Look& look, const Exposure& exposure, double stride) {
  const double rim = exposure.rim_width / 0.238, back = -std::abs(stride) * 0.25;
  if (look.hair == Hair::long_straight) {
    curve(cr, {{-0.1, -0.4}, {-0.42, -0.3}, {-0.5, 0.2}, {-0.52 + back, 0.8}, {-0.3 + back, 0.98}, {0.02 + back * 0.6, 0.9}, {0.08, 0.4}}, true);
  } else if (look.hair == Hair::ponytail) {
    curve(cr, {{-0.36, -0.32}, {-0.52, -0.34}, {-0.66 + back, -0.1}, {-0.64 + back * 1.4, 0.34}, {-0.56 + back * 1.8, 0.62}, {-0.5 + back, 0.3}, {-0.44, -0.02}}, true);
  } else if (look.hair == Hair::bun) {
    ellipse(cr, {-0.42, -0.43}, 0.15, 0.145);
  } else if (look.hair == Hair::bob) {
    curve(cr, {{-0.3, -0.3}, {-0.5, 0.0}, {-0.44, 0.32}, {-0.2, 0.4}, {0.05, 0.38}}, true);
  } else {
    return;
  }
  shade(cr, mix(look.hair_colour, exposure.ink, 0.2), exposure, 0.08, rim, look.seed + 9);
}

void draw_head(cairo_t* cr, const Look& look, const Drawing& drawing, const Exposure& exposure) {
  Face face{cr, look, drawing, exposure, tones_of(look.skin, exposure), 1 - look.soft, std::clamp((look.age - 42) / 30, 0.0, 1.0)};
  const double rim = exposure.rim_width / 0.238;
  outline(face);
  shade(cr, look.skin, exposure, 0.05, rim, look.seed + 4);
  if (drawing.head_px > 14) shadow_planes(face);
  if (drawing.head_px > 26) {
    socket_and_nose(face);
    draw_mouth(face);
    draw_brow(face, {-0.075, -0.1}, {0.125, -0.088}, 0.018 + 0.012 * face.jaw);
    draw_brow(face, {0.318, -0.105}, {0.205, -0.088}, 0.015 + 0.01 * face.jaw);
    // A child's eyes are larger and lie lower.
    const bool child = look.age < 14;
    const double low = child ? 0.022 : 0, large = child ? 1.16 : 1;
    draw_eye(face, {0.03, -0.012 + low}, 0.078 * large, true);
    draw_eye(face, {0.255, -0.014 + low}, 0.05 * large, false);
    draw_marks(face);
  } else if (drawing.head_px > 12) {
    box(cr, -0.05, -0.05, 0.3, 0.0);
    face.fill(face.skin.shadow, 0.7);
  }
  draw_beard(face);
  draw_ear(face);
  hair_front(face);
  if (drawing.head_px > 20) draw_glasses(face);
  draw_hat(face);
  if (look.garment == Garment::spacesuit || look.hat == Hat::helmet) draw_helmet(face);
}

}  // namespace film::art
