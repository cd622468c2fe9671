#include "film/art/kernel.h"

#include <algorithm>

#include "film/art/kernel_vector.h"

namespace film::art::kernel {
namespace {

std::uint32_t pixel_scalar(const std::uint32_t* row, std::int64_t u, int opacity) {
  const std::uint32_t left = row[u >> 16], right = row[(u >> 16) + 1];
  const auto fraction = static_cast<std::uint32_t>((u >> 8) & 255);
  std::uint32_t out = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    const std::uint32_t value = (((left >> shift) & 255) * (256 - fraction) + ((right >> shift) & 255) * fraction + 128) >> 8;
    out |= (value * static_cast<std::uint32_t>(opacity) >> 8) << shift;
  }
  return out;
}

std::uint32_t over_scalar(std::uint32_t source, std::uint32_t below) {
  std::uint32_t alpha = source >> 24;
  alpha += alpha >> 7;
  std::uint32_t out = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    const std::uint32_t value = ((source >> shift) & 255) + (((below >> shift) & 255) * (256 - alpha) >> 8);
    out |= std::min<std::uint32_t>(value, 255) << shift;
  }
  return out;
}

std::uint32_t add_scalar(std::uint32_t source, std::uint32_t below) {
  std::uint32_t out = 0;
  for (int shift = 0; shift < 32; shift += 8)
    out |= std::min<std::uint32_t>(((source >> shift) & 255) + ((below >> shift) & 255), 255) << shift;
  return out;
}

std::uint8_t clamp_byte(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

void mix_rows(const std::uint32_t* a, const std::uint32_t* b, int amount, int count, std::uint32_t* out) {
  const auto wb_scalar = static_cast<std::uint32_t>(amount), wa_scalar = static_cast<std::uint32_t>(256 - amount);
  for (int index = 0; index < count; ++index) {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 8)
      value |= ((((a[index] >> shift) & 255) * wa_scalar + ((b[index] >> shift) & 255) * wb_scalar + 128) >> 8) << shift;
    out[index] = value;
  }
}

void sample_over(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  for (int index = 0; index < count; ++index, u += step) out[index] = over_scalar(pixel_scalar(row, u, opacity), out[index]);
}

void sample_add(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  for (int index = 0; index < count; ++index, u += step) out[index] = add_scalar(pixel_scalar(row, u, opacity), out[index]);
}

void luma(const std::uint32_t* row, int count, std::uint8_t* out) {
  for (int index = 0; index < count; ++index) {
    const auto red = static_cast<int>((row[index] >> 16) & 255), green = static_cast<int>((row[index] >> 8) & 255);
    const auto blue = static_cast<int>(row[index] & 255);
    out[index] = clamp_byte((y_red * red + y_green * green + y_blue * blue + (16 << 14) + (1 << 13)) >> 14);
  }
}

void chroma(const std::uint32_t* upper, const std::uint32_t* lower, int count, std::uint8_t* u, std::uint8_t* v) {
  for (int index = 0; index + 2 <= count; index += 2) {
    int sum[3] = {0, 0, 0};
    for (const std::uint32_t pixel : {upper[index], upper[index + 1], lower[index], lower[index + 1]})
      for (int channel = 0; channel < 3; ++channel) sum[channel] += static_cast<int>((pixel >> (8 * channel)) & 255);
    u[index / 2] = clamp_byte((u_blue * sum[0] + u_green * sum[1] + u_red * sum[2] + (128 << 16) + (1 << 15)) >> 16);
    v[index / 2] = clamp_byte((v_blue * sum[0] + v_green * sum[1] + v_red * sum[2] + (128 << 16) + (1 << 15)) >> 16);
  }
}

void finish_luma(std::uint8_t* y, const std::int16_t* vignette_x, int vignette_y, const std::int8_t* grain, int strength, int count) {
  const auto base = static_cast<std::int16_t>(256 - vignette_y);
  const auto amount = static_cast<std::int16_t>(strength);
  for (int index = 0; index < count; ++index) {
    const auto factor = static_cast<std::int16_t>(base - vignette_x[index]);
    const auto lit = static_cast<std::uint16_t>(static_cast<std::uint16_t>(y[index] - 16) * static_cast<std::uint16_t>(factor));
    const auto noisy = static_cast<std::int16_t>((lit >> 8) + 16 + static_cast<std::int16_t>(static_cast<std::int16_t>(grain[index] * amount) >> 4));
    y[index] = static_cast<std::uint8_t>(std::clamp<std::int16_t>(noisy, 16, 235));
  }
}

void box_row(std::uint16_t* sums, std::uint16_t reciprocal, const std::uint32_t* leaving, const std::uint32_t* entering, int count, std::uint32_t* out) {
  for (int index = 0; index < count; ++index, sums += 4) {
    std::uint32_t value = 0;
    for (int channel = 0; channel < 4; ++channel) {
      const int shift = 8 * channel;
      value |= std::min<std::uint32_t>(static_cast<std::uint32_t>(sums[channel]) * reciprocal >> 16, 255) << shift;
      sums[channel] = static_cast<std::uint16_t>(sums[channel] + ((entering[index] >> shift) & 255) - ((leaving[index] >> shift) & 255));
    }
    out[index] = value;
  }
}

}  // namespace

constinit const Set portable{"portable", mix_rows, sample_over, sample_add, luma, chroma, finish_luma, box_row};

std::vector<const Set*> runnable() {
  std::vector<const Set*> sets{&portable};
  for (const Set* set : {sse2(), avx2()})
    if (set != nullptr) sets.push_back(set);
  return sets;
}

const Set& best() {
  static const Set& set = *runnable().back();
  return set;
}

}  // namespace film::art::kernel
