#include "film/music/beats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "workprint/try.h"

namespace film::music {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Result;

namespace {

constexpr double tempo_lowest = 50, tempo_highest = 215;
// Measured: noise and tones stay below 0.07, orchestral rubato below 0.26, songs with a beat above 0.35.
constexpr double repetition_least = 0.27;

// What stands out of its surroundings, in units of the song's own mean: loud songs and soft ones look alike.
std::vector<double> peaks_of(const std::vector<double>& curve, double step_s) {
  const auto reach = static_cast<std::ptrdiff_t>(0.4 / step_s);
  const auto count = static_cast<std::ptrdiff_t>(curve.size());
  std::vector<double> sums(curve.size() + 1, 0.0);
  for (std::size_t i = 0; i < curve.size(); ++i) sums[i + 1] = sums[i] + std::sqrt(curve[i]);
  std::vector<double> peaks(curve.size(), 0.0);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const auto begin = std::max<std::ptrdiff_t>(0, i - reach), end = std::min(count, i + reach + 1);
    const double around =
        (sums[static_cast<std::size_t>(end)] - sums[static_cast<std::size_t>(begin)]) / static_cast<double>(end - begin);
    peaks[static_cast<std::size_t>(i)] = std::max(0.0, std::sqrt(curve[static_cast<std::size_t>(i)]) - around);
  }
  const double mean = std::accumulate(peaks.begin(), peaks.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, peaks.size()));
  if (mean > 1e-9)
    for (double& peak : peaks) peak /= mean;
  return peaks;
}

std::vector<double> rhythm_of(const OnsetCurve& curve) {
  std::vector<double> rhythm = peaks_of(curve.all, curve.step_s);
  const std::vector<double> low = peaks_of(curve.low, curve.step_s);
  for (std::size_t i = 0; i < rhythm.size(); ++i) rhythm[i] += 0.5 * low[i];
  return rhythm;
}

// Correlation of the rhythm with itself, by lag in steps; 1 at lag 0.
std::vector<double> self_similarity(const std::vector<double>& rhythm, std::size_t lags) {
  const double mean = std::accumulate(rhythm.begin(), rhythm.end(), 0.0) / static_cast<double>(rhythm.size());
  std::vector<double> centred(rhythm.size());
  std::transform(rhythm.begin(), rhythm.end(), centred.begin(), [mean](double value) { return value - mean; });
  std::vector<double> similarity(lags, 0.0);
  for (std::size_t lag = 0; lag < lags && lag < centred.size(); ++lag) {
    const std::size_t pairs = centred.size() - lag;
    similarity[lag] = std::inner_product(centred.begin(), centred.begin() + static_cast<std::ptrdiff_t>(pairs),
                                         centred.begin() + static_cast<std::ptrdiff_t>(lag), 0.0) /
                      static_cast<double>(pairs);
  }
  const double whole = similarity.empty() ? 0 : similarity[0];
  for (double& value : similarity) value = whole > 1e-12 ? value / whole : 0;
  return similarity;
}

// Highest value within half a step-and-a-bit of the lag: a beat rarely falls on whole steps.
double similarity_near(const std::vector<double>& similarity, double lag) {
  const auto centre = static_cast<std::size_t>(std::lround(lag));
  const auto reach = static_cast<std::size_t>(1 + lag / 100);
  double best = 0;
  for (std::size_t i = centre > reach ? centre - reach : 0; i <= centre + reach && i < similarity.size(); ++i)
    best = std::max(best, similarity[i]);
  return best;
}

double repetition_at(const std::vector<double>& similarity, double lag) {
  double sum = 0;
  for (const double beats : {1.0, 2.0, 3.0, 4.0, 6.0, 8.0}) sum += similarity_near(similarity, beats * lag);
  return sum / 6;
}

// A beat repeats after one, two, three, four, six and eight beats; a wrong relative of it (two thirds, four thirds)
// misses some of them. Among the octaves people hear the moderate one: the width and centre are measured.
double tempo_score(const std::vector<double>& similarity, double bpm, double step_s) {
  const double lag = 60.0 / bpm / step_s;
  const double octaves = std::log2(bpm / 140.0) / 0.75;
  return repetition_at(similarity, lag) * std::exp(-0.5 * octaves * octaves);
}

