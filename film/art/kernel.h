/// The inner loops of the compositor. Each has a vector form for SSE2 and a portable form with the same results.
#pragma once

#include <cstdint>

namespace film::art::kernel {

/// out = a * (256 - amount) + b * amount, per channel; `amount` 0..256.
void mix_rows(const std::uint32_t* a, const std::uint32_t* b, int amount, int count, std::uint32_t* out);
/// Samples `row` at u, u + step, ... (16.16 fixed point, linear between pixels) and lays it over `out`.
void sample_over(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out);
/// The same, added with saturation.
void sample_add(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out);
/// BT.709 limited luma of BGRA pixels.
void luma(const std::uint32_t* row, int count, std::uint8_t* out);
/// Chroma of 2x2 blocks of two rows; `count` pixels wide, even.
void chroma(const std::uint32_t* upper, const std::uint32_t* lower, int count, std::uint8_t* u, std::uint8_t* v);
/// Darkens towards the corners and adds grain: y = 16 + (y - 16) * (256 - vx - vy) / 256 + grain * strength / 16.
void finish_luma(std::uint8_t* y, const std::int16_t* vignette_x, int vignette_y, const std::int8_t* grain, int strength, int count);

}  // namespace film::art::kernel
