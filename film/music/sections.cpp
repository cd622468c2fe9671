#include "film/music/sections.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace film::music {

namespace {

constexpr double section_shortest_s = 6.5, section_longest_s = 75;
// What a border must explain, in units of one bar's spread around the song's mean. Measured on medleys whose joins
// are known: lower finds every fill, higher misses verses.
constexpr double border_price = 4.2;
// Composers write in fours; a section of another length must be worth it.
constexpr double odd_length_price = 0.35;
// Sections whose mean sounds are nearer than this (same units, squared) carry the same label.
constexpr double alike_below = 0.55;

using Point = std::vector<double>;

Point raw_point(const Sound& sound) {
  Point point(sound.timbre.begin(), sound.timbre.end());
  point.insert(point.end(), sound.chroma.begin(), sound.chroma.end());
  point.push_back(decibel(sound.power + 1e-7));
  point.push_back(sound.onsets_per_s);
  return point;
}

// Shares of timbre, harmony, loudness and busyness in a distance; they add up to 1.
double weight_of(std::size_t column) {
  if (column < timbre_size) return 0.45 / timbre_size;
  if (column < timbre_size + chroma_size) return 0.25 / chroma_size;
  return 0.15;
}

// Sum of squared distances from the mean of any run of points, in constant time per value.
class Scatter {
 public:
  explicit Scatter(const std::vector<Point>& points) {
    const std::size_t width = points.empty() ? 0 : points.front().size();
    sums_.assign(1, Point(width, 0.0));
    squares_.assign(1, 0.0);
    for (const Point& point : points) {
      Point sum = sums_.back();
      double square = squares_.back();
      for (std::size_t k = 0; k < width; ++k) sum[k] += point[k], square += point[k] * point[k];
      sums_.push_back(std::move(sum));
      squares_.push_back(square);
    }
  }

  [[nodiscard]] Point mean(std::size_t begin, std::size_t end) const {
    Point point(sums_[0].size());
    for (std::size_t k = 0; k < point.size(); ++k)
      point[k] = (sums_[end][k] - sums_[begin][k]) / static_cast<double>(end - begin);
    return point;
  }

  [[nodiscard]] double within(std::size_t begin, std::size_t end) const {
    double explained = 0;
    for (std::size_t k = 0; k < sums_[0].size(); ++k) {
      const double sum = sums_[end][k] - sums_[begin][k];
      explained += sum * sum;
    }
    return std::max(0.0, squares_[end] - squares_[begin] - explained / static_cast<double>(end - begin));
  }

 private:
  std::vector<Point> sums_;
  std::vector<double> squares_;
};

// The cheapest way to cut the whole song: scatter inside the stretches plus a price per border.
std::vector<Stretch> cheapest_cut(const Scatter& scatter, std::span<const double> edges_s) {
  const std::size_t count = edges_s.size() - 1;
  constexpr double unreached = std::numeric_limits<double>::infinity();
  std::vector<double> cost(count + 1, unreached);
  std::vector<std::size_t> from(count + 1, 0);
  cost[0] = -border_price;
  for (std::size_t end = 1; end <= count; ++end) {
    for (std::size_t begin = end; begin-- > 0;) {
      const double length_s = edges_s[end] - edges_s[begin];
      if (length_s > section_longest_s && begin + 1 < end) break;
      if (length_s < section_shortest_s && !(begin == 0 && end == count)) continue;
      const double odd = (end - begin) % 4 == 0 || end == count ? 0 : odd_length_price;
      const double total = cost[begin] + scatter.within(begin, end) + border_price + odd;
      if (total < cost[end]) cost[end] = total, from[end] = begin;
    }
  }
  if (cost[count] == unreached) return {Stretch{0, count, 0}};
  std::vector<Stretch> stretches;
  for (std::size_t end = count; end > 0; end = from[end]) stretches.push_back({from[end], end, 0});
  std::reverse(stretches.begin(), stretches.end());
  return stretches;
}

double distance(const Point& a, const Point& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

// A stretch takes the label of the nearest earlier one that is near enough, else a new label.
void label_by_likeness(std::vector<Stretch>& stretches, const Scatter& scatter) {
  int labels = 0;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Point here = scatter.mean(stretches[i].begin, stretches[i].end);
    double nearest = alike_below;
    stretches[i].label = labels;
    for (std::size_t j = 0; j < i; ++j) {
      const double apart = distance(here, scatter.mean(stretches[j].begin, stretches[j].end));
      if (apart < nearest) nearest = apart, stretches[i].label = stretches[j].label;
    }
    if (stretches[i].label == labels) ++labels;
  }
}

}  // namespace

Likeness::Likeness(std::span<const Sound> units) {
  const auto count = static_cast<double>(units.size());
  means_.assign(timbre_size + chroma_size + 2, 0.0);
  Point spreads = means_;
  scales_ = means_;
  for (const Sound& unit : units) {
    const Point raw = raw_point(unit);
    for (std::size_t k = 0; k < raw.size(); ++k) means_[k] += raw[k] / count;
  }
  for (const Sound& unit : units) {
    const Point raw = raw_point(unit);
    for (std::size_t k = 0; k < raw.size(); ++k) spreads[k] += (raw[k] - means_[k]) * (raw[k] - means_[k]) / count;
  }
  // A column that hardly moves is noise, and must not be blown up to the size of a change.
  for (std::size_t k = 0; k < spreads.size(); ++k)
    scales_[k] = spreads[k] > 1e-5 ? std::sqrt(weight_of(k) / spreads[k]) : 0;
}

std::vector<double> Likeness::point(const Sound& sound) const {
  Point point = raw_point(sound);
  for (std::size_t k = 0; k < point.size(); ++k) point[k] = (point[k] - means_[k]) * scales_[k];
  return point;
}

double contrast_at(const SoundTrack& track, const Likeness& likeness, double at_s) {
  constexpr double listened_s = 2.5;
  return distance(likeness.point(mean_sound(track, at_s - listened_s, at_s)),
                  likeness.point(mean_sound(track, at_s, at_s + listened_s)));
}

std::vector<Stretch> find_stretches(std::span<const Sound> units, std::span<const double> edges_s,
                                    const Likeness& likeness) {
  workprint::check(edges_s.size() == units.size() + 1, "units lie between their edges");
  if (units.empty()) return {};
  std::vector<Point> points;
  for (const Sound& unit : units) points.push_back(likeness.point(unit));
  const Scatter scatter(points);
  std::vector<Stretch> stretches = cheapest_cut(scatter, edges_s);
  label_by_likeness(stretches, scatter);
  return stretches;
}

}  // namespace film::music
