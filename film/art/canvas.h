/// A piece of paper: a cairo image in screen units (1 = height of the frame, x to the right, y down from the top).
#pragma once

#include <cairo.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "film/art/colour.h"

namespace film::art {

struct Point {
  double x = 0, y = 0;
};
struct Rect {
  double left = 0, top = 0, right = 1, bottom = 1;
  [[nodiscard]] double width() const { return right - left; }
  [[nodiscard]] double height() const { return bottom - top; }
};

/// A premultiplied BGRA image with the part of the screen it covers.
struct Surface {
  Rect rect;
  double scale = 1;  ///< pixels for one screen unit
  int width = 0, height = 0;
  std::vector<std::uint32_t> pixels;
};

class Canvas {
 public:
  Canvas(const Rect& rect, double scale);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  [[nodiscard]] cairo_t* cr() const { return context_; }
  [[nodiscard]] const Rect& rect() const { return surface_.rect; }
  [[nodiscard]] double scale() const { return surface_.scale; }
  [[nodiscard]] double pixel() const { return 1 / surface_.scale; }
  [[nodiscard]] Surface& flush();   ///< the pixels; drawing may go on afterwards
  [[nodiscard]] Surface take();     ///< the pixels; the canvas is empty afterwards
  void mark_dirty();                ///< after the pixels were changed directly

 private:
  Surface surface_;
  cairo_surface_t* image_ = nullptr;
  cairo_t* context_ = nullptr;
};

// Paint.
void set(cairo_t* cr, Colour colour, double alpha = 1);
struct Stop {
  double at;
  Colour colour;
  double alpha = 1;
};
void set_linear(cairo_t* cr, Point from, Point to, std::initializer_list<Stop> stops);
void set_radial(cairo_t* cr, Point centre, double radius, std::initializer_list<Stop> stops);
/// A soft round light; draw on an additive layer or over the picture.
void glow(cairo_t* cr, Point centre, double radius, Colour colour, double alpha);

// Paths; they add to the current path.
void polygon(cairo_t* cr, std::span<const Point> points);
void polygon(cairo_t* cr, std::initializer_list<Point> points);
/// A smooth line through the points (Catmull-Rom as Bezier).
void curve(cairo_t* cr, std::span<const Point> points, bool closed);
void curve(cairo_t* cr, std::initializer_list<Point> points, bool closed);
void ellipse(cairo_t* cr, Point centre, double rx, double ry);
void box(cairo_t* cr, double left, double top, double right, double bottom);
/// A limb: round ends of radius r0 and r1.
void capsule(cairo_t* cr, Point from, Point to, double r0, double r1);
/// Letters M L C Q Z with absolute numbers, as in the d attribute of SVG.
void path(cairo_t* cr, std::string_view letters);

// Whole-surface work.
void blur(Surface& surface, double radius_px);
/// Gouache grain at two scales: a tile of factors around 256, made once for a shot.
[[nodiscard]] std::vector<std::int16_t> texture_tile(std::uint64_t seed);
/// Multiplies what is painted by the tile.
void texture(Surface& surface, const std::vector<std::int16_t>& tile, double strength);

[[nodiscard]] inline Point between(Point a, Point b, double t) { return {a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t}; }

}  // namespace film::art
