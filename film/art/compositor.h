/// Lays moved layers over each other row by row and converts the result straight into the encoder's format.
///
/// Integer arithmetic only, so vector and portable code give the same bytes.
/// Thread-safety: one Compositor per thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "film/art/canvas.h"
#include "film/art/kernel.h"
#include "film/art/layer.h"
#include "film/media/frame.h"

namespace film::art {

/// Columns [first, last).
struct Run {
  std::int32_t first = 0, last = 0;
};

/// What of each row is painted.
struct RowIndex {
  std::vector<Run> runs;              ///< not empty; row after row, from left to right, with wide gaps between them
  std::vector<std::uint32_t> begin;   ///< of each row in `runs`, and one past the last row
  std::vector<Run> solid;             ///< of each row: its longest run that hides what is behind it
};
[[nodiscard]] RowIndex index_rows(const Surface& surface);

/// A surface where the camera sees it now: screen = position * (ax, ay) + (bx, by).
struct Placed {
  const Surface* surface = nullptr;
  const RowIndex* rows = nullptr;
  double ax = 1, ay = 1, bx = 0, by = 0;
  double shear = 0;           ///< sideways screen units for each screen unit below `shear_origin`
  double shear_origin = 0.5;
  double ripple = 0, ripple_phase = 0;
  int opacity = 256;          ///< 0..256
  Blend blend = Blend::over;
  bool wraps = false;
};

struct Finish {
  std::uint64_t grain = 0;    ///< key of this frame's grain
  int grain_strength = 5;     ///< 0..16
  int vignette = 70;          ///< darkness of the corners, 0..256
  const Surface* bar = nullptr;  ///< laid over the finished picture at its bottom, pixel for pixel
};

class Compositor {
 public:
  Compositor(int width, int height, const kernel::Set& kernels = kernel::best());
  void draw(const std::vector<Placed>& layers, const Finish& finish, media::Frame& frame);
  /// The layers over nothing, as premultiplied BGRA.
  void overlay(const std::vector<Placed>& layers, std::vector<std::uint32_t>& pixels);

 private:
  void compose_row(const std::vector<Placed>& layers, int row, std::uint32_t* out);
  void blend_layer(const Placed& layer, int row, Run visible, std::uint32_t* out);
  void blend_tile(const Placed& layer, int upper, int lower, int amount, double start, std::int64_t step, Run visible, std::uint32_t* out);
  [[nodiscard]] Run hidden_by(const Placed& layer, int row) const;
  void make_grain();

  int width_, height_;
  const kernel::Set* kernels_;
  std::vector<std::uint32_t> blended_;              ///< two source rows mixed
  std::vector<Run> visible_;                        ///< what of the row layers in front leave to each layer
  std::vector<std::uint32_t> rows_;                 ///< two output rows, for chroma
  std::vector<std::int16_t> vignette_x_;
  std::array<std::vector<std::int8_t>, 8> grain_;   ///< 8 tiles of 256 x 256
};

}  // namespace film::art
