#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include "film/media/sample_test.h"

using namespace film::media;
using namespace film::media::test;
using workprint::ErrorKind;

namespace {

/// As long as it lives, no file of this process grows beyond a size: to the writer, a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_SUITE("clip") {
  TEST_CASE("an encoded clip verifies with exactly its frames, size and rate") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 61);
    const VideoInfo info = verified(folder / "clip.mp4");
    CHECK(info.frames == 61);
    CHECK(info.width == 320);
    CHECK(info.height == 180);
    CHECK(info.fps_numerator == 24 * info.fps_denominator);
    CHECK(info.duration_ms == 2542);
    CHECK_FALSE(info.has_audio);
    const auto means = levels(folder / "clip.mp4", 61);
    for (std::size_t index = 0; index < means.size(); ++index) CHECK(std::abs(means[index] - level_of(std::int64_t(index))) < 3);
  }

  TEST_CASE("the bytes are the same for any number of threads and every time") {
    const Folder folder;
    for (const int threads : {1, 2, 0, 1}) {
      const auto file = folder / ("clip" + std::to_string(threads) + ".mp4");
      std::filesystem::remove(file);
      encode_numbers(file, 0, 30, tiny, threads);
      CHECK(read(file) == read(folder / "clip1.mp4"));
    }
  }

  TEST_CASE("a clip that fails leaves nothing behind") {
    const Folder folder;
    const FrameSource broken = [](std::int64_t index, Frame&) -> workprint::Result<void> {
      if (index == 3) return workprint::fail(ErrorKind::invalid, "no more");
      return {};
    };
    const auto made = encode_clip(folder / "clip.mp4", tiny, 9, broken, {1}, nullptr, {});
    REQUIRE_FALSE(made);
    CHECK(made.error().message == "no more");
    CHECK_FALSE(std::filesystem::exists(folder / "clip.mp4"));
  }

  TEST_CASE("a stopped clip is cancelled and leaves nothing behind") {
    const Folder folder;
    std::stop_source stop;
    const FrameSource source = [&](std::int64_t index, Frame&) -> workprint::Result<void> {
      if (index == 2) stop.request_stop();
      return {};
    };
    const auto made = encode_clip(folder / "clip.mp4", tiny, 100, source, {1}, nullptr, stop.get_token());
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::cancelled);
    CHECK_FALSE(std::filesystem::exists(folder / "clip.mp4"));
  }

  TEST_CASE("an existing file is never overwritten") {
    const Folder folder;
    write(folder / "clip.mp4", "precious");
    const FrameSource source = [](std::int64_t, Frame&) { return workprint::Result<void>(); };
    CHECK_FALSE(encode_clip(folder / "clip.mp4", tiny, 1, source, {1}, nullptr, {}));
    CHECK(read(folder / "clip.mp4") == "precious");
  }

  TEST_CASE("a disk that takes no more is unavailable, and nothing is left on it") {
    const Folder folder;
    const SmallDisk disk(1000);
    const FrameSource source = [](std::int64_t, Frame&) { return workprint::Result<void>(); };
    const auto made = encode_clip(folder / "clip.mp4", tiny, 30, source, {1}, nullptr, {});
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::unavailable);
    CHECK_FALSE(std::filesystem::exists(folder / "clip.mp4"));
  }

  TEST_CASE("a folder that is missing is unavailable") {
    const Folder folder;
    const FrameSource source = [](std::int64_t, Frame&) { return workprint::Result<void>(); };
    const auto made = encode_clip(folder / "missing/clip.mp4", tiny, 1, source, {1}, nullptr, {});
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::unavailable);
  }

  TEST_CASE("progress counts every frame") {
    const Folder folder;
    std::int64_t last = 0;
    const FrameSource source = [](std::int64_t, Frame&) { return workprint::Result<void>(); };
    const Progress progress = [&](std::int64_t done, std::int64_t total) {
      CHECK(done == last + 1);
      CHECK(total == 5);
      last = done;
    };
    REQUIRE(encode_clip(folder / "clip.mp4", tiny, 5, source, {1}, progress, {}));
    CHECK(last == 5);
  }

  TEST_CASE("a source is called in order, from one thread, and only a few frames ahead") {
    const Folder folder;
    std::atomic<std::int64_t> done = 0;
    std::int64_t expected = 0, ahead_most = 0;
    std::set<std::thread::id> threads;
    const FrameSource source = [&](std::int64_t index, Frame& frame) {
      CHECK(index == expected++);
      ahead_most = std::max(ahead_most, index - done);
      threads.insert(std::this_thread::get_id());
      paint(frame, index);
      return workprint::Result<void>();
    };
    const Progress progress = [&](std::int64_t count, std::int64_t) { done = count; };
    REQUIRE(encode_clip(folder / "clip.mp4", tiny, 40, source, {1}, progress, {}));
    CHECK(expected == 40);
    CHECK(threads.size() == 1);
    CHECK(ahead_most <= 3);
  }

  TEST_CASE("the frames drawn before a failure are no reason to wait for more") {
    const Folder folder;
    std::int64_t called = 0;
    const FrameSource source = [&](std::int64_t index, Frame&) -> workprint::Result<void> {
      ++called;
      if (index == 0) return workprint::fail(ErrorKind::unavailable, "not even one");
      return {};
    };
    const auto made = encode_clip(folder / "clip.mp4", tiny, 9, source, {1}, nullptr, {});
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::unavailable);
    CHECK(called == 1);
  }
}

