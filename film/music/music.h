/// What a song is made of: tempo, beats, downbeats, sections, intensity; and the cuts it proposes.
///
/// Deterministic for the same samples. Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "film/media/audio.h"
#include "film/plan/plan.h"
#include "workprint/result.h"

namespace film::music {

struct Section {
  std::int64_t start_ms = 0, end_ms = 0;
  int label = 0;             ///< equal labels sound alike (A returns = A)
  double intensity = 0;      ///< 0..1 within the song
  SceneKind kind = SceneKind::instrumental;
  double level_db = -120;    ///< mean loudness of the section, dB below full scale
  double brightness_hz = 0;  ///< where the middle of its spectrum lies
  double onsets_per_s = 0;   ///< how busy it is
};

struct Structure {
  std::int64_t duration_ms = 0;
  double tempo_bpm = 0;                        ///< 0: no steady beat found
  int beats_per_bar = 4;
  std::vector<std::int64_t> beats_ms, downbeats_ms;
  std::vector<Section> sections;               ///< tile 0..duration; borders snapped to downbeats
};

/// Errors: as media::decode_song; cancelled.
workprint::Result<Structure> analyse(const media::Pcm& pcm, std::int64_t duration_ms, std::stop_token stop);

/// Shots for this song: always a cut at a section border on its downbeat; inside sections every 1, 2 or 4 bars by
/// intensity, with variation, never more than 3 equal lengths in a row; then tile(). At most `scenes_max` segments
/// when scenes_max > 0 (then the film still covers the whole song: longer shots as far as 8 s allow, else the song
/// decides and scenes_max is exceeded).
[[nodiscard]] AudioAnalysis plan_cuts(const Structure& structure, int scenes_max);

}  // namespace film::music
