#include "film/art/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "film/art/words.h"

namespace film::art {
namespace {

struct Lab {
  double l, a, b;
};

double to_linear(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}
double to_srgb(double value) {
  value = std::clamp(value, 0.0, 1.0);
  return value <= 0.0031308 ? value * 12.92 : 1.055 * std::pow(value, 1 / 2.4) - 0.055;
}

// OKLab: straight lines in it keep hue and look evenly spaced, so haze does not turn grey or muddy.
Lab lab_of(Colour colour) {
  const double r = to_linear(colour.r), g = to_linear(colour.g), b = to_linear(colour.b);
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
          1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

Colour colour_of(Lab lab) {
  const double l = std::pow(lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b, 3);
  const double m = std::pow(lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b, 3);
  const double s = std::pow(lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b, 3);
  return {to_srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          to_srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          to_srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

struct Named {
  std::string_view word;
  unsigned hex;
};
constexpr std::array names{
    Named{"black", 0x16161c},    Named{"charcoal", 0x33363d}, Named{"slate", 0x4d5b6b},    Named{"silver", 0xb9c0c8},
    Named{"grey", 0x868b91},     Named{"gray", 0x868b91},     Named{"ash", 0x9c9a94},      Named{"white", 0xf2efe8},
    Named{"ivory", 0xf1e8d2},    Named{"cream", 0xf0e3c4},    Named{"navy", 0x1d2d50},     Named{"midnight", 0x141c3a},
    Named{"indigo", 0x34307a},   Named{"cobalt", 0x2450a8},   Named{"azure", 0x3f8fd8},    Named{"sky", 0x7db8e0},
    Named{"blue", 0x2f62a8},     Named{"teal", 0x1f7a7d},     Named{"turquoise", 0x35b5ac}, Named{"cyan", 0x24c6e0},
    Named{"aqua", 0x4cc4c4},     Named{"emerald", 0x1f8a5b},  Named{"olive", 0x6b6b34},    Named{"moss", 0x5d6b3a},
    Named{"sage", 0x93a587},     Named{"mint", 0x9cd9bd},     Named{"forest", 0x24523a},   Named{"green", 0x3c8048},
    Named{"lime", 0xa6cf3a},     Named{"yellow", 0xecc440},   Named{"gold", 0xd9a441},     Named{"golden", 0xe0ac4a},
    Named{"amber", 0xf0a030},    Named{"mustard", 0xc99a2e},  Named{"sand", 0xd8bd8c},     Named{"beige", 0xd5c3a1},
    Named{"tan", 0xb8905f},      Named{"ochre", 0xbf7e32},    Named{"orange", 0xe67a2e},   Named{"copper", 0xb0653a},
    Named{"bronze", 0x8d6a3b},   Named{"rust", 0xa34a28},     Named{"brown", 0x6e4a30},    Named{"chestnut", 0x6b3a26},
    Named{"auburn", 0x7a3422},   Named{"blonde", 0xd9b56b},   Named{"blond", 0xd9b56b},    Named{"ginger", 0xb8592b},
    Named{"coral", 0xf07860},    Named{"salmon", 0xee8f7a},   Named{"red", 0xc1352f},      Named{"crimson", 0xa31f34},
    Named{"scarlet", 0xd0302a},  Named{"burgundy", 0x6b1f30}, Named{"maroon", 0x66242a},   Named{"rose", 0xd87a8a},
    Named{"pink", 0xee8fb0},     Named{"magenta", 0xd032a0},  Named{"fuchsia", 0xd83fa0},  Named{"purple", 0x6a3a90},
    Named{"violet", 0x7a4fb5},   Named{"lavender", 0xb3a1d6}, Named{"lilac", 0xbfa3d0},    Named{"plum", 0x663458},
    Named{"khaki", 0xa3946a},    Named{"denim", 0x3f5f88},    Named{"ochre", 0xbf7e32},    Named{"snow", 0xeef2f5},
};

std::optional<Colour> colour_from_hex(std::string_view text) {
  const auto hash = text.find('#');
  if (hash == std::string_view::npos || text.size() < hash + 7) return std::nullopt;
  unsigned value = 0;
  for (const char letter : text.substr(hash + 1, 6)) {
    unsigned digit = 0;
    if (letter >= '0' && letter <= '9') digit = static_cast<unsigned>(letter - '0');
    else if (letter >= 'a' && letter <= 'f') digit = static_cast<unsigned>(letter - 'a' + 10);
    else if (letter >= 'A' && letter <= 'F') digit = static_cast<unsigned>(letter - 'A' + 10);
    else return std::nullopt;
    value = value * 16 + digit;
  }
  return rgb(value);
}

}  // namespace

Colour mix(Colour from, Colour to, double amount) {
  amount = std::clamp(amount, 0.0, 1.0);
  const Lab one = lab_of(from), other = lab_of(to);
  return colour_of({std::lerp(one.l, other.l, amount), std::lerp(one.a, other.a, amount),
                    std::lerp(one.b, other.b, amount)});
}

double lightness(Colour colour) {
  const double y =
      0.2126 * to_linear(colour.r) + 0.7152 * to_linear(colour.g) + 0.0722 * to_linear(colour.b);
  return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

Colour saturate(Colour colour, double factor) {
  Lab lab = lab_of(colour);
  lab.a *= factor;
  lab.b *= factor;
  return colour_of(lab);
}

Colour with_lightness(Colour colour, double target) {
  Lab lab = lab_of(colour);
  double low = 0, high = 1;
  for (int step = 0; step < 14; ++step) {
    lab.l = (low + high) / 2;
    (lightness(colour_of(lab)) < target ? low : high) = lab.l;
  }
  return colour_of(lab);
}

double difference(Colour one, Colour other) {
  const Lab a = lab_of(one), b = lab_of(other);
  return std::hypot(a.l - b.l, a.a - b.a, a.b - b.b);
}

Colour tinted(Colour colour, Colour tint, double amount) {
  Lab lab = lab_of(colour);
  const Lab target = lab_of(tint);
  lab.a = std::lerp(lab.a, target.a, amount);
  lab.b = std::lerp(lab.b, target.b, amount);
  return colour_of(lab);
}

Colour light_of_kelvin(double kelvin) {
  // A painter's warm to cool scale through neutral at 5600 K: only the hue matters here.
  const double warm = std::clamp((5600 - kelvin) / 3600, 0.0, 1.0);
  const double cool = std::clamp((kelvin - 5600) / 5000, 0.0, 1.0);
  return mix(mix(rgb(0xfff8ee), rgb(0xffb866), warm), rgb(0xb4d2ff), cool);
}

std::optional<Colour> colour_from_words(std::string_view words) {
  if (const auto hex = colour_from_hex(words)) return hex;
  const Words text{words};
  std::size_t first = std::string_view::npos;
  std::optional<Colour> found;
  for (const Named& named : names) {
    const auto at = text.position(named.word);
    if (at >= first) continue;
    first = at;
    found = rgb(named.hex);
  }
  if (!found) return std::nullopt;
  if (text.has("dark deep")) found = mix(*found, rgb(0x0d0e14), 0.35);
  if (text.has("light pale soft faded bleached pastel")) found = saturate(mix(*found, rgb(0xf5f0e6), 0.4), 0.8);
  if (text.has("bright neon vivid electric hot")) found = saturate(*found, 1.35);
  return found;
}

}  // namespace film::art
