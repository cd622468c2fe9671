#include "film/deliver/timecode.h"

#include <doctest/doctest.h>

using namespace film::deliver;

TEST_SUITE("timecode") {
  TEST_CASE("a programme starts at one hour and counts frames without dropping any") {
    struct Row {
      std::int64_t frame;
      int fps;
      const char* text;
    };
    const Row rows[] = {{0, 24, "01:00:00:00"},      {23, 24, "01:00:00:23"},     {24, 24, "01:00:01:00"},
                        {1523, 24, "01:01:03:11"},   {24 * 3600, 24, "02:00:00:00"}, {59, 60, "01:00:00:59"},
                        {60 * 60 * 25, 25, "02:00:00:00"}};
    for (const Row& row : rows) CHECK(timecode(row.frame, row.fps) == row.text);
  }

  TEST_CASE("lengths are seconds and the frames over") {
    CHECK(length_text(131, 24) == "5s+11");
    CHECK(length_text(0, 24) == "0s+00");
    CHECK(running_time(1523, 24) == "1:03");
    CHECK(running_time(36, 24) == "0:02");
    CHECK(running_time(3600 * 30, 30) == "1:00:00");
  }

  TEST_CASE("subtitle times are the frame's time to the millisecond") {
    CHECK(subtitle_time(0, 24, SubtitleFormat::srt) == "00:00:00,000");
    CHECK(subtitle_time(1, 24, SubtitleFormat::srt) == "00:00:00,042");
    CHECK(subtitle_time(1523, 24, SubtitleFormat::vtt) == "00:01:03.458");
    CHECK(subtitle_time(24 * 3600, 24, SubtitleFormat::vtt) == "01:00:00.000");
  }
}
