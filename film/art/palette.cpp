#include "film/art/palette.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "film/art/noise.h"
#include "film/art/words.h"

namespace film::art {
namespace {

struct Row {
  const char* words;  ///< any of these in time, weather or mood chooses the row
  unsigned sky_top, horizon, key, far, ink, accent;
  double haze;
  bool night;
};

// Order is precedence: a neon night is neon before it is night.
constexpr std::array rows{
    Row{"neon cyberpunk nightclub", 0x0b0720, 0x6a1c66, 0xff5fd2, 0x3b1d5e, 0x07030f, 0x19e3ff, 0.22, true},
    Row{"golden_hour sunset dusk evening sundown", 0x2b3a67, 0xffb26b, 0xffe2a8, 0x8a6f8f, 0x1b1726, 0xff6b4a, 0.4, false},
    Row{"blue_hour twilight gloaming", 0x10254a, 0x6d8fb8, 0xd7e8ff, 0x3a557d, 0x0a1426, 0xffc857, 0.4, true},
    Row{"night midnight moonlit moonlight starlit nocturnal", 0x070b1f, 0x27406e, 0xbcd7ff, 0x2a3a63, 0x04060f, 0xffb347, 0.35, true},
    Row{"dawn sunrise daybreak first_light early_morning", 0x3c4a78, 0xf6b7b2, 0xfff0d6, 0x9a8fb0, 0x241f33, 0xf2786b, 0.45, false},
    Row{"storm stormy thunder tempest", 0x2c3a47, 0x8ea0a6, 0xe6efee, 0x55666f, 0x10181d, 0xe8b23a, 0.55, false},
    Row{"fog foggy mist misty haze hazy", 0x7f909b, 0xd5dbd8, 0xfbfdf8, 0x8b9ca1, 0x1f2a30, 0xd9543a, 0.75, false},
    Row{"overcast cloudy grey gray rain rainy drizzle", 0x8b98a3, 0xd9dcd8, 0xffffff, 0x9aa5a9, 0x23292e, 0xc94f3d, 0.5, false},
    Row{"snow snowy winter blizzard", 0x8aa3bd, 0xe6edf2, 0xffffff, 0xa9bccd, 0x1f2b3a, 0xd1493f, 0.5, false},
    Row{"afternoon late_afternoon", 0x4f86b8, 0xf6d9a6, 0xfff1cf, 0xb08f7a, 0x2a211f, 0xd65a3c, 0.35, false},
    Row{"morning", 0x6fa3cf, 0xf4e4c8, 0xfffbe9, 0x94a9b5, 0x22282f, 0xe0643c, 0.35, false},
};
constexpr Row day{"", 0x4a8cc4, 0xdfe8e2, 0xfffaea, 0x86a3ad, 0x1c2730, 0xe2583a, 0.3, false};
constexpr Row desert_noon{"", 0x4fa3d9, 0xf3e0b5, 0xfffbe8, 0xd9a86c, 0x3a2417, 0x1f8a8a, 0.3, false};
constexpr Row tungsten{"", 0x2a1a12, 0x8a5a30, 0xffd08a, 0x5a3a24, 0x120a06, 0x6fd0c8, 0.25, true};
constexpr Row cool_room{"", 0x1b2730, 0x64808c, 0xe4f4f4, 0x3d5560, 0x0b1216, 0xff9a3c, 0.25, true};
constexpr Row space{"", 0x05060f, 0x2b3558, 0xdfeaff, 0x27305a, 0x03040a, 0xff8a3d, 0.15, true};
constexpr Row bright_room{"", 0x8c8576, 0xe9e0cc, 0xfffaf0, 0xb0a08a, 0x2a2521, 0xc9503a, 0.2, false};

Row choose_row(const Words& when, const Words& place, bool indoors) {
  if (when.has("neon cyberpunk nightclub") || place.has("neon cyberpunk nightclub")) return rows[0];
  if (place.has("space spaceship spacecraft starship orbit moon_base airlock cockpit shuttle space_station lunar asteroid")) return space;
  if (indoors) {
    if (place.has("lab laboratory hospital clinic ward bunker server office reactor submarine")) return cool_room;
    if (when.has("morning noon midday day afternoon daylight") && !place.has("stage hall concert theater theatre club bar cellar"))
      return bright_room;
    return when.has("blue_hour moonlit moonlight cold") ? cool_room : tungsten;
  }
  if (place.has("desert dune mesa canyon salt_flat") && !when.has("night dusk sunset dawn golden_hour twilight evening storm"))
    return desert_noon;
  for (const Row& row : rows)
    if (when.has(row.words)) return row;
  return day;
}

// The location's own colours pull the hue of the nearest tone in lightness; the value structure stays ours.
void tint_by_location(Palette& palette, const std::vector<std::string>& colours) {
  std::array<Colour*, 4> tones{&palette.sky_top, &palette.horizon, &palette.far, &palette.key};
  std::optional<Colour> strongest;
  for (const std::string& words : colours) {
    const auto colour = colour_from_words(words);
    if (!colour) continue;
    Colour* nearest = *std::min_element(tones.begin(), tones.end(), [&](const Colour* a, const Colour* b) {
      return std::abs(lightness(*a) - lightness(*colour)) < std::abs(lightness(*b) - lightness(*colour));
    });
    *nearest = tinted(*nearest, *colour, nearest == &palette.key ? 0.25 : 0.45);
    const double chroma = difference(*colour, saturate(*colour, 0));
    if (!strongest || chroma > difference(*strongest, saturate(*strongest, 0))) strongest = colour;
  }
  // A vivid colour far from the sky is a better accent than ours.
  if (strongest && difference(*strongest, saturate(*strongest, 0)) > 0.12 && difference(*strongest, palette.horizon) > 0.25)
    palette.accent = mix(palette.accent, *strongest, 0.7);
}

double kelvin_in(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (error == std::errc{} && value >= 1500 && value <= 12000) return value;
    if (error == std::errc{}) at = static_cast<std::size_t>(end - text.data());
  }
  const Words words{text};
  if (words.has("warm tungsten candle candlelight amber golden")) return 3200;
  if (words.has("cool cold blue icy moonlight")) return 7500;
  return 0;
}

Light light_from(const Lighting& lighting, const Palette& palette, Dice& dice) {
  Light light;
  Words words{lighting.direction.value_or("")};
  words.add(lighting.quality);
  words.add(lighting.motivated_sources.value_or(""));
  const double side = words.has("left") ? -1 : words.has("right") ? 1 : dice.sign();
  double height = words.has("above overhead top high noon skylight") ? -1.1 : words.has("low horizon footlights") ? -0.25 : -0.6;
  if (words.has("below underlight")) height = 0.6;
  light.back = words.has("back backlit behind rim silhouette contre contre_jour") ? 0.95 : words.has("front frontal flat") ? 0.15 : 0.55;
  light.strength = words.has("soft diffuse diffused flat overcast ambient gentle") ? 0.5 : words.has("hard harsh strong high_contrast chiaroscuro") ? 1.0 : 0.75;
  if (palette.haze > 0.6) light.strength *= 0.8;
  const double side_weight = height < -1 ? 0.4 : 0.85;
  const double length = std::hypot(side * side_weight, height);
  light.x = side * side_weight / length;
  light.y = height / length;
  return light;
}

}  // namespace

