/// Free text read for what can be drawn: lower case, whole words, simple plurals and verb endings.
#pragma once

#include <string>
#include <string_view>

namespace film::art {

class Words {
 public:
  Words() = default;
  explicit Words(std::string_view text) { add(text); }
  void add(std::string_view text);
  /// Whether one of the space-separated `alternatives` occurs; "phone_booth" means the two words in a row.
  [[nodiscard]] bool has(std::string_view alternatives) const;
  /// Where `word` first starts, npos when it does not occur.
  [[nodiscard]] std::size_t position(std::string_view word) const;
  /// Where the first of `alternatives` starts.
  [[nodiscard]] std::size_t first(std::string_view alternatives) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_ = " ";  ///< words with single spaces between and around
};

}  // namespace film::art
