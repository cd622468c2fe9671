/// The camera's run over a shot: eased, with still frames at head and tail.
#pragma once

#include <cstdint>

#include "film/art/layer.h"
#include "film/art/view.h"

namespace film::art {

/// What the camera did since the shot's composed picture.
struct CameraState {
  double x = 0, y = 0, z = 0;          ///< metres right, up, forward
  double zoom = 1;
  double pan_x = 0, pan_y = 0;         ///< screen units the picture is shifted by turning the camera
  double roll = 0;                     ///< radians, small
};

class Camera {
 public:
  Camera(const Scene& scene, const View& view, std::int64_t frames, int fps, std::uint64_t seed, int take);
  [[nodiscard]] CameraState at(std::int64_t frame) const;
  /// Eased part of the move done at `frame`, 0..1.
  [[nodiscard]] double progress(std::int64_t frame) const;
  /// The part of the sheet at `depth` that is seen at some time of the shot.
  [[nodiscard]] Rect extent(double depth) const;
  /// Largest magnification of that sheet.
  [[nodiscard]] double magnification(double depth) const;
  /// screen = p * scale + (dx, dy).
  struct Place {
    double scale, dx, dy;
  };
  [[nodiscard]] Place place(const CameraState& state, double depth) const;
  [[nodiscard]] Point focus() const { return focus_; }

 private:
  View view_;
  CameraMovement movement_;
  std::int64_t frames_;
  int fps_;
  std::uint64_t seed_;
  double amount_ = 1;     ///< of a usual move
  double side_ = 1;       ///< of a move whose direction is free
  Point focus_;
};

}  // namespace film::art
