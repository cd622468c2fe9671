#include "film/art/compositor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "film/art/noise.h"

namespace film::art {
namespace {

constexpr std::uint32_t opaque_black = 0xFF000000U;
constexpr int grain_size = 256;

std::int64_t fixed(double value) { return static_cast<std::int64_t>(std::floor(value * 65536 + 0.5)); }

// Rounding must not turn a whole number of pixels into almost one less.
constexpr double grid_slack = 1e-6;

double shift_of_row(const Placed& layer, double screen_y) {
  double shift = layer.bx + layer.shear * (screen_y - layer.shear_origin);
  if (layer.ripple != 0) {
    const double depth = std::clamp((screen_y - layer.shear_origin) * 3, 0.05, 1.0);
    shift += layer.ripple * depth * (std::sin(screen_y * 140 / (0.3 + depth) + layer.ripple_phase) * 0.6 +
                                     std::sin(screen_y * 61 - layer.ripple_phase * 0.7) * 0.4);
  }
  return shift;
}

}  // namespace

RowIndex index_rows(const Surface& surface) {
  RowIndex index;
  const auto height = static_cast<std::size_t>(surface.height);
  for (auto* list : {&index.first, &index.last, &index.solid_first, &index.solid_last}) list->assign(height, 0);
  for (std::size_t row = 0; row < height; ++row) {
    const std::uint32_t* line = surface.pixels.data() + row * static_cast<std::size_t>(surface.width);
    int first = 0, last = surface.width;
    while (first < last && line[first] == 0) ++first;
    while (last > first && line[last - 1] == 0) --last;
    index.first[row] = first;
    index.last[row] = last;
    int run = first;
    for (int x = first; x <= last; ++x) {
      if (x < last && line[x] >= opaque_black) continue;
      if (x - run > index.solid_last[row] - index.solid_first[row]) {
        index.solid_first[row] = run;
        index.solid_last[row] = x;
      }
      run = x + 1;
    }
  }
  return index;
}

Compositor::Compositor(int width, int height, const kernel::Set& kernels)
    : width_(width), height_(height), kernels_(&kernels), rows_(static_cast<std::size_t>(width) * 2) {
  vignette_x_.resize(static_cast<std::size_t>(width));
  for (int x = 0; x < width; ++x) {
    const double offset = (x + 0.5) / width * 2 - 1;
    vignette_x_[static_cast<std::size_t>(x)] = static_cast<std::int16_t>(std::lround(35 * offset * offset * offset * offset));
  }
}

void Compositor::make_grain() {
  for (std::size_t tile = 0; tile < grain_.size(); ++tile) {
    grain_[tile].resize(grain_size * (grain_size + 64));
    std::uint64_t state = hash_text("grain", tile);
    for (auto& value : grain_[tile]) {
      state = mix_bits(state);
      // The sum of four uniform bytes is close enough to a bell.
      const auto sum = static_cast<int>((state & 63) + ((state >> 8) & 63) + ((state >> 16) & 63) + ((state >> 24) & 63)) - 126;
      value = static_cast<std::int8_t>(std::clamp(sum / 5, -24, 24));
    }
  }
}

void Compositor::blend_layer(const Placed& layer, int row, std::uint32_t* out) {
  const Surface& surface = *layer.surface;
  const double screen_y = (row + 0.5) / height_;
  double v = ((screen_y - layer.by) / layer.ay - surface.rect.top) * surface.scale - 0.5 + grid_slack;
  if (layer.wraps) v -= std::floor(v / surface.height) * surface.height;
  const auto upper = static_cast<int>(std::floor(v));
  if (upper < -1 || upper >= surface.height) return;
  int lower = upper + 1;
  if (layer.wraps) lower %= surface.height;
  const int upper_safe = std::clamp(upper, 0, surface.height - 1), lower_safe = std::clamp(lower, 0, surface.height - 1);
  const auto line = [&](int index) { return surface.pixels.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(surface.width); };
  const int amount = static_cast<int>((v - std::floor(v)) * 256);

  const double per_pixel = surface.scale / (layer.ax * height_);
  const double start = ((0.5 / height_ - shift_of_row(layer, screen_y)) / layer.ax - surface.rect.left) * surface.scale - 0.5;
  const auto sample = layer.blend == Blend::over ? kernels_->sample_over : kernels_->sample_add;
  const std::int64_t step = fixed(per_pixel);
  if (layer.wraps) {
    const auto width = static_cast<std::size_t>(surface.width);
    blended_.assign(width + kernel::look_ahead, 0);
    kernels_->mix_rows(line(upper_safe), line(lower_safe), amount, surface.width, blended_.data());
    blended_[width] = blended_[0];
    const std::int64_t period = static_cast<std::int64_t>(surface.width) << 16;
    std::int64_t u = fixed(start - std::floor(start / surface.width) * surface.width);
    for (int x = 0; x < width_;) {
      const auto left = static_cast<int>((period - u + step - 1) / step);
      const int count = std::min(width_ - x, std::max(left, 1));
      sample(blended_.data(), u, step, count, layer.opacity, out + x);
      x += count;
      u = (u + step * count) % period;
    }
    return;
  }
  const auto upper_row = static_cast<std::size_t>(upper_safe), lower_row = static_cast<std::size_t>(lower_safe);
  int first = std::min(layer.rows->first[upper_row], layer.rows->first[lower_row]);
  int last = std::max(layer.rows->last[upper_row], layer.rows->last[lower_row]);
  if (layer.rows->first[upper_row] >= layer.rows->last[upper_row]) first = layer.rows->first[lower_row];
  if (layer.rows->first[lower_row] >= layer.rows->last[lower_row]) first = layer.rows->first[upper_row];
  if (first >= last) return;
  first = std::max(first - 1, 0);
  last = std::min(last + 1, surface.width);
  // Output pixels whose two neighbours lie inside [first, last).
  const std::int64_t u0 = fixed(start);
  const auto reach = [&](std::int64_t target) {
    const std::int64_t distance = target - u0;
    return distance <= 0 ? std::int64_t{0} : (distance + step - 1) / step;
  };
  const auto begin = static_cast<int>(std::min<std::int64_t>(reach(static_cast<std::int64_t>(first) << 16), width_));
  const auto end = static_cast<int>(std::min<std::int64_t>(reach(static_cast<std::int64_t>(last - 1) << 16), width_));
  if (begin >= end) return;
  const std::int64_t u_begin = u0 + step * begin;
  const auto source_first = static_cast<int>(u_begin >> 16);
  const auto source_last = static_cast<int>((u0 + step * (end - 1)) >> 16) + 2;
  blended_.assign(static_cast<std::size_t>(source_last - source_first) + kernel::look_ahead, 0);
  const std::uint32_t* source = blended_.data();
  // What the kernels look ahead must lie inside the surface before its own row may be read by them.
  if (amount == 0 && source_last + kernel::look_ahead <= surface.width) source = line(upper_safe) + source_first;
  else kernels_->mix_rows(line(upper_safe) + source_first, line(lower_safe) + source_first, amount, source_last - source_first, blended_.data());
  sample(source, u_begin - (static_cast<std::int64_t>(source_first) << 16), step, end - begin, layer.opacity, out + begin);
}

namespace {

// Whether this layer alone fills the whole row, so that nothing behind it needs drawing.
bool hides_row(const Placed& layer, int row, int width, int height) {
  if (layer.blend != Blend::over || layer.opacity < 256 || layer.wraps) return false;
  const Surface& surface = *layer.surface;
  const double screen_y = (row + 0.5) / height;
  const double v = ((screen_y - layer.by) / layer.ay - surface.rect.top) * surface.scale - 0.5;
  const auto upper = static_cast<int>(std::floor(v));
  if (upper < 0 || upper + 1 >= surface.height) return false;
  const double shift = shift_of_row(layer, screen_y);
  const auto source = [&](double x) { return ((x / height - shift) / layer.ax - surface.rect.left) * surface.scale; };
  const double left = source(0) - 2, right = source(width) + 2;
  for (const int index : {upper, upper + 1}) {
    const auto at = static_cast<std::size_t>(index);
    if (layer.rows->solid_first[at] > left || layer.rows->solid_last[at] < right) return false;
  }
  return true;
}

}  // namespace

void Compositor::compose_row(const std::vector<Placed>& layers, int row, std::uint32_t* out) {
  std::size_t start = layers.size();
  while (start > 0 && !hides_row(layers[start - 1], row, width_, height_)) --start;
  if (start > 0) --start;
  else std::fill_n(out, width_, opaque_black);
  for (std::size_t index = start; index < layers.size(); ++index) blend_layer(layers[index], row, out);
}

void Compositor::overlay(const std::vector<Placed>& layers, std::vector<std::uint32_t>& pixels) {
  pixels.assign(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_), 0);
  for (int row = 0; row < height_; ++row)
    for (const Placed& layer : layers) blend_layer(layer, row, pixels.data() + static_cast<std::ptrdiff_t>(row) * width_);
}

