/// What a stretch of sound is like: timbre, harmony, loudness, brightness, busyness; frame by frame and averaged.
///
/// Deterministic. Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "film/media/audio.h"
#include "film/music/dsp.h"
#include "workprint/result.h"

namespace film::music {

constexpr std::size_t timbre_size = 12, chroma_size = 12;

struct Sound {
  std::array<double, timbre_size> timbre{};   ///< cosine transform of log bands, loudness left out
  std::array<double, chroma_size> chroma{};   ///< energy by pitch class, sums to 1 or 0
  double power = 0;                           ///< mean square
  double brightness_hz = 0;                   ///< centre of the spectrum
  double voice_share = 0;                     ///< share of the power between 300 and 3000 Hz
  double onsets_per_s = 0;
};

struct SoundTrack {
  double hop_s = 0;
  std::vector<Sound> frames;   ///< frame i begins at i * hop_s
};

/// `onset_times_s` sorted. Errors: cancelled.
workprint::Result<SoundTrack> hear(const media::Pcm& pcm, std::span<const double> onset_times_s, std::stop_token stop);

/// Times where something audibly begins, sorted.
[[nodiscard]] std::vector<double> onset_times(const OnsetCurve& curve);

/// The mean sound of [begin_s, end_s); brightness and voice count by power, so silence does not colour them.
[[nodiscard]] Sound mean_sound(const SoundTrack& track, double begin_s, double end_s);

/// 10 log10 of a power, not below -120.
[[nodiscard]] double decibel(double power);

}  // namespace film::music
