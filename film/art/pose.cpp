#include "film/art/pose.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace film::art {
namespace {

struct Limb {
  double upper, lower;  ///< radians; 0 hangs down, positive swings forward; the lower part is relative to the upper
};
struct Angles {
  double lean = 0, head = 0, drop = 0, shift = 0;
  Limb far_arm{0.1, 0.15}, near_arm{-0.08, 0.2}, far_leg{0.05, 0}, near_leg{-0.06, -0.02};
  bool turned = false;
};

constexpr double pi = std::numbers::pi;

Angles walking(double phase, double stride, double bend) {
  Angles a;
  const double swing = std::sin(phase * 2 * pi);
  const auto leg = [&](double at) {
    const double hip = std::sin(at * 2 * pi) * stride;
    // The knee folds while the leg passes under the body on its way forward.
    const double fold = std::max(0.0, std::cos(at * 2 * pi)) * bend;
    return Limb{hip, -0.06 - fold};
  };
  a.near_leg = leg(phase);
  a.far_leg = leg(phase + 0.5);
  a.near_arm = {-swing * stride * 0.85, 0.25 + bend * 0.35};
  a.far_arm = {swing * stride * 0.85, 0.25 + bend * 0.35};
  return a;
}

Angles angles_of(Action action, double phase) {
  Angles a;
  const double wave = std::sin(phase * 2 * pi);
  switch (action) {
    case Action::stand: break;
    case Action::walk: a = walking(phase, 0.48, 0.75); a.lean = 0.06; break;
    case Action::run:
      a = walking(phase, 0.85, 1.5);
      a.lean = 0.3;
      a.near_arm.lower = a.far_arm.lower = 1.5;
      break;
    case Action::sit: case Action::drive:
      a.near_leg = {1.45, -1.4};
      a.far_leg = {1.38, -1.45};
      a.near_arm = action == Action::drive ? Limb{0.9, 0.6} : Limb{0.35, 0.75};
      a.far_arm = action == Action::drive ? Limb{1.0, 0.5} : Limb{0.45, 0.85};
      a.lean = 0.08;
      break;
    case Action::play_keys:
      a.near_leg = {1.4, -1.45};
      a.far_leg = {1.3, -1.2};
      a.near_arm = {0.45 + wave * 0.05, 0.95 - wave * 0.08};
      a.far_arm = {0.55 - wave * 0.05, 0.85 + wave * 0.08};
      a.lean = 0.22 + wave * 0.02;
      a.head = 0.18;
      break;
    case Action::play_strings:
      a.near_arm = {0.1, 1.25 + wave * 0.12};
      a.far_arm = {0.75, 1.1};
      a.lean = 0.05;
      a.head = 0.22;
      break;
    case Action::reach: a.far_arm = {1.55, 0.12}; a.near_arm = {-0.3, 0.25}; a.lean = 0.2; a.near_leg = {-0.32, -0.08}; a.far_leg = {0.28, -0.14}; break;
    case Action::point: a.far_arm = {1.5, 0.05}; a.near_arm = {-0.1, 0.4}; break;
    case Action::embrace: a.far_arm = {1.2, 0.55}; a.near_arm = {1.0, 0.75}; a.lean = 0.12; a.head = 0.15; break;
    case Action::fall:
      a.lean = -0.75;
      a.far_arm = {2.4, 0.3};
      a.near_arm = {-1.9, 0.4};
      a.far_leg = {0.9, -0.5};
      a.near_leg = {0.35, -0.9};
      a.drop = -0.25;
      break;
    case Action::look_back: a.turned = true; a.lean = 0.06; a.near_leg = {-0.22, -0.08}; a.far_leg = {0.24, -0.04}; a.near_arm = {-0.3, 0.2}; break;
    case Action::dance:
      a.lean = -0.1 + wave * 0.12;
      a.far_arm = {2.3 + wave * 0.3, 0.5};
      a.near_arm = {-1.3 + wave * 0.35, 0.7};
      a.far_leg = {0.5 + wave * 0.15, -0.35};
      a.near_leg = {-0.3, -0.15 + wave * 0.1};
      a.head = -0.15;
      break;
    case Action::carry: a.far_arm = {0.75, 0.85}; a.near_arm = {-0.12, 0.25}; a.far_leg = {0.2, -0.04}; a.near_leg = {-0.2, -0.05}; break;
    case Action::kneel: a.far_leg = {1.4, -1.45}; a.near_leg = {0.15, -1.6}; a.lean = 0.22; a.head = 0.2; a.far_arm = {0.7, 0.5}; a.near_arm = {0.4, 0.6}; break;
    case Action::sing: a.far_arm = {0.9, 1.5}; a.near_arm = {0.5, 1.2}; a.lean = -0.06; a.head = -0.2; break;
    case Action::raise_arms: a.far_arm = {2.7, 0.15}; a.near_arm = {-2.7, -0.15}; a.lean = -0.05; a.head = -0.22; break;
    case Action::float_free:
      a.lean = 0.35 + wave * 0.05;
      a.far_arm = {1.4 + wave * 0.15, 0.5};
      a.near_arm = {-0.7 + wave * 0.1, 0.5};
      a.far_leg = {0.35, -0.7};
      a.near_leg = {-0.15, -0.6 + wave * 0.1};
      a.drop = -0.3;
      break;
  }
  return a;
}

Point turn(Point from, double angle, double length) { return {from.x + std::sin(angle) * length, from.y + std::cos(angle) * length}; }

}  // namespace

