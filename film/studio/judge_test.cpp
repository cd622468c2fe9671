#include "film/studio/judge.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <unistd.h>

#include "film/media/video.h"
#include "film/studio/measure.h"

using namespace film::studio;
using film::CameraMovement;
using film::Picture;
using film::Plan;
using film::media::Frame;
using film::media::RgbImage;
namespace fs = std::filesystem;

namespace {

const Picture picture{320, 180, 12};
constexpr std::int64_t frames = 24;

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("judge_test_" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

Plan plan_of(CameraMovement movement) {
  Plan plan;
  plan.scenes.resize(2);
  for (film::Scene& scene : plan.scenes) {
    scene.movement = movement;
    scene.location_id = "loc_1";
    scene.characters = {"char_1"};
    scene.end_ms = 2000;
  }
  return plan;
}

/// Grey of a pixel, 0..255, at shares of the picture.
using Paint = std::function<int(double x, double y)>;

RgbImage painted(const Paint& paint, int width = 192, int height = 108) {
  RgbImage image;
  image.width = width;
  image.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto value = static_cast<std::uint8_t>(std::clamp(paint((x + 0.5) / width, (y + 0.5) / height), 0, 255));
      image.rgb.insert(image.rgb.end(), {value, value, value});
    }
  }
  return image;
}

/// A lit evening: bright sky, dark ground, a dark figure on the right third, moved by `shift`.
Paint evening(double shift) {
  return [shift](double x, double y) {
    const double dx = x - 0.67 - shift;
    if (dx > -0.05 && dx < 0.05 && y > 0.3 && y < 0.9) return 18;
    const double hill = 0.6 + 0.08 * ((x + shift) * 5 - static_cast<int>((x + shift) * 5));
    return y > hill ? 60 + static_cast<int>(30 * y) : 110 + static_cast<int>(120 * y);
  };
}

workprint::Result<void> encode(const fs::path& out, const std::function<Paint(std::int64_t)>& at, std::int64_t count = frames,
                               const Picture& size = picture) {
  const auto source = [&](std::int64_t index, Frame& frame) -> workprint::Result<void> {
    frame = Frame(size.width, size.height);
    const Paint paint = at(index);
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x)
        frame.y[static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(x)] =
            static_cast<std::uint8_t>(16 + paint((x + 0.5) / size.width, (y + 0.5) / size.height) * 219 / 255);
    return {};
  };
  return film::media::encode_clip(out, size, count, source, {.threads = 1}, [](std::int64_t, std::int64_t) {}, {});
}

Evaluation judged(const RgbImage& image, const Plan& plan) {
  const auto png = film::media::encode_png(image);
  REQUIRE(png.has_value());
  auto evaluation = judge_still(*png, plan, 1, {192, 108, 24}, Thresholds{});
  REQUIRE(evaluation.has_value());
  return *std::move(evaluation);
}

bool has_issue(const Evaluation& evaluation, std::string_view category) {
  return std::ranges::any_of(evaluation.issues, [&](const Issue& issue) { return issue.category == category; });
}

}  // namespace

