/// A short fuzzing run without clang: every file of a corpus, then seeded changes of them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace workprint::fuzz {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : state_(seed) {}

  /// One to four small changes: a byte, a cut, a doubled piece, a piece of another file, a word that rules care about.
  std::string change(const std::vector<std::string>& corpus) {
    std::string text = corpus[below(corpus.size())];
    for (std::size_t i = 0, changes = 1 + below(4); i < changes; ++i) change_once(text, corpus);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return limit == 0 ? 0 : static_cast<std::size_t>((z ^ (z >> 31)) % limit);
  }

  void change_once(std::string& text, const std::vector<std::string>& corpus) {
    static constexpr std::string_view words[] = {"null", "-1", "0", "1e400", "9007199254740993", "1.5", "{}", "[]", "\"\"", "true", "\"$workprint\"",
                                                 "..", "/", "~", "\\u0000", "\xff", "_reference.png", "00000001", "{\"drop\":4,\"values\":[]}"};
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(text.size() - at, 24) + 1);
    const std::string& other = corpus[below(corpus.size())];
    const std::size_t from = below(other.size() + 1);
    switch (below(5)) {
      case 0: text.replace(at, std::min<std::size_t>(1, text.size() - at), 1, static_cast<char>(below(256))); break;
      case 1: text.erase(at, length); break;
      case 2: text.insert(at, text.substr(at, length)); break;
      case 3: text.replace(at, length, other.substr(from, below(24))); break;
      default: text.replace(at, length, words[below(std::size(words))]);
    }
  }

  std::uint64_t state_;
};

/// One kept input: a test that all of them are refused would prove little, so some are asked for by name.
inline std::string kept(const char* target, const char* name) {
  std::ifstream in(std::filesystem::path(WORKPRINT_CORPUS) / target / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> read_corpus(const char* target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(WORKPRINT_CORPUS) / target)) files.push_back(entry.path());
  std::ranges::sort(files);  // the seed alone decides what is tried
  std::vector<std::string> corpus;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

/// Returns how many inputs were tried.
inline std::size_t smoke(const char* target, void (*one)(std::string_view), std::size_t rounds) {
  const std::vector<std::string> corpus = read_corpus(target);
  for (const std::string& text : corpus) one(text);
  Mutator mutator(20'260'301);
  for (std::size_t i = 0; i < rounds && !corpus.empty(); ++i) one(mutator.change(corpus));
  return corpus.empty() ? 0 : corpus.size() + rounds;
}

}  // namespace workprint::fuzz
