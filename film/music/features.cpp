#include "film/music/features.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace film::music {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Result;

namespace {

constexpr std::size_t bands = 36;

struct Ear {
  double bin_hz = 0;
  std::vector<std::size_t> band_of_bin, pitch_of_bin;  // `bands` and `chroma_size` mean: not heard
};

double mel(double hz) { return 1127.0 * std::log1p(hz / 700.0); }

Ear ear_for(std::size_t bins, double bin_hz) {
  Ear ear;
  ear.bin_hz = bin_hz;
  const double low = mel(40), high = mel(11000);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const double hz = static_cast<double>(bin) * bin_hz;
    const double place = (mel(hz) - low) / (high - low);
    ear.band_of_bin.push_back(place >= 0 && place < 1 ? static_cast<std::size_t>(place * bands) : bands);
    const bool pitched = hz >= 80 && hz <= 2500;
    const double semitones = pitched ? std::round(12 * std::log2(hz / 55.0)) : 0;
    ear.pitch_of_bin.push_back(pitched ? static_cast<std::size_t>(semitones) % chroma_size : chroma_size);
  }
  return ear;
}

void set_timbre(Sound& sound, const std::array<double, bands>& power) {
  std::array<double, bands> level{};
  for (std::size_t band = 0; band < bands; ++band) level[band] = std::log(power[band] + 1e-7);
  for (std::size_t k = 0; k < timbre_size; ++k) {
    double sum = 0;
    for (std::size_t band = 0; band < bands; ++band)
      sum += level[band] * std::cos(std::numbers::pi * static_cast<double>(k + 1) * (static_cast<double>(band) + 0.5) /
                                    static_cast<double>(bands));
    sound.timbre[k] = sum / static_cast<double>(bands);
  }
}

Sound sound_of(std::span<const double> magnitudes, const Ear& ear, double window_size) {
  Sound sound;
  std::array<double, bands> band_power{};
  double weighted_hz = 0, voice = 0;
  for (std::size_t bin = 1; bin < magnitudes.size(); ++bin) {
    // A window of full-scale sine has mean square 1/2 this way.
    const double magnitude = magnitudes[bin] * 2 / window_size;
    const double power = magnitude * magnitude * 4.0 / 3.0;
    const double hz = static_cast<double>(bin) * ear.bin_hz;
    sound.power += power;
    weighted_hz += magnitude * hz;
    if (hz >= 300 && hz <= 3000) voice += power;
    if (ear.band_of_bin[bin] < bands) band_power[ear.band_of_bin[bin]] += power;
    if (ear.pitch_of_bin[bin] < chroma_size) sound.chroma[ear.pitch_of_bin[bin]] += magnitude;
  }
  double magnitude_sum = 0, chroma_sum = 0;
  for (std::size_t bin = 1; bin < magnitudes.size(); ++bin) magnitude_sum += magnitudes[bin] * 2 / window_size;
  for (const double value : sound.chroma) chroma_sum += value;
  for (double& value : sound.chroma) value = chroma_sum > 1e-6 ? value / chroma_sum : 0;
  sound.brightness_hz = magnitude_sum > 1e-6 ? weighted_hz / magnitude_sum : 0;
  sound.voice_share = sound.power > 1e-12 ? voice / sound.power : 0;
  set_timbre(sound, band_power);
  return sound;
}

void add_onset_density(SoundTrack& track, std::span<const double> onset_times_s) {
  for (std::size_t i = 0; i < track.frames.size(); ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * track.hop_s;
    const auto first = std::lower_bound(onset_times_s.begin(), onset_times_s.end(), centre - 0.5);
    const auto last = std::lower_bound(first, onset_times_s.end(), centre + 0.5);
    track.frames[i].onsets_per_s = static_cast<double>(last - first);
  }
}

}  // namespace

double decibel(double power) { return std::max(-120.0, 10 * std::log10(std::max(power, 1e-12))); }

