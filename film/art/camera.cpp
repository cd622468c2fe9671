#include "film/art/camera.h"

#include <algorithm>
#include <cmath>

#include "film/art/noise.h"

namespace film::art {
namespace {

// Starts and ends at rest with a steady middle, as an operator pushes.
double ease(double t) {
  t = std::clamp(t, 0.0, 1.0);
  return t * t * t * (t * (t * 6 - 15) + 10);
}

double energy(const Scene& scene) {
  constexpr double by_intensity[] = {0.75, 1.0, 1.25, 1.6};
  constexpr double by_tempo[] = {0.85, 1.0, 1.12, 1.25};
  return by_intensity[static_cast<int>(scene.intensity)] * by_tempo[static_cast<int>(scene.tempo)];
}

}  // namespace

Camera::Camera(const Scene& scene, const View& view, std::int64_t frames, int fps, std::uint64_t seed, int take)
    : view_(view), movement_(scene.movement), frames_(std::max<std::int64_t>(frames, 1)), fps_(fps), seed_(seed) {
  Dice dice(mix_bits(seed + static_cast<std::uint64_t>(take) * 131), "camera");
  const double seconds = static_cast<double>(frames_) / fps;
  // A short clip gets a shorter move: speed is what the eye judges.
  amount_ = energy(scene) * std::clamp(seconds / 4.5, 0.45, 1.3) * dice.between(0.92, 1.08);
  side_ = view.subject_x > view.aspect / 2 ? -1 : 1;
  focus_ = {view.subject_x, std::clamp(view.eyes, 0.25, 0.6)};
}

double Camera::progress(std::int64_t frame) const {
  const auto hold = static_cast<double>(std::clamp<std::int64_t>(frames_ / 8, 0, fps_ * 10 / 24));
  const double moving = static_cast<double>(frames_ - 1) - 2 * hold;
  return moving < 1 ? 0 : ease((static_cast<double>(frame) - hold) / moving);
}

CameraState Camera::at(std::int64_t frame) const {
  CameraState state;
  const double done = progress(frame), from_middle = done - 0.5;
  const double seconds = static_cast<double>(frame) / fps_;
  // Metres that move the subject plane by one screen unit.
  const double unit = 1 / view_.metre(view_.distance);
  const auto shake = [&](std::uint64_t purpose, double hertz) { return noise(seconds * hertz, seed_ + purpose) * 0.7 + noise(seconds * hertz * 2.3, seed_ + purpose + 50) * 0.3; };
  const auto pan = [&](double side) { state.pan_x = -side * from_middle * 0.16 * amount_; };
  const auto tilt = [&](double side) { state.pan_y = side * from_middle * 0.13 * amount_; };
  const auto track = [&](double side) { state.x = side * from_middle * 0.26 * amount_ * unit; };
  const auto crane = [&](double side) {
    state.y = side * from_middle * 0.24 * amount_ * unit;
    state.pan_y = -side * from_middle * 0.13 * amount_;
  };
  const double push = std::min(0.16 * amount_, 0.3);
  switch (movement_) {
    case CameraMovement::static_: break;
    case CameraMovement::pan: pan(side_); break;
    case CameraMovement::pan_left: pan(-1); break;
    case CameraMovement::pan_right: pan(1); break;
    case CameraMovement::tilt: case CameraMovement::tilt_up: tilt(1); break;
    case CameraMovement::tilt_down: tilt(-1); break;
    case CameraMovement::track: track(side_); break;
    case CameraMovement::track_left: track(-1); break;
    case CameraMovement::track_right: track(1); break;
    case CameraMovement::crane: case CameraMovement::crane_up: crane(1); break;
    case CameraMovement::crane_down: crane(-1); break;
    case CameraMovement::dolly_in: state.z = push * done * view_.distance; break;
    case CameraMovement::dolly_out: state.z = push * (1 - done) * view_.distance; break;
    case CameraMovement::zoom_in: state.zoom = 1 + push * done; break;
    case CameraMovement::zoom_out: state.zoom = 1 + push * (1 - done); break;
    case CameraMovement::handheld:
      state.pan_x = shake(1, 0.9) * 0.011;
      state.pan_y = shake(2, 1.1) * 0.009;
      state.roll = shake(3, 0.6) * 0.005;
      state.z = done * 0.03 * view_.distance;
      break;
    case CameraMovement::steadicam:
      state.x = from_middle * 0.1 * side_ * amount_ * unit;
      state.z = push * 0.6 * done * view_.distance;
      state.pan_y = shake(4, 0.5) * 0.005;
      state.pan_x = shake(5, 0.35) * 0.005;
      break;
    case CameraMovement::drone: case CameraMovement::aerial:
      state.z = push * 0.8 * done * view_.distance;
      state.y = (movement_ == CameraMovement::drone ? from_middle : -from_middle) * 0.16 * amount_ * unit;
      state.x = from_middle * 0.14 * side_ * amount_ * unit;
      state.pan_y = shake(6, 0.3) * 0.004;
      break;
    case CameraMovement::orbit: {
      // Round the subject: it stays where it is while near and far run opposite ways.
      state.x = side_ * from_middle * 0.3 * amount_ * unit;
      state.pan_x = side_ * from_middle * 0.3 * amount_;
      break;
    }
  }
  return state;
}

Camera::Place Camera::place(const CameraState& state, double depth) const {
  const bool far = !std::isfinite(depth);
  // Nearer than this a sheet would pass the lens.
  const double left = far ? 1 : std::max(depth - state.z, depth * 0.45);
  const double scale = (far ? 1 : depth / left) * state.zoom;
  const double shift_x = far ? 0 : -state.x * view_.metre(depth), shift_y = far ? 0 : state.y * view_.metre(depth);
  return {scale, focus_.x * (1 - scale) + scale * shift_x + state.pan_x, focus_.y * (1 - scale) + scale * shift_y + state.pan_y};
}

Rect Camera::extent(double depth) const {
  Rect all{1e9, 1e9, -1e9, -1e9};
  constexpr int samples = 25;
  for (int index = 0; index < samples; ++index) {
    const Place now = place(at(index * (frames_ - 1) / (samples - 1)), depth);
    all.left = std::min(all.left, -now.dx / now.scale);
    all.top = std::min(all.top, -now.dy / now.scale);
    all.right = std::max(all.right, (view_.aspect - now.dx) / now.scale);
    all.bottom = std::max(all.bottom, (1 - now.dy) / now.scale);
  }
  constexpr double spare = 0.025;  // for shakes between samples and for roll
  return {all.left - spare, all.top - spare, all.right + spare, all.bottom + spare};
}

double Camera::magnification(double depth) const {
  return std::max(place(at(0), depth).scale, place(at(frames_ - 1), depth).scale);
}

}  // namespace film::art
