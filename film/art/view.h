/// Where the camera stands: the numbers of a shot size and angle, and the projection they give.
#pragma once

#include "film/art/canvas.h"
#include "film/plan/plan.h"

namespace film::art {

struct View {
  double aspect = 16.0 / 9;
  double focal = 1.8;         ///< frame heights
  double distance = 4;        ///< metres from the lens to the subject
  double camera_height = 1.1; ///< metres above the ground
  double horizon = 0.46;      ///< screen y
  double centre = 0.89;       ///< screen x of the vanishing point
  double subject_x = 0.7;     ///< screen x of the main figure
  double figure = 0.78;       ///< figure height / frame height
  double eyes = 0.22;         ///< screen y of the main figure's eyes
  double roll = 0;            ///< radians; dutch angle
  double squash = 1;          ///< of figures seen from above
  double blur_far = 0;        ///< screen units of defocus at infinity
  bool close = false;         ///< MCU or tighter
  bool from_above = false;

  /// Screen units of one metre at `depth` metres from the lens.
  [[nodiscard]] double metre(double depth) const { return focal / depth; }
  /// Screen position of a point: x metres right of the main figure's line of sight, y metres above the ground.
  [[nodiscard]] Point project(double x, double y, double depth) const {
    return {centre + x * metre(depth), horizon + (camera_height - y) * metre(depth)};
  }
  /// Screen y of the ground at `depth`.
  [[nodiscard]] double ground(double depth) const { return horizon + camera_height * metre(depth); }
  /// Depth at which the ground has the screen row `y`; y below the horizon.
  [[nodiscard]] double depth_at(double y) const { return camera_height * focal / (y - horizon); }
  [[nodiscard]] double defocus(double depth) const;
};

/// `people`: how many figures the shot has. `gaze`: +1 looks right, -1 left.
[[nodiscard]] View view_for(const Scene& scene, const Picture& picture, int people, double gaze, std::uint64_t seed, int take);

/// "MCU", "DOLLY IN", for burn-ins and sheets.
[[nodiscard]] const char* short_name(ShotType shot);
[[nodiscard]] const char* short_name(CameraMovement movement);

}  // namespace film::art
