#include "film/art/canvas.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "film/art/kernel.h"
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

// Columns that are blurred together: their rows stay in the nearest cache.
constexpr int strip_width = 64;

// One box pass down a strip of columns; edges repeat.
void box_strip(std::uint32_t* pixels, int stride, int columns, int rows, int radius, std::vector<std::uint32_t>& copy) {
  const kernel::Set& kernels = kernel::best();
  const auto width = static_cast<std::size_t>(columns);
  for (int row = 0; row < rows; ++row)
    std::copy_n(pixels + static_cast<std::ptrdiff_t>(row) * stride, width, copy.data() + static_cast<std::size_t>(row) * width);
  const auto line = [&](int row) { return copy.data() + static_cast<std::size_t>(std::clamp(row, 0, rows - 1)) * width; };
  const int size = 2 * radius + 1;
  const auto reciprocal = static_cast<std::uint16_t>((65536 + size - 1) / size);
  std::array<std::uint16_t, strip_width * 4> sums{};
  for (int row = -radius; row <= radius; ++row)
    for (std::size_t part = 0; part < width * 4; ++part)
      sums[part] = static_cast<std::uint16_t>(sums[part] + ((line(row)[part / 4] >> (8 * (part % 4))) & 255));
  for (int row = 0; row < rows; ++row)
    kernels.box_row(sums.data(), reciprocal, line(row - radius), line(row + radius + 1), columns, pixels + static_cast<std::ptrdiff_t>(row) * stride);
}

void box_columns(std::uint32_t* pixels, int width, int height, int radius, std::vector<std::uint32_t>& copy) {
  copy.resize(static_cast<std::size_t>(strip_width) * static_cast<std::size_t>(height));
  for (int column = 0; column < width; column += strip_width)
    for (int pass = 0; pass < 2; ++pass)
      box_strip(pixels + column, width, std::min(strip_width, width - column), height, radius, copy);
}

void transpose(const std::uint32_t* from, int width, int height, std::uint32_t* to) {
  constexpr int block = 16;
  for (int top = 0; top < height; top += block)
    for (int left = 0; left < width; left += block)
      for (int x = left; x < std::min(left + block, width); ++x)
        for (int y = top; y < std::min(top + block, height); ++y)
          to[static_cast<std::ptrdiff_t>(x) * height + y] = from[static_cast<std::ptrdiff_t>(y) * width + x];
}

}  // namespace

void blur(Surface& surface, double radius_px) {
  // A sum of 257 bytes is the largest that fits in 16 bits.
  const int radius = std::min(static_cast<int>(std::lround(radius_px / 1.7)), 128);
  if (radius < 1 || surface.width < 3 || surface.height < 3) return;
  std::vector<std::uint32_t> turned(surface.pixels.size()), copy;
  box_columns(surface.pixels.data(), surface.width, surface.height, radius, copy);
  transpose(surface.pixels.data(), surface.width, surface.height, turned.data());
  box_columns(turned.data(), surface.height, surface.width, radius, copy);
  transpose(turned.data(), surface.height, surface.width, surface.pixels.data());
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
