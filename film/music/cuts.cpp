#include "film/music/cuts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "film/plan/tile.h"

namespace film::music {

namespace {

constexpr std::int64_t shot_shortest_ms = 1500, shot_longest_ms = 8000;
constexpr std::int64_t equal_within_ms = 60;   // nobody sees a difference of a frame
constexpr int equal_in_a_row_max = 3;
constexpr double never = std::numeric_limits<double>::infinity();

// Prices in one currency: 1 is a shot of twice or half the length the music asks for.
constexpr double off_the_bar_price = 3, repeat_price = 0.12, odd_bars_price = 0.3, waste_price = 0.5;
constexpr double fourth_equal_price = 1e6;     // only where section borders leave no choice

struct Moment {
  std::int64_t at_ms = 0;
  bool border = false;       // must be a cut
  bool downbeat = false;
  std::size_t section = 0;   // of the shot that starts here
};

std::vector<Moment> moments_of(const Structure& structure) {
  const std::vector<std::int64_t> borders = kept_borders(structure);
  std::vector<Moment> moments;
  for (const std::int64_t border : borders) moments.push_back({border, true, true, 0});
  const auto add = [&](std::int64_t at_ms, bool downbeat) {
    const auto next = std::upper_bound(borders.begin(), borders.end(), at_ms);
    if (next == borders.begin() || next == borders.end()) return;
    if (at_ms - *(next - 1) >= shot_shortest_ms && *next - at_ms >= shot_shortest_ms)
      moments.push_back({at_ms, false, downbeat, 0});
  };
  for (const std::int64_t downbeat : structure.downbeats_ms) add(downbeat, true);
  // Where bars are missing or do not fit, a cut must still be possible.
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    const std::int64_t room = borders[i + 1] - borders[i], parts = std::max<std::int64_t>(1, room / 500);
    for (std::int64_t part = 1; part < parts; ++part) add(borders[i] + room * part / parts, structure.tempo_bpm <= 0);
  }
  std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) { return a.at_ms < b.at_ms; });
  for (Moment& moment : moments) moment.section = section_at(structure, moment.at_ms);
  return moments;
}

// Quiet music holds a shot, loud music spends it.
double wanted_ms(double intensity) {
  constexpr std::array<double, 5> lengths{7000, 5800, 4700, 3300, 2100};
  const double place = std::clamp(intensity, 0.0, 1.0) * static_cast<double>(lengths.size() - 1);
  const auto below = std::min(lengths.size() - 2, static_cast<std::size_t>(place));
  return std::lerp(lengths[below], lengths[below + 1], place - static_cast<double>(below));
}

double shot_price(const Structure& structure, const Moment& from, const Moment& to, double per_shot) {
  const auto length_ms = static_cast<double>(to.at_ms - from.at_ms);
  const double octaves = std::log2(length_ms / wanted_ms(structure.sections[from.section].intensity));
  double price = per_shot + octaves * octaves + (to.downbeat ? 0 : off_the_bar_price);
  const double paid_ms = 1000.0 * clip_seconds(to.at_ms - from.at_ms);
  price += waste_price * std::max(0.0, paid_ms - length_ms) / paid_ms;
  if (structure.tempo_bpm > 0) {
    const double bars = length_ms * structure.tempo_bpm / 60'000 / std::max(1, structure.beats_per_bar);
    const double nearest = std::round(bars);
    if (nearest != 1 && nearest != 2 && nearest != 4) price += odd_bars_price;
  }
  return price;
}

// Cheapest film by dynamic programming over the moments.
class Search {
 public:
  Search(const Structure& structure, const std::vector<Moment>& moments, double per_shot)
      : structure_(structure), moments_(moments), per_shot_(per_shot), ways_(moments.size()) {}