struct TempoGuess {
  double bpm = 0;
  double repetition = 0;   // mean self-similarity at the comb's lags: 0 in noise, 0.35..0.8 in music with a beat
};

TempoGuess likeliest_tempo(const std::vector<double>& similarity, double step_s) {
  TempoGuess guess;
  double best_score = 0;
  for (double bpm = tempo_lowest; bpm <= tempo_highest; bpm *= 1.005) {
    const double score = tempo_score(similarity, bpm, step_s);
    if (score <= best_score) continue;
    best_score = score;
    guess = {bpm, repetition_at(similarity, 60.0 / bpm / step_s)};
  }
  return guess;
}

double median_interval(const std::vector<double>& beats) {
  std::vector<double> intervals;
  for (std::size_t i = 1; i < beats.size(); ++i) intervals.push_back(beats[i] - beats[i - 1]);
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return *middle;
}

// Strongest value a step or two around a time: trackers and ears are that exact.
double strength_near(const std::vector<double>& curve, double step_s, double seconds) {
  const auto centre = static_cast<std::ptrdiff_t>(std::lround(seconds / step_s));
  double best = 0;
  for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, centre - 2); i <= centre + 2; ++i)
    if (static_cast<std::size_t>(i) < curve.size()) best = std::max(best, curve[static_cast<std::size_t>(i)]);
  return best;
}

double mean_strength(const std::vector<double>& curve, double step_s, const std::vector<double>& times) {
  double sum = 0;
  for (const double time : times) sum += strength_near(curve, step_s, time);
  return times.empty() ? 0 : sum / static_cast<double>(times.size());
}

std::vector<double> halfway(const std::vector<double>& beats) {
  std::vector<double> between;
  for (std::size_t i = 1; i < beats.size(); ++i) between.push_back((beats[i - 1] + beats[i]) / 2);
  return between;
}

// The tracker likes the off-beat where the hi-hat is loud. The kick drum knows better, if it is clear about it.
std::vector<double> on_the_kick(std::vector<double> beats, const std::vector<double>& all,
                                const std::vector<double>& low, double step_s) {
  if (beats.size() < 8) return beats;
  std::vector<double> between = halfway(beats);
  const bool kick_between = mean_strength(low, step_s, between) > 1.3 * mean_strength(low, step_s, beats);
  const bool onsets_between = mean_strength(all, step_s, between) > 0.6 * mean_strength(all, step_s, beats);
  return kick_between && onsets_between ? between : beats;
}

struct Pulse {
  double first_s = 0, period_s = 0;
};

// The straight line through the beats: beat k at first + k * period. Beats that leave the line count for less each
// round, so a bridge without drums does not bend it.
Pulse straight_pulse(const std::vector<double>& beats) {
  const double period = median_interval(beats);
  std::vector<double> numbers(beats.size(), 0.0), weights(beats.size(), 1.0);
  for (std::size_t i = 1; i < beats.size(); ++i)
    numbers[i] = numbers[i - 1] + std::max(1.0, std::round((beats[i] - beats[i - 1]) / period));
  Pulse pulse;
  for (int round = 0; round < 8; ++round) {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (std::size_t i = 0; i < beats.size(); ++i) {
      w += weights[i], x += weights[i] * numbers[i], y += weights[i] * beats[i];
      xx += weights[i] * numbers[i] * numbers[i], xy += weights[i] * numbers[i] * beats[i];
    }
    pulse.period_s = (w * xy - x * y) / (w * xx - x * x);
    pulse.first_s = (y - pulse.period_s * x) / w;
    for (std::size_t i = 0; i < beats.size(); ++i) {
      const double miss = (beats[i] - pulse.first_s - pulse.period_s * numbers[i]) / 0.02;
      weights[i] = 1 / (1 + miss * miss);
    }
  }
  return pulse;
}

double share_near(const std::vector<double>& beats, const Pulse& pulse, double tolerance_s) {
  std::size_t near = 0;
  for (const double beat : beats) {
    const double number = (beat - pulse.first_s) / pulse.period_s;
    if (std::abs(number - std::round(number)) * pulse.period_s <= tolerance_s) ++near;
  }
  return static_cast<double>(near) / static_cast<double>(beats.size());
}

