/// One sheet of the multiplane stand: drawn once, then moved by the camera.
#pragma once

#include <limits>
#include <vector>

#include "film/art/canvas.h"

namespace film::art {

enum class Blend { over, add };

/// What a layer does by itself, in screen units and seconds.
struct Motion {
  double drift_x = 0, drift_y = 0;          ///< per second; wraps when `wraps`
  double sway_x = 0, sway_y = 0;            ///< amplitude of a slow swing
  double sway_hz = 0, sway_phase = 0;
  double flicker = 0;                       ///< 0..1 depth of an uneven opacity
  double ripple = 0;                        ///< sideways amplitude of rows, as water moves
  double breathe = 0;                       ///< growth from `anchor`, part of the height
  Point anchor;                             ///< of breathing
  double travel_x = 0;                      ///< whole way over the shot, eased
  int sprites_hold = 3;                     ///< frames one drawing is held (on threes)
  bool blinks = false;                      ///< the last sprite has closed eyes and is shown now and then
};

struct Layer {
  std::vector<Surface> sprites;             ///< one, or the drawings of a cycle
  double depth = std::numeric_limits<double>::infinity();  ///< metres from the lens
  Blend blend = Blend::over;
  double opacity = 1;
  bool wraps = false;                       ///< repeats in both directions
  bool ground = false;                      ///< a plane that shears under a sideways move
  bool lens = false;                        ///< between scene and lens (rain, dust): ignores the move
  Motion motion;
};

}  // namespace film::art
