/// Five tones and one accent for a scene, and where its light comes from.
#pragma once

#include "film/art/colour.h"
#include "film/plan/plan.h"

namespace film::art {

struct Light {
  double x = -0.8, y = -0.6;   ///< screen direction towards the key, unit length, y down
  double back = 0.5;           ///< 0 frontal .. 1 behind the subject
  double strength = 0.7;       ///< 0 flat .. 1 hard
};

struct Palette {
  Colour sky_top, horizon, key, far, ink, accent;
  Light light;
  double haze = 0.3;           ///< 0 clear .. 1 thick
  bool night = false;
  bool indoors = false;
  bool wet = false;
  /// The five tones as one scale: 0 ink, 0.4 far, 0.75 horizon, 1 key.
  [[nodiscard]] Colour ramp(double value) const;
  /// `ramp(value)` seen through `distance` metres of this air.
  [[nodiscard]] Colour tone(double value, double distance) const;
  [[nodiscard]] double haze_at(double distance) const;
};

[[nodiscard]] Palette palette_for(const Plan& plan, const Scene* scene, const Location* location,
                                  const std::string& prompt, bool indoors, std::uint64_t seed);

}  // namespace film::art