  std::vector<std::int64_t> cuts() {
    for (std::size_t to = 1; to < moments_.size(); ++to) reach(to);
    std::vector<std::int64_t> found;
    std::size_t at = moments_.size() - 1, way = cheapest(at);
    while (at > 0 && way < ways_[at].size()) {
      const Step step = ways_[at][way];
      at = step.from;
      way = step.from_way;
      if (at > 0) found.push_back(moments_[at].at_ms);
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

 private:
  struct Step {
    double price = never;
    std::size_t from = 0, from_way = 0;
    std::int64_t length_ms = 0;
    int run = 1;   // equal lengths in a row, this one included
  };

  [[nodiscard]] std::size_t cheapest(std::size_t at) const {
    std::size_t best = 0;
    for (std::size_t way = 1; way < ways_[at].size(); ++way)
      if (ways_[at][way].price < ways_[at][best].price) best = way;
    return best;
  }

  void reach(std::size_t to) {
    for (std::size_t from = to; from-- > 0;) {
      const std::int64_t length_ms = moments_[to].at_ms - moments_[from].at_ms;
      if (length_ms > shot_longest_ms) break;
      if (length_ms >= shot_shortest_ms && (from == 0 || !ways_[from].empty())) extend(from, to, length_ms);
      if (moments_[from].border) break;
    }
  }

  void extend(std::size_t from, std::size_t to, std::int64_t length_ms) {
    const double price = shot_price(structure_, moments_[from], moments_[to], per_shot_);
    if (from == 0) return keep(to, {price, 0, 0, length_ms, 1});
    for (std::size_t way = 0; way < ways_[from].size(); ++way) {
      const Step& before = ways_[from][way];
      const bool equal = std::abs(before.length_ms - length_ms) <= equal_within_ms;
      const int run = equal ? before.run + 1 : 1;
      double total = before.price + price + (equal ? repeat_price : 0);
      if (run > equal_in_a_row_max) total += fourth_equal_price;
      keep(to, {total, from, way, length_ms, std::min(run, equal_in_a_row_max)});
    }
  }

  // Of all ways with the same last shot and run only the cheapest can be part of the best film.
  void keep(std::size_t to, const Step& step) {
    for (Step& known : ways_[to]) {
      if (known.from != step.from || known.run != step.run) continue;
      if (step.price < known.price) known = step;
      return;
    }
    ways_[to].push_back(step);
  }

  const Structure& structure_;
  const std::vector<Moment>& moments_;
  double per_shot_;
  std::vector<std::vector<Step>> ways_;
};

}  // namespace

std::size_t section_at(const Structure& structure, std::int64_t at_ms) {
  workprint::check(!structure.sections.empty(), "a song has at least one section");
  const auto next = std::upper_bound(structure.sections.begin(), structure.sections.end(), at_ms,
                                     [](std::int64_t at, const Section& section) { return at < section.start_ms; });
  return next == structure.sections.begin() ? 0 : static_cast<std::size_t>(next - structure.sections.begin()) - 1;
}

std::vector<std::int64_t> kept_borders(const Structure& structure) {
  std::vector<std::int64_t> borders{0};
  for (const Section& section : structure.sections)
    if (section.start_ms - borders.back() >= shot_shortest_ms &&
        structure.duration_ms - section.start_ms >= shot_shortest_ms)
      borders.push_back(section.start_ms);
  borders.push_back(structure.duration_ms);
  return borders;
}

std::vector<std::int64_t> choose_cuts(const Structure& structure, int scenes_max) {
  const std::vector<Moment> moments = moments_of(structure);
  std::vector<std::int64_t> cuts;
  // A price per shot makes fewer of them. It rises until they are few enough, or cannot be fewer.
  for (const double per_shot : {0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 32.0, 128.0}) {
    cuts = Search(structure, moments, per_shot).cuts();
    if (scenes_max <= 0 || cuts.size() + 1 <= static_cast<std::size_t>(scenes_max)) break;
  }
  return cuts;
}

}  // namespace film::music
