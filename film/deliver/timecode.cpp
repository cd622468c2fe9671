#include "film/deliver/timecode.h"

#include <fmt/format.h>

#include "workprint/result.h"

namespace film::deliver {

namespace {

void check_time(std::int64_t frame, int fps) {
  workprint::check(frame >= 0 && fps > 0, "a frame number is not negative and a rate is positive");
}

}  // namespace

std::string timecode(std::int64_t frame, int fps) {
  check_time(frame, fps);
  const std::int64_t seconds = frame / fps;
  return fmt::format("{:02}:{:02}:{:02}:{:02}", programme_start_hours + seconds / 3600, seconds / 60 % 60, seconds % 60,
                     frame % fps);
}

std::string length_text(std::int64_t frames, int fps) {
  check_time(frames, fps);
  return fmt::format("{}s+{:02}", frames / fps, frames % fps);
}

std::string running_time(std::int64_t frames, int fps) {
  check_time(frames, fps);
  const std::int64_t seconds = (2 * frames + fps) / (2 * fps);
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string subtitle_time(std::int64_t frame, int fps, SubtitleFormat format) {
  check_time(frame, fps);
  const std::int64_t ms = (2 * frame * 1000 + fps) / (2 * fps);
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                     format == SubtitleFormat::srt ? ',' : '.', ms % 1000);
}

}  // namespace film::deliver
