/// What can be measured about a picture without understanding it: light, contrast, flatness, separation, change.
///
/// Pure. All values are in CIE Lab of small pictures (about 192 wide), so grain and codec noise average out.
#pragma once

#include <array>
#include <vector>

#include "film/media/video.h"

namespace film::studio {

inline constexpr int measure_width = 192;

struct LabPicture {
  int width = 0, height = 0;
  std::vector<float> lightness, a, b;  ///< L* 0..100
};

/// The picture shrunk to `measure_width` when it is wider.
[[nodiscard]] LabPicture to_lab(const media::RgbImage& image);

struct PictureFacts {
  double lightness_mean = 0;
  double lightness_low = 0, lightness_high = 0;  ///< 5th and 95th percentile
  double brightest = 0;                          ///< 99.5th percentile
  double black_share = 0, white_share = 0;       ///< of pixels without any drawing left: L* < 1.5, > 99
  double flat_share = 0;                         ///< largest connected region of one tone
  double separation = 0;                         ///< best |delta L*| of a subject place against its surround

  [[nodiscard]] double contrast() const { return lightness_high - lightness_low; }
};

[[nodiscard]] PictureFacts measure(const LabPicture& picture);

/// 0: the same picture, 1: nothing in common. Lab histograms of the nine fields of a 3 x 3 grid, half the L1 distance,
/// averaged: so the same palette in another composition counts as another picture.
/// REQUIRES: equal sizes.
[[nodiscard]] double difference(const LabPicture& first, const LabPicture& second);

/// Mean |delta L*| of two frames of one clip. REQUIRES: equal sizes.
[[nodiscard]] double change(const LabPicture& first, const LabPicture& second);

/// Nothing to see: even the brightest parts are near black.
[[nodiscard]] bool is_black(const PictureFacts& facts);

}  // namespace film::studio
