#include "film/art/canvas.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "film/art/noise.h"

namespace film::art {

Canvas::Canvas(const Rect& rect, double scale) {
  surface_.rect = rect;
  surface_.scale = scale;
  surface_.width = std::max(2, static_cast<int>(std::ceil(rect.width() * scale)));
  surface_.height = std::max(2, static_cast<int>(std::ceil(rect.height() * scale)));
  surface_.pixels.assign(static_cast<std::size_t>(surface_.width) * static_cast<std::size_t>(surface_.height), 0);
  image_ = cairo_image_surface_create_for_data(reinterpret_cast<unsigned char*>(surface_.pixels.data()),
                                               CAIRO_FORMAT_ARGB32, surface_.width, surface_.height, surface_.width * 4);
  context_ = cairo_create(image_);
  cairo_scale(context_, scale, scale);
  cairo_translate(context_, -rect.left, -rect.top);
  cairo_set_line_join(context_, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(context_, CAIRO_LINE_CAP_ROUND);
  // A quarter of a pixel is invisible under grain, and the default costs a third more time.
  cairo_set_tolerance(context_, 0.25);
}

Canvas::~Canvas() {
  cairo_destroy(context_);
  cairo_surface_destroy(image_);
}

Surface& Canvas::flush() {
  cairo_surface_flush(image_);
  return surface_;
}

Surface Canvas::take() {
  cairo_surface_finish(image_);
  return std::move(surface_);
}

void Canvas::mark_dirty() { cairo_surface_mark_dirty(image_); }

void set(cairo_t* cr, Colour colour, double alpha) { cairo_set_source_rgba(cr, colour.r, colour.g, colour.b, alpha); }

namespace {

void set_pattern(cairo_t* cr, cairo_pattern_t* pattern, std::initializer_list<Stop> stops) {
  for (const Stop& stop : stops)
    cairo_pattern_add_color_stop_rgba(pattern, stop.at, stop.colour.r, stop.colour.g, stop.colour.b, stop.alpha);
  cairo_set_source(cr, pattern);
  cairo_pattern_destroy(pattern);
}

}  // namespace

void set_linear(cairo_t* cr, Point from, Point to, std::initializer_list<Stop> stops) {
  set_pattern(cr, cairo_pattern_create_linear(from.x, from.y, to.x, to.y), stops);
}

void set_radial(cairo_t* cr, Point centre, double radius, std::initializer_list<Stop> stops) {
  set_pattern(cr, cairo_pattern_create_radial(centre.x, centre.y, 0, centre.x, centre.y, radius), stops);
}

void glow(cairo_t* cr, Point centre, double radius, Colour colour, double alpha) {
  set_radial(cr, centre, radius,
             {{0, colour, alpha}, {0.12, colour, alpha * 0.62}, {0.3, colour, alpha * 0.28}, {0.6, colour, alpha * 0.07}, {1, colour, 0}});
  cairo_new_path(cr);
  cairo_arc(cr, centre.x, centre.y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(cr);
}

void polygon(cairo_t* cr, std::span<const Point> points) {
  if (points.empty()) return;
  cairo_move_to(cr, points[0].x, points[0].y);
  for (const Point& point : points.subspan(1)) cairo_line_to(cr, point.x, point.y);
  cairo_close_path(cr);
}
void polygon(cairo_t* cr, std::initializer_list<Point> points) { polygon(cr, std::span{points.begin(), points.size()}); }

void curve(cairo_t* cr, std::span<const Point> points, bool closed) {
  const auto count = static_cast<int>(points.size());
  if (count < 2) return;
  const auto at = [&](int index) {
    index = closed ? (index % count + count) % count : std::clamp(index, 0, count - 1);
    return points[static_cast<std::size_t>(index)];
  };
  cairo_move_to(cr, points[0].x, points[0].y);
  for (int index = 0; index < (closed ? count : count - 1); ++index) {
    const Point before = at(index - 1), from = at(index), to = at(index + 1), after = at(index + 2);
    cairo_curve_to(cr, from.x + (to.x - before.x) / 6, from.y + (to.y - before.y) / 6, to.x - (after.x - from.x) / 6,
                   to.y - (after.y - from.y) / 6, to.x, to.y);
  }
  if (closed) cairo_close_path(cr);
}
void curve(cairo_t* cr, std::initializer_list<Point> points, bool closed) {
  curve(cr, std::span{points.begin(), points.size()}, closed);
}

void ellipse(cairo_t* cr, Point centre, double rx, double ry) {
  constexpr double k = 0.5523;
  cairo_move_to(cr, centre.x + rx, centre.y);
  cairo_curve_to(cr, centre.x + rx, centre.y + k * ry, centre.x + k * rx, centre.y + ry, centre.x, centre.y + ry);
  cairo_curve_to(cr, centre.x - k * rx, centre.y + ry, centre.x - rx, centre.y + k * ry, centre.x - rx, centre.y);
  cairo_curve_to(cr, centre.x - rx, centre.y - k * ry, centre.x - k * rx, centre.y - ry, centre.x, centre.y - ry);
  cairo_curve_to(cr, centre.x + k * rx, centre.y - ry, centre.x + rx, centre.y - k * ry, centre.x + rx, centre.y);
  cairo_close_path(cr);
}

void box(cairo_t* cr, double left, double top, double right, double bottom) {
  cairo_rectangle(cr, left, top, right - left, bottom - top);
}

void capsule(cairo_t* cr, Point from, Point to, double r0, double r1) {
  const double angle = std::atan2(to.y - from.y, to.x - from.x);
  constexpr double half = std::numbers::pi / 2;
  cairo_new_sub_path(cr);
  cairo_arc(cr, from.x, from.y, r0, angle + half, angle + 3 * half);
  cairo_arc(cr, to.x, to.y, r1, angle - half, angle + half);
  cairo_close_path(cr);
}

void path(cairo_t* cr, std::string_view letters) {
  const char* at = letters.data();
  const char* const end = at + letters.size();
  char command = 'M';
  const auto number = [&] {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    double value = 0;
    at = std::from_chars(at, end, value).ptr;
    return value;
  };
  while (at < end) {
    while (at < end && *at == ' ') ++at;
    if (at == end) break;
    if (*at >= 'A' && *at <= 'Z') command = *at++;
    if (command == 'Z') {
      cairo_close_path(cr);
      command = 'M';
      continue;
    }
    const double x = number(), y = number();
    if (command == 'M') {
      cairo_move_to(cr, x, y);
      command = 'L';
    } else if (command == 'L') {
      cairo_line_to(cr, x, y);
    } else if (command == 'Q') {
      const double ex = number(), ey = number();
      double cx = 0, cy = 0;
      cairo_get_current_point(cr, &cx, &cy);
      cairo_curve_to(cr, cx + (x - cx) * 2 / 3, cy + (y - cy) * 2 / 3, ex + (x - ex) * 2 / 3, ey + (y - ey) * 2 / 3, ex, ey);
    } else if (command == 'C') {
      const double x2 = number(), y2 = number(), ex = number(), ey = number();
      cairo_curve_to(cr, x, y, x2, y2, ex, ey);
    } else {
      return;
    }
  }
}

namespace {

// One box pass over `count` pixels `stride` apart; edges repeat.
void box_pass(std::uint32_t* line, int count, int stride, int radius, std::vector<std::uint32_t>& copy) {
  for (int index = 0; index < count; ++index) copy[static_cast<std::size_t>(index)] = line[static_cast<std::ptrdiff_t>(index) * stride];
  const int width = 2 * radius + 1;
  const auto reciprocal = static_cast<std::uint32_t>((65536 + width - 1) / width);
  std::uint32_t sum[4] = {0, 0, 0, 0};
  const auto pixel = [&](int index) { return copy[static_cast<std::size_t>(std::clamp(index, 0, count - 1))]; };
  const auto change = [&](std::uint32_t value, bool add) {
    for (int channel = 0; channel < 4; ++channel) {
      const std::uint32_t part = (value >> (8 * channel)) & 255;
      sum[channel] = add ? sum[channel] + part : sum[channel] - part;
    }
  };
  for (int index = -radius; index <= radius; ++index) change(pixel(index), true);
  for (int index = 0; index < count; ++index) {
    std::uint32_t value = 0;
    for (int channel = 0; channel < 4; ++channel)
      value |= std::min<std::uint32_t>(255, (sum[channel] * reciprocal) >> 16) << (8 * channel);
    line[static_cast<std::ptrdiff_t>(index) * stride] = value;
    change(pixel(index - radius), false);
    change(pixel(index + radius + 1), true);
  }
}

}  // namespace

void blur(Surface& surface, double radius_px) {
  const int radius = static_cast<int>(std::lround(radius_px / 1.7));
  if (radius < 1 || surface.width < 3 || surface.height < 3) return;
  std::vector<std::uint32_t> copy(static_cast<std::size_t>(std::max(surface.width, surface.height)));
  for (int pass = 0; pass < 2; ++pass) {
    for (int row = 0; row < surface.height; ++row)
      box_pass(surface.pixels.data() + static_cast<std::ptrdiff_t>(row) * surface.width, surface.width, 1, radius, copy);
    for (int column = 0; column < surface.width; ++column)
      box_pass(surface.pixels.data() + column, surface.height, surface.width, radius, copy);
  }
}

namespace {
constexpr int tile_size = 256;
}

std::vector<std::int16_t> texture_tile(std::uint64_t seed) {
  std::vector<std::int16_t> tile(tile_size * tile_size);
  for (int y = 0; y < tile_size; ++y)
    for (int x = 0; x < tile_size; ++x) {
      // Broad brush marks, faded into themselves over the whole width and height so that the tile has no seam.
      const double u = static_cast<double>(x) / tile_size, v = static_cast<double>(y) / tile_size;
      const auto stroke = [&](int sx, int sy) { return noise(sx / 40.0, sy / 13.0, seed); };
      const double broad = std::lerp(std::lerp(stroke(x, y), stroke(x - tile_size, y), u),
                                     std::lerp(stroke(x, y - tile_size), stroke(x - tile_size, y - tile_size), u), v);
      const auto bits = mix_bits(seed ^ static_cast<std::uint64_t>(y * tile_size + x));
      const double tooth = static_cast<double>(bits & 255) / 127.5 - 1;  // of the paper
      tile[static_cast<std::size_t>(y * tile_size + x)] = static_cast<std::int16_t>(std::lround(256 * (broad * 0.55 + tooth * 0.3)));
    }
  return tile;
}

void texture(Surface& surface, const std::vector<std::int16_t>& tile, double strength) {
  const int amount = static_cast<int>(std::lround(strength * 256));
  for (int y = 0; y < surface.height; ++y) {
    std::uint32_t* line = surface.pixels.data() + static_cast<std::ptrdiff_t>(y) * surface.width;
    const std::int16_t* marks = tile.data() + static_cast<std::ptrdiff_t>(y % tile_size) * tile_size;
    for (int x = 0; x < surface.width; ++x) {
      const std::uint32_t pixel = line[x];
      if (pixel == 0) continue;
      const int alpha = static_cast<int>(pixel >> 24), factor = 256 + (marks[x % tile_size] * amount >> 8);
      const auto channel = [&](int shift) {
        const int value = static_cast<int>((pixel >> shift) & 255);
        return static_cast<std::uint32_t>(std::min(value * factor >> 8, alpha)) << shift;
      };
      line[x] = (pixel & 0xFF000000U) | channel(16) | channel(8) | channel(0);
    }
  }
}

}  // namespace film::art
