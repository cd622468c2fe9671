#include "film/art/art.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "film/art/build.h"
#include "film/art/compositor.h"
#include "film/art/kernel.h"
#include "film/art/lettering.h"
#include "film/art/look.h"
#include "film/art/noise.h"
#include "film/art/palette.h"
#include "film/art/prop.h"

using namespace film;

namespace {

constexpr Picture small{320, 180, 24};

Character keeper() {
  Character person;
  person.id = "keeper";
  person.name = "Tomas";
  person.description = "an old lighthouse keeper, a bearded man";
  person.age = "71";
  person.traits.hair = "white";
  person.traits.clothing = {"navy peacoat", "grey trousers"};
  person.traits.accessories = {"wool cap", "lantern"};
  return person;
}

Character girl() {
  Character person;
  person.id = "girl";
  person.name = "Ida";
  person.description = "a young girl";
  person.age = "9";
  person.traits.hair = "red braids";
  person.traits.clothing = {"yellow raincoat"};
  person.traits.accessories = {"red scarf"};
  return person;
}

Plan plan_at(const std::string& type, const std::string& time, const std::string& weather) {
  Plan plan;
  plan.metadata.title = "The Last Light";
  plan.characters = {keeper(), girl()};
  Location place;
  place.id = "place";
  place.name = type;
  place.type = type;
  place.description = type;
  place.time_of_day = time;
  place.weather = weather;
  place.lighting.quality = "soft";
  plan.locations = {place};
  Scene scene;
  scene.id = 1;
  scene.end_ms = 4000;
  scene.location_id = "place";
  scene.characters = {"keeper"};
  scene.description = "The keeper walks right with a lantern";
  scene.mood = "melancholy";
  scene.lighting.quality = "soft";
  scene.shot = ShotType::ws;
  plan.scenes = {scene};
  return plan;
}

art::ShotRequest request_for(const Plan& plan, std::int64_t frames = 48) {
  art::ShotRequest request;
  request.plan = &plan;
  request.picture = small;
  request.frames = frames;
  request.seed = 7;
  return request;
}

media::Frame frame_of(const art::ShotRequest& request, std::int64_t index) {
  auto shot = art::Shot::open(request);
  REQUIRE(shot.has_value());
  media::Frame frame;
  REQUIRE(shot->draw(index, frame).has_value());
  return frame;
}

bool same(const media::Frame& one, const media::Frame& other) { return one.y == other.y && one.u == other.u && one.v == other.v; }

// Mean difference of luma and chroma per pixel, without the bar.
double difference(const media::Frame& one, const media::Frame& other) {
  double sum = 0;
  const std::size_t luma = one.y.size() * 93 / 100;
  for (std::size_t at = 0; at < luma; ++at) sum += std::abs(static_cast<int>(one.y[at]) - static_cast<int>(other.y[at]));
  for (std::size_t at = 0; at < one.u.size() * 93 / 100; ++at)
    sum += std::abs(static_cast<int>(one.u[at]) - static_cast<int>(other.u[at])) + std::abs(static_cast<int>(one.v[at]) - static_cast<int>(other.v[at]));
  return sum / static_cast<double>(luma);
}

}  // namespace

// Pango and cairo keep one font pattern for the life of the process. Fontconfig stores its members as offsets, which
// the leak checker cannot follow. Weak, so that the test program's main may say the same.
extern "C" __attribute__((weak)) const char* __lsan_default_suppressions();
extern "C" __attribute__((weak)) const char* __lsan_default_suppressions() { return "leak:libfontconfig"; }

TEST_CASE("the same request gives the same bytes, twice and on two threads") {
  const Plan plan = plan_at("harbor", "dusk", "Fog");
  const art::ShotRequest request = request_for(plan);
  const media::Frame first = frame_of(request, 20);
  media::Frame left, right;
  std::thread one([&] { left = frame_of(request, 20); });
  std::thread other([&] { right = frame_of(request, 20); });
  one.join();
  other.join();
  CHECK(same(first, left));
  CHECK(same(first, right));
}

