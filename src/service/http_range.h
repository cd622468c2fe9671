/// Which part of a body of known length a request asks for (RFC 9110, 13 and 14). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "service/http_message.h"

namespace workprint::http {

struct WholeBody {};
struct PartOfBody {
  std::uint64_t first = 0, last = 0;  ///< both included
};
struct Unsatisfiable {};
struct NotModified {};
using Selection = std::variant<WholeBody, PartOfBody, Unsatisfiable, NotModified>;

/// `headers`: of the answer; its ETag and Last-Modified are what If-Range and If-None-Match are held against. A Range that
/// cannot be understood, or names several ranges, counts as none.
[[nodiscard]] Selection select_part(const Request& request, const Fields& headers, std::uint64_t size_bytes);

/// Empty when there is none; names are compared without case.
[[nodiscard]] std::string_view find_field(const Fields& headers, std::string_view name);

}  // namespace workprint::http
