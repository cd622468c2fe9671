#include "workprint/id.h"

#include <algorithm>

#include "base/quote.h"

namespace workprint {
namespace {

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

Result<FilmId> parse_film_id(std::string_view text) {
  const auto refuse = [&](std::string_view rule) {
    return fail(ErrorKind::invalid, "film id " + std::string(rule) + ". id=" + in_quotes(text));
  };
  if (text.empty()) return refuse("is empty");
  if (text.size() > 128) return refuse("is longer than 128 characters");
  if (!std::ranges::all_of(text, is_id_character)) return refuse("may hold only letters, digits, _ and -");
  if (text == "audio") return refuse("may not be audio: that folder holds songs");
  return FilmId(std::string(text));
}

}  // namespace workprint
