#include <doctest/doctest.h>

#include <utility>

#include "base/quote.h"
#include "workprint/id.h"

namespace workprint {

TEST_CASE("film id: letters, digits, _ and - up to 128 are accepted as they are") {
  for (const std::string& text : {std::string("a"), std::string("film_0123456789ab"), std::string("Audio"),
                                  std::string("-"), std::string("audio2"), std::string(128, 'x')}) {
    const auto film = parse_film_id(text);
    REQUIRE(film);
    CHECK(film->value() == text);
  }
}

TEST_CASE("film id: nothing that could leave its folder or spoil a log is accepted") {
  using namespace std::string_view_literals;
  for (const auto text :
       {""sv, "."sv, ".."sv, "../x"sv, "/etc"sv, "a/b"sv, "a\\b"sv, "a\0b"sv, "a\n"sv, "a b"sv, ".hidden"sv, "a.b"sv,
        "audio"sv, "f\xc3\xa4hre"sv, "a\xff"sv, "a%2e"sv, "~"sv, "a\x7f"sv, "a\x1b[2J"sv}) {
    const auto film = parse_film_id(text);
    CHECK_MESSAGE(!film.has_value(), text);
    if (!film) CHECK(film.error().kind == ErrorKind::invalid);
  }
  CHECK_FALSE(parse_film_id(std::string(129, 'x')));
  CHECK_FALSE(parse_film_id(std::string(1 << 20, '\x01')));
}

TEST_CASE("film id: the message names the rule and quotes the text safely") {
  CHECK(parse_film_id("a\n\x1b\"").error().message ==
        "film id may hold only letters, digits, _ and -. id=\"a\\x0a\\x1b\\\"\"");
  CHECK(parse_film_id("audio").error().message.find("songs") != std::string::npos);
  CHECK(in_quotes(std::string(81, 'y')) == "\"" + std::string(80, 'y') + "...\"");
}

TEST_CASE("head: recovery orders by epoch, then seq") {
  CHECK(is_newer(Head{Epoch{2}, Seq{1}, ""}, Head{Epoch{1}, Seq{9}, ""}));
  CHECK(is_newer(Head{Epoch{2}, Seq{2}, ""}, Head{Epoch{2}, Seq{1}, ""}));
  CHECK_FALSE(is_newer(Head{Epoch{2}, Seq{2}, "a"}, Head{Epoch{2}, Seq{2}, "b"}));
}

TEST_CASE("error: each kind has its word") {
  CHECK(to_string(ErrorKind::invalid) == "invalid");
  CHECK(to_string(ErrorKind::not_found) == "not_found");
  CHECK(to_string(ErrorKind::conflict) == "conflict");
  CHECK(to_string(ErrorKind::fenced) == "fenced");
  CHECK(to_string(ErrorKind::unavailable) == "unavailable");
  CHECK(to_string(ErrorKind::cancelled) == "cancelled");
  CHECK(to_string(ErrorKind::corrupt) == "corrupt");
}

}  // namespace workprint
