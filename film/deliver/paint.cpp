#include "film/deliver/paint.h"

#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>

namespace film::deliver {

namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Layout = std::unique_ptr<PangoLayout, Unref>;

double linear(double value) { return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); }

const char* family_name(Family family) {
  switch (family) {
    case Family::sans: return "Inter";
    case Family::display: return "Inter Display";
    // Not "Courier Prime": its four faces all call themselves light and upright, so any of them may be picked.
    case Family::typewriter: return "Courier Prime Code";
  }
  return "Inter";
}

/// The surface's own defaults would bring the machine's font settings into the bytes.
void plain_font_options(PangoContext* context) {
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context, options);
  cairo_font_options_destroy(options);
  pango_cairo_context_set_resolution(context, 72);
  pango_context_set_language(context, pango_language_from_string("en"));
  pango_context_set_round_glyph_positions(context, FALSE);
}

void set_attributes(PangoLayout* layout, const Type& type) {
  PangoAttrList* attributes = pango_attr_list_new();
  pango_attr_list_insert(attributes, pango_attr_letter_spacing_new(static_cast<int>(type.tracking * type.size * PANGO_SCALE)));
  // Tabular figures: timecodes that stand under each other must not dance.
  if (type.family != Family::typewriter) pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1, calt=1"));
  pango_attr_list_insert(attributes, pango_attr_line_height_new_absolute(static_cast<int>(type.leading * type.size * PANGO_SCALE)));
  pango_layout_set_attributes(layout, attributes);
  pango_attr_list_unref(attributes);
}

Layout make_layout(cairo_t* cr, std::string_view text, const Type& type, double width) {
  Layout layout(pango_cairo_create_layout(cr));
  plain_font_options(pango_layout_get_context(layout.get()));
  PangoFontDescription* font = pango_font_description_new();
  pango_font_description_set_family(font, family_name(type.family));
  pango_font_description_set_absolute_size(font, type.size * PANGO_SCALE);
  pango_font_description_set_weight(font, static_cast<PangoWeight>(type.weight));
  if (type.italic) pango_font_description_set_style(font, PANGO_STYLE_ITALIC);
  pango_layout_set_font_description(layout.get(), font);
  pango_font_description_free(font);
  set_attributes(layout.get(), type);
  if (width > 0) {
    pango_layout_set_width(layout.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
  }
  if (type.lines_max > 0 && width > 0) {
    pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
    pango_layout_set_height(layout.get(), -type.lines_max);
  }
  if (type.align == Align::right) pango_layout_set_alignment(layout.get(), PANGO_ALIGN_RIGHT);
  if (type.align == Align::centre) pango_layout_set_alignment(layout.get(), PANGO_ALIGN_CENTER);
  pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));
  return layout;
}

TextSize size_of(PangoLayout* layout) {
  int width = 0;
  int height = 0;
  pango_layout_get_size(layout, &width, &height);
  return {static_cast<double>(width) / PANGO_SCALE, static_cast<double>(height) / PANGO_SCALE,
          pango_layout_get_line_count(layout)};
}

std::uint32_t hex_value(std::string_view digits, bool& valid) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    const bool digit = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!digit && (lower < 'a' || lower > 'f')) valid = false;
    value = value * 16 + static_cast<std::uint32_t>(digit ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

}  // namespace

Colour mix(Colour from, Colour to, double share) {
  return {from.r + (to.r - from.r) * share, from.g + (to.g - from.g) * share, from.b + (to.b - from.b) * share};
}

double luminance(Colour colour) {
  return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b);
}

double contrast(Colour a, Colour b) {
  const double first = luminance(a);
  const double second = luminance(b);
  return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

std::optional<Colour> parse_colour(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  if (text.size() != 3 && text.size() != 6) return std::nullopt;
  bool valid = true;
  const std::uint32_t value = hex_value(text, valid);
  if (!valid) return std::nullopt;
  if (text.size() == 3) return Colour{(value >> 8) / 15.0, (value >> 4 & 15) / 15.0, (value & 15) / 15.0};
  return Colour{(value >> 16) / 255.0, (value >> 8 & 255) / 255.0, (value & 255) / 255.0};
}

TextSize measure_text(cairo_t* cr, std::string_view text, const Type& type, double width) {
  return size_of(make_layout(cr, text, type, width).get());
}

std::string fit_words(cairo_t* cr, std::string_view text, const Type& type, double width) {
  Type unlimited = type;
  unlimited.lines_max = 0;
  const auto fits = [&](std::string_view part) { return measure_text(cr, part, unlimited, width).lines <= type.lines_max; };
  if (type.lines_max <= 0 || fits(text)) return std::string(text);
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find(' '); at != std::string_view::npos; at = text.find(' ', at + 1)) ends.push_back(at);
  const auto shortened = [&](std::size_t end) {
    while (end > 0 && std::string_view(" ,;:-").contains(text[end - 1])) --end;
    return std::string(text.substr(0, end)) + "…";
  };
  const auto too_long = std::ranges::partition_point(ends, [&](std::size_t end) { return fits(shortened(end)); });
  return too_long == ends.begin() ? std::string(text) : shortened(*(too_long - 1));
}

