#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "film/art/art.h"
#include "film/art/environment.h"
#include "film/art/figure.h"
#include "film/art/lettering.h"
#include "film/art/png.h"
#include "workprint/try.h"

namespace film::art {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Result;

namespace {

constexpr double sheet_width = 1600, sheet_height = 900;
constexpr Colour paper = rgb(0xece7dc), line_ink = rgb(0x24262b), soft_ink = rgb(0x6d6a63), rule = rgb(0xc9c2b3);

// A bright, neutral studio: a model sheet shows local colours, not a mood.
Palette studio() {
  Palette palette{rgb(0xd8d4ca), rgb(0xe9e4d8), rgb(0xfffaf0), rgb(0xa9a59b), rgb(0x1d1c20), rgb(0xd8482f), {}, 0.05, false, true, false};
  palette.light = {-0.6, -0.8, 0.25, 0.6};
  return palette;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// Long texts from an author must not run off the sheet.
std::string shortened(const std::string& text, std::size_t length) {
  if (text.size() <= length) return text;
  const auto space = text.rfind(' ', length);
  std::size_t end = space == std::string::npos || space < length / 2 ? length : space;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + " …";
}

void draw_person(cairo_t* cr, const Look& look, const Palette& palette, Point foot, double metre, double facing, Action action, double level) {
  cairo_save(cr);
  cairo_translate(cr, foot.x, foot.y);
  cairo_save(cr);
  cairo_scale(cr, 1, 0.14);
  set_radial(cr, {0, 0}, metre * 0.5, {{0, palette.ink, 0.35}, {1, palette.ink, 0}});
  cairo_arc(cr, 0, 0, metre * 0.5, 0, 6.2832);
  cairo_fill(cr);
  cairo_restore(cr);
  cairo_scale(cr, metre * facing, metre);
  Drawing drawing{.action = action, .phase = 0.06, .mood = {}, .held = nullptr, .boil = 0, .blink = false, .head_px = 0.238 * metre};
  Exposure exposure = exposure_of(palette, level, facing, metre, 1.75 * metre, static_cast<int>(sheet_height));
  draw_figure(cr, look, drawing, exposure, palette);
  cairo_restore(cr);
}

void draw_close_up(cairo_t* cr, const Look& look, const Palette& palette, const Rect& frame, double facing, double size, const Mood& mood) {
  cairo_save(cr);
  box(cr, frame.left, frame.top, frame.right, frame.bottom);
  set_linear(cr, {frame.left, frame.top}, {frame.right, frame.bottom}, {{0, rgb(0xd9d3c5)}, {1, rgb(0xb9b2a3)}});
  cairo_fill_preserve(cr);
  cairo_clip(cr);
  const Drawing drawing{.action = Action::stand, .phase = 0, .mood = mood, .held = nullptr, .boil = 0, .blink = false, .head_px = size};
  const double metre = size / 0.238;
  const Skeleton s = pose(Action::stand, 0, mood, look);
  cairo_translate(cr, (frame.left + frame.right) / 2 - s.head.x * metre * facing, frame.top + frame.height() * 0.47 - s.head.y * metre * look.height);
  cairo_scale(cr, metre * facing, metre);
  draw_figure(cr, look, drawing, exposure_of(palette, 0.95, facing, metre, 1.75 * metre, static_cast<int>(sheet_height)), palette);
  cairo_restore(cr);
}

void draw_chip(cairo_t* cr, double x, double y, Colour colour, const std::string& name) {
  set(cr, colour);
  box(cr, x, y, x + 72, y + 48);
  cairo_fill(cr);
  set(cr, soft_ink);
  write_text(cr, name, x, y + 54, {.size = 13});
  const auto byte = [](double value) { return static_cast<int>(std::lround(value * 255)); };
  write_text(cr, fmt::format("#{:02x}{:02x}{:02x}", byte(colour.r), byte(colour.g), byte(colour.b)), x, y + 71, {.size = 12});
}

double note(cairo_t* cr, double x, double y, double width, const std::string& title, const std::string& text) {
  if (text.empty() || y > sheet_height - 70) return y;
  set(cr, soft_ink);
  write_text(cr, title, x, y, {.size = 12, .bold = true, .spacing = 1});
  set(cr, line_ink);
  const TextSize size = write_text(cr, shortened(text, 220), x, y + 18, {.size = 16, .wrap = width});
  return y + size.height + 32;
}

void draw_heading(cairo_t* cr, const std::string& kind, const std::string& name, const std::string& film) {
  set(cr, paper);
  cairo_paint(cr);
  set(cr, soft_ink);
  write_text(cr, kind, 56, 40, {.size = 14, .bold = true, .spacing = 2});
  const TextSize size = measure_text(film, {.size = 14});
  write_text(cr, film, sheet_width - 56 - std::min(size.width, 700.0), 40, {.size = 14});
  set(cr, line_ink);
  write_text(cr, shortened(name, 48), 54, 60, {.size = 46, .bold = true});
  set(cr, rule);
  box(cr, 56, 126, sheet_width - 56, 128);
  cairo_fill(cr);
}

}  // namespace

Result<std::string> character_sheet(const Plan& plan, std::size_t character, std::uint64_t seed, int take) {
  if (character >= plan.characters.size()) return fail(ErrorKind::invalid, fmt::format("no such character. character={}", character));
  const Character& person = plan.characters[character];
  // A later take is another person with the same traits: where the traits are silent the dice fall anew.
  const Look look = look_of(person, take <= 1 ? seed : seed + static_cast<std::uint64_t>(take) * 7919);
  const Palette palette = studio();
  Canvas canvas({0, 0, sheet_width, sheet_height}, 1);
  cairo_t* cr = canvas.cr();
  draw_heading(cr, "CHARACTER", person.name, shortened(plan.metadata.title, 60));
  constexpr double metre = 318, ground = 838;
  set(cr, rule, 0.8);
  cairo_set_line_width(cr, 1);
  for (int head = 0; head <= 7; ++head) {  // the height scale in heads
    const double y = ground - metre * look.height * 1.755 * head / 7.0;
    cairo_move_to(cr, 56, y + 0.5);
    cairo_line_to(cr, 760, y + 0.5);
  }
  cairo_stroke(cr);
  draw_person(cr, look, palette, {165, ground}, metre, 1, Action::stand, 0.95);
  draw_person(cr, look, palette, {395, ground}, metre, -1, Action::look_back, 0.95);
  draw_person(cr, look, palette, {605, ground}, metre, 1, Action::walk, 0.95);
  draw_close_up(cr, look, palette, {800, 160, 1130, 530}, 1, 215, {});
  draw_close_up(cr, look, palette, {800, 546, 957, 716}, -1, 96, {0.8, 0, -0.8});
  draw_close_up(cr, look, palette, {973, 546, 1130, 716}, 1, 96, {0, 0.9, -0.3});
  const std::pair<Colour, const char*> chips[] = {{look.skin, "skin"}, {look.hair_colour, "hair"}, {look.top, "top"}, {look.trousers, "lower"}};
  double x = 800;
  for (const auto& [colour, name] : chips) {
    draw_chip(cr, x, 746, colour, name);
    x += 86;
  }
  draw_chip(cr, 1170, 746, look.accent, "signature");
  double y = 164;
  y = note(cr, 1170, y, 372, "WHO", person.description);
  y = note(cr, 1170, y, 372, "AGE", person.age.value_or(""));
  y = note(cr, 1170, y, 372, "HAIR", person.traits.hair);
  y = note(cr, 1170, y, 372, "CLOTHES", joined(person.traits.clothing));
  y = note(cr, 1170, y, 372, "CARRIES", joined(person.traits.accessories));
  if (y < 640) y = note(cr, 1170, y, 372, "MARKS", joined(person.traits.distinctive_features));
  if (y < 640) note(cr, 1170, y, 372, "NOTES", joined(person.appearance_notes));
  return png_of(canvas.flush());
}

Result<std::string> location_sheet(const Plan& plan, std::size_t location, std::uint64_t seed, int take) {
  if (location >= plan.locations.size()) return fail(ErrorKind::invalid, fmt::format("no such location. location={}", location));
  const Location& place = plan.locations[location];
  // The plate is a shot of the empty place, painted by the same hand as the film.
  Plan empty = plan;
  Scene scene;
  scene.id = 1;
  scene.end_ms = 4000;
  scene.location_id = place.id;
  scene.mood = place.mood.value_or("");
  scene.lighting = place.lighting;
  scene.shot = ShotType::vw;
  empty.scenes = {scene};
  ShotRequest request;
  request.plan = &empty;
  request.picture = {1120, 630, 24};
  request.frames = 1;
  request.seed = seed;
  request.take = take;
  request.burn_in = false;
  Shot shot = TRY(Shot::open(request));
  const std::string plate = TRY(shot.png(0));

  Canvas canvas({0, 0, sheet_width, sheet_height}, 1);
  cairo_t* cr = canvas.cr();
  draw_heading(cr, "LOCATION", place.name, shortened(plan.metadata.title, 60));
  struct Reader {
    const std::string* bytes;
    std::size_t at;
  } reader{&plate, 0};
  cairo_surface_t* image = cairo_image_surface_create_from_png_stream(
      [](void* closure, unsigned char* part, unsigned length) {
        auto* source = static_cast<Reader*>(closure);
        if (source->at + length > source->bytes->size()) return CAIRO_STATUS_READ_ERROR;
        std::copy_n(source->bytes->data() + source->at, length, reinterpret_cast<char*>(part));
        source->at += length;
        return CAIRO_STATUS_SUCCESS;
      },
      &reader);
  cairo_set_source_surface(cr, image, 56, 156);
  cairo_paint(cr);
  cairo_surface_destroy(image);

  const Palette palette = palette_for(plan, &scene, &place, "", is_indoors(place_of(&place, &scene)), hash_text(place.id, seed));
  const std::pair<Colour, const char*> chips[] = {{palette.sky_top, "high"}, {palette.horizon, "haze"}, {palette.key, "key"}, {palette.far, "far"}, {palette.ink, "ink"}, {palette.accent, "accent"}};
  double x = 56;
  for (const auto& [colour, name] : chips) {
    draw_chip(cr, x, 806, colour, name);
    x += 96;
  }
  double y = 156;
  y = note(cr, 1216, y, 328, "WHERE", place.description);
  y = note(cr, 1216, y, 328, "TIME", place.time_of_day);
  y = note(cr, 1216, y, 328, "WEATHER", place.weather);
  y = note(cr, 1216, y, 328, "LIGHT", place.lighting.quality + (place.lighting.direction ? ", " + *place.lighting.direction : ""));
  y = note(cr, 1216, y, 328, "MOOD", place.mood.value_or(""));
  y = note(cr, 1216, y, 328, "BUILT", joined(place.man_made_objects));
  note(cr, 1216, y, 328, "GROWN", joined(place.natural_elements));
  return png_of(canvas.flush());
}

}  // namespace film::art
