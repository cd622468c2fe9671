#include "film/media/audio.h"

#include "film/media/sample_test.h"

using namespace film::media;
using namespace film::media::test;
using workprint::ErrorKind;

TEST_SUITE("song") {
  TEST_CASE("a song is measured by its content, not by its name") {
    const Folder folder;
    write(folder / "song.mp3", tone_wav(2345));
    const auto info = measure_song(folder / "song.mp3", {});
    REQUIRE_MESSAGE(info, (info ? "" : info.error().message));
    CHECK(info->duration_ms == 2345);
    CHECK(info->sample_rate == 44100);
    CHECK(info->channels == 1);
    CHECK(info->content_type == "audio/wav");
    CHECK(info->extension == "wav");
  }

  TEST_CASE("a header that promises more than there is changes nothing") {
    const Folder folder;
    const std::string whole = tone_wav(4000);
    write(folder / "song.wav", whole.substr(0, 44 + 44100 * 2 * 2));
    const auto info = measure_song(folder / "song.wav", {});
    REQUIRE_MESSAGE(info, (info ? "" : info.error().message));
    CHECK(std::abs(info->duration_ms - 2000) <= 1);
  }

  TEST_CASE("a decoded song has the rate asked for and the length measured") {
    const Folder folder;
    write(folder / "song.wav", tone_wav(1500, 48000));
    const auto pcm = decode_song(folder / "song.wav", 22050, {});
    REQUIRE_MESSAGE(pcm, (pcm ? "" : pcm.error().message));
    CHECK(pcm->sample_rate == 22050);
    CHECK(std::abs(static_cast<double>(pcm->mono.size()) - 1.5 * 22050) < 64);
    float loudest = 0;
    for (const float sample : pcm->mono) loudest = std::max(loudest, std::abs(sample));
    CHECK(loudest == doctest::Approx(12000.0 / 32768).epsilon(0.02));
  }

  TEST_CASE("what is not a song is invalid and says why") {
    const Folder folder;
    write(folder / "empty.mp3", "");
    write(folder / "text.mp3", "Verse one\nand a chorus that everybody knows\n");
    write(folder / "page.mp3", R"({"error": {"code": 404}})");
    write(folder / "short.wav", tone_wav(900));
    write(folder / "list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nshort.wav\n#EXT-X-ENDLIST\n");
    write(folder / "concat.txt", "ffconcat version 1.0\nfile short.wav\n");
    encode_numbers(folder / "silent.mp4", 0, 30);
    std::filesystem::create_directory(folder / "folder.mp3");
    for (const std::string name : {"empty.mp3", "text.mp3", "page.mp3", "short.wav", "list.m3u8", "concat.txt", "silent.mp4", "folder.mp3"}) {
      CAPTURE(name);
      const auto info = measure_song(folder / name, {});
      REQUIRE_FALSE(info);
      CHECK(info.error().kind == ErrorKind::invalid);
      CHECK_FALSE(info.error().message.empty());
      CHECK(info.error().message.find('\n') == std::string::npos);
      CHECK_FALSE(decode_song(folder / name, 44100, {}));
    }
    const auto missing = measure_song(folder / "missing.mp3", {});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == ErrorKind::not_found);
  }

  TEST_CASE("a stopped measurement is cancelled") {
    const Folder folder;
    write(folder / "song.wav", tone_wav(1500));
    std::stop_source stop;
    stop.request_stop();
    const auto info = measure_song(folder / "song.wav", stop.get_token());
    REQUIRE_FALSE(info);
    CHECK(info.error().kind == ErrorKind::cancelled);
  }
}
