/// Beats and bars of a song: the tracker's answer, tidied where the song keeps a steady tempo.
///
/// Deterministic. Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "film/media/audio.h"
#include "film/music/dsp.h"
#include "workprint/result.h"

namespace film::music {

struct BeatGrid {
  double tempo_bpm = 0;                 ///< 0: no steady beat; then `beats_s` is empty
  int beats_per_bar = 4;                ///< 3 or 4
  bool steady = false;                  ///< one tempo from end to end, as if made to a click
  std::vector<double> beats_s;          ///< increasing, inside the song
  std::vector<std::size_t> downbeats;   ///< indices in `beats_s`, increasing
};

/// Errors: cancelled.
workprint::Result<BeatGrid> find_beats(const media::Pcm& pcm, const OnsetCurve& curve, std::stop_token stop);

}  // namespace film::music
