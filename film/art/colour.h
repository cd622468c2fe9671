/// Colours as a painter mixes them: sRGB values, mixed and judged in a perceptual space.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace film::art {

struct Colour {
  double r = 0, g = 0, b = 0;  ///< sRGB, 0..1
};

[[nodiscard]] constexpr Colour rgb(unsigned hex) {
  return {((hex >> 16) & 255) / 255.0, ((hex >> 8) & 255) / 255.0, (hex & 255) / 255.0};
}
[[nodiscard]] Colour mix(Colour from, Colour to, double amount);
/// CIE L*, 0..100.
[[nodiscard]] double lightness(Colour colour);
[[nodiscard]] Colour saturate(Colour colour, double factor);
/// The same hue with another L*.
[[nodiscard]] Colour with_lightness(Colour colour, double target);
/// Distance of two colours, about 0..1; below 0.02 nobody sees it.
[[nodiscard]] double difference(Colour one, Colour other);
/// Takes the hue and saturation of `tint` in part, keeps the lightness.
[[nodiscard]] Colour tinted(Colour colour, Colour tint, double amount);
[[nodiscard]] Colour light_of_kelvin(double kelvin);

/// "#1b2a4a", "deep teal", "amber": nothing when no colour word is known.
[[nodiscard]] std::optional<Colour> colour_from_words(std::string_view words);

}  // namespace film::art
