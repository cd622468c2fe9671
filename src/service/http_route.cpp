#include "service/http_route.h"

#include <algorithm>
#include <optional>
#include <set>

#include "object/url.h"
#include "service/http_error.h"
#include "workprint/try.h"

namespace workprint::http {
namespace {

using Segments = std::vector<std::string>;

bool is_name(std::string_view segment) { return segment.starts_with(':'); }
bool is_rest(std::string_view segment) { return segment.starts_with('*'); }

Segments split(std::string_view path) {
  Segments segments;
  for (path.remove_prefix(1);;) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

/// RFC 3629: shortest form, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second >= 0x90))
      return false;
    i += length;
  }
  return true;
}

bool is_plain_segment(std::string_view segment) {
  return segment != "." && segment != ".." && is_utf8(segment) && std::ranges::none_of(segment, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\';
         });
}

/// Names and `*` as single letters: two patterns of one shape fit the same paths.
std::string shape_of(const Segments& segments) {
  std::string shape;
  for (const std::string& segment : segments)
    shape += "/" + (is_name(segment) ? ":" : is_rest(segment) ? "*" : segment);
  return shape;
}

std::optional<PathValues> fit(const Segments& pattern, const Segments& path) {
  PathValues values;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size() || (path[i].empty() && !(pattern[i].empty() && pattern.size() == 1))) return std::nullopt;
    if (is_rest(pattern[i])) {
      std::string rest;
      for (std::size_t k = i; k < path.size(); ++k) {
        if (path[k].empty()) return std::nullopt;
        rest += (k == i ? "" : "/") + path[k];
      }
      values.emplace(pattern[i].substr(1), std::move(rest));
      return values;
    }
    if (is_name(pattern[i]))
      values.emplace(pattern[i].substr(1), path[i]);
    else if (pattern[i] != path[i])
      return std::nullopt;
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return values;
}

std::string allowed(const std::map<std::string, Route>& routes) {
  std::string methods = "OPTIONS";
  for (const auto& [method, route] : routes) methods += method == "GET" ? ", GET, HEAD" : ", " + method;
  return methods;
}

}  // namespace

Result<std::vector<std::string>> split_path(std::string_view path) {
  if (!path.starts_with('/')) return fail(ErrorKind::invalid, "a path begins with /");
  Segments segments = split(path);
  for (std::string& segment : segments) {
    segment = TRY(percent_decode(segment));
    if (!is_plain_segment(segment)) return fail(ErrorKind::invalid, "a part of the path is no plain name");
  }
  return segments;
}

void RouteTable::add(Route route) {
  check(route.pattern.starts_with('/') && route.answer != nullptr, "a route has a pattern and a handler");
  const Segments segments = split(route.pattern);
  std::set<std::string> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    check(!is_rest(segments[i]) || i + 1 == segments.size(), "* stands at the end of a pattern");
    if (is_name(segments[i]) || is_rest(segments[i]))
      check(names.insert(segments[i].substr(1)).second, "a pattern names no part twice");
  }
  const std::string shape = shape_of(segments);
  // Where the patterns differ first, ':' and '*' must come after words.
  const auto rank = [](const Segments& pattern) {
    std::vector<int> ranks;
    for (const std::string& segment : pattern) ranks.push_back(is_rest(segment) ? 2 : is_name(segment) ? 1 : 0);
    return ranks;
  };
  auto place = std::ranges::find_if(shapes_, [&](const Shape& other) { return shape_of(other.segments) == shape; });
  if (place == shapes_.end()) {
    place = std::ranges::find_if(shapes_, [&](const Shape& other) { return rank(segments) < rank(other.segments); });
    place = shapes_.insert(place, Shape{segments, {}});
  }
  check(place->segments == segments, "patterns of one shape name their parts alike");
  const std::string method = route.method;
  check(place->routes.emplace(method, std::move(route)).second, "a pattern has one route a method");
}

std::variant<RouteTable::Match, Response> RouteTable::find(std::string_view method, std::string_view path) const {
  const auto segments = split_path(path);
  if (!segments) return refuse(Refusal::bad_target);
  for (const Shape& shape : shapes_) {
    auto values = fit(shape.segments, *segments);
    if (!values) continue;
    const auto found = shape.routes.find(std::string(method == "HEAD" ? "GET" : method));
    if (found != shape.routes.end()) return Match{&found->second, *std::move(values)};
    Response other = method == "OPTIONS" ? Response{.status = 204} : refuse(Refusal::other_method);
    other.headers.emplace_back("Allow", allowed(shape.routes));
    return other;
  }
  return refuse(Refusal::no_route);
}

}  // namespace workprint::http
