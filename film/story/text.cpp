#include "film/story/text.h"

#include <algorithm>

namespace film::story {

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& letter : low)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return low;
}

std::string capital(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

bool is_word_letter(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || byte >= 128;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char letter = at < text.size() ? text[at] : ' ';
    const bool inner = (letter == '\'' || letter == '-') && !word.empty() && at + 1 < text.size() && is_word_letter(text[at + 1]);
    if (is_word_letter(letter) || inner) {
      word += letter;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const auto end = text.find(separator);
    if (end != 0) pieces.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return pieces;
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  if (word.empty()) return std::string_view::npos;
  for (auto at = text.find(word, from); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool starts = at == 0 || !is_word_letter(text[at - 1]);
    const auto end = at + word.size();
    if (starts && (end == text.size() || !is_word_letter(text[end]))) return at;
  }
  return std::string_view::npos;
}

bool has_word(std::string_view text, std::string_view word) { return find_word(text, word) != std::string_view::npos; }

bool has_any_word(std::string_view text, std::string_view alternatives) {
  for (std::string word : split(alternatives, ' ')) {
    std::ranges::replace(word, '_', ' ');
    if (has_word(text, word)) return true;
  }
  return false;
}

std::string cut_at_word(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  auto end = text.rfind(' ', bytes_max);
  if (end == std::string_view::npos || end < bytes_max / 2) end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == ',' || text[end - 1] == ';')) --end;
  return std::string(text.substr(0, end));
}

std::string spaced(std::string word) {
  std::ranges::replace(word, '_', ' ');
  return word;
}

std::string list_of(const std::vector<std::string>& parts) {
  std::string list;
  for (std::size_t i = 0; i < parts.size(); ++i) list += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return list;
}

std::string with_article(const std::string& noun) {
  if (noun.empty()) return noun;
  const std::string low = lower(noun);
  const bool vowel = low.find_first_of("aeiou") == 0 && !low.starts_with("uni") && !low.starts_with("one") && !low.starts_with("eu") && !low.starts_with("use");
  return (vowel || low.starts_with("hour") || low.starts_with("honest") ? "an " : "a ") + noun;
}

std::string sentence(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == ' ' || text.back() == ',' || text.back() == ';' || text.back() == ':')) text.pop_back();
  if (text.empty() || text.back() == '!' || text.back() == '?') return text;
  return text + ".";
}

Paragraph& Paragraph::add(std::string_view text) {
  if (text.empty()) return *this;
  const std::size_t gap = text_.empty() ? 0 : 1;
  if (text_.size() + gap + text.size() > bytes_max_) {
    // The first sentence carries the subject: cut it rather than lose it.
    if (text_.empty()) text_ = cut_at_word(text, bytes_max_);
    return *this;
  }
  if (gap == 1) text_ += ' ';
  text_ += text;
  return *this;
}

}  // namespace film::story
