// How a storyboard draws a camera move: arrows along the picture's edges are the camera's, a frame in the frame is a
// change of size. Each mark is drawn twice, dark and wide, then light and thin, so that it reads on any picture.
#include <cmath>
#include <functional>
#include <numbers>

#include "film/deliver/page.h"

namespace film::deliver {

namespace {

struct Point {
  double x = 0, y = 0;
};

void arrow(cairo_t* cr, Point from, Point to) {
  constexpr double head = 5.5;
  const double angle = std::atan2(to.y - from.y, to.x - from.x);
  cairo_move_to(cr, from.x, from.y);
  cairo_line_to(cr, to.x, to.y);
  for (const double side : {-0.55, 0.55}) {
    cairo_move_to(cr, to.x, to.y);
    cairo_line_to(cr, to.x - head * std::cos(angle + side), to.y - head * std::sin(angle + side));
  }
}

/// Along the lower edge; direction -1 to the left, 1 to the right, 0 both ways.
void sideways(cairo_t* cr, const Box& box, int direction) {
  const double y = box.bottom() - 9;
  const double middle = box.x + box.width / 2;
  const double half = box.width * 0.17;
  if (direction >= 0) arrow(cr, {direction > 0 ? middle - half : middle + 8, y}, {middle + half, y});
  if (direction <= 0) arrow(cr, {direction < 0 ? middle + half : middle - 8, y}, {middle - half, y});
}

/// Along the right edge; direction -1 up, 1 down, 0 both ways.
void upright(cairo_t* cr, const Box& box, int direction) {
  const double x = box.right() - 9;
  const double middle = box.y + box.height / 2;
  const double half = box.height * 0.24;
  if (direction >= 0) arrow(cr, {x, direction > 0 ? middle - half : middle + 7}, {x, middle + half});
  if (direction <= 0) arrow(cr, {x, direction < 0 ? middle + half : middle - 7}, {x, middle - half});
}

/// The track's rails: what tells a travelling camera from a turning one.
void rails(cairo_t* cr, const Box& box) {
  const double y = box.bottom() - 4.5;
  const double middle = box.x + box.width / 2;
  cairo_move_to(cr, middle - box.width * 0.17, y);
  cairo_line_to(cr, middle + box.width * 0.17, y);
}

/// The picture's frame at the end of the move, and an arrow from each corner to its place.
void frame_in_frame(cairo_t* cr, const Box& box, bool inwards) {
  const Box inner{box.x + box.width * 0.17, box.y + box.height * 0.17, box.width * 0.66, box.height * 0.66};
  constexpr double tick = 9;
  for (const int right : {0, 1}) {
    for (const int down : {0, 1}) {
      const Point corner{right ? inner.right() : inner.x, down ? inner.bottom() : inner.y};
      const Point outer{right ? box.right() - 5 : box.x + 5, down ? box.bottom() - 5 : box.y + 5};
      const double x_in = right ? -tick : tick;
      const double y_in = down ? -tick : tick;
      cairo_move_to(cr, corner.x + x_in, corner.y);
      cairo_line_to(cr, corner.x, corner.y);
      cairo_line_to(cr, corner.x, corner.y + y_in);
      const Point near{corner.x + (outer.x - corner.x) * 0.25, corner.y + (outer.y - corner.y) * 0.25};
      if (inwards) arrow(cr, outer, near);
      else arrow(cr, near, outer);
    }
  }
}

void wave(cairo_t* cr, const Box& box, double height) {
  const double y = box.bottom() - 9;
  const double left = box.x + box.width / 2 - 24;
  cairo_move_to(cr, left, y);
  for (int step = 0; step < 4; ++step) {
    const double x = left + 12 * step;
    const double lift = step % 2 ? height : -height;
    cairo_curve_to(cr, x + 4, y + lift, x + 8, y + lift, x + 12, y);
  }
}

void around(cairo_t* cr, const Box& box) {
  const double x = box.x + box.width / 2;
  const double y = box.bottom() - 13;
  cairo_save(cr);
  cairo_translate(cr, x, y);
  cairo_scale(cr, 1, 0.3);
  cairo_arc(cr, 0, 0, 26, -0.15 * std::numbers::pi, 1.15 * std::numbers::pi);
  cairo_restore(cr);
  arrow(cr, {x - 21, y + 3}, {x - 24, y - 3});
}

void trace(cairo_t* cr, const Box& box, CameraMovement movement) {
  switch (movement) {
    case CameraMovement::static_: return;
    case CameraMovement::pan: return sideways(cr, box, 0);
    case CameraMovement::pan_left: return sideways(cr, box, -1);
    case CameraMovement::pan_right: return sideways(cr, box, 1);
    case CameraMovement::tilt:
    case CameraMovement::crane: return upright(cr, box, 0);
    case CameraMovement::tilt_up:
    case CameraMovement::crane_up: return upright(cr, box, -1);
    case CameraMovement::tilt_down:
    case CameraMovement::crane_down: return upright(cr, box, 1);
    case CameraMovement::track: rails(cr, box); return sideways(cr, box, 0);
    case CameraMovement::track_left: rails(cr, box); return sideways(cr, box, -1);
    case CameraMovement::track_right: rails(cr, box); return sideways(cr, box, 1);
    case CameraMovement::dolly_in:
    case CameraMovement::zoom_in: return frame_in_frame(cr, box, true);
    case CameraMovement::dolly_out:
    case CameraMovement::zoom_out: return frame_in_frame(cr, box, false);
    case CameraMovement::handheld: return wave(cr, box, 5);
    case CameraMovement::steadicam: return wave(cr, box, 2.5);
    case CameraMovement::drone:
    case CameraMovement::aerial:
      sideways(cr, box, 1);
      return upright(cr, box, -1);
    case CameraMovement::orbit: return around(cr, box);
  }
}

}  // namespace

void draw_move(cairo_t* cr, const Box& picture, CameraMovement movement) {
  cairo_save(cr);
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  for (const bool halo : {true, false}) {
    cairo_new_path(cr);
    trace(cr, picture, movement);
    cairo_set_line_width(cr, halo ? 3.0 : 1.3);
    set_colour(cr, halo ? Colour{0.05, 0.05, 0.06} : Colour{1, 1, 1}, halo ? 0.55 : 1);
    cairo_stroke(cr);
  }
  cairo_restore(cr);
}

}  // namespace film::deliver
