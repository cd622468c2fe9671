#include <array>

#include "film/media/sample_test.h"

using namespace film::media;
using namespace film::media::test;
using workprint::ErrorKind;

namespace {

SegmentRequest cut_of(const std::filesystem::path& clip, std::int64_t frames) {
  SegmentRequest request;
  request.clip = clip;
  request.frames = frames;
  return request;
}

std::vector<double> made(const Folder& folder, const SegmentRequest& request, const film::Picture& picture = tiny) {
  const auto out = folder / "segment.mp4";
  std::filesystem::remove(out);
  const auto result = make_segment(out, request, picture, {1}, {});
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  const VideoInfo info = verified(out);
  CHECK(info.frames == request.frames);
  CHECK(info.width == picture.width);
  CHECK(info.fps_numerator == picture.fps * info.fps_denominator);
  return levels(out, request.frames);
}

void check_level(const std::vector<double>& means, std::size_t at, double expected) {
  CAPTURE(at);
  CHECK(std::abs(means.at(at) - expected) < 3);
}

}  // namespace

TEST_SUITE("segment") {
  TEST_CASE("a clip of our profile is copied, not encoded again, and trimmed at the tail") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 60);
    const auto source = levels(folder / "clip.mp4", 60);
    for (const std::int64_t frames : {60, 59, 37, 1}) {
      const auto copied = made(folder, cut_of(folder / "clip.mp4", frames));
      for (std::size_t at = 0; at < copied.size(); ++at) CHECK(copied[at] == source[at]);
    }
    made(folder, cut_of(folder / "clip.mp4", 60));
    CHECK(read(folder / "segment.mp4") == read(folder / "clip.mp4"));
  }

  TEST_CASE("a clip that is one frame short holds its last frame, two are corrupt") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 20);
    const auto held = made(folder, cut_of(folder / "clip.mp4", 21));
    check_level(held, 19, level_of(19));
    check_level(held, 20, level_of(19));
    const auto short_clip = make_segment(folder / "short.mp4", cut_of(folder / "clip.mp4", 22), tiny, {1}, {});
    REQUIRE_FALSE(short_clip);
    CHECK(short_clip.error().kind == ErrorKind::corrupt);
    CHECK_FALSE(std::filesystem::exists(folder / "short.mp4"));
  }

  TEST_CASE("another size and rate is scaled and resampled by time") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 30, {640, 360, 12});
    const auto means = made(folder, cut_of(folder / "clip.mp4", 60));
    for (std::size_t at = 0; at < means.size(); ++at) check_level(means, at, level_of(static_cast<std::int64_t>(at) / 2));
  }

  TEST_CASE("another shape gets black bars") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 9, 3, {320, 320, 24});
    made(folder, cut_of(folder / "clip.mp4", 3));
    const std::array<std::int64_t, 1> first = {0};
    const auto frames = read_frames(folder / "segment.mp4", first, 0, 0, {});
    REQUIRE(frames);
    const Frame& frame = frames->front();
    const auto at = [&](int x, int y) { return static_cast<int>(frame.y[static_cast<std::size_t>(y * frame.width + x)]); };
    CHECK(at(20, 90) < 20);
    CHECK(at(300, 90) < 20);
    CHECK(std::abs(at(160, 90) - level_of(9)) < 3);
  }

  TEST_CASE("a dissolve mixes twelve frames with the handle of the clip before") {
    const Folder folder;
    encode_numbers(folder / "previous.mp4", 3, 40);
    encode_numbers(folder / "clip.mp4", 8, 30);
    SegmentRequest request = cut_of(folder / "clip.mp4", 30);
    request.dissolve_in = true;
    request.previous_clip = folder / "previous.mp4";
    request.previous_frames = 34;
    const auto means = made(folder, request);
    for (std::size_t at = 0; at < 12; ++at) {
      const std::int64_t handle = std::min<std::int64_t>(34 + static_cast<std::int64_t>(at), 39);  // then the held last frame
      const double part = static_cast<double>(at + 1) / 13;
      check_level(means, at, level_of(3 + handle) * (1 - part) + level_of(8 + static_cast<std::int64_t>(at)) * part);
    }
    check_level(means, 12, level_of(8 + 12));
  }

  TEST_CASE("a fade ends in black after twelve frames") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 4, 30);
    SegmentRequest request = cut_of(folder / "clip.mp4", 30);
    request.fade_out = true;
    const auto means = made(folder, request);
    check_level(means, 17, level_of(4 + 17));
    check_level(means, 23, 16 + (level_of(4 + 23) - 16) * 6 / 12.0);
    check_level(means, 29, 16);
  }

  TEST_CASE("a slug holds its picture, or black") {
    const Folder folder;
    SegmentRequest request;
    request.frames = 5;
    check_level(made(folder, request), 4, 16);
    RgbImage grey{64, 36, std::vector<std::uint8_t>(64 * 36 * 3, 128)};
    const auto png = encode_png(grey);
    REQUIRE(png);
    write(folder / "slug.png", *png);
    request.slug_png = folder / "slug.png";
    const auto means = made(folder, request);
    check_level(means, 0, 16 + 128 * 219 / 255.0);
    check_level(means, 4, 16 + 128 * 219 / 255.0);
  }

  TEST_CASE("effects longer than the segment shrink with it") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 10);
    SegmentRequest request = cut_of(folder / "clip.mp4", 1);
    request.fade_out = true;
    check_level(made(folder, request), 0, 16);
  }

  TEST_CASE("damaged material is corrupt and leaves nothing behind") {
    const Folder folder;
    encode_numbers(folder / "clip.mp4", 0, 20);
    const std::string whole = read(folder / "clip.mp4");
    write(folder / "cut.mp4", whole.substr(0, whole.size() - 100));
    write(folder / "error.mp4", "{\"error\": 1}");
    for (const char* name : {"cut.mp4", "error.mp4"}) {
      const auto result = make_segment(folder / "segment.mp4", cut_of(folder / name, 10), tiny, {1}, {});
      REQUIRE_FALSE(result);
      CHECK(result.error().kind == ErrorKind::corrupt);
      CHECK_FALSE(std::filesystem::exists(folder / "segment.mp4"));
    }
    SegmentRequest slug;
    slug.frames = 3;
    slug.slug_png = folder / "error.mp4";
    const auto result = make_segment(folder / "segment.mp4", slug, tiny, {1}, {});
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::corrupt);
  }
}