Colour Palette::ramp(double value) const {
  value = std::clamp(value, 0.0, 1.0);
  if (value < 0.4) return mix(ink, far, value / 0.4);
  if (value < 0.75) return mix(far, horizon, (value - 0.4) / 0.35);
  return mix(horizon, key, (value - 0.75) / 0.25);
}

double Palette::haze_at(double distance) const {
  return 1 - std::exp(-std::max(0.0, distance) * (0.004 + haze * haze * 0.05));
}

Colour Palette::tone(double value, double distance) const {
  const double amount = haze_at(distance);
  return mix(saturate(ramp(value), 1 - amount * 0.35), horizon, amount * 0.88);
}

Palette palette_for(const Plan& plan, const Scene* scene, const Location* location, const std::string& prompt,
                    bool indoors, std::uint64_t seed) {
  Words when, place, mood;
  if (location != nullptr) {
    when.add(location->time_of_day);
    when.add(location->weather);
    place.add(location->type.value_or(""));
    place.add(location->name);
    place.add(location->description);
    mood.add(location->mood.value_or(""));
  }
  if (scene != nullptr) {
    mood.add(scene->mood);
    when.add(scene->lighting.quality);
  }
  if (when.text().size() < 3) when.add(prompt);
  const Row row = choose_row(when, place, indoors);
  Palette palette{rgb(row.sky_top), rgb(row.horizon), rgb(row.key), rgb(row.far), rgb(row.ink), rgb(row.accent),
                  {}, row.haze, row.night, indoors, false};
  if (location != nullptr) tint_by_location(palette, location->color_palette);
  else tint_by_location(palette, plan.metadata.color_palette);
  const Lighting& lighting = scene != nullptr ? scene->lighting : location != nullptr ? location->lighting : Lighting{};
  if (const double kelvin = kelvin_in(lighting.color_temperature.value_or("")); kelvin > 0)
    palette.key = tinted(palette.key, light_of_kelvin(kelvin), 0.5);
  Words weather{location != nullptr ? location->weather : ""};
  weather.add(prompt);
  palette.wet = weather.has("rain rainy storm drizzle wet downpour");
  if (weather.has("fog foggy mist misty")) palette.haze = std::max(palette.haze, 0.7);
  const double life = mood.has("joy joyful happy playful euphoric hopeful triumphant vibrant ecstatic") ? 1.15
                      : mood.has("sad lonely melancholy melancholic grief bleak somber sombre empty") ? 0.78 : 1.0;
  for (Colour* colour : {&palette.sky_top, &palette.horizon, &palette.far}) *colour = saturate(*colour, life);
  Dice dice(seed, "light");
  palette.light = light_from(lighting, palette, dice);
  return palette;
}

}  // namespace film::art
