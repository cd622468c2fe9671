#include <doctest/doctest.h>

#include "base/json_reader.h"
#include "workprint/clock.h"
#include "workprint/json.h"

namespace workprint {
namespace {

std::string refusal(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_json(text, limits);
  if (value) return "accepted";
  CHECK(value.error().kind == ErrorKind::invalid);
  return value.error().message;
}

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return std::string(count, '[') + std::string(count, ']');
}

/// A small random value without null members outside arrays.
Json random_value(Random& random, int depth) {
  switch (random.next() % (depth > 0 ? 6 : 4)) {
    case 0: return random.next() % 3;
    case 1: return random.next() % 2 == 0;
    case 2: return "t" + std::to_string(random.next() % 3);
    case 3: return Json::array({nullptr, random.next() % 2});
    default: {
      Json object = Json::object();
      for (auto count = random.next() % 4; count > 0; --count)
        object["m" + std::to_string(random.next() % 4)] = random_value(random, depth - 1);
      return object;
    }
  }
}

Json random_object(Random& random) {
  Json object = Json::object();
  for (int i = 0; i < 3; ++i) object["m" + std::to_string(random.next() % 4)] = random_value(random, 3);
  return object;
}

}  // namespace

TEST_CASE("json: reads what is written plainly") {
  const auto value = parse_json(R"( {"a": [1, -2, 2.5, "x\u00e9", true, null], "b": {"c": {}}} )");
  REQUIRE(value);
  CHECK(*value == Json{{"a", {1, -2, 2.5, "x\u00e9", true, nullptr}}, {"b", {{"c", Json::object()}}}});
  CHECK(parse_json("7") == Json(7));
  CHECK(parse_json("[[1],[2,[3]],{\"a\":[4]}]") == Json::parse("[[1],[2,[3]],{\"a\":[4]}]"));
}

TEST_CASE("json: a doubled member name is refused at every depth") {
  CHECK(refusal(R"({"a":1,"a":1})") == "doubled member name. name=\"a\"");
  CHECK(refusal(R"([{"b":{"x":1,"\u0078":2}}])") == "doubled member name. name=\"x\"");
  CHECK(refusal(R"([{"a":1},{"a":1}])") == "accepted");
}

TEST_CASE("json: numbers that another reader would change are refused") {
  CHECK(refusal("9007199254740992") == "accepted");
  CHECK(refusal("-9007199254740992") == "accepted");
  for (const char* text : {"9007199254740993", "-9007199254740993", "18446744073709551615", "18446744073709551616",
                           "-9223372036854775809", "123456789012345678901234567890", "1e20", "9007199254740994.0"})
    CHECK_MESSAGE(refusal(text).starts_with("integer outside"), text);
  CHECK(refusal("1e400") == "number out of range. byte=5");
  CHECK(refusal("1e300") == "accepted");
  for (const char* text : {"NaN", "Infinity", "-", "01", "+1", "1.", ".5", "0x10"}) CHECK(refusal(text) != "accepted");
}

TEST_CASE("json: what was read is written and read again as the same value") {
  for (const char* text : {"1e21", "-1.5e-9", "0.1", "-0", "-0.0", "9007199254740992.0", "1e300", "5e-324"}) {
    const auto value = parse_json(text);
    REQUIRE(value);
    const auto again = parse_json(canonical_json(*value));
    REQUIRE(again);
    CHECK(*again == *value);
    CHECK(canonical_json(*again) == canonical_json(*value));
  }
}

TEST_CASE("json: the limits hold at their edges") {
  CHECK(refusal(nested(64)) == "accepted");
  CHECK(refusal(nested(65)) == "nested too deep. depth_max=64");
  CHECK(refusal(std::string(1000000, '[')) == "nested too deep. depth_max=64");
  CHECK(refusal("[1,2]", {.bytes_max = 5}) == "accepted");
  CHECK(refusal("[1,2]", {.bytes_max = 4}) == "json too large. size=5 bytes_max=4");
}

