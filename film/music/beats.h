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
  double tempo_bpm = 0;           ///< 0: no steady beat; then `beats_s` is empty
  int beats_per_bar = 4;          ///< 3 or 4
  std::size_t first_downbeat = 0; ///< index in `beats_s`; every `beats_per_bar`-th beat after it is a downbeat too
  std::vector<double> beats_s;    ///< increasing, inside the song
};

/// Errors: cancelled.
workprint::Result<BeatGrid> find_beats(const media::Pcm& pcm, const OnsetCurve& curve, std::stop_token stop);

}  // namespace film::music