TEST_CASE("frames may be drawn in any order") {
  const Plan plan = plan_at("street", "night", "Rain");
  auto shot = art::Shot::open(request_for(plan));
  REQUIRE(shot.has_value());
  media::Frame early, late, again;
  REQUIRE(shot->draw(3, early).has_value());
  REQUIRE(shot->draw(40, late).has_value());
  REQUIRE(shot->draw(3, again).has_value());
  CHECK(same(early, again));
  CHECK_FALSE(same(early, late));
}

TEST_CASE("another seed or take gives another picture of the same plan") {
  const Plan plan = plan_at("forest", "morning", "Mist");
  art::ShotRequest request = request_for(plan);
  const media::Frame first = frame_of(request, 10);
  request.take = 2;
  CHECK(difference(first, frame_of(request, 10)) > 1);
  request.take = 1;
  request.seed = 8;
  CHECK(difference(first, frame_of(request, 10)) > 1);
}

TEST_CASE("every place can be drawn and no two look alike") {
  const char* const places[] = {"harbor", "sea", "forest", "mountain", "desert", "field", "snowfield", "street", "rooftop", "alley", "bridge", "station", "room",
                                "corridor", "café", "stage", "workshop", "church", "hospital", "car interior", "road", "space", "spaceship", "lab", "crowd", "abstract"};
  std::vector<media::Frame> frames;
  for (const char* place : places) {
    CAPTURE(std::string(place));
    const Plan plan = plan_at(place, "dusk", "Clear");
    frames.push_back(frame_of(request_for(plan, 24), 12));
  }
  for (std::size_t one = 0; one < frames.size(); ++one)
    for (std::size_t other = 0; other < one; ++other) {
      CAPTURE(places[one]);
      CAPTURE(places[other]);
      CHECK(difference(frames[one], frames[other]) > 3);
    }
}

TEST_CASE("every movement and angle can be drawn, and frames follow each other smoothly") {
  Plan plan = plan_at("street", "night", "Clear");
  plan.scenes[0].description = "The keeper stands";
  plan.scenes[0].shot = ShotType::ms;
  constexpr int movements = static_cast<int>(CameraMovement::orbit) + 1;
  for (int movement = 0; movement < movements; ++movement) {
    CAPTURE(movement);
    plan.scenes[0].movement = static_cast<CameraMovement>(movement);
    plan.scenes[0].angle = static_cast<CameraAngle>(movement % 5);
    auto shot = art::Shot::open(request_for(plan, 96));
    REQUIRE(shot.has_value());
    media::Frame head, before, middle, after, tail;
    REQUIRE(shot->draw(0, head).has_value());
    REQUIRE(shot->draw(47, before).has_value());
    REQUIRE(shot->draw(48, middle).has_value());
    REQUIRE(shot->draw(49, after).has_value());
    REQUIRE(shot->draw(95, tail).has_value());
    const double step = difference(before, middle), next = difference(middle, after), whole = difference(head, tail);
    CHECK(step < 5);
    CHECK(std::abs(step - next) < 2.5);
    if (movement != static_cast<int>(CameraMovement::static_) && movement != static_cast<int>(CameraMovement::handheld)) CHECK(whole > step * 1.2);
  }
}

TEST_CASE("every shot size of one and of two people can be drawn") {
  Plan plan = plan_at("harbor", "night", "Snow");
  for (int shot = 0; shot <= static_cast<int>(ShotType::vw); ++shot)
    for (const bool pair : {false, true}) {
      plan.scenes[0].shot = static_cast<ShotType>(shot);
      plan.scenes[0].characters = pair ? std::vector<std::string>{"keeper", "girl"} : std::vector<std::string>{"girl"};
      const media::Frame frame = frame_of(request_for(plan, 24), 5);
      const auto [low, high] = std::minmax_element(frame.y.begin(), frame.y.end());
      CHECK(*high - *low > 60);
    }
}

