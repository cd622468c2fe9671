#include "film/art/compositor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

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

// Gaps narrower than this are not worth a run of their own.
constexpr int gap_least = 48;

// The vector loops leave what is over from eight pixels to a slow one: a few pixels more are mixed when the row has them.
int whole_steps(int count, int room) { return std::min((count + 7) / 8 * 8, room); }

// The runs of two rows as one list from left to right.
template <class Use>
void for_each_run(const RowIndex& rows, int upper, int lower, Use&& use) {
  const auto list = [&](int row) {
    const auto at = static_cast<std::size_t>(row);
    return std::span(rows.runs).subspan(rows.begin[at], rows.begin[at + 1] - rows.begin[at]);
  };
  std::span<const Run> one = list(upper), other = list(lower);
  Run open{0, -gap_least};
  while (!one.empty() || !other.empty()) {
    std::span<const Run>& next = other.empty() || (!one.empty() && one.front().first <= other.front().first) ? one : other;
    const Run run = next.front();
    next = next.subspan(1);
    if (run.first <= open.last + gap_least / 4) {
      open.last = std::max(open.last, run.last);
      continue;
    }
    if (open.last > open.first) use(open);
    open = run;
  }
  if (open.last > open.first) use(open);
}

}  // namespace

RowIndex index_rows(const Surface& surface) {
  RowIndex index;
  const auto height = static_cast<std::size_t>(surface.height);
  index.begin.reserve(height + 1);
  index.solid.assign(height, Run{});
  for (std::size_t row = 0; row < height; ++row) {
    const std::uint32_t* line = surface.pixels.data() + row * static_cast<std::size_t>(surface.width);
    const std::size_t begin = index.runs.size();
    index.begin.push_back(static_cast<std::uint32_t>(begin));
    Run& solid = index.solid[row];
    for (int x = 0; x < surface.width;) {
      if (line[x] == 0) {
        ++x;
        continue;
      }
      if (index.runs.size() > begin && x - index.runs.back().last < gap_least) index.runs.back().last = x;
      else index.runs.push_back({x, x});
      const int painted = x;
      while (x < surface.width && line[x] >= opaque_black) ++x;
      if (x - painted > solid.last - solid.first) solid = {painted, x};
      while (x < surface.width && line[x] != 0 && line[x] < opaque_black) ++x;
      index.runs.back().last = x;
    }
  }
  index.begin.push_back(static_cast<std::uint32_t>(index.runs.size()));
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

void Compositor::blend_tile(const Placed& layer, int upper, int lower, int amount, double start, std::int64_t step, Run visible, std::uint32_t* out) {
  const Surface& surface = *layer.surface;
  const auto width = static_cast<std::size_t>(surface.width);
  const auto line = [&](int index) { return surface.pixels.data() + static_cast<std::size_t>(index) * width; };
  blended_.assign(width + kernel::look_ahead, 0);
  for_each_run(*layer.rows, upper, lower, [&](Run run) {
    const int count = whole_steps(run.last - run.first, surface.width - run.first);
    kernels_->mix_rows(line(upper) + run.first, line(lower) + run.first, amount, count, blended_.data() + run.first);
  });
  blended_[width] = blended_[0];
  const auto sample = layer.blend == Blend::over ? kernels_->sample_over : kernels_->sample_add;
  const std::int64_t period = static_cast<std::int64_t>(surface.width) << 16;
  std::int64_t u = (fixed(start - std::floor(start / surface.width) * surface.width) + step * visible.first) % period;
  for (int x = visible.first; x < visible.last;) {
    const auto left = static_cast<int>((period - u + step - 1) / step);
    const int count = std::min(visible.last - x, std::max(left, 1));
    sample(blended_.data(), u, step, count, layer.opacity, out + x);
    x += count;
    u = (u + step * count) % period;
  }
}

void Compositor::blend_layer(const Placed& layer, int row, Run visible, std::uint32_t* out) {
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
  const std::int64_t step = fixed(per_pixel);
  if (layer.wraps) return blend_tile(layer, upper_safe, lower_safe, amount, start, step, visible, out);
  const auto sample = layer.blend == Blend::over ? kernels_->sample_over : kernels_->sample_add;
  const std::int64_t u0 = fixed(start);
  // The first output pixel that lies at or behind a source pixel.
  const auto reach = [&](int target) {
    const std::int64_t distance = (static_cast<std::int64_t>(target) << 16) - u0;
    const std::int64_t steps = distance <= 0 ? 0 : (distance + step - 1) / step;
    return static_cast<int>(std::clamp<std::int64_t>(steps, visible.first, visible.last));
  };
  for_each_run(*layer.rows, upper_safe, lower_safe, [&](Run run) {
    // Output pixels whose two neighbours lie in the run or at its border.
    const int begin = reach(std::max(run.first - 1, 0)), end = reach(std::min(run.last + 1, surface.width) - 1);
    if (begin >= end) return;
    const std::int64_t u_begin = u0 + step * begin;
    const auto source_first = static_cast<int>(u_begin >> 16);
    const auto source_last = static_cast<int>((u0 + step * (end - 1)) >> 16) + 2;
    const std::uint32_t* source = line(upper_safe) + source_first;
    // What the kernels look ahead must lie inside the surface before its own row may be read by them.
    if (amount != 0 || source_last + kernel::look_ahead > surface.width) {
      const int count = whole_steps(source_last - source_first, surface.width - source_first);
      const auto wanted = static_cast<std::size_t>(count) + kernel::look_ahead;
      if (blended_.size() < wanted) blended_.resize(wanted);
      kernels_->mix_rows(line(upper_safe) + source_first, line(lower_safe) + source_first, amount, count, blended_.data());
      source = blended_.data();
    }
    sample(source, u_begin - (static_cast<std::int64_t>(source_first) << 16), step, end - begin, layer.opacity, out + begin);
  });
}

// Where this layer alone decides the row, so that nothing behind it needs drawing.
Run Compositor::hidden_by(const Placed& layer, int row) const {
  if (layer.blend != Blend::over || layer.opacity < 256 || layer.wraps) return {};
  const Surface& surface = *layer.surface;
  const double screen_y = (row + 0.5) / height_;
  const double v = ((screen_y - layer.by) / layer.ay - surface.rect.top) * surface.scale - 0.5;
  const auto upper = static_cast<int>(std::floor(v));
  if (upper < 0 || upper + 1 >= surface.height) return {};
  const Run one = layer.rows->solid[static_cast<std::size_t>(upper)], other = layer.rows->solid[static_cast<std::size_t>(upper) + 1];
  const double shift = shift_of_row(layer, screen_y);
  const auto output = [&](double column) { return ((column / surface.scale + surface.rect.left) * layer.ax + shift) * height_; };
  // Two pixels of its border may mix with what lies outside.
  const double first = std::ceil(output(std::max(one.first, other.first) + 2)), last = std::floor(output(std::min(one.last, other.last) - 2));
  return {static_cast<int>(std::clamp<double>(first, 0, width_)), static_cast<int>(std::clamp<double>(last, 0, width_))};
}

void Compositor::compose_row(const std::vector<Placed>& layers, int row, std::uint32_t* out) {
  visible_.resize(layers.size());
  Run visible{0, width_};
  std::size_t start = layers.size();
  while (start > 0 && visible.first < visible.last) {
    visible_[--start] = visible;
    const Run hidden = hidden_by(layers[start], row);
    if (hidden.first >= hidden.last) continue;
    if (hidden.first <= visible.first) visible.first = std::max(visible.first, hidden.last);
    if (hidden.last >= visible.last) visible.last = std::min(visible.last, hidden.first);
  }
  if (visible.first < visible.last) std::fill(out + visible.first, out + visible.last, opaque_black);
  for (std::size_t index = start; index < layers.size(); ++index) blend_layer(layers[index], row, visible_[index], out);
}

void Compositor::overlay(const std::vector<Placed>& layers, std::vector<std::uint32_t>& pixels) {
  pixels.assign(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_), 0);
  for (int row = 0; row < height_; ++row)
    for (const Placed& layer : layers) blend_layer(layer, row, {0, width_}, pixels.data() + static_cast<std::ptrdiff_t>(row) * width_);
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
