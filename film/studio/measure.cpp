#include "film/studio/measure.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "workprint/result.h"

namespace film::studio {

using media::RgbImage;

namespace {

/// sRGB byte to linear light.
const std::array<float, 256>& linear_table() {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> values{};
    for (std::size_t index = 0; index < values.size(); ++index) {
      const double v = static_cast<double>(index) / 255;
      values[index] = static_cast<float>(v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
    }
    return values;
  }();
  return table;
}

float lab_curve(float t) { return t > 0.008856f ? std::cbrt(t) : 7.787f * t + 16.0f / 116.0f; }

std::size_t area(int width, int height) { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }

/// Mean linear light of the source pixels under one small pixel: shrinking in light, not in code values.
std::array<float, 3> mean_light(const RgbImage& image, int left, int right, int top, int bottom) {
  std::array<float, 3> sum{};
  for (int y = top; y < bottom; ++y) {
    const std::uint8_t* from = &image.rgb[3 * (area(image.width, y) + static_cast<std::size_t>(left))];
    for (int x = left; x < right; ++x, from += 3)
      for (std::size_t part = 0; part < 3; ++part) sum[part] += linear_table()[from[part]];
  }
  for (float& value : sum) value /= static_cast<float>((right - left) * (bottom - top));
  return sum;
}

double percentile(const std::vector<float>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

/// Tones of 6 L* and 12 a/b: a smooth sky falls into bands, an empty wall does not.
std::vector<int> tones(const LabPicture& picture) {
  std::vector<int> result(picture.lightness.size());
  const auto step = [](float value, float size) { return static_cast<int>(std::floor(value / size)); };
  for (std::size_t index = 0; index < result.size(); ++index)
    result[index] = (step(picture.lightness[index], 6) * 64 + step(picture.a[index] + 6, 12)) * 64 + step(picture.b[index] + 6, 12);
  return result;
}

double largest_region(const LabPicture& picture) {
  std::vector<int> tone = tones(picture);
  constexpr int seen = -1 << 30;
  std::vector<std::size_t> open;
  std::size_t largest = 0;
  const auto width = static_cast<std::size_t>(picture.width);
  for (std::size_t start = 0; start < tone.size(); ++start) {
    if (tone[start] == seen) continue;
    const int value = tone[start];
    std::size_t size = 0;
    open.push_back(start);
    tone[start] = seen;
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      ++size;
      const auto visit = [&](std::size_t next) {
        if (tone[next] != value) return;
        tone[next] = seen;
        open.push_back(next);
      };
      if (at % width > 0) visit(at - 1);
      if (at % width + 1 < width) visit(at + 1);
      if (at >= width) visit(at - width);
      if (at + width < tone.size()) visit(at + width);
    }
    largest = std::max(largest, size);
  }
  return static_cast<double>(largest) / static_cast<double>(tone.size());
}

struct Window {
  double left, top, right, bottom;  ///< shares of the picture
};

std::vector<float> inside(const LabPicture& picture, const Window& window, const Window* hole) {
  std::vector<float> values;
  for (int y = 0; y < picture.height; ++y) {
    const double v = (y + 0.5) / picture.height;
    if (v < window.top || v >= window.bottom) continue;
    for (int x = 0; x < picture.width; ++x) {
      const double u = (x + 0.5) / picture.width;
      if (u < window.left || u >= window.right) continue;
      const bool in_hole = hole && u >= hole->left && u < hole->right && v >= hole->top && v < hole->bottom;
      if (!in_hole) values.push_back(picture.lightness[area(picture.width, y) + static_cast<std::size_t>(x)]);
    }
  }
  std::ranges::sort(values);
  return values;
}

/// A subject on a third or in the middle is the darkest or the brightest mass there: its outer quarter of tones against
/// the middle tone of what is around it.
double best_separation(const LabPicture& picture) {
  double best = 0;
  for (const double x : {0.28, 0.33, 0.5, 0.67, 0.72}) {
    for (const double y : {0.42, 0.62}) {
      const Window subject{x - 0.07, y - 0.2, x + 0.07, y + 0.2};
      const Window surround{x - 0.2, y - 0.3, x + 0.2, y + 0.3};
      const std::vector<float> in = inside(picture, subject, nullptr);
      const std::vector<float> around = inside(picture, surround, &subject);
      if (in.empty() || around.empty()) continue;
      const double behind = percentile(around, 0.5);
      best = std::max({best, std::abs(percentile(in, 0.25) - behind), std::abs(percentile(in, 0.75) - behind)});
    }
  }
  return best;
}

constexpr int histogram_l = 10;
constexpr int histogram_ab = 8;
using Histogram = std::array<float, histogram_l * histogram_ab * histogram_ab>;

Histogram histogram(const LabPicture& picture, int column, int row) {
  Histogram bins{};
  const auto bin = [](float value, float low, float size, int count) {
    return std::clamp(static_cast<int>((value - low) / size), 0, count - 1);
  };
  int count = 0;
  for (int y = picture.height * row / 3; y < picture.height * (row + 1) / 3; ++y) {
    for (int x = picture.width * column / 3; x < picture.width * (column + 1) / 3; ++x, ++count) {
      const std::size_t at = area(picture.width, y) + static_cast<std::size_t>(x);
      const int index = (bin(picture.lightness[at], 0, 10, histogram_l) * histogram_ab +
                         bin(picture.a[at], -48, 12, histogram_ab)) * histogram_ab +
                        bin(picture.b[at], -48, 12, histogram_ab);
      bins[static_cast<std::size_t>(index)] += 1;
    }
  }
  for (float& value : bins) value /= static_cast<float>(std::max(count, 1));
  return bins;
}

void check_sizes(const LabPicture& first, const LabPicture& second) {
  workprint::check(first.width == second.width && first.height == second.height, "compared pictures have one size");
}

}  // namespace

LabPicture to_lab(const RgbImage& image) {
  LabPicture picture;
  picture.width = std::min(image.width, measure_width);
  picture.height = std::max(1, image.height * picture.width / image.width);
  for (auto* plane : {&picture.lightness, &picture.a, &picture.b}) plane->reserve(area(picture.width, picture.height));
  for (int y = 0; y < picture.height; ++y) {
    const int top = y * image.height / picture.height;
    const int bottom = std::max(top + 1, (y + 1) * image.height / picture.height);
    for (int x = 0; x < picture.width; ++x) {
      const int left = x * image.width / picture.width;
      const int right = std::max(left + 1, (x + 1) * image.width / picture.width);
      const auto [r, g, b] = mean_light(image, left, right, top, bottom);
      const float fx = lab_curve((0.4124f * r + 0.3576f * g + 0.1805f * b) / 0.95047f);
      const float fy = lab_curve(0.2126f * r + 0.7152f * g + 0.0722f * b);
      const float fz = lab_curve((0.0193f * r + 0.1192f * g + 0.9505f * b) / 1.08883f);
      picture.lightness.push_back(116 * fy - 16);
      picture.a.push_back(500 * (fx - fy));
      picture.b.push_back(200 * (fy - fz));
    }
  }
  return picture;
}

PictureFacts measure(const LabPicture& picture) {
  std::vector<float> sorted = picture.lightness;
  std::ranges::sort(sorted);
  const double count = static_cast<double>(sorted.size());
  PictureFacts facts;
  facts.lightness_mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / count;
  facts.lightness_low = percentile(sorted, 0.05);
  facts.lightness_high = percentile(sorted, 0.95);
  facts.brightest = percentile(sorted, 0.995);
  facts.black_share = static_cast<double>(std::ranges::lower_bound(sorted, 1.5f) - sorted.begin()) / count;
  facts.white_share = static_cast<double>(sorted.end() - std::ranges::upper_bound(sorted, 99.0f)) / count;
  facts.flat_share = largest_region(picture);
  facts.separation = best_separation(picture);
  return facts;
}

double difference(const LabPicture& first, const LabPicture& second) {
  check_sizes(first, second);
  double sum = 0;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) {
      const Histogram one = histogram(first, column, row);
      const Histogram other = histogram(second, column, row);
      for (std::size_t index = 0; index < one.size(); ++index) sum += std::abs(one[index] - other[index]);
    }
  }
  return sum / 2 / 9;
}

double change(const LabPicture& first, const LabPicture& second) {
  check_sizes(first, second);
  double sum = 0;
  for (std::size_t index = 0; index < first.lightness.size(); ++index)
    sum += std::abs(first.lightness[index] - second.lightness[index]);
  return sum / static_cast<double>(std::max<std::size_t>(first.lightness.size(), 1));
}

bool is_black(const PictureFacts& facts) { return facts.brightest < 6 && facts.lightness_mean < 3; }

}  // namespace film::studio