TEST_CASE("every weather moves the picture even when the camera is still") {
  for (const char* weather : {"Rain", "Snow", "Fog", "Dust", "Falling leaves", "Embers"}) {
    CAPTURE(std::string(weather));
    Plan plan = plan_at("field", "day", weather);
    plan.scenes[0].characters.clear();
    auto shot = art::Shot::open(request_for(plan));
    REQUIRE(shot.has_value());
    media::Frame one, other;
    REQUIRE(shot->draw(0, one).has_value());
    REQUIRE(shot->draw(47, other).has_value());
    CHECK(one.u != other.u);  // grain is in the luma only: chroma changes by movement
  }
}

TEST_CASE("the subject stands out from what is behind it") {
  for (const auto& [place, time] : {std::pair{"harbor", "dusk"}, std::pair{"street", "night"}, std::pair{"desert", "noon"}, std::pair{"room", "morning"}, std::pair{"snowfield", "day"}, std::pair{"stage", "night"}})
    for (const ShotType size : {ShotType::cu, ShotType::ws}) {
      CAPTURE(std::string(place));
      Plan plan = plan_at(place, time, "Clear");
      plan.scenes[0].shot = size;
      CHECK(art::build_stage(request_for(plan, 24)).subject_contrast >= 20);
    }
}

TEST_CASE("the accent colour stays an accent") {
  for (const char* place : {"harbor", "street", "forest", "room", "spaceship", "road"}) {
    CAPTURE(std::string(place));
    Plan plan = plan_at(place, "night", "Clear");
    plan.scenes[0].characters.clear();
    const media::Frame frame = frame_of(request_for(plan, 24), 12);
    const art::Palette palette = art::palette_for(plan, &plan.scenes[0], &plan.locations[0], "", false, 7);
    int near = 0;
    for (int row = 0; row < 84; ++row)
      for (int column = 0; column < 160; ++column) {
        const auto half = static_cast<std::size_t>(row * 160 + column), full = static_cast<std::size_t>(row * 2 * 320 + column * 2);
        const double y = (frame.y[full] - 16) / 219.0, u = (frame.u[half] - 128) / 224.0, v = (frame.v[half] - 128) / 224.0;
        const art::Colour colour{std::clamp(y + 1.5748 * v, 0.0, 1.0), std::clamp(y - 0.1873 * u - 0.4681 * v, 0.0, 1.0), std::clamp(y + 1.8556 * u, 0.0, 1.0)};
        if (art::difference(colour, palette.accent) < 0.08) ++near;
      }
    CHECK(near < 84 * 160 / 20);
  }
}

TEST_CASE("different characters have different silhouettes and colours, the same one always the same") {
  const art::Look one = art::look_of(keeper(), 7), again = art::look_of(keeper(), 7), other = art::look_of(girl(), 7);
  CHECK(one.seed == again.seed);
  CHECK(art::difference(one.top, again.top) == 0);
  CHECK(one.beard);
  CHECK(one.garment == art::Garment::long_coat);
  CHECK(one.age > 60);
  CHECK(other.age < 12);
  CHECK(other.height < one.height * 0.85);
  CHECK(other.scarf);
  CHECK(art::difference(one.top, other.top) > 0.15);
  Character silent;
  silent.id = "silent";
  Character unknown;
  unknown.id = "unknown";
  CHECK(art::look_of(silent, 7).seed != art::look_of(unknown, 7).seed);
}

