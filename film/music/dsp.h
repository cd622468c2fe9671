/// The only door to qm-dsp: onset curve, beat tracking, spectral change between beats, magnitude spectra.
///
/// Deterministic. Thread-safety: functions may run on any thread at the same time; a Spectrum belongs to one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "film/media/audio.h"
#include "workprint/result.h"

namespace film::music {

/// How much sound begins in each short step of the song.
struct OnsetCurve {
  double step_s = 0;         ///< seconds from one value to the next; value i is heard at i * step_s
  std::vector<double> all;   ///< whole spectrum, complex spectral difference
  std::vector<double> low;   ///< rise of the lowest bins only: kick drum and bass
};

/// Errors: cancelled.
workprint::Result<OnsetCurve> onset_curve(const media::Pcm& pcm, std::stop_token stop);

/// Beat times in seconds, increasing, near `tempo_bpm` throughout. Empty when the curve is too short to track. It
/// always finds "beats", in noise too: whether they mean anything is for the caller to judge.
[[nodiscard]] std::vector<double> track_beats(const OnsetCurve& curve, int sample_rate, double tempo_bpm);

/// For each beat, how much the spectrum from it on differs from the spectrum before it (0 for the first). Empty when
/// there are fewer than four beats. Errors: cancelled.
workprint::Result<std::vector<double>> change_at_beats(const media::Pcm& pcm, std::span<const double> beats_s,
                                                       std::stop_token stop);

/// Magnitudes of one window of samples.
class Spectrum {
 public:
  explicit Spectrum(std::size_t size);  ///< REQUIRES: size is a power of two
  ~Spectrum();
  Spectrum(const Spectrum&) = delete;
  Spectrum& operator=(const Spectrum&) = delete;

  /// The first size / 2 bins of the window that starts at `offset`; samples past the end count as silence. The view
  /// holds until the next call.
  std::span<const double> at(std::span<const float> samples, std::size_t offset);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A sample as it should have been: a broken file may hold values that are not numbers.
[[nodiscard]] float clean(float sample);

}  // namespace film::music
