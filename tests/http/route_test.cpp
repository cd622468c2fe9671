// Paths: which route they belong to, and that no path is two.
#include "service/http_route.h"

#include <doctest/doctest.h>

#include "object/url.h"
#include "service/http_error.h"
#include "service/http_range.h"
#include "tests/fuzz/mutate.h"

namespace workprint::http {
namespace {

RouteTable example() {
  RouteTable table;
  for (const auto& [method, pattern] : std::vector<std::pair<const char*, const char*>>{
           {"GET", "/"}, {"POST", "/api/video/start"}, {"GET", "/api/video/:id/state"}, {"POST", "/api/video/:id/resume"},
           {"GET", "/api/video/:id/scene/:sceneId/assets"}, {"POST", "/api/video/:id/scene/:sceneId/asset"},
           {"GET", "/api/video/:id/commands/:commandId"}, {"GET", "/api/video/:id"}, {"GET", "/api/objects/*path"},
           {"POST", "/api/session"}, {"DELETE", "/api/session"}}) {
    table.add({.method = method, .pattern = pattern, .answer = [name = std::string(pattern)](const Request&, const PathValues&) -> Answer {
                 return Response{.body = name};
               }});
  }
  return table;
}

/// "<pattern> name=value ...", or the status.
std::string found(const RouteTable& table, std::string_view method, std::string_view path) {
  const auto outcome = table.find(method, path);
  if (const auto* response = std::get_if<Response>(&outcome)) return std::to_string(response->status);
  const auto& match = std::get<RouteTable::Match>(outcome);
  std::string text = match.route->pattern;
  for (const auto& [name, value] : match.values) text += " " + name + "=" + value;
  return text;
}

}  // namespace

TEST_CASE("http route: a path finds its route and gives its parts names") {
  const RouteTable table = example();
  struct Row {
    const char *method, *path, *outcome;
  };
  const Row rows[] = {
      {"GET", "/", "/"},
      {"HEAD", "/", "/"},
      {"GET", "/api/video/f1/state", "/api/video/:id/state id=f1"},
      {"GET", "/api/video/start", "405"},
      {"POST", "/api/video/start", "/api/video/start"},
      {"GET", "/api/video/f%2D1/state", "/api/video/:id/state id=f-1"},
      {"GET", "/api/video/f1/scene/07/assets", "/api/video/:id/scene/:sceneId/assets id=f1 sceneId=07"},
      {"POST", "/api/video/f1/scene/07/asset", "/api/video/:id/scene/:sceneId/asset id=f1 sceneId=07"},
      {"GET", "/api/objects/f1/final/movie.mp4", "/api/objects/*path path=f1/final/movie.mp4"},
      {"GET", "/api/objects/f1/final%20cut.mp4", "/api/objects/*path path=f1/final cut.mp4"},
      {"GET", "/api/objects/", "404"},
      {"GET", "/api/objects", "404"},
      {"GET", "/api/objects/a//b", "404"},
      {"GET", "/api/objects/a/", "404"},
      {"GET", "/api/objects/../state", "400"},
      {"GET", "/api/objects/%2e%2E/state", "400"},
      {"GET", "/api/objects/a%2Fb", "400"},
      {"GET", "/api/objects/a%5cb", "400"},
      {"GET", "/api/objects/a%00b", "400"},
      {"GET", "/api/objects/a%0ab", "400"},
      {"GET", "/api/objects/a%7fb", "400"},
      {"GET", "/api/objects/%c0%af", "400"},
      {"GET", "/api/objects/%ed%a0%80", "400"},
      {"GET", "/api/objects/%f4%90%80%80", "400"},
      {"GET", "/api/objects/%c3", "400"},
      {"GET", "/api/objects/%c3%a9", "/api/objects/*path path=\xc3\xa9"},
      {"GET", "/api/video/%/state", "400"},
      {"GET", "/api/video/%4/state", "400"},
      {"GET", "/api/video/%4g/state", "400"},
      {"GET", "/api/video//state", "404"},
      {"GET", "/api/video/f1/state/", "404"},
      {"GET", "/api/Video/f1/state", "404"},
      {"GET", "//", "404"},
      {"GET", "", "400"},
      {"GET", "api", "400"},
      {"POST", "/api/video/f1/state", "405"},
      {"OPTIONS", "/api/video/f1/state", "204"},
      {"OPTIONS", "/none", "404"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    CHECK(found(table, row.method, row.path) == row.outcome);
  }
}

TEST_CASE("http route: another method is told which ones there are") {
  const RouteTable table = example();
  const auto refusal = std::get<Response>(table.find("PUT", "/api/session"));
  CHECK(refusal.status == 405);
  CHECK(find_field(refusal.headers, "allow") == "OPTIONS, DELETE, POST");
  CHECK(find_field(std::get<Response>(table.find("POST", "/")).headers, "allow") == "OPTIONS, GET, HEAD");
}

TEST_CASE("http route: words win over names, whichever came first") {
  for (const bool word_first : {true, false}) {
    RouteTable table;
    const auto add = [&](const char* pattern) {
      table.add({.method = "GET", .pattern = pattern, .answer = [](const Request&, const PathValues&) -> Answer { return Response{}; }});
    };
    if (word_first) add("/a/b");
    add("/a/*rest");
    add("/a/:x");
    add("/:y/b");
    if (!word_first) add("/a/b");
    CHECK(found(table, "GET", "/a/b") == "/a/b");
    CHECK(found(table, "GET", "/a/c") == "/a/:x x=c");
    CHECK(found(table, "GET", "/z/b") == "/:y/b y=z");
    CHECK(found(table, "GET", "/a/c/d") == "/a/*rest rest=c/d");
  }
}

TEST_CASE("http route: whatever the path, a part stays a part and the way back gives the same route") {
  const RouteTable table = example();
  const std::vector<std::string> corpus{"/", "/api/video/f1/state", "/api/video/f%2D1/scene/07/assets", "/api/objects/f1/final/movie.mp4",
                                        "/api/objects/%c3%a9/%2e%2e/x", "/api/video/%00/%2f", "/api/video/start", "/api/session"};
  fuzz::Mutator mutator(20'260'302);
  int matches = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string path = mutator.change(corpus);
    const auto outcome = table.find(i % 2 == 0 ? "GET" : "POST", path);
    const auto* match = std::get_if<RouteTable::Match>(&outcome);
    if (match == nullptr) {
      REQUIRE(std::get<Response>(outcome).status >= 400);
      continue;
    }
    ++matches;
    std::string again;
    for (std::string_view rest = std::string_view(match->route->pattern).substr(1);;) {
      const std::string_view segment = rest.substr(0, rest.find('/'));
      const bool is_value = segment.starts_with(':') || segment.starts_with('*');
      const std::string value = is_value ? match->values.at(std::string(segment.substr(1))) : std::string(segment);
      if (segment.starts_with(':')) REQUIRE(value.find('/') == std::string::npos);
      if (is_value) REQUIRE(("/" + value + "/").find("/../") == std::string::npos);
      REQUIRE(value.find('\0') == std::string::npos);
      again += "/" + percent_encode(value, Slash::keep);
      if (rest.size() == segment.size()) break;
      rest.remove_prefix(segment.size() + 1);
    }
    CAPTURE(path);
    const auto second = table.find(match->route->method, again);
    REQUIRE(std::holds_alternative<RouteTable::Match>(second));
    REQUIRE(std::get<RouteTable::Match>(second).route == match->route);
    REQUIRE(std::get<RouteTable::Match>(second).values == match->values);
  }
  CHECK(matches > 2'000);
}

}  // namespace workprint::http
