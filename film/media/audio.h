/// Decoding songs: any file and codec libavformat reads.
///
/// Thread-safety: functions may run on any thread at the same time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "workprint/result.h"

namespace film::media {

struct SongInfo {
  std::int64_t duration_ms = 0;   ///< measured by decoding every packet, never taken from a header
  int sample_rate = 0;            ///< Hz, of the file
  int channels = 0;
  std::string content_type;       ///< "audio/ogg", "audio/mpeg", "audio/wav", "audio/flac", "audio/mp4", ...
  std::string extension;          ///< "ogg", "mp3", "wav", "flac", "m4a", by content and not by name
};

struct Pcm {
  int sample_rate = 44100;        ///< Hz
  std::vector<float> mono;        ///< -1..1
};

/// Errors: not_found; invalid (not audio, empty, unreadable, shorter than 1 s or longer than 60 min: the message
/// says which); cancelled.
workprint::Result<SongInfo> measure_song(const std::filesystem::path& song, std::stop_token stop);

/// The whole song as mono float at `sample_rate`. Errors as measure_song.
workprint::Result<Pcm> decode_song(const std::filesystem::path& song, int sample_rate, std::stop_token stop);

}  // namespace film::media
