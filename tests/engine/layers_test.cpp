// The folder list is the architecture (DESIGN.md, section 7): no include points the wrong way, and pure code stays pure.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

fs::path source_root() { return fs::path(__FILE__).parent_path().parent_path().parent_path(); }

struct Line {
  std::string file;  // from the root
  int number = 0;
  std::string text;  // without // comments and without what stands between quotes, but for includes
};

// Strings and comments would make a text search see things that are not code.
std::string code_of(const std::string& line) {
  static const std::regex quoted(R"re("([^"\\]|\\.)*")re");
  static const std::regex comment(R"(//.*$)");
  if (line.find("#include") != std::string::npos) return line;
  return std::regex_replace(std::regex_replace(line, quoted, "\"\""), comment, "");
}

std::vector<Line> lines_under(const std::string& folder) {
  std::vector<Line> lines;
  if (!fs::exists(source_root() / folder)) return lines;
  for (const auto& entry : fs::recursive_directory_iterator(source_root() / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream in(entry.path());
    std::string text;
    for (int number = 1; std::getline(in, text); ++number)
      lines.push_back({entry.path().lexically_relative(source_root()).generic_string(), number, code_of(text)});
  }
  return lines;
}

bool is_test(const std::string& file) { return file.ends_with("_test.cpp") || file.ends_with("_test.h"); }

std::string included(const Line& line) {
  static const std::regex include(R"(^\s*#include\s+"([^"]+)\")");
  std::smatch found;
  return std::regex_search(line.text, found, include) ? found[1].str() : std::string();
}

std::string first_part(const std::string& path) { return path.substr(0, path.find('/')); }

// Left of it is what a folder may include. store and object stand side by side and do not see each other.
const std::map<std::string, int> rank_of{{"base", 0},     {"graph", 1},    {"run", 2},    {"record", 3}, {"store", 4}, {"object", 4},
                                         {"snapshot", 5}, {"recovery", 6}, {"worker", 7}, {"service", 8}, {"cli", 9}};

void complain(const Line& line, const std::string& why) { FAIL_CHECK(line.file, ":", line.number, ": ", why); }

bool names_any(const std::string& text, const std::vector<std::regex>& words) {
  return std::ranges::any_of(words, [&](const std::regex& word) { return std::regex_search(text, word); });
}

}  // namespace

TEST_CASE("layers: a folder of src includes only what stands left of it") {
  int includes = 0;
  for (const Line& line : lines_under("src")) {
    const std::string target = included(line);
    if (target.empty() || is_test(line.file)) continue;
    ++includes;
    const std::string folder = first_part(line.file.substr(4));
    REQUIRE_MESSAGE(rank_of.contains(folder), "folder without a place in the order: src/", folder);
    const std::string from = first_part(target);
    if (from == "workprint" || from == folder) continue;
    if (folder == "cli" && from == "film") continue;  // the program is where engine and film meet
    if (!rank_of.contains(from))
      complain(line, "includes what is no layer: " + target);
    else if (rank_of.at(from) >= rank_of.at(folder))
      complain(line, "src/" + folder + " includes from src/" + from);
  }
  CHECK(includes > 50);
}

TEST_CASE("layers: public headers include public headers only") {
  for (const Line& line : lines_under("include"))
    if (const std::string target = included(line); !target.empty() && first_part(target) != "workprint")
      complain(line, "public header includes " + target);
}

TEST_CASE("layers: the film and the examples are written against the public headers") {
  for (const std::string folder : {"film", "examples"})
    for (const Line& line : lines_under(folder)) {
      const std::string target = included(line);
      if (target.empty()) continue;
      const std::string from = first_part(target);
      if (from != "workprint" && from != "film" && !(is_test(line.file) && from == "tests"))
        complain(line, "includes " + target + "; only workprint/ and film/ are open to it");
    }
}

TEST_CASE("layers: nothing throws") {
  const std::regex statement(R"(\bthrow\b)");
  for (const Line& line : lines_under("src"))
    if (!is_test(line.file) && std::regex_search(line.text, statement)) complain(line, "throws");
}

TEST_CASE("layers: graph, run and the recovery table know no clock, chance, thread or file") {
  std::vector<std::regex> impure;
  for (const char* word : {R"((system|steady|high_resolution)_clock)", R"(\b(wall|now|wait|sleep\w*|nanosleep|usleep)\s*\()", R"(\brandom_device\b|\bmt19937|\brand\s*\()",
                           R"(\b(system|seeded)_random\b)", R"(\bj?thread\b|\bmutex\b|\batomic\b|\bcondition_variable)",
                           R"(\b[io]?fstream\b|\bfopen\b|\bgetenv\b|\bfilesystem::)", R"(\b(ctime|time)\s*\()"})
    impure.emplace_back(word);
  int looked_at = 0;
  for (const std::string file_or_folder : {"src/graph", "src/run", "src/recovery"})
    for (const Line& line : lines_under(file_or_folder)) {
      const bool is_pure = !is_test(line.file) && !line.file.starts_with("src/recovery/gather");
      if (!is_pure) continue;
      ++looked_at;
      if (names_any(line.text, impure)) complain(line, "pure code reads the outside: " + line.text);
    }
  CHECK(looked_at > 500);
}
