#include "film/story/cue.h"

#include <algorithm>

#include "film/story/text.h"

namespace film::story {

CueSentence::CueSentence(std::string_view text) : words_(split_words(lower(text))) {
  for (std::string& word : words_) {
    if (word.ends_with("'s")) word.resize(word.size() - 2);
    text_ += (text_.empty() ? "" : " ") + word;
  }
}

std::size_t CueSentence::at(std::string_view forms) const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (!has_any_word(forms, words_[i])) continue;
    bool cancelled = false;
    for (std::size_t before = i > 3 ? i - 3 : 0; before < i; ++before)
      cancelled = cancelled || has_any_word("not no never without", words_[before]);
    if (!cancelled) return i;
  }
  return std::string::npos;
}

std::string CueSentence::which(std::string_view forms) const {
  const std::size_t found = at(forms);
  return found == std::string::npos ? std::string() : words_[found];
}

std::vector<CueSentence> cue_sentences(std::string_view text) {
  std::vector<CueSentence> sentences;
  std::string now;
  for (const char letter : text) {
    const bool ends = letter == '.' || letter == '!' || letter == '?' || letter == ';' || letter == '\n';
    if (!ends) now += letter;
    if (ends && !trimmed(now).empty()) sentences.emplace_back(now);
    if (ends) now.clear();
  }
  if (!trimmed(now).empty()) sentences.emplace_back(now);
  return sentences;
}

}  // namespace film::story
