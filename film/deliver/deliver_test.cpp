#include "film/deliver/deliver.h"

#include <cairo.h>
#include <doctest/doctest.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "film/deliver/page.h"
#include "film/deliver/sample_test.h"
#include "workprint/digest.h"
#include "workprint/json.h"

using namespace film::deliver;
namespace fs = std::filesystem;

namespace {

/// The font libraries keep their caches for the life of the process, which a leak check takes for a leak.
struct FontCaches {
  ~FontCaches() {
    pango_cairo_font_map_set_default(nullptr);
    cairo_debug_reset_static_data();
    FcFini();
  }
};
const FontCaches font_caches;

/// A folder of its own for each test, removed at its end.
class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = fs::temp_directory_path() / ("deliver_test_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  fs::path path_;
};

const std::vector<std::string> all_names{"storyboard.pdf", "contact_sheet.png", "poster.jpg", "film.srt",
                                         "film.vtt",       "shots.csv",         "manifest.json"};

std::size_t occurrences(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("equal input gives equal bytes, and the manifest hashes what was written") {
    const film::Plan plan = sample::plan(5);
    const Delivery delivery = sample::delivery(plan, 160);
    const Folder first;
    const Folder second;
    const auto result = write_deliverables(delivery, first.path(), {});
    REQUIRE(result.has_value());
    CHECK(result->names == all_names);
    REQUIRE(write_deliverables(delivery, second.path(), {}).has_value());
    for (const std::string& name : all_names) {
      CHECK(!first.read(name).empty());
      CHECK_MESSAGE(first.read(name) == second.read(name), name);
    }

    const auto manifest = workprint::parse_json(first.read("manifest.json"));
    REQUIRE(manifest.has_value());
    CHECK((*manifest)["deliverables"].size() == all_names.size() - 1);
    for (const auto& file : (*manifest)["deliverables"]) {
      const std::string bytes = first.read(file["name"]);
      CHECK(file["size"] == bytes.size());
      CHECK(file["sha256"] == workprint::sha256_hex(bytes));
    }
    CHECK((*manifest)["film"]["title"] == plan.metadata.title);
    CHECK((*manifest)["scenes"][4]["placeholder"] == "skipped by a person");
    CHECK(!(*manifest)["scenes"][4].contains("clip"));
    CHECK((*manifest)["scenes"][1]["promptSha256"] == workprint::sha256_hex("Wide shot of scene 1"));
    CHECK((*manifest)["costUsdMicros"] == 5 * 640000 + 67000);
  }

  TEST_CASE("the files are what their names say and hold no date but the render's") {
    film::Plan plan = sample::plan(7);
    Delivery delivery = sample::delivery(plan, 64);
    const Folder folder;
    REQUIRE(write_deliverables(delivery, folder.path(), {}).has_value());
    const std::string pdf = folder.read("storyboard.pdf");
    CHECK(pdf.starts_with("%PDF-"));
    CHECK(pdf.find("20260302093100") != std::string::npos);
    CHECK(occurrences(pdf, "/Type /Page %") == 3);
    CHECK(folder.read("contact_sheet.png").starts_with("\x89PNG"));
    CHECK(folder.read("poster.jpg").starts_with("\xFF\xD8"));
    const auto poster = film::media::decode_image(folder.read("poster.jpg"));
    REQUIRE(poster.has_value());
    CHECK(poster->width == 1200);
    CHECK(poster->height == 1800);
  }

  TEST_CASE("a still that is no picture costs its picture only, and is named") {
    const film::Plan plan = sample::plan(2);
    Delivery delivery = sample::delivery(plan, 64);
    delivery.scenes[1].start_still = "no picture at all";
    const Folder folder;
    const auto result = write_deliverables(delivery, folder.path(), {});
    REQUIRE(result.has_value());
    CHECK(std::ranges::any_of(result->notes, [](const std::string& note) { return note.find("SC001") != std::string::npos; }));
    CHECK(result->names == all_names);
  }

  TEST_CASE("a film of slugs without names, places or palette still has all its papers") {
    film::Plan plan;
    plan.metadata.title = "Untitled";
    plan.scenes.push_back({});
    plan.scenes[0].end_ms = 4000;
    Delivery delivery;
    delivery.plan = &plan;
    delivery.picture = {360, 640, 24};
    delivery.film.frames = 96;
    delivery.scenes.push_back({});
    delivery.scenes[0].placeholder = "no provider";
    const Folder folder;
    const auto result = write_deliverables(delivery, folder.path(), {});
    REQUIRE(result.has_value());
    CHECK(result->names == all_names);
  }

  TEST_CASE("scenes that do not match the plan are refused before anything is written") {
    const film::Plan plan = sample::plan(2);
    Delivery delivery = sample::delivery(plan, 32);
    delivery.scenes.pop_back();
    const Folder folder;
    const auto result = write_deliverables(delivery, folder.path(), {});
    REQUIRE(!result.has_value());
    CHECK(result.error().kind == workprint::ErrorKind::invalid);
    CHECK(fs::is_empty(folder.path()));
  }

  TEST_CASE("a stop ends the delivery without a manifest") {
    const film::Plan plan = sample::plan(2);
    const Delivery delivery = sample::delivery(plan, 32);
    std::stop_source source;
    source.request_stop();
    const Folder folder;
    const auto result = write_deliverables(delivery, folder.path(), source.get_token());
    REQUIRE(!result.has_value());
    CHECK(result.error().kind == workprint::ErrorKind::cancelled);
    CHECK(!fs::exists(folder.path() / "manifest.json"));
  }

  TEST_CASE("a crop has the shape asked for and stays inside the picture") {
    const Still wide{sample::landscape(1, 160, 90), measure_still(sample::landscape(1, 160, 90))};
    for (const double shape : {0.5, 0.9, 1.0, 1.78, 2.6}) {
      const Crop crop = best_crop(wide, shape);
      CHECK(crop.x >= 0);
      CHECK(crop.y >= 0);
      CHECK(crop.x + crop.width <= 1 + 1e-9);
      CHECK(crop.y + crop.height <= 1 + 1e-9);
      CHECK(crop.width * 160 / (crop.height * 90) == doctest::Approx(shape).epsilon(0.01));
    }
  }

  TEST_CASE("colours are read from their hexadecimal form only") {
    REQUIRE(parse_colour("#ff8000").has_value());
    CHECK(parse_colour("#ff8000")->g == doctest::Approx(128.0 / 255));
    CHECK(parse_colour("fff")->b == 1.0);
    CHECK(!parse_colour("teal").has_value());
    CHECK(!parse_colour("#12345g").has_value());
    CHECK(contrast({0, 0, 0}, {1, 1, 1}) == doctest::Approx(21));
  }
}