void Compositor::draw(const std::vector<Placed>& layers, const Finish& finish, media::Frame& frame) {
  if (frame.width != width_ || frame.height != height_) frame = media::Frame(width_, height_);
  if (grain_[0].empty()) make_grain();
  const std::vector<std::int8_t>& grain = grain_[finish.grain % grain_.size()];
  const int bar_top = finish.bar == nullptr ? height_ : height_ - finish.bar->height;
  std::vector<std::int16_t> dark(vignette_x_);
  for (auto& value : dark) value = static_cast<std::int16_t>(value * finish.vignette / 70);
  for (int row = 0; row < height_; row += 2) {
    for (int half = 0; half < 2; ++half) {
      const int at = row + half;
      std::uint32_t* line = rows_.data() + static_cast<std::ptrdiff_t>(half) * width_;
      std::uint8_t* y = frame.y.data() + static_cast<std::ptrdiff_t>(at) * width_;
      if (at >= bar_top) {
        const std::size_t source = static_cast<std::size_t>(at - bar_top) * static_cast<std::size_t>(finish.bar->width);
        std::memcpy(line, finish.bar->pixels.data() + source, static_cast<std::size_t>(width_) * 4);
        kernels_->luma(line, width_, y);
        continue;
      }
      compose_row(layers, at, line);
      kernels_->luma(line, width_, y);
      const double offset = (at + 0.5) / height_ * 2 - 1;
      const auto dark_y = static_cast<int>(std::lround(finish.vignette * 0.4 * offset * offset * offset * offset));
      const std::uint64_t key = mix_bits(finish.grain * 4099 + static_cast<std::uint64_t>(at));
      for (int x = 0; x < width_; x += grain_size) {
        const std::size_t tile_row = (static_cast<std::size_t>(key) + static_cast<std::size_t>(x) * 7) % grain_size;
        kernels_->finish_luma(y + x, dark.data() + x, dark_y, grain.data() + tile_row * grain_size + (key >> 40) % 64,
                            finish.grain_strength, std::min(grain_size, width_ - x));
      }
    }
    const std::ptrdiff_t half_row = static_cast<std::ptrdiff_t>(row / 2) * (width_ / 2);
    kernels_->chroma(rows_.data(), rows_.data() + width_, width_, frame.u.data() + half_row, frame.v.data() + half_row);
  }
}

}  // namespace film::art