TEST_CASE("the bar does not move with the camera and its text can be read") {
  Plan plan = plan_at("harbor", "dusk", "Clear");
  plan.scenes[0].movement = CameraMovement::pan_right;
  auto shot = art::Shot::open(request_for(plan));
  REQUIRE(shot.has_value());
  media::Frame one, other;
  REQUIRE(shot->draw(2, one).has_value());
  REQUIRE(shot->draw(46, other).has_value());
  int brightest = 0, darkest = 255;
  bool label_still = true;
  for (int row = 180 - 9; row < 179; ++row)
    for (int column = 0; column < 130; ++column) {
      const auto at = static_cast<std::size_t>(row * 320 + column);
      label_still = label_still && one.y[at] == other.y[at];
      brightest = std::max(brightest, static_cast<int>(one.y[at]));
      darkest = std::min(darkest, static_cast<int>(one.y[at]));
    }
  CHECK(label_still);
  CHECK(brightest > 120);
  CHECK(darkest < 40);
  CHECK(art::timecode(24 * 61 + 5, 24) == "01:01:01:05");
}

TEST_CASE("sheets are PNG files and belong to their character") {
  const Plan plan = plan_at("harbor", "dusk", "Fog");
  const auto one = art::character_sheet(plan, 0, 7, 1), other = art::character_sheet(plan, 1, 7, 1);
  REQUIRE(one.has_value());
  REQUIRE(other.has_value());
  CHECK(one->substr(1, 3) == "PNG");
  CHECK(*one != *other);
  CHECK(*one == *art::character_sheet(plan, 0, 7, 1));
  const auto place = art::location_sheet(plan, 0, 7, 1);
  REQUIRE(place.has_value());
  CHECK(place->substr(1, 3) == "PNG");
  CHECK_FALSE(art::character_sheet(plan, 9, 7, 1).has_value());
}

TEST_CASE("a request that cannot be drawn is refused") {
  const Plan plan = plan_at("room", "day", "Clear");
  art::ShotRequest request = request_for(plan);
  request.scene = 5;
  CHECK_FALSE(art::Shot::open(request).has_value());
  request = request_for(plan, 0);
  CHECK_FALSE(art::Shot::open(request).has_value());
  auto shot = art::Shot::open(request_for(plan, 10));
  REQUIRE(shot.has_value());
  media::Frame frame;
  CHECK_FALSE(shot->draw(10, frame).has_value());
  CHECK_FALSE(shot->draw(-1, frame).has_value());
}

TEST_CASE("a plan of empty and strange words is still drawn") {
  Plan plan = plan_at("", "", "");
  plan.locations.clear();
  plan.scenes[0].description = "\xC3\x9F\xE2\x82\xAC ??? ''' ---";
  plan.scenes[0].characters = {"nobody"};
  CHECK(frame_of(request_for(plan, 1), 0).width == 320);
}

TEST_CASE("a thing has the colour that is named right before it") {
  const auto prop = [](std::string_view name) {
    for (const art::Prop& one : art::props())
      if (one.name == name) return &one;
    return static_cast<const art::Prop*>(nullptr);
  };
  const art::Prop* van = prop("van");
  REQUIRE(van != nullptr);
  const auto said = [&](std::string_view text) { return art::colour_said(art::Words{text}, *van); };
  REQUIRE(said("Two siblings and a red van").has_value());
  CHECK(art::difference(*said("a red van"), *art::colour_from_words("red")) == 0);
  CHECK(said("a blue delivery van").has_value());
  CHECK_FALSE(said("a girl in red and a van").has_value());
  CHECK_FALSE(said("van").has_value());
  CHECK_FALSE(said("an old van").has_value());
}

TEST_CASE("a pose does not carry the head out of the closest shots") {
  for (const ShotType size : {ShotType::ecu, ShotType::cu})
    for (const char* text : {"The keeper stands", "The keeper plays the piano", "The keeper runs", "The keeper kneels"}) {
      CAPTURE(std::string(text));
      Plan plan = plan_at("stage", "night", "Clear");
      plan.scenes[0].shot = size;
      plan.scenes[0].description = text;
      const art::Stage stage = art::build_stage(request_for(plan, 24));
      CHECK(std::abs(stage.head_x - stage.view.subject_x) < 0.2);
    }
}

