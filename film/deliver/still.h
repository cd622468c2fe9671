/// The stills of a delivery, decoded once, and what can be measured about them.
#pragma once

#include <string>
#include <vector>

#include "film/deliver/deliver.h"
#include "film/deliver/paint.h"

namespace film::deliver {

struct StillFacts {
  double lightness_mean = 0;   ///< L*, 0..100
  double contrast = 0;         ///< L* of the lightest twentieth minus that of the darkest
  double colourfulness = 0;    ///< mean chroma in Lab
  Colour average, darkest, accent;  ///< accent: the mean of the most colourful tenth
  std::vector<double> interest;     ///< edge energy by column, 64 values, sum 1
  std::vector<double> interest_rows;  ///< by row, 64 values, sum 1
};

struct Still {
  media::RgbImage image;  ///< at most `width_max` wide
  StillFacts facts;
};

/// Errors: invalid (the bytes are no picture).
workprint::Result<Still> open_still(std::string_view bytes, int width_max);
[[nodiscard]] media::RgbImage shrink(const media::RgbImage& image, int width_max);
[[nodiscard]] StillFacts measure_still(const media::RgbImage& image);

/// A card that stands for a missing picture: scene label and reason.
[[nodiscard]] media::RgbImage slug_card(const Picture& picture, int width, const std::string& label,
                                        const std::string& reason);

/// The part of that shape (width / height) with most to see in it, pulled a little to the middle, and upwards, where heads are.
[[nodiscard]] Crop best_crop(const Still& still, double shape);

/// How much a still asks to be the poster.
[[nodiscard]] double striking(const Scene& scene, const StillFacts& facts);

/// All stills a delivery needs. Scenes without a picture hold their slug card.
struct StillSet {
  std::vector<Still> start;           ///< by scene
  std::size_t hero_scene = 0;         ///< the most striking one
  Still hero;                         ///< at full size
  std::vector<std::string> notes;     ///< stills that did not decode
};
workprint::Result<StillSet> open_stills(const Delivery& delivery, std::stop_token stop);

/// The film's accent: the most colourful of the plan's palette, else of the hero; never too pale to print.
[[nodiscard]] Colour film_accent(const Plan& plan, const StillFacts& hero);
/// The palette's colours: the film's own, else its locations'. At most 8, none twice.
[[nodiscard]] std::vector<std::string> film_palette(const Plan& plan);

}  // namespace film::deliver
