#include <doctest/doctest.h>

#include <limits>

#include "workprint/clock.h"
#include "workprint/object_name.h"

namespace workprint {
namespace {

FilmId film(std::string_view text) {
  const auto id = parse_film_id(text);
  REQUIRE(id);
  return *id;
}

template <class T>
T value(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return *std::move(result);
}

template <std::size_t count>
std::string pick(Random& random, const std::string (&choices)[count]) {
  return choices[random.next() % count];
}

std::uint32_t random_number(Random& random) {
  const std::uint32_t choices[] = {1, 9, 10, 99, 100, 999, 1000, std::numeric_limits<std::uint32_t>::max()};
  return choices[random.next() % std::size(choices)];
}

/// Some legal name of `type`, with the traps in its texts: reference-like ids, dashes in versions, deep files.
ObjectName random_parts(Random& random, ObjectType type) {
  const std::string hex32 = "0123456789abcdef0123456789abcdef";
  ObjectName parts{.type = type, .film = pick(random, {"f", "audio2", "a-b_C", std::string(128, 'x')})};
  const auto id = [&] {
    return pick(random, {"char_1", "x_reference_01", "x_reference", "_reference_", "-", std::string(64, 'i')});
  };
  switch (type) {
    case ObjectType::snapshot:
      parts.epoch = Epoch{random.next() >> (random.next() % 64)};
      parts.seq = Seq{random.next() >> (random.next() % 64)};
      break;
    case ObjectType::quarantine:
      parts.key = pick(random, {"1772", "a-b-c", "v1.2~x", "x-01234567"});
      parts.file = "89abcdef";
      break;
    case ObjectType::character_reference:
    case ObjectType::location_reference:
      parts.key = id();
      parts.number = random_number(random);
      break;
    case ObjectType::frame:
    case ObjectType::frame_evaluation: parts.which = random.next() % 2 == 0 ? Which::start : Which::end; [[fallthrough]];
    case ObjectType::clip:
    case ObjectType::clip_evaluation: parts.scene = random_number(random) - 1; [[fallthrough]];
    case ObjectType::render: parts.number = random_number(random); break;
    case ObjectType::text: parts.key = pick(random, {"a", "enrich/scenes-0/1", "scene_video_1/2/judge/1", "a.json"}); break;
    case ObjectType::incoming:
      parts.key = "wp_01ab";
      parts.file = pick(random, {"sample_0.mp4", "1/2/3/4/5"});
      break;
    case ObjectType::segment: parts.key = hex32; break;
    case ObjectType::deliver:
      parts.number = random_number(random);
      parts.file = pick(random, {"manifest.json", "panels/scene_000.png"});
      break;
    case ObjectType::command: parts.key = id(); break;
    case ObjectType::song:
      parts.film.clear();
      if (random.next() % 2 == 0) {
        parts.key = hex32;
        parts.file = pick(random, {"ogg", "mp3"});
      } else {
        parts.key = pick(random, {"my-song.v2.mp3", "plain", hex32});
      }
      break;
    default: break;
  }
  return parts;
}

}  // namespace

TEST_CASE("object name: each kind of object has the name that the film's page gives it") {
  const FilmId f = film("harbor-lights");
  const std::string sha = std::string(32, 'a') + std::string(32, 'b');
  CHECK(value(state_name(f)) == "harbor-lights/state.json");
  CHECK(value(snapshot_name(f, Epoch{1}, Seq{47})) == "harbor-lights/state/00000001-00000000000000000047.json");
  CHECK(value(lease_name(f)) == "harbor-lights/lease.json");
  CHECK(value(quarantine_name(f, "v7", sha)) == "harbor-lights/quarantine/v7-aaaaaaaa.json");
  CHECK(value(storyboard_name(f)) == "harbor-lights/scenes/storyboard.json");
  CHECK(value(character_reference_name(f, "char_1", 1)) == "harbor-lights/images/characters/char_1_reference_01.png");
  CHECK(value(location_reference_name(f, "loc_1", 12)) == "harbor-lights/images/locations/loc_1_reference_12.png");
  CHECK(value(frame_name(f, 0, Which::start, 1)) == "harbor-lights/images/frames/scene_000_frame_start_01.png");
  CHECK(value(frame_evaluation_name(f, 1, Which::end, 2)) ==
        "harbor-lights/images/frames/scene_001_frame_end_evaluation_02.json");
  CHECK(value(clip_name(f, 0, 2)) == "harbor-lights/scenes/scene_000_02.mp4");
  CHECK(value(clip_name(f, 1234, 100)) == "harbor-lights/scenes/scene_1234_100.mp4");
  CHECK(value(clip_evaluation_name(f, 0, 1)) == "harbor-lights/scenes/scene_000_evaluation_01.json");
  CHECK(value(text_name(f, "enrich/scenes-0/1")) == "harbor-lights/texts/enrich~scenes-0~1.json");
  CHECK(value(incoming_name(f, "wp_1", "a/b.mp4")) == "harbor-lights/incoming/wp_1/a/b.mp4");
  CHECK(value(segment_name(f, std::string(32, 'c'))) ==
        "harbor-lights/final/segments/cccccccccccccccccccccccccccccccc.mp4");
  CHECK(value(render_name(f, 1)) == "harbor-lights/final/movie_01.mp4");
  CHECK(value(latest_render_name(f)) == "harbor-lights/final/movie.mp4");
  CHECK(value(final_output_name(f)) == "harbor-lights/final/final_output.json");
  CHECK(value(deliver_name(f, 3, "manifest.json")) == "harbor-lights/deliver/03/manifest.json");
  CHECK(value(command_name(f, "cmd_5d1f08")) == "harbor-lights/commands/cmd_5d1f08.json");
  CHECK(value(song_name(sha, "ogg")) == "audio/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ogg");
  CHECK(film_prefix(f) == "harbor-lights/");
}

TEST_CASE("object name: what was built is read back, whatever the ids look like") {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto random = seeded_random(seed);
    const auto type = static_cast<ObjectType>(seed % 20);
    const ObjectName parts = random_parts(*random, type);
    const std::string name = value(object_name(parts));
    const auto parsed = parse_object_name(name);
    CHECK_MESSAGE(parsed == parts, "seed=" << seed << " name=" << name << " type=" << to_string(type));
    CHECK(check_object_name(name));
    CHECK(name.starts_with(type == ObjectType::song ? "audio/" : parts.film + "/"));
  }
}

