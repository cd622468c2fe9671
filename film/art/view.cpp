#include "film/art/view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "film/art/noise.h"

namespace film::art {
namespace {

struct Size {
  const char* name;
  double figure, eyes, focal, camera_height, blur_far;
};

constexpr double eye_line = 1.64;  // metres, of the 1.75 m figure

// Indexed by ShotType: ecu, cu, mcu, ms, mw, ws, vw.
constexpr std::array sizes{
    Size{"ECU", 9.5, 0.42, 5.0, 1.54, 0.020}, Size{"CU", 3.6, 0.33, 4.0, 1.36, 0.012},
    Size{"MCU", 2.4, 0.31, 3.0, 1.28, 0.007}, Size{"MS", 1.6, 0.28, 2.4, 1.15, 0.003},
    Size{"MWS", 1.25, 0.24, 2.1, 1.05, 0.0015}, Size{"WS", 0.76, 0.22, 1.8, 1.00, 0},
    Size{"EWS", 0.20, 0.60, 1.5, 1.9, 0},
};
static_assert(sizes.size() == static_cast<std::size_t>(ShotType::vw) + 1);

constexpr std::array movement_names{
    "STATIC", "PAN", "PAN L", "PAN R", "TILT", "TILT UP", "TILT DOWN", "TRACK", "TRACK L", "TRACK R", "CRANE",
    "CRANE UP", "CRANE DOWN", "DOLLY IN", "DOLLY OUT", "ZOOM IN", "ZOOM OUT", "HANDHELD", "STEADICAM", "DRONE",
    "AERIAL", "ORBIT"};
static_assert(movement_names.size() == static_cast<std::size_t>(CameraMovement::orbit) + 1);

void place_horizon(View& view) { view.horizon = view.eyes + (eye_line - view.camera_height) * view.metre(view.distance); }

// The horizon decides how an angle reads: below the knees looks up at a person, above the head looks down.
void apply_angle(View& view, CameraAngle angle, ShotType shot, Dice& dice) {
  const bool wide = shot == ShotType::vw;
  switch (angle) {
    case CameraAngle::eye_level: break;
    case CameraAngle::low_angle:
      view.camera_height = wide ? 0.5 : std::min(view.camera_height - 0.35, view.close ? 1.0 : 0.4);
      if (wide) view.eyes = 0.72;
      break;
    case CameraAngle::high_angle:
      view.camera_height = wide ? 7.0 : view.close ? 1.95 : 2.35;
      view.squash = wide ? 0.92 : 0.96;
      if (wide) view.eyes = 0.5;
      view.from_above = !wide;
      break;
    case CameraAngle::birds_eye:
      view.camera_height = wide ? 14.0 : view.close ? 2.3 : 4.2;
      view.squash = view.close ? 0.94 : 0.74;
      view.eyes = view.close ? view.eyes : 0.36;
      if (!view.close && !wide) view.figure *= 0.72;
      view.from_above = true;
      break;
    case CameraAngle::dutch_angle: view.roll = dice.sign() * dice.between(0.11, 0.2); break;
  }
}

}  // namespace

double View::defocus(double depth) const {
  if (blur_far <= 0) return 0;
  const double nearness = std::abs(1 / distance - 1 / depth) * distance;  // 0 in focus, 1 at infinity
  return blur_far * std::min(nearness, 2.5);
}

View view_for(const Scene& scene, const Picture& picture, int people, double gaze, std::uint64_t seed, int take) {
  Dice dice(mix_bits(seed + static_cast<std::uint64_t>(take) * 977), "view");
  const Size& size = sizes[static_cast<std::size_t>(scene.shot)];
  View view;
  view.aspect = static_cast<double>(picture.width) / picture.height;
  view.figure = size.figure * dice.between(0.96, 1.04);
  view.eyes = size.eyes;
  view.focal = size.focal;
  view.camera_height = size.camera_height;
  view.blur_far = size.blur_far;
  view.close = scene.shot <= ShotType::mcu;
  if (scene.shot == ShotType::vw) {
    // The tiny figure stands on a third line; sky or ground takes the rest.
    view.eyes = dice.chance(0.6) ? dice.between(0.6, 0.67) : dice.between(0.5, 0.56);
    view.figure = people > 0 ? dice.between(0.13, 0.2) : 0.15;
  }
  apply_angle(view, scene.angle.value_or(CameraAngle::eye_level), scene.shot, dice);
  view.distance = 1.75 * view.focal / view.figure;
  place_horizon(view);
  // Looking room: 60 to 65 percent of the width lies on the gaze side.
  const double room = people > 1 ? 0.53 : dice.between(0.6, 0.65);
  const double share = gaze > 0 ? 1 - room : room;
  view.subject_x = view.aspect * (scene.shot == ShotType::ecu ? 0.5 - gaze * 0.03 : share);
  // The vanishing point sits opposite the subject: lines then lead across the picture to the figure.
  view.centre = view.aspect * (0.5 + (share < 0.5 ? 0.06 : -0.06));
  return view;
}

const char* short_name(ShotType shot) { return sizes[static_cast<std::size_t>(shot)].name; }
const char* short_name(CameraMovement movement) { return movement_names[static_cast<std::size_t>(movement)]; }

}  // namespace film::art
