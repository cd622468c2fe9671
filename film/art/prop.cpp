#include "film/art/prop.h"

#include <algorithm>
#include <cmath>

#include "film/art/scenery.h"

namespace film::art {

std::vector<const Prop*> props_in(const Words& words, Spot spot, std::size_t count) {
  std::vector<std::pair<std::size_t, const Prop*>> found;
  for (const Prop& prop : props()) {
    if (prop.spot != spot) continue;
    if (const auto at = words.first(prop.words); at != std::string::npos) found.emplace_back(at, &prop);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const Prop*> result;
  for (const auto& [at, prop] : found)
    if (result.size() < count) result.push_back(prop);
  return result;
}

std::optional<Colour> colour_said(const Words& words, const Prop& prop) {
  const std::size_t at = words.first(prop.words);
  if (at == std::string::npos || at == 0) return std::nullopt;
  const std::string before = words.text().substr(0, at);
  const std::size_t last = before.rfind(' ');
  if (const auto colour = colour_from_words(before.substr(last + 1))) return colour;
  // One more adjective may stand between, but not another thing: "a red delivery van", not "a girl in red and a van".
  if (last == 0 || last == std::string::npos || Words{before.substr(last)}.has("a an the and or with in of on at by to her his their")) return std::nullopt;
  return colour_from_words(before.substr(before.rfind(' ', last - 1) + 1));
}

namespace {

Colour colour_of(const PropShape& shape, const Palette& palette, double distance, bool repaint_accent, const std::optional<Colour>& said) {
  const bool is_painted = shape.value >= painted(0);
  if (said && (is_painted || (repaint_accent && shape.value == accent_tone))) {
    const Colour lit = mix(tinted(*said, palette.key, 0.2), palette.ink, palette.night ? 0.4 : 0.15);
    return mix(lit, palette.horizon, palette.haze_at(distance) * 0.7);
  }
  if (shape.value == accent_tone) return mix(palette.accent, palette.horizon, palette.haze_at(distance) * 0.7);
  if (shape.value == light_tone) return mix(mix(palette.accent, palette.key, 0.6), rgb(0xfff0d0), 0.5);
  return palette.tone(is_painted ? shape.value - painted(0) : std::min(shape.value, 1.0), distance);
}

}  // namespace

void draw_prop(cairo_t* cr, const Prop& prop, Point foot, double unit, const Palette& palette, double distance, double flip, std::optional<Colour> said) {
  const bool repaint_accent = std::ranges::none_of(prop.shapes, [](const PropShape& shape) { return shape.value >= painted(0); });
  cairo_save(cr);
  cairo_translate(cr, foot.x, foot.y);
  cairo_scale(cr, unit * flip, unit);
  for (const PropShape& shape : prop.shapes) {
    if (shape.path == nullptr) continue;
    cairo_new_path(cr);
    path(cr, shape.path);
    const Colour colour = colour_of(shape, palette, distance, repaint_accent, said);
    double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    cairo_path_extents(cr, &x0, &y0, &x1, &y1);
    // Each face turns a little from the light: flat fills look cut from paper.
    const bool emits = shape.value == light_tone;
    const bool lit_left = palette.light.x * flip < 0;
    const Colour bright = emits ? colour : mix(colour, palette.key, 0.2), dark = emits ? colour : mix(colour, palette.ink, 0.35);
    set_linear(cr, {x0, y0}, {x1, y1 * 0.6 + y0 * 0.4}, {{0, lit_left ? bright : dark}, {1, lit_left ? dark : bright}});
    cairo_fill(cr);
  }
  cairo_restore(cr);
}

namespace {

Words all_words(const Stage& stage) {
  Words words = stage.words;
  words.add(stage.place_words.text());
  return words;
}

double free_side(const View& view) { return view.subject_x < view.aspect / 2 ? 1 : -1; }

void add_glow(Stage& stage, const Prop& prop, Point foot, double unit, double depth, double flip) {
  if (prop.glow_radius <= 0) return;
  const Colour colour = mix(stage.palette.accent, stage.palette.key, 0.55);
  const bool dim = stage.palette.night || stage.palette.indoors || lightness(stage.palette.sky_top) < 60;
  paint_glow(stage, depth, {foot.x + prop.glow.x * unit * flip, foot.y + prop.glow.y * unit}, prop.glow_radius * unit, colour, dim ? 0.85 : 0.35, 0.12);
}

}  // namespace

void paint_far_props(Stage& stage) {
  const View& view = stage.view;
  const Words words = all_words(stage);
  const double side = free_side(view);
  double place = 0.17;
  for (const Prop* prop : props_in(words, Spot::far, 2)) {
    // A landmark is placed by the picture, not by the map: about a third of the height, opposite the figure.
    const double tall = (prop->height > 12 ? 0.34 : prop->height > 5 ? 0.13 : 0.09) * std::sqrt(view.focal / 1.8);
    const double unit = tall / prop->height, depth = std::max(60.0, view.focal / unit);
    const Point foot{view.aspect * (0.5 + side * place), std::max(view.horizon + 0.004, view.ground(depth))};
    const double reach = std::max(tall, 20 * unit);
    stage.paint_in({foot.x - reach, foot.y - tall * 1.15, foot.x + reach, foot.y + 0.1 * tall + 0.02}, depth, {},
                   [&](cairo_t* cr, const Rect&) { draw_prop(cr, *prop, foot, unit, stage.palette, 24, side); });
    add_glow(stage, *prop, foot, unit, depth, side);
    place += 0.19;
  }
  for (const Prop* prop : props_in(words, Spot::sky, 1)) {
    const double unit = 0.16 / prop->height;
    const Point at{view.aspect * (0.5 + side * 0.28), 0.3};
    Layer& layer = stage.paint_in({at.x - 0.3, at.y - 0.25, at.x + 0.3, at.y + 0.05}, 300, {}, [&](cairo_t* cr, const Rect&) { draw_prop(cr, *prop, at, unit, stage.palette, 14, 1, colour_said(words, *prop)); });
    layer.motion.drift_x = 0.012;
    layer.motion.sway_y = 0.006;
    layer.motion.sway_hz = 0.3;
  }
}

void paint_water_props(Stage& stage) {
  const View& view = stage.view;
  const double side = free_side(view);
  double place = 0.3;
  const Words words = all_words(stage);
  for (const Prop* prop : props_in(words, Spot::water, 2)) {
    const auto said = colour_said(words, *prop);
    const double tall = (prop->height > 10 ? 0.24 : 0.12) * std::sqrt(view.focal / 1.8), unit = tall / prop->height, depth = std::max(25.0, view.focal / unit * 0.6);
    const Point foot{view.aspect * (0.5 + side * place), std::max(view.horizon + 0.03, view.horizon + (view.camera_height + 1.2) * view.metre(depth))};
    Layer& layer = stage.paint_in({foot.x - 25 * unit, foot.y - tall * 1.2, foot.x + 25 * unit, foot.y + tall}, depth, {}, [&](cairo_t* cr, const Rect&) {
      cairo_save(cr);  // its own reflection first
      box(cr, foot.x - 26 * unit, foot.y, foot.x + 26 * unit, foot.y + tall);
      cairo_clip(cr);
      cairo_push_group(cr);
      cairo_translate(cr, 0, foot.y);
      cairo_scale(cr, 1, -0.7);
      cairo_translate(cr, 0, -foot.y);
      draw_prop(cr, *prop, foot, unit, stage.palette, 16, side, said);
      cairo_pop_group_to_source(cr);
      cairo_paint_with_alpha(cr, 0.4);
      cairo_restore(cr);
      draw_prop(cr, *prop, foot, unit, stage.palette, 12, side, said);
    });
    layer.motion.sway_y = 0.0045;
    layer.motion.sway_x = 0.002;
    layer.motion.sway_hz = 0.28;
    add_glow(stage, *prop, foot, unit, depth, side);
    place = place > 0 ? -0.02 : 0.2;
  }
}

void paint_near_props(Stage& stage, bool hero) {
  const View& view = stage.view;
  const double side = free_side(view);
  const Words words = all_words(stage);
  std::vector<const Prop*> chosen = props_in(stage.words, Spot::ground, 2);
  if (hero && view.close && chosen.empty()) chosen = props_in(stage.words, Spot::hand, 1);
  // What only the location names is scenery: it would crowd a close picture.
  if (chosen.empty() && (hero || stage.scene->shot >= ShotType::mw)) chosen = props_in(words, Spot::ground, 1);
  if (stage.place_words.has("car_interior vehicle cab dashboard")) std::erase_if(chosen, [](const Prop* prop) { return std::string_view(prop->name) == "car" || std::string_view(prop->name) == "van"; });
  if (hero && chosen.empty()) chosen = props_in(stage.words, Spot::hand, 1);
  if (hero && chosen.empty()) chosen = props_in(words, Spot::hand, 1);
  double index = 0;
  for (const Prop* prop : chosen) {
    const bool lead = hero && index == 0;
    double depth = lead ? view.distance : view.distance + 1.4 + index * 1.6;
    double unit = view.metre(depth);
    Point foot{view.subject_x + side * (1.6 + index * 1.4) * unit, view.ground(depth)};
    const bool played = !hero && std::string_view(prop->name) == "piano";
    double flip = side;
    if (played) {  // its keys lie under the hands
      depth = view.distance + 0.12;
      unit = view.metre(depth);
      flip = stage.facing;
      foot = {view.subject_x + flip * 1.42 * unit, view.close || stage.scene->shot == ShotType::ms ? view.eyes + 1.27 * unit : view.ground(depth)};
    } else if (lead) {
      // Framed like a person: the object takes the share of the picture that its shot size asks for.
      const double share = stage.scene->shot == ShotType::vw ? 0.2 : stage.scene->shot == ShotType::ws ? 0.5 : 0.66;
      unit = share / prop->height;
      foot = {view.subject_x, stage.scene->shot >= ShotType::ws ? std::max(view.ground(view.distance), 0.7) : 0.86};
    } else if (view.close && !hero) {
      foot.x = view.subject_x + side * std::min(0.75, 1.2 * unit);
    }
    const double reach = prop->height * unit * 1.8;
    stage.paint_in({foot.x - reach, foot.y - prop->height * unit * 1.3, foot.x + reach, foot.y + 0.1}, depth, {}, [&](cairo_t* cr, const Rect&) {
      cairo_save(cr);
      cairo_translate(cr, foot.x, foot.y);
      cairo_scale(cr, 1, 0.14);
      set_radial(cr, {0, 0}, reach * 0.7, {{0, stage.palette.ink, 0.6}, {0.6, stage.palette.ink, 0.35}, {1, stage.palette.ink, 0}});
      cairo_paint(cr);
      cairo_restore(cr);
      draw_prop(cr, *prop, foot, unit, stage.palette, lead || played ? 0 : 1.5, flip, colour_said(words, *prop));
    });
    add_glow(stage, *prop, foot, unit, depth, flip);
    index += 1;
  }
}

}  // namespace film::art