TEST_SUITE("judge") {
  TEST_CASE("a lit picture with a subject passes, and what cannot be measured has no weight and says so") {
    const Evaluation evaluation = judged(painted(evening(0)), plan_of(CameraMovement::pan));
    CHECK(evaluation.overall == Overall::accept);
    CHECK(evaluation.issues.empty());
    CHECK(evaluation.at(Dimension::technical_quality).weight == 20);
    for (const Dimension dimension : {Dimension::narrative_fidelity, Dimension::character_consistency,
                                      Dimension::emotional_authenticity, Dimension::continuity}) {
      CHECK(evaluation.at(dimension).weight == 0);
      CHECK(evaluation.at(dimension).details.starts_with("not measured"));
    }
  }

  TEST_CASE("each fault of a still has its name") {
    const Plan plan = plan_of(CameraMovement::static_);
    CHECK(has_issue(judged(painted([](double, double y) { return static_cast<int>(12 * y); }), plan), "exposure"));
    CHECK(has_issue(judged(painted([](double x, double) { return x < 0.9 ? 255 : 40; }), plan), "clipping"));
    CHECK(has_issue(judged(painted([](double x, double) { return 120 + static_cast<int>(8 * x); }), plan), "contrast"));
    CHECK(has_issue(judged(painted([](double x, double) { return x < 0.8 ? 120 : 20; }), plan), "empty picture"));
    CHECK(has_issue(judged(painted([](double x, double) { return 60 + static_cast<int>(140 * x); }), plan), "separation"));
    const Evaluation black = judged(painted([](double, double) { return 0; }), plan);
    CHECK(has_issue(black, "black frames"));
    CHECK(!is_accepted(black.overall));
    CHECK(has_issue(judged(painted(evening(0), 192, 192), plan), "shape"));
  }

  TEST_CASE("every issue brings a correction that adds its fix to the prompt") {
    const Evaluation evaluation = judged(painted([](double, double) { return 0; }), plan_of(CameraMovement::static_));
    REQUIRE(evaluation.corrections.size() == evaluation.issues.size());
    CHECK(evaluation.corrections[0].original_section.empty());
    CHECK(evaluation.corrections[0].corrected_section == evaluation.issues[0].suggested_fix);
    CHECK(read_evaluation(to_json(evaluation), {0, 0, 20, 0, 0}, Thresholds{}).has_value());
  }

  TEST_CASE("bytes that are no picture are not judged") {
    const auto result = judge_still("nothing", plan_of(CameraMovement::pan), 0, picture, Thresholds{});
    REQUIRE(!result.has_value());
  }

  TEST_CASE("the same palette in another composition is another picture, and noise is none") {
    const LabPicture one = to_lab(painted(evening(0)));
    const LabPicture same = to_lab(painted(evening(0.002)));
    const LabPicture mirrored = to_lab(painted([](double x, double y) { return evening(0)(1 - x, 1 - y); }));
    CHECK(difference(one, one) == 0);
    CHECK(difference(one, same) < 0.06);
    CHECK(difference(one, mirrored) > 0.3);
  }

  TEST_CASE("a moving clip is accepted; a still one with a planned move is not, a static shot may stand") {
    const Folder folder;
    REQUIRE(encode(folder / "moving.mp4", [](std::int64_t index) { return evening(0.004 * static_cast<double>(index)); }));
    REQUIRE(encode(folder / "still.mp4", [](std::int64_t) { return evening(0); }));
    const Plan panning = plan_of(CameraMovement::pan_right);
    const Plan standing = plan_of(CameraMovement::static_);
    ClipRequest request{folder / "moving.mp4", std::nullopt, 0, &panning, 1, picture, frames, Thresholds{}};
    const auto moving = judge_clip(request, {});
    REQUIRE(moving.has_value());
    CHECK(moving->overall == Overall::accept);
    CHECK(moving->at(Dimension::continuity).weight == 0);

    request.clip = folder / "still.mp4";
    const auto frozen = judge_clip(request, {});
    REQUIRE(frozen.has_value());
    CHECK(has_issue(*frozen, "camera move"));
    CHECK(!is_accepted(frozen->overall));
    request.plan = &standing;
    CHECK(judge_clip(request, {})->overall == Overall::accept);

    // Cut against itself: the next shot opens on the picture this one ended with.
    request.previous_clip = folder / "still.mp4";
    const auto cut = judge_clip(request, {});
    REQUIRE(cut.has_value());
    CHECK(has_issue(*cut, "jump cut"));
    CHECK(cut->at(Dimension::continuity).weight == 10);
    CHECK(cut->score_thousandths == 900);
  }

  TEST_CASE("the technical check names every fault of a clip") {
    const Folder folder;
    const auto lit = [](std::int64_t index) { return evening(0.002 * static_cast<double>(index)); };
    REQUIRE(encode(folder / "good.mp4", lit));
    CHECK(technical_check(folder / "good.mp4", picture, frames, {}).has_value());
    CHECK(technical_check(folder / "good.mp4", picture, frames - 8, {}).has_value());
    CHECK(technical_check(folder / "good.mp4", picture, frames + 1, {}).has_value());
    CHECK(technical_check(folder / "good.mp4", {640, 360, 12}, frames, {}).has_value());

    const auto short_by_two = technical_check(folder / "good.mp4", picture, frames + 2, {});
    REQUIRE(!short_by_two.has_value());
    CHECK(short_by_two.error().message == "technical check: 24 frames where 26 are needed");
    const auto upright = technical_check(folder / "good.mp4", {180, 320, 12}, frames, {});
    REQUIRE(!upright.has_value());
    CHECK(upright.error().message == "technical check: size 320x180 where 180x320 is needed");

    REQUIRE(encode(folder / "black.mp4", [](std::int64_t) -> Paint { return [](double, double) { return 0; }; }));
    const auto black = technical_check(folder / "black.mp4", picture, frames, {});
    REQUIRE(!black.has_value());
    CHECK(black.error().kind == workprint::ErrorKind::invalid);
    CHECK(black.error().message == "technical check: black from the first frame to the last");

    std::ofstream(folder / "page.mp4") << "{\"error\": \"quota\"}";
    const auto page = technical_check(folder / "page.mp4", picture, frames, {});
    REQUIRE(!page.has_value());
    CHECK(page.error().kind == workprint::ErrorKind::corrupt);
    CHECK(technical_check(folder / "absent.mp4", picture, frames, {}).error().kind == workprint::ErrorKind::not_found);
  }
}
