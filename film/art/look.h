/// How a character always looks: read from its traits, and from the seed where they say nothing.
#pragma once

#include <cstdint>

#include "film/art/colour.h"
#include "film/plan/plan.h"

namespace film::art {

enum class Hair { bald, cropped, side_part, tousled, curly, afro, bob, long_straight, ponytail, bun };
enum class Hat { none, cap, beanie, brimmed, hood, helmet, captain };
enum class Garment { shirt, sweater, jacket, hoodie, long_coat, suit, dress, robe, spacesuit };

struct Look {
  Colour skin, hair_colour, top, second, trousers, shoes, accent;
  Hair hair = Hair::tousled;
  Hat hat = Hat::none;
  Garment garment = Garment::jacket;
  bool beard = false, moustache = false, glasses = false, scarf = false, backpack = false, goggles = false, earrings = false;
  bool scar = false, freckles = false;
  double age = 35;
  double build = 1;        ///< width of the body, 0.8 slight .. 1.3 heavy
  double height = 1;       ///< of 1.75 m
  double soft = 0.5;       ///< 0 angular face .. 1 round face
  std::uint64_t seed = 0;
};

[[nodiscard]] Look look_of(const Character& character, std::uint64_t seed);

}  // namespace film::art
