#include "film/music/dsp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include <dsp/onsets/DetectionFunction.h>
#include <dsp/tempotracking/DownBeat.h>
#include <dsp/tempotracking/TempoTrackV2.h>
#include <dsp/transforms/FFT.h>

namespace film::music {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Result;

namespace {

// About 11.6 ms: the tracker's windows are fixed counts of such steps.
std::size_t step_samples(int sample_rate) {
  const auto wanted = static_cast<std::size_t>(std::max(sample_rate, 1)) * 512 / 44100;
  const std::size_t below = std::bit_floor(std::max<std::size_t>(wanted, 64));
  return wanted > below + below / 2 ? below * 2 : below;
}

void copy_window(std::span<const float> samples, std::size_t offset, std::span<double> window) {
  for (std::size_t i = 0; i < window.size(); ++i)
    window[i] = offset + i < samples.size() ? static_cast<double>(clean(samples[offset + i])) : 0.0;
}

constexpr std::size_t frames_between_stop_checks = 1024;

}  // namespace

float clean(float sample) { return std::isfinite(sample) ? std::clamp(sample, -4.0F, 4.0F) : 0.0F; }

Result<OnsetCurve> onset_curve(const media::Pcm& pcm, std::stop_token stop) {
  const std::size_t step = step_samples(pcm.sample_rate);
  const std::size_t window = 2 * step;
  DFConfig config{};
  config.stepSize = static_cast<unsigned>(step);
  config.frameLength = static_cast<unsigned>(window);
  config.DFType = DF_COMPLEXSD;
  config.dbRise = 3;
  config.adaptiveWhitening = false;
  config.whiteningRelaxCoeff = -1;
  config.whiteningFloor = -1;
  DetectionFunction detection(config);

  const double bin_hz = static_cast<double>(pcm.sample_rate) / static_cast<double>(window);
  const auto low_bins = std::max<std::size_t>(2, static_cast<std::size_t>(std::lround(160.0 / bin_hz)));
  std::vector<double> samples(window), low_before(low_bins, 0.0);
  OnsetCurve curve;
  curve.step_s = static_cast<double>(step) / pcm.sample_rate;
  const std::size_t count = pcm.mono.size() / step;
  for (std::size_t frame = 0; frame < count; ++frame) {
    if (frame % frames_between_stop_checks == 0 && stop.stop_requested())
      return fail(ErrorKind::cancelled, "song analysis was stopped");
    copy_window(pcm.mono, frame * step, samples);
    curve.all.push_back(detection.processTimeDomain(samples.data()));
    const double* magnitudes = detection.getSpectrumMagnitude();
    double rise = 0;
    for (std::size_t bin = 0; bin < low_bins; ++bin) {
      const double level = std::log1p(magnitudes[bin + 1]);
      rise += std::max(0.0, level - low_before[bin]);
      low_before[bin] = level;
    }
    curve.low.push_back(rise);
  }
  return curve;
}

std::vector<double> track_beats(const OnsetCurve& curve, int sample_rate, double tempo_bpm) {
  // The first two differences compare against a silence that is not in the song. Trailing silence makes the
  // tracker's threshold divide by nothing.
  constexpr std::size_t skipped = 2;
  std::size_t used = curve.all.size();
  while (used > 0 && curve.all[used - 1] <= 0) --used;
  // The tracker looks through windows of 512 steps; below one window there is nothing to track.
  if (used < skipped + 512) return {};
  const std::vector<double> onsets(curve.all.begin() + skipped, curve.all.begin() + static_cast<std::ptrdiff_t>(used));

  // It writes through plain indices into these: they must have their size before the call.
  std::vector<double> periods(onsets.size(), 0.0), tempi(onsets.size(), 0.0), steps;
  TempoTrackV2 tracker(static_cast<float>(sample_rate), step_samples(sample_rate));
  tracker.calculateBeatPeriod(onsets, periods, tempi, tempo_bpm, true);
  tracker.calculateBeats(onsets, periods, steps);

  // Measured on rendered MIDI: the tracker answers late by a step and a half.
  constexpr double late_steps = 1.5;
  std::vector<double> beats;
  for (const double at : steps) {
    const double seconds = (at + static_cast<double>(skipped) - late_steps) * curve.step_s;
    if (std::isfinite(seconds) && seconds >= 0 && (beats.empty() || seconds > beats.back())) beats.push_back(seconds);
  }
  return beats;
}

Result<std::vector<double>> change_at_beats(const media::Pcm& pcm, std::span<const double> beats_s,
                                            std::stop_token stop) {
  if (beats_s.size() < 4) return std::vector<double>{};
  const std::size_t step = step_samples(pcm.sample_rate);
  const std::size_t factor = std::clamp<std::size_t>(step / 32, 1, 64);
  DownBeat bars(static_cast<float>(pcm.sample_rate), factor, step);
  std::vector<float> block(step);
  for (std::size_t offset = 0; offset < pcm.mono.size(); offset += step) {
    if (offset / step % frames_between_stop_checks == 0 && stop.stop_requested())
      return fail(ErrorKind::cancelled, "song analysis was stopped");
    for (std::size_t i = 0; i < step; ++i)
      block[i] = offset + i < pcm.mono.size() ? clean(pcm.mono[offset + i]) : 0.0F;
    bars.pushAudioBlock(block.data());
  }
  std::size_t length = 0;
  const float* audio = bars.getBufferedAudio(length);
  std::vector<double> beat_steps;
  const double step_s = static_cast<double>(step) / pcm.sample_rate;
  for (const double beat : beats_s) beat_steps.push_back(beat / step_s);
  std::vector<int> unused;
  bars.findDownBeats(audio, length, beat_steps, unused);
  std::vector<double> change;
  bars.getBeatSD(change);
  for (double& value : change)
    if (!std::isfinite(value)) value = 0;
  // Its first value compares the first beat's sound with the second's: the change is heard at the second beat.
  change.insert(change.begin(), 0.0);
  change.resize(beats_s.size(), 0.0);
  return change;
}

struct Spectrum::Parts {
  explicit Parts(std::size_t size)
      : transform(static_cast<int>(size)), taper(size), window(size), magnitudes(size) {
    for (std::size_t i = 0; i < size; ++i)
      taper[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
  }
  FFTReal transform;
  std::vector<double> taper, window, magnitudes;
};

Spectrum::Spectrum(std::size_t size) : parts_(std::make_unique<Parts>(size)) {
  workprint::check(std::has_single_bit(size), "a spectrum's size is a power of two");
}

Spectrum::~Spectrum() = default;

std::span<const double> Spectrum::at(std::span<const float> samples, std::size_t offset) {
  copy_window(samples, offset, parts_->window);
  for (std::size_t i = 0; i < parts_->window.size(); ++i) parts_->window[i] *= parts_->taper[i];
  parts_->transform.forwardMagnitude(parts_->window.data(), parts_->magnitudes.data());
  return std::span<const double>(parts_->magnitudes).first(parts_->magnitudes.size() / 2);
}

}  // namespace film::music