Action action_of(const Words& words, bool seated_place) {
  const std::pair<Action, const char*> verbs[] = {
      {Action::play_keys, "piano pianist keyboard organ"},
      {Action::play_strings, "guitar strums violin cello fiddle ukulele bass banjo"},
      {Action::run, "run runs running sprint sprints chase chased races dash dashes flee flees fleeing escape rush rushes bolts"},
      {Action::embrace, "embrace hug hugs embracing hold_each_other"},
      {Action::fall, "fall falls falling stumble collapses tumbles plunges"},
      {Action::dance, "dance dances dancing spin spins twirls whirls sways"},
      {Action::kneel, "kneel kneels kneeling crouch crouches"},
      {Action::float_free, "float floats floating drifts weightless zero_gravity swims"},
      {Action::sing, "sing sings singing sang microphone"},
      {Action::look_back, "look_back looks_back glance_back glances_back looks_over turns_back turns_around over_her_shoulder over_his_shoulder over_their_shoulder"},
      {Action::point, "point points pointing"},
      {Action::raise_arms, "cheer cheers triumph raises_her_arms raises_his_arms arms_raised celebrates"},
      {Action::reach, "reach reaches reaching touch touches grab grabs outstretched"},
      {Action::drive, "drive drives driving steering behind_the_wheel"},
      {Action::sit, "sit sits sitting seated sat slumps"},
      {Action::carry, "lantern carry carries carrying holds holding candle torch umbrella"},
      {Action::walk, "walk walks walking stride strides wander wanders march approach approaches exit exits leaves enters cross crosses steps trudges climbs climb follows heads pedals rides"},
  };
  Action best = seated_place ? Action::sit : Action::stand;
  std::size_t first = std::string::npos;
  for (const auto& [action, list] : verbs)
    if (const auto at = words.first(list); at < first) {
      first = at;
      best = action;
    }
  if (best == Action::carry && words.has("walk walks walking exits strides")) return Action::walk;
  if (seated_place && (best == Action::stand || best == Action::walk)) return Action::drive;
  return best;
}

bool is_cycle(Action action) {
  return action == Action::walk || action == Action::run || action == Action::dance || action == Action::play_keys || action == Action::play_strings || action == Action::float_free;
}

Mood mood_of(const Words& words) {
  Mood mood;
  if (words.has("sad sorrow grief lonely melancholy melancholic weary tired defeated mourning despair regret wistful longing empty heavy somber sombre bleak")) mood = {0.75, 0.1, -0.7};
  else if (words.has("tense fear anxious urgent dread nervous suspense danger frantic ominous uneasy threat desperate")) mood = {0.2, 0.9, -0.45};
  else if (words.has("angry rage fury defiant determined fierce resolve resolute")) mood = {0.0, 0.8, -0.3};
  else if (words.has("joy joyful happy hope hopeful triumphant playful euphoric delight warm tender love loving celebratory uplifting bright relief")) mood = {-0.1, 0, 0.7};
  else if (words.has("calm serene peaceful quiet contemplative dreamy reflective nostalgic")) mood = {0.2, 0, 0.1};
  return mood;
}

Skeleton pose(Action action, double phase, const Mood& mood, const Look& look) {
  Angles a = angles_of(action, phase);
  const double old = std::clamp((look.age - 55) / 30, 0.0, 1.0);
  a.lean += mood.droop * 0.13 + old * 0.12;
  a.head += mood.droop * 0.28 + old * 0.04;
  Skeleton s;
  s.spine_angle = a.lean;
  s.head_turned = a.turned;
  const auto up = [](Point from, double angle, double length) { return Point{from.x + std::sin(angle) * length, from.y - std::cos(angle) * length}; };
  s.pelvis = {a.shift, -0.93};
  s.chest = up(s.pelvis, a.lean * 0.7, 0.36);
  s.neck = up(s.chest, a.lean * 1.2, 0.165);
  s.head = up({s.neck.x + 0.012, s.neck.y}, a.lean * 0.6 + a.head * 0.5, 0.165);
  s.head_angle = a.lean * 0.35 + a.head;
  const double raise = mood.tension * 0.025 - mood.droop * 0.015, wide = look.build * (look.soft > 0.55 ? 0.9 : 1.02);
  s.shoulder = {Point{s.neck.x + 0.115 * wide, s.neck.y + 0.095 - raise}, Point{s.neck.x - 0.14 * wide, s.neck.y + 0.1 - raise}};
  s.hip = {Point{s.pelvis.x + 0.065, s.pelvis.y + 0.02}, Point{s.pelvis.x - 0.075, s.pelvis.y + 0.02}};
  const Limb arms[2] = {a.far_arm, a.near_arm}, legs[2] = {a.far_leg, a.near_leg};
  for (std::size_t side = 0; side < 2; ++side) {
    s.elbow[side] = turn(s.shoulder[side], arms[side].upper + a.lean * 0.5, 0.29);
    s.hand[side] = turn(s.elbow[side], arms[side].upper + arms[side].lower + a.lean * 0.5, 0.27);
    s.knee[side] = turn(s.hip[side], legs[side].upper, 0.44);
    s.ankle[side] = turn(s.knee[side], legs[side].upper + legs[side].lower, 0.42);
    s.foot_angle[side] = std::clamp((legs[side].upper + legs[side].lower) * 0.8, -0.9, 0.5);
  }
  s.stride = (s.ankle[0].x - s.ankle[1].x) / 0.9;
  // The lowest foot stands on the ground.
  const double lowest = std::max(s.ankle[0].y, s.ankle[1].y), lift = -0.075 - lowest + a.drop;
  for (Point* point : {&s.pelvis, &s.chest, &s.neck, &s.head}) point->y += lift;
  for (auto* list : {&s.shoulder, &s.elbow, &s.hand, &s.hip, &s.knee, &s.ankle})
    for (Point& point : *list) point.y += lift;
  return s;
}

}  // namespace film::art
