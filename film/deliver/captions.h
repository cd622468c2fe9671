/// Subtitles of what is sung or said, from the scenes' lyrics: SubRip and WebVTT.
///
/// Pure. Guide numbers: at most 2 lines of 42 characters, 0.83 to 7 s a cue, 2 frames between cues, at most 20
/// characters a second (reported, never cut: words are not ours to drop).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "film/plan/plan.h"

namespace film::deliver {

struct Cue {
  std::int64_t begin = 0, end = 0;  ///< film frames, half open
  std::vector<std::string> lines;   ///< 1 or 2
  int scene = 0;                    ///< id
};

/// Cues in time order, without overlap. Text in brackets only ("[instrumental]") is a note, no caption.
[[nodiscard]] std::vector<Cue> captions(const Plan& plan, const Picture& picture);
/// A line per cue that is faster than the guide number.
[[nodiscard]] std::vector<std::string> caption_notes(const std::vector<Cue>& cues, const Picture& picture);

/// Without cues one line feed: zero bytes would look like a failed upload, and readers take it as an empty list.
[[nodiscard]] std::string srt(const std::vector<Cue>& cues, const Picture& picture);
/// Without cues the header alone, which is a valid WebVTT file.
[[nodiscard]] std::string vtt(const std::vector<Cue>& cues, const Picture& picture);

}  // namespace film::deliver
