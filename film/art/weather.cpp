#include "film/art/weather.h"

#include <cmath>
#include <numbers>

namespace film::art {
namespace {

// A tile as large as the picture that repeats while it drifts.
Layer& tile(Stage& stage, const Sheet& sheet, const Stage::Painter& painter) {
  Layer& layer = stage.paint_in({0, 0, stage.view.aspect, 1}, stage.view.distance * 0.5, sheet, painter);
  layer.wraps = true;
  layer.lens = true;
  return layer;
}

// Draws at the four places where a shape near the border shows again on the other side.
template <class Draw>
void repeated(cairo_t* cr, double aspect, Draw&& draw) {
  for (const double dx : {0.0, -aspect})
    for (const double dy : {0.0, -1.0}) {
      cairo_save(cr);
      cairo_translate(cr, dx, dy);
      draw();
      cairo_restore(cr);
    }
}

void paint_rain(Stage& stage) {
  const double aspect = stage.view.aspect;
  for (int plane = 0; plane < 2; ++plane) {
    Layer& layer = tile(stage, {.texture = 0, .blur = 0, .blend = Blend::add}, [&](cairo_t* cr, const Rect&) {
      Dice dice(stage.shot_seed + static_cast<unsigned>(plane), "rain");
      const int count = plane == 0 ? 260 : 90;
      for (int drop = 0; drop < count; ++drop) {
        const double x = dice.between(0, aspect), y = dice.unit(), length = dice.between(0.035, 0.08) * (1 + plane), alpha = dice.between(0.1, 0.34);
        repeated(cr, aspect, [&] {
          set_linear(cr, {x, y}, {x - length * 0.14, y + length}, {{0, stage.palette.key, 0}, {1, stage.palette.key, alpha}});
          cairo_set_line_width(cr, plane == 0 ? 0.0011 : 0.0019);
          cairo_move_to(cr, x, y);
          cairo_line_to(cr, x - length * 0.14, y + length);
          cairo_stroke(cr);
        });
      }
    });
    layer.motion.drift_y = plane == 0 ? 1.7 : 2.5;
    layer.motion.drift_x = -layer.motion.drift_y * 0.14;
  }
}

struct Flakes {
  int count;
  double small, large, fall, side, swing, alpha;
  Colour colour;
  Blend blend;
};

void paint_flakes(Stage& stage, int plane, const Flakes& flakes, bool leaf) {
  const double aspect = stage.view.aspect;
  Layer& layer = tile(stage, {.texture = 0, .blur = flakes.large > 0.006 ? 0.003 : 0, .blend = flakes.blend}, [&](cairo_t* cr, const Rect&) {
    Dice dice(stage.shot_seed + static_cast<unsigned>(plane), "flakes");
    for (int index = 0; index < flakes.count; ++index) {
      const double x = dice.between(0, aspect), y = dice.unit(), size = dice.between(flakes.small, flakes.large), turn = dice.between(0, 3.14);
      const double alpha = flakes.alpha * dice.between(0.4, 1);
      repeated(cr, aspect, [&] {
        cairo_translate(cr, x, y);
        cairo_rotate(cr, turn);
        ellipse(cr, {0, 0}, size * (leaf ? 2.2 : 1), size * (leaf ? 0.8 : 1));
        set(cr, flakes.colour, alpha);
        cairo_fill(cr);
      });
    }
  });
  layer.motion.drift_y = flakes.fall;
  layer.motion.drift_x = flakes.side;
  layer.motion.sway_x = flakes.swing;
  layer.motion.sway_hz = 0.23 + 0.07 * plane;
  layer.motion.sway_phase = plane;
}

void paint_fog(Stage& stage) {
  const Palette& palette = stage.palette;
  const double aspect = stage.view.aspect;
  for (int plane = 0; plane < 2; ++plane) {
    Layer& layer = tile(stage, {.detail = 0.2, .texture = 0, .blur = 0}, [&](cairo_t* cr, const Rect&) {
      Dice dice(stage.shot_seed + static_cast<unsigned>(plane), "fog");
      for (int bank = 0; bank < 7; ++bank) {
        const double x = dice.between(0, aspect), y = dice.between(0.35, 0.95), wide = dice.between(0.3, 0.6), alpha = dice.between(0.12, 0.26);
        for (const double dx : {0.0, -aspect, aspect}) {
          cairo_save(cr);
          cairo_translate(cr, x + dx, y);
          cairo_scale(cr, 1, 0.24);
          set_radial(cr, {0, 0}, wide, {{0, mix(palette.horizon, palette.key, 0.2), alpha}, {0.6, palette.horizon, alpha * 0.35}, {1, palette.horizon, 0}});
          cairo_paint(cr);
          cairo_restore(cr);
        }
      }
    });
    layer.motion.drift_x = plane == 0 ? 0.014 : -0.022;
  }
}

}  // namespace

Weather weather_of(const Location* location, const Words& words, Place place) {
  const Words sky{location != nullptr ? location->weather : ""};
  const bool indoors = is_indoors(place);
  if (!indoors) {
    for (const Words* text : {&sky, &words}) {
      if (text->has("rain rainy storm stormy drizzle downpour thunderstorm")) return Weather::rain;
      if (text->has("snow snowy blizzard snowfall sleet")) return Weather::snow;
      if (text->has("fog foggy mist misty haze")) return Weather::fog;
      if (text->has("dust dusty sandstorm windblown")) return Weather::dust;
      if (text->has("leaves autumn petals blossom")) return Weather::leaves;
      if (text->has("embers sparks ash fireflies")) return Weather::embers;
    }
    if (place == Place::desert) return Weather::dust;
    if (place == Place::forest) return Weather::leaves;
    if (place == Place::field) return Weather::motes;
    return Weather::none;
  }
  if (words.has("embers sparks fire")) return Weather::embers;
  return Weather::motes;
}

void paint_weather(Stage& stage, Weather weather) {
  const Palette& palette = stage.palette;
  const Colour white = mix(palette.key, rgb(0xffffff), 0.4);
  switch (weather) {
    case Weather::none: break;
    case Weather::rain: paint_rain(stage); break;
    case Weather::snow:
      paint_flakes(stage, 0, {240, 0.0009, 0.0022, 0.09, 0.015, 0.012, 0.75, white, Blend::over}, false);
      paint_flakes(stage, 1, {90, 0.002, 0.004, 0.16, 0.03, 0.02, 0.8, white, Blend::over}, false);
      paint_flakes(stage, 2, {16, 0.006, 0.011, 0.27, 0.05, 0.03, 0.5, white, Blend::over}, false);
      break;
    case Weather::fog: paint_fog(stage); break;
    case Weather::dust:
      paint_flakes(stage, 0, {90, 0.0006, 0.0016, 0.006, 0.09, 0.01, 0.5, mix(palette.horizon, palette.key, 0.5), Blend::over}, false);
      break;
    case Weather::leaves: paint_flakes(stage, 0, {16, 0.0025, 0.005, 0.07, -0.07, 0.05, 0.85, mix(palette.accent, palette.far, 0.35), Blend::over}, true); break;
    case Weather::embers: paint_flakes(stage, 0, {60, 0.0009, 0.0024, -0.11, 0.025, 0.03, 0.9, mix(palette.accent, rgb(0xffb050), 0.6), Blend::add}, false); break;
    case Weather::motes: paint_flakes(stage, 0, {46, 0.0006, 0.0017, 0.006, 0.01, 0.012, 0.4, palette.key, Blend::add}, false); break;
  }
}

}  // namespace film::art