TEST_CASE("json: text that is not JSON or not UTF-8 is refused") {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, " "sv, "{"sv, "[1,]"sv, "{\"a\":1,}"sv, "[1] x"sv, "// c\n1"sv, "'a'"sv, "\"\n\""sv,
                          "\"\xff\""sv, "\"\xc0\xaf\""sv, "\"\xed\xa0\x80\""sv, "\"\\ud800\""sv, "{}\0{}"sv, "\0"sv,
                          "\"a\0b\""sv, "\"\\q\""sv, "tru"sv})
    CHECK_MESSAGE(refusal(text) != "accepted", text);
}

TEST_CASE("json: no cut and no flipped byte of a document stops the parser") {
  const std::string text = R"({"a":[1,2.5e3,"\u00e9\ud83d\ude00",{"b":null}],"c":true})";
  for (std::size_t i = 0; i < text.size(); ++i) {
    CHECK(refusal(text.substr(0, i)) != "accepted");
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      if (const auto value = parse_json(damaged)) CHECK(parse_json(canonical_json(*value)) == *value);
    }
  }
}

namespace {

/// Equal, of the same types everywhere.
bool are_same(const Json& a, const Json& b) {
  if (a.type() != b.type() || a != b || a.size() != b.size()) return false;
  if (!a.is_structured()) return true;
  for (auto one = a.begin(), other = b.begin(); one != a.end(); ++one, ++other)
    if (!are_same(*one, *other)) return false;
  return true;
}

}  // namespace

TEST_CASE("json: the quick reader takes nothing that the strict one would not read as the same") {
  const std::string text = R"({"a":[1,-2.5e3,"\u00e9\ud83d\ude00 é",{"b":null}],"c":true,"a2":-0,"n":9007199254740992,"z":-0.0})";
  const auto both = [](std::string_view bytes) {
    const auto quick = read_quickly(bytes, 8);
    const auto strict = read_strictly(bytes, {.depth_max = 8});
    if (quick) CHECK_MESSAGE((strict && are_same(*strict, *quick)), bytes);
    return quick.has_value();
  };
  CHECK(both(text));
  int taken = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    both(text.substr(0, i));
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = text;
      other[i] = static_cast<char>(byte);
      taken += both(other) ? 1 : 0;
      taken += both(other.insert(i, 1, '1')) ? 1 : 0;
    }
  }
  CHECK(taken > 1000);
  for (const char* beyond : {"9007199254740993", "-9007199254740993", "18446744073709551615", "18446744073709551616", "1e400", "1e17", "{\"a\":1,\"a\":1}",
                             "[[[[[[[[[]]]]]]]]]", "\xef\xbb\xbf{}", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud888\\u1234\"", "[1] x", ""})
    CHECK_MESSAGE(!both(beyond), beyond);
  CHECK(both("[[[[[[[[]]]]]]]]"));
}

TEST_CASE("merge patch: the examples of RFC 7396") {
  struct Example {
    const char* target;
    const char* patch;
    const char* result;
  };
  for (const Example& example : {
           Example{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           Example{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           Example{R"({"a":"b"})", R"({"a":null})", R"({})"},
           Example{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           Example{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
           Example{R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
           Example{R"({"a":"foo"})", R"(null)", R"(null)"},
           Example{R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
           Example{R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
           Example{R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
       }) {
    Json target = Json::parse(example.target);
    merge_patch(target, Json::parse(example.patch));
    CHECK(target == Json::parse(example.result));
  }
}

TEST_CASE("merge diff: turns any object into any other and says nothing when they are equal") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const auto random = seeded_random(seed);
    const Json source = random_object(*random);
    const Json target = random_object(*random);
    Json patched = source;
    merge_patch(patched, merge_diff(source, target));
    CHECK_MESSAGE(patched == target, "seed=" << seed);
    CHECK(merge_diff(source, source) == Json::object());
  }
  CHECK(merge_diff({{"a", {{"b", 1}, {"c", 2}}}}, {{"a", {{"b", 1}, {"c", 3}}}}) == Json{{"a", {{"c", 3}}}});
}

}  // namespace workprint
