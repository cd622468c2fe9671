#include <array>
#include <random>

#include "film/media/audio.h"
#include "film/media/sample_test.h"

using namespace film::media;
using namespace film::media::test;
using workprint::ErrorKind;

namespace {

constexpr std::array<std::int64_t, 3> lengths = {37, 51, 24};
constexpr std::int64_t film_frames = 37 + 51 + 24;

std::vector<std::filesystem::path> three_segments(const Folder& folder, const film::Picture& picture = tiny) {
  std::vector<std::filesystem::path> files;
  std::int64_t first = 0;
  for (const std::int64_t length : lengths) {
    files.push_back(folder / ("segment" + std::to_string(files.size()) + ".mp4"));
    encode_numbers(files.back(), first, length, picture);
    first += length;
  }
  return files;
}

}  // namespace

TEST_SUITE("join") {
  TEST_CASE("the film shows every frame of every segment once and in order, with and without a song") {
    const Folder folder;
    const auto segments = three_segments(folder);
    write(folder / "song.wav", tone_wav(4700));
    for (const bool has_song : {false, true}) {
      CAPTURE(has_song);
      const auto film = folder / (has_song ? "with.mp4" : "without.mp4");
      const std::optional<std::filesystem::path> song = has_song ? std::optional(folder / "song.wav") : std::nullopt;
      std::int64_t done = 0;
      const Progress progress = [&](std::int64_t frames, std::int64_t) { done = frames; };
      const auto joined = join_segments(film, segments, song, tiny, progress, {});
      REQUIRE_MESSAGE(joined, (joined ? "" : joined.error().message));
      CHECK(done == film_frames);
      const VideoInfo info = verified(film);
      CHECK(info.frames == film_frames);
      CHECK(info.duration_ms == 4667);
      CHECK(info.has_audio == has_song);
      const auto means = levels(film, film_frames);
      for (std::size_t at = 0; at < means.size(); ++at) CHECK(std::abs(means[at] - level_of(std::int64_t(at))) < 3);
    }
  }

  TEST_CASE("the sound is as long as the picture, whatever the song's length and the frame rate") {
    for (const int fps : {24, 25, 60}) {
      const Folder folder;
      const film::Picture picture{320, 180, fps};
      const auto segments = three_segments(folder, picture);
      int number = 0;
      for (const int song_ms : {1500, 4667, 9000}) {
        CAPTURE(fps);
        CAPTURE(song_ms);
        write(folder / "song.wav", tone_wav(song_ms));
        const auto film = folder / ("film" + std::to_string(number++) + ".mp4");
        REQUIRE(join_segments(film, segments, folder / "song.wav", picture, nullptr, {}));
        const VideoInfo info = verified(film);
        CHECK(info.frames == film_frames);
        CHECK(std::abs(info.audio_duration_ms - info.duration_ms) <= 1);
      }
    }
  }

  TEST_CASE("the song begins with the picture") {
    const Folder folder;
    const auto segments = three_segments(folder);
    write(folder / "song.wav", tone_wav(5000));
    REQUIRE(join_segments(folder / "film.mp4", segments, folder / "song.wav", tiny, nullptr, {}));
    const auto pcm = decode_song(folder / "film.mp4", 48000, {});
    REQUIRE_MESSAGE(pcm, (pcm ? "" : pcm.error().message));
    // Were the encoder's own lead-in of 1024 samples heard, the tone would be out of phase by then.
    double difference = 0;
    for (std::size_t at = 4800; at < 9600; ++at)
      difference = std::max(difference, std::abs(static_cast<double>(pcm->mono[at]) -
                                                 12000.0 / 32768 * std::sin(2 * 3.14159265358979 * 440 * static_cast<double>(at) / 48000)));
    CHECK(difference < 0.05);
  }

  TEST_CASE("the bytes of a film are the same every time") {
    const Folder folder;
    const auto segments = three_segments(folder);
    write(folder / "song.wav", tone_wav(4000));
    REQUIRE(join_segments(folder / "first.mp4", segments, folder / "song.wav", tiny, nullptr, {}));
    REQUIRE(join_segments(folder / "second.mp4", segments, folder / "song.wav", tiny, nullptr, {}));
    CHECK(read(folder / "first.mp4") == read(folder / "second.mp4"));
  }

  TEST_CASE("segments of another picture, damaged or missing ones and a song that is none are refused") {
    const Folder folder;
    auto segments = three_segments(folder);
    write(folder / "song.txt", "la la la");
    const auto song = join_segments(folder / "film.mp4", segments, folder / "song.txt", tiny, nullptr, {});
    REQUIRE_FALSE(song);
    CHECK(song.error().kind == ErrorKind::invalid);
    encode_numbers(folder / "other.mp4", 0, 5, {640, 360, 24});
    segments[1] = folder / "other.mp4";
    const auto other = join_segments(folder / "film.mp4", segments, std::nullopt, tiny, nullptr, {});
    REQUIRE_FALSE(other);
    segments[1] = folder / "missing.mp4";
    const auto missing = join_segments(folder / "film.mp4", segments, std::nullopt, tiny, nullptr, {});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == ErrorKind::not_found);
    const std::string whole = read(segments[0]);
    write(folder / "cut.mp4", whole.substr(0, whole.size() - 50));
    segments[1] = folder / "cut.mp4";
    const auto damaged = join_segments(folder / "film.mp4", segments, std::nullopt, tiny, nullptr, {});
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().kind == ErrorKind::corrupt);
    CHECK_FALSE(std::filesystem::exists(folder / "film.mp4"));
  }

  TEST_CASE("random damage is an error or a film that still decodes, never a crash") {
    const Folder folder;
    encode_numbers(folder / "segment.mp4", 0, 26);
    write(folder / "song.wav", tone_wav(1100));
    const std::vector<std::filesystem::path> segments = {folder / "segment.mp4"};
    REQUIRE(join_segments(folder / "film.mp4", segments, folder / "song.wav", tiny, nullptr, {}));
    const std::string whole = read(folder / "film.mp4");
    for (std::uint32_t seed = 0; seed < 120; ++seed) {
      CAPTURE(seed);
      std::minstd_rand random(seed + 1);
      std::string bytes = whole;
      // Every other seed spoils the index, where sizes and counts are.
      const std::size_t reach = seed % 2 == 0 ? bytes.size() : bytes.find("mdat");
      for (int spoiled = 0; spoiled < 4; ++spoiled) bytes[random() % reach] = static_cast<char>(random() >> 8);
      write(folder / "spoiled.mp4", bytes);
      const auto info = verify_video(folder / "spoiled.mp4", {});
      if (!info) CHECK(info.error().kind == ErrorKind::corrupt);
      const auto song = measure_song(folder / "spoiled.mp4", {});
      if (!song) CHECK(song.error().kind == ErrorKind::invalid);
    }
  }
}
