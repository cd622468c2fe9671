#include "film/deliver/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "film/deliver/names.h"
#include "film/deliver/timecode.h"
#include "film/plan/plan_json.h"
#include "workprint/try.h"

namespace film::deliver {

namespace {

constexpr double sheet_width = 2400;
constexpr double margin = 84;
constexpr double gap_x = 30;
constexpr double header_height = 204;
constexpr double strip_height = 84;
constexpr int strip_picture_width = 480;
constexpr double footer_height = 216;

constexpr Colour paper{0.067, 0.071, 0.082};
constexpr Colour light{0.93, 0.935, 0.945};
constexpr Colour soft{0.60, 0.62, 0.66};
constexpr Colour faint{0.20, 0.21, 0.235};

struct Grid {
  int columns = 4;
  double card_width = 0, picture_height = 0, card_height = 0, type = 1;
};

int columns_for(std::size_t scenes) {
  if (scenes <= 3) return static_cast<int>(std::max<std::size_t>(scenes, 1));
  if (scenes <= 4) return 2;
  if (scenes <= 9) return 3;
  if (scenes <= 24) return 4;
  return scenes <= 60 ? 6 : 8;
}

Grid grid_for(const Delivery& delivery) {
  Grid grid;
  grid.columns = columns_for(delivery.scenes.size());
  const double shape = static_cast<double>(delivery.picture.width) / delivery.picture.height;
  if (shape < 1) grid.columns = std::min(8, std::max(4, grid.columns + 2));
  grid.card_width = (sheet_width - 2 * margin - (grid.columns - 1) * gap_x) / grid.columns;
  grid.picture_height = grid.card_width / shape;
  grid.type = std::clamp(grid.card_width / 535, 0.62, 1.25);
  grid.card_height = grid.picture_height + 92 * grid.type;
  return grid;
}

/// Light enough to read on the dark sheet.
Colour glowing(Colour colour) {
  while (contrast(colour, paper) < 4.5) colour = mix(colour, {1, 1, 1}, 0.1);
  return colour;
}

void draw_header(cairo_t* cr, const Delivery& delivery, Colour accent) {
  rule(cr, margin, 74, 46, 7, accent);
  const Type title{.family = Family::display, .size = 58, .weight = 750, .colour = light, .tracking = -0.018, .lines_max = 1};
  draw_text(cr, delivery.plan->metadata.title, title, margin - 2, 84, sheet_width * 0.58);
  const Type facts{.size = 24, .weight = 500, .colour = soft, .align = Align::right};
  const double right = sheet_width - margin;
  draw_text(cr, fmt::format("{} shots  ·  {}  ·  {} × {}  ·  {} fps", delivery.scenes.size(),
                            running_time(delivery.film.frames, delivery.picture.fps), delivery.picture.width,
                            delivery.picture.height, delivery.picture.fps),
            facts, right, 84, 0);
  draw_text(cr, fmt::format("Contact sheet  ·  render {:02}", delivery.film.render), facts, right, 118, 0);
}

void draw_card(cairo_t* cr, const Delivery& delivery, const StillSet& stills, std::size_t index, std::int64_t begin,
               const Grid& grid, const Box& box, Colour accent, std::int64_t longest) {
  const Scene& scene = delivery.plan->scenes[index];
  const Box picture{box.x, box.y, grid.card_width, grid.picture_height};
  const Surface image = to_surface(stills.start[index].image);
  draw_image(cr, image.get(), best_crop(stills.start[index], picture.width / picture.height), picture);
  outline(cr, {picture.x + 0.5, picture.y + 0.5, picture.width - 1, picture.height - 1}, faint, 1);

  const std::int64_t frames = scene_frames(*delivery.plan, index, delivery.picture.fps);
  const double y = picture.bottom() + 9 * grid.type;
  const double share = static_cast<double>(frames) / static_cast<double>(std::max<std::int64_t>(longest, 1));
  rule(cr, box.x, y, box.width, 3, faint);
  rule(cr, box.x, y, box.width * share, 3, delivery.scenes[index].placeholder.empty() ? accent : soft);

  const double text_y = y + 11 * grid.type;
  const double size = 22 * grid.type;
  const TextSize label = draw_text(cr, scene_label(scene.id), {.size = size, .weight = 700, .colour = light}, box.x, text_y, 0);
  const Type time{.size = size * 0.82, .weight = 500, .colour = soft, .align = Align::right};
  const std::string length = length_text(frames, delivery.picture.fps);
  const double time_width = measure_text(cr, length, time, 0).width;
  draw_text(cr, length, time, box.right(), text_y + size * 0.12, 0);
  const double middle = box.x + label.width + 14 * grid.type;
  draw_text(cr, fmt::format("{} · {}", word(scene.shot), word(scene.movement)),
            {.size = size * 0.82, .weight = 500, .colour = light, .lines_max = 1}, middle, text_y + size * 0.12,
            box.right() - time_width - 12 - middle);
  draw_text(cr, fmt::format("{}  ·  {}", timecode(begin, delivery.picture.fps), location_name(*delivery.plan, scene)),
            {.size = size * 0.74, .colour = soft, .lines_max = 1}, box.x, text_y + size * 1.4, box.width);
}

/// The film from left to right, each shot as wide as it is long, a slice of its still above its mean colour.
void draw_strip(cairo_t* cr, const Delivery& delivery, const StillSet& stills, double y) {
  const int fps = delivery.picture.fps;
  std::int64_t total = 0;
  for (std::size_t index = 0; index < delivery.scenes.size(); ++index) total += scene_frames(*delivery.plan, index, fps);
  const double width = sheet_width - 2 * margin;
  const auto place = [&](std::int64_t frame) {
    return margin + width * static_cast<double>(frame) / static_cast<double>(std::max<std::int64_t>(total, 1));
  };
  std::int64_t frame = 0;
  double free_from = 0;
  for (std::size_t index = 0; index < delivery.scenes.size(); ++index) {
    const std::int64_t next = frame + scene_frames(*delivery.plan, index, fps);
    const StillFacts& facts = stills.start[index].facts;
    const Box box{place(frame), y, std::max(place(next) - place(frame) - 2, 1.0), strip_height};
    const Surface image = to_surface(shrink(stills.start[index].image, strip_picture_width));
    draw_image(cr, image.get(), best_crop(stills.start[index], box.width / box.height), box);
    fill(cr, {box.x, box.bottom() + 5, box.width, 5}, facts.average);
    const Type label{.size = 15, .weight = 500, .colour = soft};
    const std::string text = scene_label(delivery.plan->scenes[index].id).substr(2);
    if (box.x >= free_from) {
      draw_text(cr, text, label, box.x, box.bottom() + 17, 0);
      free_from = box.x + measure_text(cr, text, label, 0).width + 8;
    }
    frame = next;
  }
}

}  // namespace

workprint::Result<std::string> contact_sheet_png(const Delivery& delivery, const StillSet& stills) {
  const Grid grid = grid_for(delivery);
  const auto count = static_cast<int>(delivery.scenes.size());
  const int rows = (count + grid.columns - 1) / grid.columns;
  const double height = header_height + rows * grid.card_height + footer_height;
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(sheet_width),
                                                   static_cast<int>(std::ceil(height))));
  const Context context(cairo_create(surface.get()));
  cairo_t* cr = context.get();
  fill(cr, {0, 0, sheet_width, height + 1}, paper);
  const Colour accent = glowing(film_accent(*delivery.plan, stills.hero.facts));
  draw_header(cr, delivery, accent);

  std::int64_t longest = 1;
  for (std::size_t index = 0; index < delivery.scenes.size(); ++index)
    longest = std::max(longest, scene_frames(*delivery.plan, index, delivery.picture.fps));
  std::int64_t frame = 0;
  for (int index = 0; index < count; ++index) {
    const auto scene = static_cast<std::size_t>(index);
    const Box box{margin + index % grid.columns * (grid.card_width + gap_x),
                  header_height + index / grid.columns * grid.card_height, grid.card_width, grid.card_height};
    draw_card(cr, delivery, stills, scene, frame, grid, box, accent, longest);
    frame += scene_frames(*delivery.plan, scene, delivery.picture.fps);
  }
  draw_strip(cr, delivery, stills, height - footer_height + 36);
  const cairo_status_t status = cairo_status(cr);
  if (status != CAIRO_STATUS_SUCCESS)
    return workprint::fail(workprint::ErrorKind::invalid, fmt::format("contact sheet: {}", cairo_status_to_string(status)));
  return media::encode_png(to_rgb_image(surface.get()));
}

}  // namespace film::deliver
