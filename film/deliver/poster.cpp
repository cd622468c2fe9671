#include "film/deliver/poster.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "film/deliver/timecode.h"
#include "workprint/try.h"

namespace film::deliver {

namespace {

constexpr double poster_width = 1200;
constexpr double poster_height = 1800;
constexpr double margin = 84;
constexpr double picture_height = 1330;
constexpr int jpeg_quality = 91;

struct Tones {
  Colour ground;  ///< what the picture sinks into
  Colour type;
  Colour accent;
};

Tones tones_of(const Plan& plan, const StillFacts& facts) {
  Tones tones;
  tones.ground = mix(facts.darkest, {0.02, 0.02, 0.03}, 0.45);
  while (luminance(tones.ground) > 0.03) tones.ground = mix(tones.ground, {0, 0, 0}, 0.15);
  tones.type = mix({0.98, 0.97, 0.95}, facts.average, 0.06);
  tones.accent = film_accent(plan, facts);
  while (contrast(tones.accent, tones.ground) < 4.5) tones.accent = mix(tones.accent, {1, 1, 1}, 0.1);
  return tones;
}

/// Film grain over everything hides the enlargement and ties type and picture together.
void add_grain(cairo_surface_t* surface) {
  cairo_surface_flush(surface);
  unsigned char* rows = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < static_cast<int>(poster_height); ++y) {
    auto* row = reinterpret_cast<std::uint32_t*>(rows + static_cast<std::ptrdiff_t>(y) * stride);
    for (int x = 0; x < static_cast<int>(poster_width); ++x) {
      std::uint32_t hash = static_cast<std::uint32_t>(x) * 0x9E3779B1u ^ static_cast<std::uint32_t>(y) * 0x85EBCA77u;
      hash = (hash ^ hash >> 15) * 0x2C1B3C6Du;
      hash = (hash ^ hash >> 13) * 0x297A2D39u;
      const int noise = static_cast<int>((hash >> 8 & 15) + (hash >> 20 & 15)) - 15;  // triangular, -15..15
      std::uint32_t result = 0;
      for (const int shift : {16, 8, 0}) {
        const int value = static_cast<int>(row[x] >> shift & 255);
        result |= static_cast<std::uint32_t>(std::clamp(value + noise * 2 / 5, 0, 255)) << shift;
      }
      row[x] = result;
    }
  }
  cairo_surface_mark_dirty(surface);
}

/// Large enough to carry the poster, in at most three lines that break between words only.
Type title_type(cairo_t* cr, const std::string& title, Colour colour, double width) {
  Type type{.family = Family::display, .size = 208, .weight = 850, .colour = colour, .tracking = -0.012, .leading = 0.97};
  const auto longest_word = [&] {
    double longest = 0;
    std::size_t begin = 0;
    while (begin <= title.size()) {
      const std::size_t end = std::min(title.find(' ', begin), title.size());
      longest = std::max(longest, measure_text(cr, std::string_view(title).substr(begin, end - begin), type, 0).width);
      begin = end + 1;
    }
    return longest;
  };
  while (type.size > 44 && (longest_word() > width || measure_text(cr, title, type, width).height > 2.05 * 208)) type.size -= 4;
  type.lines_max = 5;
  return type;
}

void draw_credits(cairo_t* cr, const Delivery& delivery, const Tones& tones, double y) {
  const Type small{.size = 21, .weight = 600, .colour = mix(tones.type, tones.ground, 0.25), .tracking = 0.11, .lines_max = 1};
  Type right = small;
  right.align = Align::right;
  const double width = poster_width - 2 * margin;
  rule(cr, margin, y, width, 1.5, mix(tones.type, tones.ground, 0.72));
  const std::string length = fmt::format("{} SHOTS   {}", delivery.scenes.size(),
                                         running_time(delivery.film.frames, delivery.picture.fps));
  draw_text(cr, length, right, poster_width - margin, y + 22, 0);
  const double room = width - measure_text(cr, length, right, 0).width - 40;
  Type cast = small;
  cast.tracking = 0.02;
  std::string names;
  for (const Character& character : delivery.plan->characters) {
    const std::string more = names.empty() ? character.name : names + "  ·  " + character.name;
    if (measure_text(cr, more, cast, 0).width > room) break;
    names = more;
  }
  draw_text(cr, names, cast, margin, y + 22, 0);
}

void draw_type(cairo_t* cr, const Delivery& delivery, const Tones& tones) {
  const Metadata& metadata = delivery.plan->metadata;
  const double width = poster_width - 2 * margin;
  const double credits_y = poster_height - 112;
  double y = credits_y - 40;
  if (metadata.logline) {
    const Type logline{.size = 31, .weight = 450, .colour = mix(tones.type, tones.ground, 0.12), .leading = 1.38, .lines_max = 3};
    const std::string text = fit_words(cr, one_paragraph(*metadata.logline, " "), logline, width * 0.86);
    const double room = balanced_width(cr, text, logline, width * 0.86);
    y -= measure_text(cr, text, logline, room).height;
    draw_text(cr, text, logline, margin, y, room);
    y -= 34;
  }
  const Type title = title_type(cr, metadata.title, tones.type, width);
  const double title_width = balanced_width(cr, metadata.title, title, width);
  y -= measure_text(cr, metadata.title, title, title_width).height;
  draw_text(cr, metadata.title, title, margin - title.size * 0.045, y, title_width);
  rule(cr, margin, y - 34, 92, 11, tones.accent);
  draw_credits(cr, delivery, tones, credits_y);
}

}  // namespace

workprint::Result<std::string> poster_jpg(const Delivery& delivery, const StillSet& stills) {
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(poster_width),
                                                   static_cast<int>(poster_height)));
  const Context context(cairo_create(surface.get()));
  cairo_t* cr = context.get();
  const Tones tones = tones_of(*delivery.plan, stills.hero.facts);
  fill(cr, {0, 0, poster_width, poster_height}, tones.ground);
  const Box picture{0, 0, poster_width, picture_height};
  const Surface image = to_surface(stills.hero.image);
  draw_image(cr, image.get(), best_crop(stills.hero, picture.width / picture.height), picture);
  shade_down(cr, {0, picture_height - 720, poster_width, 720}, tones.ground, 0, 1);
  shade_down(cr, {0, 0, poster_width, 300}, tones.ground, 0.16, 0);
  draw_type(cr, delivery, tones);
  add_grain(surface.get());
  const cairo_status_t status = cairo_status(cr);
  if (status != CAIRO_STATUS_SUCCESS)
    return workprint::fail(workprint::ErrorKind::invalid, fmt::format("poster: {}", cairo_status_to_string(status)));
  return media::encode_jpeg(to_rgb_image(surface.get()), jpeg_quality);
}

}  // namespace film::deliver