std::vector<double> onset_times(const OnsetCurve& curve) {
  std::vector<double> times, sums{0.0};
  // Square roots: a soft note beside a drum is still a note.
  for (const double value : curve.all) sums.push_back(sums.back() + std::sqrt(std::max(0.0, value)));
  const std::size_t count = curve.all.size();
  const auto height = [&](std::size_t i) { return sums[i + 1] - sums[i]; };
  // 60 ms: attacks closer together are heard as one. A second: what the attack has to stand out of.
  const auto near = std::max<std::size_t>(1, static_cast<std::size_t>(0.06 / curve.step_s));
  const auto around = std::max<std::size_t>(1, static_cast<std::size_t>(0.5 / curve.step_s));
  const double song_mean = count > 0 ? sums.back() / static_cast<double>(count) : 0;
  for (std::size_t i = 1; i + 1 < count; ++i) {
    const std::size_t begin = i > around ? i - around : 0, end = std::min(count, i + around + 1);
    const double mean = (sums[end] - sums[begin]) / static_cast<double>(end - begin);
    if (height(i) < 1.35 * mean || height(i) < 0.25 * song_mean) continue;
    bool highest = true;
    for (std::size_t j = i > near ? i - near : 0; j < std::min(count, i + near + 1); ++j)
      if (curve.all[j] > curve.all[i] || (curve.all[j] == curve.all[i] && j < i)) highest = false;
    if (highest) times.push_back(static_cast<double>(i) * curve.step_s);
  }
  return times;
}

Result<SoundTrack> hear(const media::Pcm& pcm, std::span<const double> onset_times_s, std::stop_token stop) {
  // Near 93 ms: long enough to tell neighbouring notes apart, short enough to follow a bar.
  const auto wanted = static_cast<std::size_t>(std::max(pcm.sample_rate, 1)) * 4096 / 44100;
  const std::size_t size = std::bit_floor(std::max<std::size_t>(wanted + wanted / 3, 256));
  const std::size_t hop = size / 2;
  Spectrum spectrum(size);
  const Ear ear = ear_for(size / 2, static_cast<double>(pcm.sample_rate) / static_cast<double>(size));
  SoundTrack track;
  track.hop_s = static_cast<double>(hop) / pcm.sample_rate;
  for (std::size_t offset = 0; offset < pcm.mono.size(); offset += hop) {
    if (offset / hop % 256 == 0 && stop.stop_requested())
      return fail(ErrorKind::cancelled, "song analysis was stopped");
    track.frames.push_back(sound_of(spectrum.at(pcm.mono, offset), ear, static_cast<double>(size)));
  }
  add_onset_density(track, onset_times_s);
  return track;
}

Sound mean_sound(const SoundTrack& track, double begin_s, double end_s) {
  Sound mean;
  if (track.frames.empty()) return mean;
  // A frame is two hops long and counts where its middle lies.
  const auto index = [&](double seconds) {
    return std::clamp<std::ptrdiff_t>(std::lround(seconds / track.hop_s - 1.0), 0,
                                      static_cast<std::ptrdiff_t>(track.frames.size()) - 1);
  };
  const auto begin = static_cast<std::size_t>(index(begin_s));
  const std::size_t end = std::max(begin + 1, static_cast<std::size_t>(index(end_s)));
  const auto count = static_cast<double>(end - begin);
  double loudness = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const Sound& frame = track.frames[i];
    for (std::size_t k = 0; k < timbre_size; ++k) mean.timbre[k] += frame.timbre[k] / count;
    for (std::size_t k = 0; k < chroma_size; ++k) mean.chroma[k] += frame.chroma[k] / count;
    mean.power += frame.power / count;
    mean.onsets_per_s += frame.onsets_per_s / count;
    const double weight = std::sqrt(frame.power);
    loudness += weight;
    mean.brightness_hz += weight * frame.brightness_hz;
    mean.voice_share += weight * frame.voice_share;
  }
  mean.brightness_hz = loudness > 1e-9 ? mean.brightness_hz / loudness : 0;
  mean.voice_share = loudness > 1e-9 ? mean.voice_share / loudness : 0;
  return mean;
}

}  // namespace film::music
