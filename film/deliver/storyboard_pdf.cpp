#include "film/deliver/storyboard_pdf.h"

#include <cairo-pdf.h>
#include <fmt/format.h>

#include <algorithm>

#include "film/deliver/names.h"
#include "film/deliver/page.h"
#include "film/deliver/timecode.h"
#include "workprint/try.h"

namespace film::deliver {

using workprint::ErrorKind;
using workprint::Result;

namespace {

constexpr int panels_per_row = 3;
constexpr int panels_per_page = 6;
constexpr double panel_gap = 20;
constexpr double panels_top = 62;
constexpr double panels_bottom = page_height - 36;
constexpr double row_gap = 12;
constexpr int panel_jpeg_quality = 88;

cairo_status_t append(void* text, const unsigned char* bytes, unsigned length) {
  static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), length);
  return CAIRO_STATUS_SUCCESS;
}

void set_metadata(cairo_surface_t* surface, const Delivery& delivery) {
  // Without a date cairo writes the clock's.
  const std::string date = delivery.film.rendered_at.size() >= 19 ? delivery.film.rendered_at.substr(0, 19) + "Z"
                                                                  : std::string("2000-01-01T00:00:00Z");
  const std::string title = delivery.plan->metadata.title + " — storyboard";
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title.c_str());
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Workprint");
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, date.c_str());
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, date.c_str());
}

/// The still with its JPEG attached: the PDF then holds that instead of raw pixels, a tenth of the size.
Result<Surface> pdf_picture(const media::RgbImage& image) {
  Surface surface = to_surface(image);
  const std::string jpeg = TRY(media::encode_jpeg(image, panel_jpeg_quality));
  auto* copy = new std::string(jpeg);
  const auto* data = reinterpret_cast<const unsigned char*>(copy->data());
  const cairo_status_t status =
      cairo_surface_set_mime_data(surface.get(), CAIRO_MIME_TYPE_JPEG, data, copy->size(),
                                  [](void* kept) { delete static_cast<std::string*>(kept); }, copy);
  if (status == CAIRO_STATUS_SUCCESS) return surface;
  delete copy;
  return workprint::fail(ErrorKind::invalid, fmt::format("cairo refused a picture: {}", cairo_status_to_string(status)));
}

Box panel_place(int place) {
  const double width = (page_width - 2 * page_margin - (panels_per_row - 1) * panel_gap) / panels_per_row;
  const double height = (panels_bottom - panels_top - row_gap) / 2;
  const int column = place % panels_per_row;
  const int row = place / panels_per_row;
  return {page_margin + column * (width + panel_gap), panels_top + row * (height + row_gap), width, height};
}

void draw_frame_lines(const Board& board, std::size_t first, std::size_t last, std::int64_t begin, std::int64_t end,
                      int page, int pages) {
  const Delivery& delivery = board.delivery;
  const Scene& first_scene = delivery.plan->scenes[first];
  const Scene& last_scene = delivery.plan->scenes[last - 1];
  const Type small{.size = 7, .weight = 500, .colour = board.ink.grey};
  Type right = small;
  right.align = Align::right;
  const double right_edge = page_width - page_margin;
  rule(board.cr, page_margin, 32, 18, 2.4, board.ink.accent);
  draw_text(board.cr, delivery.plan->metadata.title, {.size = 10, .weight = 700, .colour = board.ink.dark, .lines_max = 1},
            page_margin + 26, 26.2, page_width / 2);
  draw_text(board.cr, fmt::format("{}–{}   {} – {}", scene_label(first_scene.id), scene_label(last_scene.id),
                                  timecode(begin, delivery.picture.fps), timecode(end, delivery.picture.fps)),
            right, right_edge, 28.5, 0);
  rule(board.cr, page_margin, 46, page_width - 2 * page_margin, 0.5, board.ink.pale);
  draw_text(board.cr, fmt::format("Storyboard · render {:02}", delivery.film.render), small, page_margin, page_height - 24, 0);
  right.weight = 600;
  draw_text(board.cr, fmt::format("{} / {}", page, pages), right, right_edge, page_height - 24, 0);
}

bool is_dissolve(Transition transition) {
  return transition == Transition::dissolve || transition == Transition::cross_fade;
}

/// A dissolve joins this panel with the next one; at a row's end it points into the margin.
void draw_joins(const Board& board, std::size_t first, std::size_t last) {
  const auto& scenes = board.delivery.plan->scenes;
  for (std::size_t index = first; index < last; ++index) {
    if (!is_dissolve(scenes[index].transition) || index + 1 == scenes.size()) continue;
    const int place = static_cast<int>(index - first);
    const Box panel = panel_place(place);
    const Box picture = picture_box(board, panel);
    draw_dissolve_mark(board, panel.right() + panel_gap / 2, picture.y + picture.height / 2, panel_gap);
  }
}

void draw_panel_page(const Board& board, std::size_t first, std::int64_t& frame, int page, int pages) {
  const Plan& plan = *board.delivery.plan;
  const std::size_t last = std::min(first + panels_per_page, plan.scenes.size());
  const std::int64_t begin = frame;
  for (std::size_t index = first; index < last; ++index) {
    draw_panel(board, index, frame, panel_place(static_cast<int>(index - first)));
    frame += scene_frames(plan, index, board.delivery.picture.fps);
  }
  draw_joins(board, first, last);
  draw_frame_lines(board, first, last, begin, frame, page, pages);
  cairo_show_page(board.cr);
}

/// Ink that prints: an accent too pale for white paper is darkened until a line in it can be seen.
Colour printable(Colour colour, double contrast_min) {
  while (contrast(colour, {1, 1, 1}) < contrast_min) colour = mix(colour, {0, 0, 0}, 0.1);
  return colour;
}

}  // namespace

Result<std::string> storyboard_pdf(const Delivery& delivery, const StillSet& stills, std::stop_token stop) {
  std::string bytes;
  const Surface surface(cairo_pdf_surface_create_for_stream(append, &bytes, page_width, page_height));
  set_metadata(surface.get(), delivery);
  const Context context(cairo_create(surface.get()));
  Board board{delivery, stills, {}, context.get(), {}, nullptr};
  board.ink.accent = printable(film_accent(*delivery.plan, stills.hero.facts), 2.6);
  board.ink.accent_text = printable(board.ink.accent, 4.5);
  board.hero = TRY(pdf_picture(stills.hero.image));
  for (const Still& still : stills.start) board.pictures.push_back(TRY(pdf_picture(still.image)));

  int page = 0;
  draw_front_pages(board, page);
  const int panel_pages = static_cast<int>((delivery.plan->scenes.size() + panels_per_page - 1) / panels_per_page);
  const int pages = page + panel_pages;
  std::int64_t frame = 0;
  for (std::size_t first = 0; first < delivery.plan->scenes.size(); first += panels_per_page) {
    if (stop.stop_requested()) return workprint::fail(ErrorKind::cancelled, "delivery was stopped");
    draw_panel_page(board, first, frame, ++page, pages);
  }
  cairo_surface_finish(surface.get());
  const cairo_status_t status = cairo_surface_status(surface.get());
  if (status != CAIRO_STATUS_SUCCESS)
    return workprint::fail(ErrorKind::invalid, fmt::format("storyboard: {}", cairo_status_to_string(status)));
  return bytes;
}

}  // namespace film::deliver