TEST_CASE("object name: a reference without a number is take 1") {
  const auto parsed = parse_object_name("f/images/characters/char_1_reference.png");
  REQUIRE(parsed);
  CHECK(*parsed == ObjectName{.type = ObjectType::character_reference, .film = "f", .number = 1, .key = "char_1"});
}

TEST_CASE("object name: names that we would not write are none of ours") {
  for (const char* name :
       {"", "f", "f/", "/f/state.json", "f//state.json", "f/state.json/x", "f/State.json", "f/other.json",
        "f/scenes/scene_0_01.mp4", "f/scenes/scene_0001_01.mp4", "f/scenes/scene_000_1.mp4",
        "f/scenes/scene_000_00.mp4", "f/scenes/scene_000_001.mp4", "f/scenes/scene_000_01.mp4x",
        "f/scenes/scene_4294967296_01.mp4", "f/scenes/scene_-01_01.mp4", "f/scenes/scene_+01_01.mp4",
        "f/state/1-2.json", "f/state/00000001-00000000000000000047.JSON", "f/images/frames/composite_frame_01.png",
        "f/images/frames/scene_000_frame_middle_01.png", "f/images/characters/_reference_01.png",
        "f/final/segments/short.mp4", "f/final/movie_.mp4", "f/deliver/01/", "f/deliver/01/../../../g/state.json",
        "f/incoming/k/.hidden", "../f/state.json", "f/../g/state.json", "audio/", "audio/a/b", "audio/.x",
        "f/texts/~a.json", "f/texts/a~~b.json", "f/texts/.json", "f!/state.json", "f/quarantine/-01234567.json"})
    CHECK_MESSAGE(!parse_object_name(name).has_value(), name);
}

TEST_CASE("object name: hostile parts never make a name outside the film's folder") {
  const FilmId f = film("f");
  const std::string hostile[] = {"",      ".",     "..",    "../g",  "/",          "/etc/passwd",
                                 "a/../b", "a//b", "a\\b", "a\nb",  std::string("a\0b", 3), "\xff",
                                 "%2e%2e", ".x",    "a/",   "~",     "caf\xc3\xa9", std::string(1000, 'a')};
  for (const std::string& text : hostile) {
    const Result<std::string> names[] = {character_reference_name(f, text, 1), location_reference_name(f, text, 1),
                                         text_name(f, text),                   incoming_name(f, text, "x"),
                                         incoming_name(f, "k", text),          segment_name(f, text),
                                         deliver_name(f, 1, text),             command_name(f, text),
                                         song_name(text, "ogg"),               quarantine_name(f, "v", text),
                                         quarantine_name(f, text, "01234567")};
    for (const auto& name : names) {
      if (!name) {
        CHECK(name.error().kind == ErrorKind::invalid);
        continue;
      }
      CHECK_MESSAGE(name->starts_with("f/"), *name);
      CHECK(check_object_name(*name));
    }
  }
  CHECK_FALSE(clip_name(f, 0, 0));
  CHECK_FALSE(render_name(f, 0));
  CHECK_FALSE(song_name(std::string(64, 'a'), "o/g"));
  CHECK_FALSE(song_name(std::string(64, 'A'), "ogg"));
}

TEST_CASE("object name: the rules of every name hold at their edges") {
  CHECK(check_object_name(std::string(200, 'a')));
  CHECK_FALSE(check_object_name(std::string(201, 'a')));
  CHECK(check_object_name("1/2/3/4/5/6/7/8"));
  CHECK_FALSE(check_object_name("1/2/3/4/5/6/7/8/9"));
  std::string longest(900, 'p');
  for (const std::size_t slash : {199u, 399u, 599u, 799u}) longest[slash] = '/';
  CHECK(check_object_name(longest));
  CHECK_FALSE(check_object_name(longest + "p"));
  CHECK(check_object_prefix(""));
  CHECK(check_object_prefix("f/"));
  for (const char* prefix : {"f", "/", "f//", "../", ".x/", "f/.meta/"}) CHECK_FALSE(check_object_prefix(prefix));
}

TEST_CASE("object name: content types go by extension") {
  CHECK(content_type("f/state.json") == "application/json");
  CHECK(content_type("f/scenes/scene_000_01.mp4") == "video/mp4");
  CHECK(content_type("audio/x.ogg") == "audio/ogg");
  CHECK(content_type("f/x") == "application/octet-stream");
}

}  // namespace workprint
