/// Which handler a path belongs to, and the parts of the path that it names.
///
/// Thread-safety: `add` first, then any thread may `find`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/http_message.h"

namespace workprint::http {

/// Decoded parts of a path by name.
using PathValues = std::map<std::string, std::string>;

struct Route {
  std::string method;  ///< GET also serves HEAD
  /// `/api/video/:id/state`: `:name` stands for one segment, `*name` at the end for all that follow (joined by '/'). Where
  /// two patterns fit, words win over names, and names over `*`.
  std::string pattern;
  std::function<Answer(const Request&, const PathValues&)> answer;
  Admission admission{};
};

class RouteTable {
 public:
  /// REQUIRES: the pattern begins with '/', names no part twice, and neither it nor one of the same shape is there for
  /// this method.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;  ///< lives as long as the table, and until the next add()
    PathValues values;
  };
  /// Or the answer: 400 (a segment that cannot be decoded), 404, 405 with Allow; OPTIONS is answered 204 with Allow.
  [[nodiscard]] std::variant<Match, Response> find(std::string_view method, std::string_view path) const;

 private:
  struct Shape {
    std::vector<std::string> segments;
    std::map<std::string, Route> routes;  ///< by method
  };
  std::vector<Shape> shapes_;
};

/// Splits a raw path at '/' and decodes each segment.
///
/// Errors: invalid: no '/' at the begin; a `%` without two hex digits; a segment that decodes to "." or "..", or holds '/',
/// '\\', NUL or another control character, or is not UTF-8.
Result<std::vector<std::string>> split_path(std::string_view path);

}  // namespace workprint::http
