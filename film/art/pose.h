/// What a body does: the verb of the scene as joint angles, and the joints as points.
#pragma once

#include <array>

#include "film/art/canvas.h"
#include "film/art/look.h"
#include "film/art/words.h"

namespace film::art {

enum class Action { stand, walk, run, sit, reach, embrace, fall, look_back, dance, play_keys, play_strings, carry, kneel, point, drive, sing, raise_arms, float_free };

struct Mood {
  double droop = 0;    ///< 0 upright .. 1 bowed: spine, head, shoulders
  double tension = 0;  ///< raised shoulders, drawn brows
  double joy = 0;      ///< -1 grief .. 1 delight: mouth
};

/// Joints in metres, feet at y = 0, heights negative, facing right. Index 0 is the far side, 1 the near side.
struct Skeleton {
  Point pelvis, chest, neck, head;
  double head_angle = 0;
  bool head_turned = false;   ///< looks over the shoulder
  double spine_angle = 0;
  std::array<Point, 2> shoulder, elbow, hand, hip, knee, ankle;
  std::array<double, 2> foot_angle{0, 0};
  double stride = 0;          ///< -1..1, for hems and hair
};

[[nodiscard]] Action action_of(const Words& words, bool seated_place);
[[nodiscard]] bool is_cycle(Action action);
[[nodiscard]] Mood mood_of(const Words& words);
/// `phase` 0..1 of a cycle; still poses use it for nothing but a small sway.
[[nodiscard]] Skeleton pose(Action action, double phase, const Mood& mood, const Look& look);

}  // namespace film::art
