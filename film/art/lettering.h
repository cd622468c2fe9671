/// Type: Inter with tabular figures, set by pango.
///
/// Thread-safety: font work is serialised by one mutex, because font maps share caches across threads.
#pragma once

#include <cairo.h>

#include <string>

#include "film/art/canvas.h"

namespace film::art {

struct Type {
  double size = 16;            ///< user units
  bool bold = false;
  const char* family = "Inter";
  double wrap = 0;             ///< line width; 0: one line
  double spacing = 0;          ///< extra space between letters, user units
};

struct TextSize {
  double width = 0, height = 0;
};

/// Writes with the top left corner at (x, y) in the current source; returns the size of the block.
TextSize write_text(cairo_t* cr, const std::string& text, double x, double y, const Type& type);
[[nodiscard]] TextSize measure_text(const std::string& text, const Type& type);

/// The bar at the bottom of a picture: what this shot is, and its running time.
class BurnIn {
 public:
  BurnIn(int width, int height, const std::string& label);
  /// The bar with the timecode of `frame`, counted from 01:00:00:00.
  [[nodiscard]] const Surface& at(std::int64_t frame, int fps);

 private:
  Surface bar_, shown_;
  std::vector<Surface> digits_;   ///< 0..9 and the colon
  int left_ = 0, top_ = 0;
};

[[nodiscard]] std::string timecode(std::int64_t frame, int fps);

}  // namespace film::art
