/// Frame numbers as people in a cutting room and subtitle files write them.
///
/// Pure. Rates are whole frames a second, so nothing is dropped and no error adds up.
#pragma once

#include <cstdint>
#include <string>

namespace film::deliver {

/// Programmes start at one hour: what lies before it is leader.
inline constexpr int programme_start_hours = 1;

/// HH:MM:SS:FF of film frame `frame`, counted from 01:00:00:00. REQUIRES: frame >= 0, fps > 0.
[[nodiscard]] std::string timecode(std::int64_t frame, int fps);
/// "5s+11": whole seconds and the frames over. REQUIRES: as timecode.
[[nodiscard]] std::string length_text(std::int64_t frames, int fps);
/// "1:34" for people; minutes are not padded. Rounds to the nearest second.
[[nodiscard]] std::string running_time(std::int64_t frames, int fps);

enum class SubtitleFormat { srt, vtt };
/// HH:MM:SS,mmm (srt) or HH:MM:SS.mmm (vtt) of a frame, from 00:00:00: subtitles count from the file's first picture.
[[nodiscard]] std::string subtitle_time(std::int64_t frame, int fps, SubtitleFormat format);

}  // namespace film::deliver