TEST_CASE("every form of the kernels gives the same bytes") {
  art::Dice dice(3, "row");
  std::vector<std::uint32_t> row(160), other(160);
  for (auto* list : {&row, &other})
    for (auto& pixel : *list) {
      // Runs of nothing and of full pixels take shorter ways.
      const int kind = dice.whole(0, 3);
      const auto alpha = static_cast<std::uint32_t>(kind == 0 ? 0 : kind == 1 ? 255 : dice.whole(0, 255));
      const auto part = [&] { return static_cast<std::uint32_t>(dice.whole(0, static_cast<int>(alpha))); };
      pixel = alpha << 24 | part() << 16 | part() << 8 | part();
    }
  std::fill(row.begin() + 20, row.begin() + 50, 0U);
  std::fill(row.begin() + 60, row.begin() + 90, 0xFF8040C0U);
  const std::vector<std::uint32_t> below(120, 0xFF204060U);
  std::vector<std::int16_t> dark(120);
  std::vector<std::int8_t> grain(120);
  for (auto& value : dark) value = static_cast<std::int16_t>(dice.whole(0, 40));
  for (auto& value : grain) value = static_cast<std::int8_t>(dice.whole(-24, 24));
  const art::kernel::Set& plain = art::kernel::portable;
  for (const art::kernel::Set* set : art::kernel::runnable()) {
    CAPTURE(std::string(set->name));
    for (const std::int64_t step : {std::int64_t{65536}, std::int64_t{13107}, std::int64_t{50000}, std::int64_t{65535}, std::int64_t{65537}, std::int64_t{80000}})
      for (const int opacity : {256, 200, 0})
        for (const std::int64_t u : {std::int64_t{0}, std::int64_t{30000}, std::int64_t{65535}}) {
          std::vector<std::uint32_t> out = below, expected = below;
          set->sample_over(row.data(), u, step, 101, opacity, out.data());
          plain.sample_over(row.data(), u, step, 101, opacity, expected.data());
          CHECK(out == expected);
          set->sample_add(row.data(), u, step, 101, opacity, out.data());
          plain.sample_add(row.data(), u, step, 101, opacity, expected.data());
          CHECK(out == expected);
        }
    std::vector<std::uint16_t> sums(480, 9000), sums_expected = sums;
    std::vector<std::uint32_t> blurred(120), blurred_expected(120);
    for (int pass = 0; pass < 3; ++pass) {
      set->box_row(sums.data(), 1725, row.data() + pass, other.data(), 117, blurred.data());
      plain.box_row(sums_expected.data(), 1725, row.data() + pass, other.data(), 117, blurred_expected.data());
      CHECK(blurred == blurred_expected);
      CHECK(sums == sums_expected);
    }
    for (const int amount : {0, 1, 128, 255, 256}) {
      std::vector<std::uint32_t> out(160), expected(160);
      set->mix_rows(row.data(), other.data(), amount, 157, out.data());
      plain.mix_rows(row.data(), other.data(), amount, 157, expected.data());
      CHECK(out == expected);
    }
    std::vector<std::uint8_t> y(120), u(60), v(60), y_expected(120), u_expected(60), v_expected(60);
    set->luma(row.data(), 119, y.data());
    plain.luma(row.data(), 119, y_expected.data());
    CHECK(y == y_expected);
    set->chroma(row.data(), other.data(), 118, u.data(), v.data());
    plain.chroma(row.data(), other.data(), 118, u_expected.data(), v_expected.data());
    CHECK(u == u_expected);
    CHECK(v == v_expected);
    for (auto& value : y) value = std::clamp<std::uint8_t>(value, 16, 235);
    y_expected = y;
    set->finish_luma(y.data(), dark.data(), 30, grain.data(), 5, 119);
    plain.finish_luma(y_expected.data(), dark.data(), 30, grain.data(), 5, 119);
    CHECK(y == y_expected);
  }
}
