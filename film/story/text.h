/// Small operations on words and sentences, shared by the writer, continuity and prompts. ASCII case, UTF-8 safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace film::story {

[[nodiscard]] std::string lower(std::string_view text);
/// First letter in upper case.
[[nodiscard]] std::string capital(std::string text);
[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] bool is_word_letter(char letter);
/// The words of a text as written: letters, digits, inner apostrophes and hyphens.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);
/// Splits at one character; empty pieces are left out.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
/// Whether `word` (may be several words) stands whole in `text`; both in lower case.
[[nodiscard]] bool has_word(std::string_view text, std::string_view word);
/// Where it starts, npos when it does not occur whole.
[[nodiscard]] std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);
/// Whether one of the space-separated words occurs; "_" stands for a space inside one ("golden_hour").
[[nodiscard]] bool has_any_word(std::string_view text, std::string_view alternatives);
/// Valid UTF-8 of at most `bytes_max`, ended at a word.
[[nodiscard]] std::string cut_at_word(std::string_view text, std::size_t bytes_max);
/// "golden_hour" as people write it: "golden hour".
[[nodiscard]] std::string spaced(std::string word);
/// "a, b and c".
[[nodiscard]] std::string list_of(const std::vector<std::string>& parts);
/// "a lamp", "an old lamp".
[[nodiscard]] std::string with_article(const std::string& noun);
/// Ends with a full stop, whatever it ended with.
[[nodiscard]] std::string sentence(std::string text);

/// Sentences joined by spaces up to a limit: a sentence that does not fit is left out whole.
class Paragraph {
 public:
  explicit Paragraph(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  Paragraph& add(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t bytes_max_;
  std::string text_;
};

}  // namespace film::story
