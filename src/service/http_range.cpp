#include "service/http_range.h"

#include <algorithm>

#include "service/http_head.h"

namespace workprint::http {
namespace {

std::string_view without_weakness(std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; }

bool names_tag(std::string_view list, std::string_view tag) {
  if (trimmed(list) == "*") return true;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (without_weakness(trimmed(one)) == without_weakness(tag)) return true;
  }
  return false;
}

/// A weak tag never proves that two bodies are the same bytes.
bool is_same_version(std::string_view if_range, const Fields& headers) {
  if (if_range.starts_with('"')) return if_range == find_field(headers, "etag");
  return !if_range.starts_with("W/") && if_range == find_field(headers, "last-modified");
}

Selection select_range(std::string_view range, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!lower(range.substr(0, unit.size())).starts_with(unit)) return WholeBody{};
  range = trimmed(range.substr(unit.size()));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return WholeBody{};
  const auto first = parse_number(range.substr(0, dash));
  const auto last = parse_number(range.substr(dash + 1));
  const bool has_first = dash > 0;
  const bool has_last = dash + 1 < range.size();
  if ((has_first && !first) || (has_last && !last) || (!has_first && !has_last)) return WholeBody{};
  if (!has_first) {
    if (*last == 0 || size == 0) return Unsatisfiable{};
    return PartOfBody{size - std::min(*last, size), size - 1};
  }
  if (has_last && *last < *first) return WholeBody{};
  if (*first >= size) return Unsatisfiable{};
  return PartOfBody{*first, has_last ? std::min(*last, size - 1) : size - 1};
}

}  // namespace

std::string_view find_field(const Fields& headers, std::string_view name) {
  const auto found = std::ranges::find_if(headers, [&](const auto& field) { return lower(field.first) == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Selection select_part(const Request& request, const Fields& headers, std::uint64_t size_bytes) {
  if (request.method != "GET" && request.method != "HEAD") return WholeBody{};
  const std::string_view tag = find_field(headers, "etag");
  const std::string_view if_none_match = request.header("if-none-match");
  if (!tag.empty() && !if_none_match.empty() && names_tag(if_none_match, tag)) return NotModified{};
  const std::string_view range = request.header("range");
  if (range.empty()) return WholeBody{};
  const std::string_view if_range = request.header("if-range");
  if (!if_range.empty() && !is_same_version(if_range, headers)) return WholeBody{};
  return select_range(range, size_bytes);
}

}  // namespace workprint::http