std::string one_paragraph(std::string_view text, std::string_view between) {
  std::string result;
  bool broken = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      broken = true;
      continue;
    }
    if (broken && !result.empty()) result += between;
    broken = false;
    result += c;
  }
  return result;
}

double balanced_width(cairo_t* cr, std::string_view text, const Type& type, double width) {
  const int lines = measure_text(cr, text, type, width).lines;
  if (lines < 2) return width;
  double narrow = width / lines;
  double wide = width;
  while (wide - narrow > 2) {
    const double middle = (narrow + wide) / 2;
    // An ellipsis keeps the number of lines and hides words: what does not fit in full counts as too narrow.
    Type unlimited = type;
    unlimited.lines_max = 0;
    if (measure_text(cr, text, unlimited, middle).lines > lines) narrow = middle;
    else wide = middle;
  }
  return wide;
}

TextSize draw_text(cairo_t* cr, std::string_view text, const Type& type, double x, double y, double width) {
  const Layout layout = make_layout(cr, text, type, width);
  const TextSize size = size_of(layout.get());
  double left = x;
  if (width <= 0 && type.align == Align::right) left -= size.width;
  if (width <= 0 && type.align == Align::centre) left -= size.width / 2;
  set_colour(cr, type.colour, type.alpha);
  cairo_move_to(cr, left, y);
  pango_cairo_show_layout(cr, layout.get());
  return size;
}

void set_colour(cairo_t* cr, Colour colour, double alpha) { cairo_set_source_rgba(cr, colour.r, colour.g, colour.b, alpha); }

void fill(cairo_t* cr, const Box& box, Colour colour, double alpha) {
  set_colour(cr, colour, alpha);
  cairo_rectangle(cr, box.x, box.y, box.width, box.height);
  cairo_fill(cr);
}

void outline(cairo_t* cr, const Box& box, Colour colour, double thickness) {
  set_colour(cr, colour);
  cairo_set_line_width(cr, thickness);
  cairo_rectangle(cr, box.x, box.y, box.width, box.height);
  cairo_stroke(cr);
}

void rule(cairo_t* cr, double x, double y, double width, double thickness, Colour colour) {
  fill(cr, {x, y, width, thickness}, colour);
}

void shade_down(cairo_t* cr, const Box& box, Colour colour, double alpha_top, double alpha_bottom) {
  cairo_pattern_t* pattern = cairo_pattern_create_linear(0, box.y, 0, box.bottom());
  // A straight ramp shows its ends as edges; five stops of a smooth step do not.
  for (const double at : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double eased = at * at * (3 - 2 * at);
    cairo_pattern_add_color_stop_rgba(pattern, at, colour.r, colour.g, colour.b,
                                      alpha_top + (alpha_bottom - alpha_top) * eased);
  }
  cairo_set_source(cr, pattern);
  cairo_rectangle(cr, box.x, box.y, box.width, box.height);
  cairo_fill(cr);
  cairo_pattern_destroy(pattern);
}

Surface to_surface(const media::RgbImage& image) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, image.width, image.height));
  cairo_surface_flush(surface.get());
  unsigned char* rows = cairo_image_surface_get_data(surface.get());
  if (!rows) return surface;
  const int stride = cairo_image_surface_get_stride(surface.get());
  const std::uint8_t* from = image.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    auto* row = reinterpret_cast<std::uint32_t*>(rows + static_cast<std::ptrdiff_t>(y) * stride);
    for (int x = 0; x < image.width; ++x, from += 3)
      row[x] = static_cast<std::uint32_t>(from[0]) << 16 | static_cast<std::uint32_t>(from[1]) << 8 | from[2];
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

media::RgbImage to_rgb_image(cairo_surface_t* surface) {
  cairo_surface_flush(surface);
  media::RgbImage image;
  image.width = cairo_image_surface_get_width(surface);
  image.height = cairo_image_surface_get_height(surface);
  image.rgb.reserve(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3);
  const unsigned char* rows = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < image.height; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(rows + static_cast<std::ptrdiff_t>(y) * stride);
    for (int x = 0; x < image.width; ++x)
      for (const int shift : {16, 8, 0}) image.rgb.push_back(static_cast<std::uint8_t>(row[x] >> shift));
  }
  return image;
}

void draw_image(cairo_t* cr, cairo_surface_t* image, const Crop& crop, const Box& box) {
  const double width = cairo_image_surface_get_width(image);
  const double height = cairo_image_surface_get_height(image);
  cairo_save(cr);
  cairo_rectangle(cr, box.x, box.y, box.width, box.height);
  cairo_clip(cr);
  cairo_translate(cr, box.x, box.y);
  cairo_scale(cr, box.width / (crop.width * width), box.height / (crop.height * height));
  cairo_set_source_surface(cr, image, -crop.x * width, -crop.y * height);
  cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
  // Padding keeps enlarged pixels from fading at the edge, but in a PDF it would cost the attached JPEG: cairo then cuts
  // the picture out and stores it raw.
  const bool raster = cairo_surface_get_type(cairo_get_target(cr)) == CAIRO_SURFACE_TYPE_IMAGE;
  if (raster) cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
  cairo_paint(cr);
  cairo_restore(cr);
}

}  // namespace film::deliver
