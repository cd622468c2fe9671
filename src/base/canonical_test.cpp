#include <doctest/doctest.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "workprint/clock.h"
#include "workprint/digest.h"
#include "workprint/json.h"

namespace workprint {
namespace {

std::string read_sample(const std::string& name) {
  const auto tests = std::filesystem::path(__FILE__).parent_path() / "../../tests/compat";
  std::ifstream file(tests / name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("canonical json: numbers print as the samples of RFC 8785 say") {
  struct Sample {
    std::uint64_t bits;
    const char* text;
  };
  for (const Sample& sample : {
           Sample{0x0000000000000000, "0"},
           Sample{0x8000000000000000, "0"},
           Sample{0x0000000000000001, "5e-324"},
           Sample{0x8000000000000001, "-5e-324"},
           Sample{0x7fefffffffffffff, "1.7976931348623157e+308"},
           Sample{0xffefffffffffffff, "-1.7976931348623157e+308"},
           Sample{0x4340000000000000, "9007199254740992"},
           Sample{0xc340000000000000, "-9007199254740992"},
           Sample{0x4430000000000000, "295147905179352830000"},
           Sample{0x44b52d02c7e14af5, "9.999999999999997e+22"},
           Sample{0x44b52d02c7e14af6, "1e+23"},
           Sample{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
           Sample{0x444b1ae4d6e2ef4e, "999999999999999700000"},
           Sample{0x444b1ae4d6e2ef4f, "999999999999999900000"},
           Sample{0x444b1ae4d6e2ef50, "1e+21"},
           Sample{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
           Sample{0x3eb0c6f7a0b5ed8d, "0.000001"},
           Sample{0x41b3de4355555553, "333333333.3333332"},
           Sample{0x41b3de4355555554, "333333333.33333325"},
           Sample{0x41b3de4355555555, "333333333.3333333"},
           Sample{0x41b3de4355555556, "333333333.3333334"},
           Sample{0x41b3de4355555557, "333333333.33333343"},
           Sample{0xbecbf647612f3696, "-0.0000033333333333333333"},
           Sample{0x43143ff3c1cb0959, "1424953923781206.2"},
       })
    CHECK(canonical_json(std::bit_cast<double>(sample.bits)) == sample.text);
}

TEST_CASE("canonical json: every double comes back from its text") {
  const auto random = seeded_random(8785);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(random->next());
    if (value - value != 0) continue;  // not finite
    CHECK(std::strtod(canonical_json(value).c_str(), nullptr) == value);
  }
}

TEST_CASE("canonical json: integers and whole doubles look alike") {
  CHECK(canonical_json(Json::array({5, 5.0, -0.0, 0, -7, 7.25, 100.0})) == "[5,5,0,0,-7,7.25,100]");
  CHECK(canonical_json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(canonical_json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
}

TEST_CASE("canonical json: members are ordered by UTF-16 code units") {
  // RFC 8785, 3.2.3: carriage return, "1", U+0080, o umlaut, euro sign, a surrogate pair, U+FB33.
  const auto value = parse_json(
      R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew","1":"One","\ud83d\ude00":"Emoji",)"
      R"("\u0080":"Control","\u00f6":"Latin"})");
  REQUIRE(value);
  CHECK(canonical_json(*value) ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin\","
        "\"\u20ac\":\"Euro Sign\",\"\U0001F600\":\"Emoji\",\"\ufb33\":\"Hebrew\"}");
  CHECK(canonical_json(Json{{"ab", 1}, {"a", 2}, {"", 3}}) == R"({"":3,"a":2,"ab":1})");
}

TEST_CASE("canonical json: strings escape what they must and nothing else") {
  CHECK(canonical_json(Json("\b\t\n\f\r\"\\/\x01\x1f\x7f\u00e9\u2028")) ==
        "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f\u00e9\u2028\"");
  CHECK(canonical_json(Json(std::string(1, '\0'))) == "\"\\u0000\"");
}

TEST_CASE("canonical json: a document of the first format has the hash that is written in it") {
  auto document = parse_json(read_sample("state/v1/harbor-lights.json"));
  REQUIRE(document);
  Json& meta = document->at("$workprint");
  const auto written = meta.at("contentHash").get<std::string>();
  meta.erase("contentHash");
  CHECK(sha256_hex(canonical_json(*document)) == written);
}

TEST_CASE("pretty json: is the same value in lines") {
  const Json value = {{"b", Json::array({1, Json::object()})}, {"a", Json::array()}};
  CHECK(pretty_json(value) == "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {}\n  ]\n}\n");
  CHECK(parse_json(pretty_json(value)) == value);
}

}  // namespace workprint
