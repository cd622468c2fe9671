#include "film/art/words.h"

#include <algorithm>

namespace film::art {
namespace {

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || static_cast<unsigned char>(letter) >= 128;
}

// "walks", "walking" and "walked" are the word "walk" to a draughtsman.
bool is_ending(std::string_view rest) {
  return rest.empty() || rest == "s" || rest == "es" || rest == "ing" || rest == "ed" || rest == "d" || rest == "y";
}

}  // namespace

void Words::add(std::string_view text) {
  for (const char raw : text) {
    const char letter = raw >= 'A' && raw <= 'Z' ? static_cast<char>(raw - 'A' + 'a') : raw;
    if (letter == '\'') continue;
    if (is_letter(letter)) text_ += letter;
    else if (text_.back() != ' ') text_ += ' ';
  }
  if (text_.back() != ' ') text_ += ' ';
}

std::size_t Words::position(std::string_view word) const {
  std::string wanted = " ";
  wanted += word;
  std::replace(wanted.begin(), wanted.end(), '_', ' ');
  for (auto at = text_.find(wanted); at != std::string::npos; at = text_.find(wanted, at + 1)) {
    const auto rest = at + wanted.size();
    const auto end = text_.find(' ', rest);
    if (is_ending(std::string_view{text_}.substr(rest, end - rest))) return at;
  }
  return std::string::npos;
}

std::size_t Words::first(std::string_view alternatives) const {
  std::size_t best = std::string::npos;
  while (!alternatives.empty()) {
    const auto space = alternatives.find(' ');
    const auto word = alternatives.substr(0, space);
    if (!word.empty()) best = std::min(best, position(word));
    alternatives = space == std::string_view::npos ? std::string_view{} : alternatives.substr(space + 1);
  }
  return best;
}

bool Words::has(std::string_view alternatives) const { return first(alternatives) != std::string::npos; }

}  // namespace film::art
