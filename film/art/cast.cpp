#include "film/art/cast.h"

#include <algorithm>
#include <cmath>

#include "film/art/figure.h"

namespace film::art {
namespace {

struct Person {
  const Character* character;
  Look look;
  Drawing drawing;
  double facing, x, depth, foot, unit;
  bool main;
};

double mean_lightness(const Surface& surface) {
  double sum = 0, weight = 0;
  for (const std::uint32_t pixel : surface.pixels) {
    const double alpha = static_cast<double>(pixel >> 24) / 255;
    if (alpha < 0.5) continue;
    sum += lightness({static_cast<double>((pixel >> 16) & 255) / 255 / alpha, static_cast<double>((pixel >> 8) & 255) / 255 / alpha, static_cast<double>(pixel & 255) / 255 / alpha}) * alpha;
    weight += alpha;
  }
  return weight > 0 ? sum / weight : 0;
}

void paint_person(cairo_t* cr, const Stage& stage, const Person& person, const Exposure& exposure, const Drawing& drawing) {
  cairo_save(cr);
  cairo_translate(cr, person.x, person.foot);
  cairo_scale(cr, person.unit * person.facing, person.unit * stage.view.squash);
  draw_figure(cr, person.look, drawing, exposure, stage.palette);
  cairo_restore(cr);
}

Rect rect_of(const Stage& stage, const Person& person) {
  const double wide = 1.25 * person.unit;
  const Rect seen = stage.camera.extent(person.depth);
  const double spare = 0.02 + 0.3 * std::abs(stage.view.roll);
  return {std::max(person.x - wide, seen.left - 0.35), std::max(person.foot - 2.5 * person.unit, seen.top - spare), std::min(person.x + wide, seen.right + 0.35), std::min(person.foot + 0.25 * person.unit, seen.bottom + spare)};
}

Exposure exposure_for(const Stage& stage, const Person& person, double level) {
  const double metre_px = person.unit * stage.height;
  Exposure exposure = exposure_of(stage.palette, level, person.facing, metre_px, 1.75 * metre_px, stage.height);
  exposure.haze = std::min(0.5, stage.palette.haze_at(person.depth - (person.main ? stage.view.distance * 0.7 : 0)) * (person.main ? 0.45 : 0.3));
  return exposure;
}

double figure_lightness(const Stage& stage, const Person& person, double level) {
  const Rect whole = rect_of(stage, person);
  Canvas canvas({whole.left, whole.top, whole.right, std::min(whole.bottom, person.foot - 0.5 * person.unit)}, std::clamp(90 / person.unit, 24.0, 120.0));
  paint_person(canvas.cr(), stage, person, exposure_for(stage, person, level), person.drawing);
  return mean_lightness(canvas.flush());
}

// A soft patch of brighter or darker air behind the figure.
void paint_pool(Stage& stage, const Person& person, Colour colour, double alpha) {
  const double tall = std::min(1.75 * person.unit, 1.2), reach = std::max(tall * 0.8, 0.24);
  const Point centre{person.x, std::clamp(person.foot - 1.1 * person.unit, 0.3, stage.view.close ? 0.5 : 0.8)};
  stage.paint_in({centre.x - reach * 1.25, centre.y - reach, centre.x + reach * 1.25, centre.y + reach}, person.depth * 1.05, {.detail = 0.25, .texture = 0, .blur = 0}, [&](cairo_t* cr, const Rect&) {
    cairo_translate(cr, centre.x, centre.y);
    cairo_scale(cr, 1.25, 1);
    set_radial(cr, {0, 0}, reach, {{0, colour, alpha}, {0.5, colour, alpha * 0.6}, {1, colour, 0}});
    cairo_paint(cr);
  });
}

// The subject is the darkest or the brightest mass: the level is chosen by measuring what is behind it.
double choose_level(Stage& stage, const Person& person) {
  const double wanted = stage.scene->shot == ShotType::vw ? 22 : 27;
  const double tall = std::min(1.75 * person.unit, 1.0);
  const Rect around{person.x - tall * 0.3, std::max(person.foot - 1.8 * person.unit, 0.0), person.x + tall * 0.3, std::min(person.foot - 0.4 * person.unit, 0.9)};
  double behind = lightness_behind(stage, around);
  const double darkest = stage.view.close ? 0.4 : 0.2;
  const bool dark = behind > 48;
  double level = dark ? (stage.view.close ? 0.74 : 0.5) : 0.9;
  for (int step = 0; step < 5; ++step) {
    const double contrast = std::abs(figure_lightness(stage, person, level) - behind);
    if (contrast >= wanted) break;
    level = std::clamp(level + (dark ? -0.12 : 0.12), dark ? darkest : 0.3, 1.15);
  }
  // Light alone cannot lift dark clothes off a dark place: then the air behind glows and the figure is cut out of it.
  const bool cut_out = figure_lightness(stage, person, level) < 55;
  if (cut_out && std::abs(figure_lightness(stage, person, level) - behind) < wanted) level = std::min(level, stage.view.close ? 0.7 : 0.5);
  double contrast = std::abs(figure_lightness(stage, person, level) - behind);
  for (int step = 0; step < 4 && contrast < wanted - 2; ++step) {
    paint_pool(stage, person, cut_out ? mix(stage.palette.horizon, stage.palette.key, 0.6) : stage.palette.ink, 0.34);
    behind = lightness_behind(stage, around);
    contrast = std::abs(figure_lightness(stage, person, level) - behind);
  }
  if (person.main) stage.subject_contrast = contrast;
  return level;
}

void paint_shadow(Stage& stage, const Person& person) {
  if (person.foot > 1.25) return;
  const double unit = person.unit;
  const Palette& palette = stage.palette;
  const Rect rect{person.x - 2.2 * unit, person.foot - 0.35 * unit, person.x + 2.2 * unit, person.foot + 0.6 * unit};
  Layer& layer = stage.paint_in(rect, person.depth, {.detail = 0.5, .texture = 0, .blur = 0.003}, [&](cairo_t* cr, const Rect&) {
    cairo_save(cr);
    cairo_translate(cr, person.x, person.foot);
    const double flat = std::clamp(stage.view.camera_height * 0.1, 0.05, 0.3);
    cairo_scale(cr, 1, flat);
    set_radial(cr, {0, 0}, 0.62 * unit, {{0, palette.ink, 0.75}, {0.5, palette.ink, 0.5}, {1, palette.ink, 0}});
    cairo_paint(cr);
    // The long shadow falls away from the light.
    const double length = 1.9 * unit * palette.light.strength;
    set_linear(cr, {0, 0}, {-palette.light.x * length, 0}, {{0, palette.ink, 0.5 * palette.light.strength}, {1, palette.ink, 0}});
    polygon(cr, {{-0.16 * unit, -0.3 * unit}, {0.16 * unit, 0.3 * unit}, {-palette.light.x * length + 0.1 * unit, 1.3 * unit}, {-palette.light.x * length - 0.2 * unit, 0.5 * unit}});
    cairo_fill(cr);
    cairo_restore(cr);
  });
  layer.motion.travel_x = 0;
}

void paint_reflection(Stage& stage, const Person& person, const Exposure& exposure) {
  if (!stage.palette.wet || stage.palette.indoors || person.foot > 1.1) return;
  const Rect rect{person.x - 1.1 * person.unit, person.foot, person.x + 1.1 * person.unit, std::min(person.foot + 1.5 * person.unit, 1.15)};
  if (rect.bottom - rect.top < 0.01) return;
  Layer& layer = stage.paint_in(rect, person.depth, {.detail = 0.5, .texture = 0, .blur = 0.004}, [&](cairo_t* cr, const Rect&) {
    cairo_translate(cr, 0, person.foot);
    cairo_scale(cr, 1, -0.8);
    cairo_translate(cr, 0, -person.foot);
    paint_person(cr, stage, person, exposure, person.drawing);
  });
  layer.opacity = 0.38;
  layer.motion.ripple = 0.003;
}

void paint_carried_light(Stage& stage, const Person& person) {
  if (person.drawing.held == nullptr || person.drawing.held->glow_radius <= 0) return;
  const Skeleton s = pose(person.drawing.action, person.drawing.phase, person.drawing.mood, person.look);
  const Point at{person.x + (s.hand[0].x + 0.05) * person.unit * person.facing, person.foot + (s.hand[0].y + 0.28) * person.unit};
  const double radius = person.drawing.held->glow_radius * person.unit;
  Layer& layer = stage.paint_in({at.x - radius, at.y - radius, at.x + radius, at.y + radius}, person.depth, {.detail = 0.25, .texture = 0, .blur = 0, .blend = Blend::add},
                                [&](cairo_t* cr, const Rect&) { glow(cr, at, radius, mix(stage.palette.accent, stage.palette.key, 0.45), 0.75); });
  layer.motion.flicker = 0.15;
}

void add_motion(Layer& layer, const Stage& stage, const Person& person, double travel) {
  const Action action = person.drawing.action;
  layer.motion.travel_x = travel;
  layer.motion.anchor = {person.x, person.foot};
  if (is_cycle(action)) {
    layer.motion.sprites_hold = 2;
  } else {
    layer.motion.sprites_hold = 5;
    layer.motion.blinks = layer.sprites.size() > 2;
    layer.motion.breathe = 0.0032;
  }
  if ((action == Action::walk || action == Action::run) && stage.scene->shot <= ShotType::ms) {
    // Only the bob of the walk is seen from the waist up.
    layer.motion.sway_y = 0.009;
    layer.motion.sway_hz = action == Action::run ? 2.6 : 1.8;
    layer.motion.sway_x = 0.003;
  }
  if (action == Action::float_free) {
    layer.motion.sway_y = 0.012;
    layer.motion.sway_hz = 0.22;
  }
}

void paint_one(Stage& stage, const Person& person, double travel) {
  const double level = choose_level(stage, person);
  const Exposure exposure = exposure_for(stage, person, level);
  if (!stage.view.close) {
    paint_shadow(stage, person);
    if (travel != 0) stage.layers.back().motion.travel_x = travel;
    paint_reflection(stage, person, exposure);
    stage.layers.back().motion.travel_x = travel;
  }
  const bool cycle = is_cycle(person.drawing.action) && stage.scene->shot > ShotType::mcu;
  const int drawings = cycle ? (person.unit * stage.height < 40 ? 8 : 12) : 3;
  Layer layer;
  layer.depth = person.depth;
  const Sheet sheet{.texture = 0.06, .blur = person.main ? 0 : stage.view.defocus(person.depth) * 0.6};
  for (int index = 0; index < drawings; ++index) {
    Drawing drawing = person.drawing;
    if (cycle) drawing.phase = static_cast<double>(index) / drawings;
    drawing.boil = cycle ? index % 2 : index == 1 ? 1 : 0;
    drawing.blink = !cycle && index == 2;
    layer.sprites.push_back(stage.draw(rect_of(stage, person), person.depth, sheet, [&](cairo_t* cr, const Rect&) { paint_person(cr, stage, person, exposure, drawing); }));
  }
  add_motion(layer, stage, person, travel);
  stage.layers.push_back(std::move(layer));
  paint_carried_light(stage, person);
  if (!stage.layers.empty() && travel != 0) stage.layers.back().motion.travel_x = travel;
}

std::vector<const Character*> characters_of(const Scene& scene, const Plan& plan) {
  std::vector<const Character*> found;
  for (const std::string& id : scene.characters)
    for (const Character& character : plan.characters)
      if (character.id == id && found.size() < 4) found.push_back(&character);
  return found;
}

void place(Person& person, const Stage& stage, std::size_t index, std::size_t count) {
  const View& view = stage.view;
  // The others stand deeper and to the open side; a fan, not a row.
  constexpr double side_step[] = {0, 0.95, -0.8, 1.75}, back_step[] = {0, 0.45, 0.9, 1.3};
  const double open = view.subject_x < view.aspect / 2 ? 1 : -1;
  const double spread = stage.scene->shot == ShotType::vw ? 1.3 : view.close ? 0.62 : 1.0;
  const bool together = person.drawing.action == Action::embrace;
  person.depth = view.distance + back_step[index] * (view.close ? 1.2 : 0.8);
  person.unit = view.metre(person.depth);
  person.x = view.subject_x + open * side_step[index] * person.unit * (together ? 0.4 : spread);
  if (index > 0) person.facing = (person.x > view.subject_x ? -1 : 1) * (stage.words.has("walk run chase drive together away side_by_side") && !together ? -1 : 1);
  const Skeleton s = pose(person.drawing.action, person.drawing.phase, person.drawing.mood, person.look);
  const double eyes = -s.head.y * person.look.height * view.squash;
  const bool waist_up = stage.scene->shot <= ShotType::mw || person.drawing.action == Action::float_free || (view.squash < 1 && stage.scene->shot != ShotType::vw);
  person.foot = waist_up ? view.eyes + eyes * person.unit : view.ground(person.depth);
  if (index > 0 && waist_up) person.foot = view.eyes + eyes * view.metre(view.distance) + (view.metre(person.depth) - view.metre(view.distance)) * eyes * 0.95;
  // So close the head is the picture: a pose that bends it forward must not carry it out of the frame.
  if (stage.scene->shot <= ShotType::cu) person.x -= s.head.x * person.look.height * person.unit * person.facing;
  if (stage.scene->shot == ShotType::ecu) person.x -= 0.14 * 0.238 * person.unit * person.facing;
  (void)count;
}

}  // namespace

double lightness_behind(const Stage& stage, const Rect& rect) {
  Canvas canvas(rect, std::clamp(24 / std::max(rect.height(), 0.02), 20.0, 200.0));
  set(canvas.cr(), rgb(0));
  cairo_paint(canvas.cr());
  stage.mirror(canvas.cr(), 0, -1, 1);  // a squash of -1 turns the mirror image upright again
  return mean_lightness(canvas.flush());
}

double facing_of(const Scene& scene, const Words& words, std::uint64_t seed, int take) {
  const auto right = words.first("right rightward rightwards screen_right"), left = words.first("left leftward leftwards screen_left");
  if (right != left) return right < left ? 1 : -1;
  Dice dice(seed + static_cast<std::uint64_t>(scene.id) * 17 + static_cast<std::uint64_t>(take) * 7, "facing");
  return dice.chance(0.6) ? 1 : -1;
}

void paint_cast(Stage& stage, const Plan& plan, double facing, bool seated_place, std::uint64_t film_seed) {
  const std::vector<const Character*> characters = characters_of(*stage.scene, plan);
  Words feeling{stage.scene->mood};
  const Action action = action_of(stage.words, seated_place);
  const auto held = props_in(stage.words, Spot::hand, 1);
  std::vector<Person> people;
  for (std::size_t index = 0; index < characters.size(); ++index) {
    Person person{characters[index], look_of(*characters[index], film_seed), {}, facing, 0, 0, 0, 0, index == 0};
    const bool same = index == 0 || action == Action::walk || action == Action::run || action == Action::embrace || action == Action::dance || action == Action::sit || action == Action::drive || action == Action::float_free;
    person.drawing.action = same ? action : Action::stand;
    person.drawing.phase = 0.12 + 0.3 * static_cast<double>(index);
    person.drawing.mood = mood_of(feeling);
    if (index == 0 && !held.empty() && action != Action::play_keys) person.drawing.held = held.front();
    if (index == 0 && person.drawing.held != nullptr && action == Action::stand) person.drawing.action = Action::carry;
    place(person, stage, index, characters.size());
    if (person.main) stage.head_x = person.x + pose(person.drawing.action, person.drawing.phase, person.drawing.mood, person.look).head.x * person.look.height * person.unit * person.facing;
    person.drawing.head_px = 0.238 * person.unit * stage.height;
    people.push_back(std::move(person));
  }
  const bool moves = (action == Action::walk || action == Action::run) && stage.scene->shot >= ShotType::mw;
  const bool leaves = stage.words.has("exit exits leaves crosses enters runs");
  const double way = moves ? (stage.scene->shot == ShotType::vw ? 0.12 : leaves ? 0.34 : 0.2) * (action == Action::run ? 1.5 : 1) : 0;
  for (auto person = people.rbegin(); person != people.rend(); ++person) paint_one(stage, *person, way * person->facing);
}

}  // namespace film::art
