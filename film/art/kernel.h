/// The inner loops of the compositor, in a form for each instruction set. All forms give the same bytes: integer
/// arithmetic only, and a test compares them.
#pragma once

#include <cstdint>
#include <vector>

namespace film::art::kernel {

/// So many pixels behind the last one they use, the sampling loops may read.
inline constexpr int look_ahead = 24;

struct Set {
  const char* name;
  /// out = a * (256 - amount) + b * amount, per channel; `amount` 0..256.
  void (*mix_rows)(const std::uint32_t* a, const std::uint32_t* b, int amount, int count, std::uint32_t* out);
  /// Samples `row` at u, u + step, ... (16.16 fixed point, linear between pixels) and lays it over `out`.
  void (*sample_over)(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out);
  /// The same, added with saturation.
  void (*sample_add)(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out);
  /// BT.709 limited luma of BGRA pixels.
  void (*luma)(const std::uint32_t* row, int count, std::uint8_t* out);
  /// Chroma of 2x2 blocks of two rows; `count` pixels wide, even.
  void (*chroma)(const std::uint32_t* upper, const std::uint32_t* lower, int count, std::uint8_t* u, std::uint8_t* v);
  /// Darkens towards the corners and adds grain: y = 16 + (y - 16) * (256 - vx - vy) / 256 + grain * strength / 16.
  void (*finish_luma)(std::uint8_t* y, const std::int16_t* vignette_x, int vignette_y, const std::int8_t* grain, int strength, int count);
  /// One row of a box blur down columns. `sums`: of the rows of the window, for each byte; out = sums * reciprocal / 2^16,
  /// then `leaving` is taken out of the window and `entering` put in. `out` may be neither of them.
  void (*box_row)(std::uint16_t* sums, std::uint16_t reciprocal, const std::uint32_t* leaving, const std::uint32_t* entering, int count, std::uint32_t* out);
};

/// Plain C++; what the others call for the pixels that are left over.
extern const Set portable;
/// The quickest this machine runs.
[[nodiscard]] const Set& best();
/// All this machine runs.
[[nodiscard]] std::vector<const Set*> runnable();

// round(coefficient * 219 / 255 * 2^14) and 224 / 255 for chroma.
inline constexpr short y_red = 2992, y_green = 10063, y_blue = 1016;
inline constexpr short u_red = -1649, u_green = -5547, u_blue = 7196;
inline constexpr short v_red = 7196, v_green = -6536, v_blue = -660;

}  // namespace film::art::kernel
