/// The pages of the storyboard: paper, margins, colours, and what stands on every page.
#pragma once

#include <string>
#include <vector>

#include "film/deliver/deliver.h"
#include "film/deliver/paint.h"
#include "film/deliver/still.h"

namespace film::deliver {

inline constexpr double page_width = 841.89;  // A4 landscape, points
inline constexpr double page_height = 595.28;
inline constexpr double page_margin = 38;

struct Ink {
  Colour dark{0.09, 0.10, 0.12};
  Colour grey{0.40, 0.42, 0.46};
  Colour pale{0.82, 0.83, 0.85};
  Colour accent;       ///< for bars and marks
  Colour accent_text;  ///< the same, dark enough to be read on white
};

/// What one storyboard is drawn with.
struct Board {
  const Delivery& delivery;
  const StillSet& stills;
  Ink ink;
  cairo_t* cr;
  std::vector<Surface> pictures;  ///< the start stills, by scene, with their JPEG
  Surface hero;                   ///< the most striking still, with its JPEG
};

/// "6 shots", "1 shot".
[[nodiscard]] std::string counted(std::size_t count, const std::string& noun);

/// Draws the title page and, when cast or places do not fit, further pages of them; each ends with show_page.
/// `pages` counts what was drawn.
void draw_front_pages(const Board& board, int& pages);
/// One panel into its box.
void draw_panel(const Board& board, std::size_t scene, std::int64_t begin_frame, const Box& box);
/// The crossed lines over the gap between two panels that says: these pictures mix. (x, y) is its middle.
void draw_dissolve_mark(const Board& board, double x, double y, double gap);
/// The place of a panel's picture inside the panel's box.
[[nodiscard]] Box picture_box(const Board& board, const Box& panel);
/// Arrows and frames of the camera's move, on the picture.
void draw_move(cairo_t* cr, const Box& picture, CameraMovement movement);

}  // namespace film::deliver
