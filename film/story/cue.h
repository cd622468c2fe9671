/// Cues: whole words that say what a scene does to people and places, and the words around them that take it back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace film::story {

/// One sentence as lower-case words.
class CueSentence {
 public:
  explicit CueSentence(std::string_view text);
  /// Whether one of the space-separated forms stands here, not taken back up to 3 words before it.
  [[nodiscard]] bool says(std::string_view forms) const { return !which(forms).empty(); }
  /// The form that stands here first; empty when none does.
  [[nodiscard]] std::string which(std::string_view forms) const;
  /// Where a form stands, npos when none does.
  [[nodiscard]] std::size_t at(std::string_view forms) const;
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  /// The words with single spaces: for names of more than one word.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::vector<std::string> words_;
  std::string text_;
};

[[nodiscard]] std::vector<CueSentence> cue_sentences(std::string_view text);

}  // namespace film::story