TEST_SUITE("verification") {
  TEST_CASE("a truncated film never verifies") {
    const Folder folder;
    encode_numbers(folder / "whole.mp4", 0, 30);
    const std::string whole = read(folder / "whole.mp4");
    std::vector<std::size_t> lengths = {1, 4, 7, 8, 9, 16, 31, 32, 33, whole.size() - 1, whole.size() - 9};
    for (std::size_t part = 1; part < 20; ++part) lengths.push_back(whole.size() * part / 20);
    for (const std::size_t length : lengths) {
      CAPTURE(length);
      write(folder / "cut.mp4", whole.substr(0, length));
      const auto info = verify_video(folder / "cut.mp4", {});
      REQUIRE_FALSE(info);
      CHECK(info.error().kind == ErrorKind::corrupt);
    }
  }

  TEST_CASE("a film whose media data are overwritten does not verify") {
    const Folder folder;
    encode_numbers(folder / "whole.mp4", 0, 30);
    std::string bytes = read(folder / "whole.mp4");
    const std::size_t media = bytes.find("mdat");
    REQUIRE(media != std::string::npos);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(media) + 4, bytes.end(), '\xA5');
    write(folder / "spoiled.mp4", bytes);
    const auto info = verify_video(folder / "spoiled.mp4", {});
    REQUIRE_FALSE(info);
    CHECK(info.error().kind == ErrorKind::corrupt);
  }

  TEST_CASE("what is not a film is corrupt, what is not there is not found") {
    const Folder folder;
    write(folder / "empty.mp4", "");
    write(folder / "error.mp4", R"({"error": {"code": 429, "message": "quota exceeded"}})");
    write(folder / "tone.mp4", tone_wav(1500));
    std::filesystem::create_directory(folder / "folder.mp4");
    for (const std::string name : {"empty.mp4", "error.mp4", "tone.mp4", "folder.mp4"}) {
      CAPTURE(name);
      const auto info = verify_video(folder / name, {});
      REQUIRE_FALSE(info);
      CHECK(info.error().kind == ErrorKind::corrupt);
    }
    const auto missing = verify_video(folder / "missing.mp4", {});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == ErrorKind::not_found);
  }

  TEST_CASE("a stopped verification is cancelled") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 5);
    std::stop_source stop;
    stop.request_stop();
    const auto info = verify_video(folder / "clip.mp4", stop.get_token());
    REQUIRE_FALSE(info);
    CHECK(info.error().kind == ErrorKind::cancelled);
  }
}

TEST_SUITE("reading frames") {
  TEST_CASE("the frames asked for come back, scaled when asked") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 60);
    const std::array<std::int64_t, 4> indices = {0, 7, 7, 59};
    const auto frames = read_frames(folder / "clip.mp4", indices, 160, 90, {});
    REQUIRE(frames);
    REQUIRE(frames->size() == 4);
    for (std::size_t at = 0; at < indices.size(); ++at) {
      CHECK((*frames)[at].width == 160);
      CHECK((*frames)[at].height == 90);
      CHECK(std::abs(mean_level((*frames)[at]) - level_of(indices[at])) < 3);
    }
  }

  TEST_CASE("a frame past the end is an error") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 5);
    const std::array<std::int64_t, 1> indices = {5};
    CHECK_FALSE(read_frames(folder / "clip.mp4", indices, 0, 0, {}));
  }
}
