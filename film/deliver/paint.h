/// Paper, ink and type: a thin layer over cairo and pango that all drawn deliverables share.
///
/// Units are those of the surface: points in the PDF, pixels in images. Nothing here depends on screen, locale or time.
#pragma once

#include <cairo.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "film/media/video.h"
#include "workprint/result.h"

namespace film::deliver {

struct Colour {
  double r = 0, g = 0, b = 0;  ///< sRGB, 0..1
};
[[nodiscard]] Colour mix(Colour from, Colour to, double share);
/// Relative luminance as in WCAG; 0..1.
[[nodiscard]] double luminance(Colour colour);
/// WCAG contrast ratio, 1..21.
[[nodiscard]] double contrast(Colour a, Colour b);
/// "#rgb" or "#rrggbb", with or without the sign; anything else is no colour (authors also write "teal").
[[nodiscard]] std::optional<Colour> parse_colour(std::string_view text);

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  [[nodiscard]] double right() const { return x + width; }
  [[nodiscard]] double bottom() const { return y + height; }
};

struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ContextDeleter {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceDeleter>;
using Context = std::unique_ptr<cairo_t, ContextDeleter>;

enum class Align { left, right, centre };
enum class Family { sans, display, typewriter };

struct Type {
  Family family = Family::sans;
  double size = 10;
  int weight = 400;        ///< 100..900
  Colour colour;
  Align align = Align::left;
  bool italic = false;
  double tracking = 0;     ///< extra space between letters, in units of size
  double leading = 1.32;   ///< line distance, in units of size
  int lines_max = 0;       ///< 0: as many as it takes; longer text ends in an ellipsis
  double alpha = 1;
};

struct TextSize {
  double width = 0, height = 0;
  int lines = 0;
};
/// `width` 0: one line, never broken.
[[nodiscard]] TextSize measure_text(cairo_t* cr, std::string_view text, const Type& type, double width);
/// The text, or as many of its words as fit into `type.lines_max` lines, with an ellipsis.
[[nodiscard]] std::string fit_words(cairo_t* cr, std::string_view text, const Type& type, double width);
/// One paragraph: line ends become `between`. (The limit of lines is pango's, and counts for each paragraph.)
[[nodiscard]] std::string one_paragraph(std::string_view text, std::string_view between);
/// The least width that needs no more lines than `width` does: no last line of one word.
[[nodiscard]] double balanced_width(cairo_t* cr, std::string_view text, const Type& type, double width);
/// Draws with the top left at (x, y) and says how much room it took.
TextSize draw_text(cairo_t* cr, std::string_view text, const Type& type, double x, double y, double width);

void set_colour(cairo_t* cr, Colour colour, double alpha = 1);
void fill(cairo_t* cr, const Box& box, Colour colour, double alpha = 1);
void outline(cairo_t* cr, const Box& box, Colour colour, double thickness);
/// A line of `thickness` whose upper edge is at y.
void rule(cairo_t* cr, double x, double y, double width, double thickness, Colour colour);
/// From transparent at the first edge to `alpha` at the second, downwards.
void shade_down(cairo_t* cr, const Box& box, Colour colour, double alpha_top, double alpha_bottom);

/// Pixels as a cairo image.
[[nodiscard]] Surface to_surface(const media::RgbImage& image);
[[nodiscard]] media::RgbImage to_rgb_image(cairo_surface_t* surface);

/// Part of a picture, in shares of its size.
struct Crop {
  double x = 0, y = 0, width = 1, height = 1;
};
/// Draws that part of the image so that it fills the box exactly; the box's shape should be the crop's.
void draw_image(cairo_t* cr, cairo_surface_t* image, const Crop& crop, const Box& box);

}  // namespace film::deliver