// A song made to a click keeps the click through its quiet places, where the tracker wanders.
void steady(BeatGrid& grid, double length_s) {
  if (grid.beats_s.size() < 16) return;
  const Pulse pulse = straight_pulse(grid.beats_s);
  if (!(pulse.period_s > 0.2) || share_near(grid.beats_s, pulse, 0.045) < 0.8) return;
  const double whole = std::floor(pulse.first_s / pulse.period_s);
  grid.steady = true;
  grid.beats_s.clear();
  for (double beat = pulse.first_s - whole * pulse.period_s; beat < length_s; beat += pulse.period_s)
    if (beat >= 0) grid.beats_s.push_back(beat);
}

std::vector<double> strengths(const std::vector<double>& curve, double step_s, const std::vector<double>& times) {
  std::vector<double> found;
  for (const double time : times) found.push_back(strength_near(curve, step_s, time));
  return found;
}

// Zero mean, unit spread: curves of different kinds can then be added.
std::vector<double> standardised(std::vector<double> values) {
  if (values.empty()) return values;
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double spread = 0;
  for (const double value : values) spread += (value - mean) * (value - mean);
  spread = std::sqrt(spread / count);
  for (double& value : values) value = spread > 1e-12 ? (value - mean) / spread : 0;
  return values;
}

double repeats_after(const std::vector<double>& values, std::size_t lag) {
  if (values.size() < 4 * lag) return 0;
  double sum = 0;
  for (std::size_t i = lag; i < values.size(); ++i) sum += values[i] * values[i - lag];
  return sum / static_cast<double>(values.size() - lag);
}

struct BarPhase {
  int beats = 4;
  std::size_t first = 0;
};

// Harmony and bass move on the first beat of a bar. Four beats unless three explain the song clearly better.
BarPhase bar_phase(std::vector<double> change, std::vector<double> kick) {
  BarPhase bar;
  change.resize(kick.size(), 0.0);
  change = standardised(std::move(change));
  kick = standardised(std::move(kick));
  const auto repeats = [&](std::size_t lag) { return repeats_after(change, lag) + repeats_after(kick, lag); };
  if (repeats(3) + repeats(6) > repeats(4) + repeats(8) + 0.3) bar.beats = 3;
  const auto beats = static_cast<std::size_t>(bar.beats);
  std::vector<double> score(beats, 0.0);
  for (std::size_t i = 0; i < kick.size(); ++i) score[i % beats] += change[i] + 0.5 * kick[i];
  bar.first = static_cast<std::size_t>(std::max_element(score.begin(), score.end()) - score.begin());
  return bar;
}

}  // namespace

Result<BeatGrid> find_beats(const media::Pcm& pcm, const OnsetCurve& curve, std::stop_token stop) {
  BeatGrid grid;
  const std::vector<double> rhythm = rhythm_of(curve);
  if (static_cast<double>(rhythm.size()) * curve.step_s < 6) return grid;
  const auto similarity = self_similarity(rhythm, static_cast<std::size_t>(10.0 / curve.step_s));
  const TempoGuess guess = likeliest_tempo(similarity, curve.step_s);
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "song analysis was stopped");
  if (guess.repetition < repetition_least) return grid;
  const auto all = peaks_of(curve.all, curve.step_s), low = peaks_of(curve.low, curve.step_s);
  const double length_s = static_cast<double>(pcm.mono.size()) / pcm.sample_rate;
  grid.beats_s = on_the_kick(track_beats(curve, pcm.sample_rate, guess.bpm), all, low, curve.step_s);
  steady(grid, length_s);
  if (grid.beats_s.size() < 8) return BeatGrid{};
  grid.tempo_bpm = 60 / median_interval(grid.beats_s);
  const auto change = TRY(change_at_beats(pcm, grid.beats_s, stop));
  const BarPhase bar = bar_phase(change, strengths(low, curve.step_s, grid.beats_s));
  grid.beats_per_bar = bar.beats;
  for (std::size_t i = bar.first; i < grid.beats_s.size(); i += static_cast<std::size_t>(bar.beats))
    grid.downbeats.push_back(i);
  return grid;
}

}  // namespace film::music
