/// The error bodies of the HTTP service, `{"error","kind","code","details"}`, and the table of those the server makes itself.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "service/http_message.h"
#include "workprint/json.h"

namespace workprint::http {

/// Why the server, its routes or its access control refuse a request before anybody looks at what it asks for.
enum class Refusal : std::uint8_t {
  bad_request_line,
  bad_header,
  bad_framing,
  bad_target,
  bad_host,
  bad_chunk,
  slow_head,
  slow_body,
  no_length,
  body_too_large,
  target_too_long,
  head_too_large,
  encoded_body,
  unknown_expectation,
  too_many_requests,
  too_many_streams,
  unknown_method,
  unknown_coding,
  other_version,
  handler_failed,
  spool_failed,
  draining,
  too_many_connections,
  range_not_satisfiable,
  no_route,
  other_method,
  no_token,
  foreign_host,
  foreign_origin,
  source_failed,
  count,
};

struct RefusalRow {
  Refusal refusal;
  int status;
  ErrorKind kind;
  std::string_view code;  ///< stable: operators look it up
  std::string_view message;
};

constexpr std::array refusal_table{
    // clang-format off
    RefusalRow{Refusal::bad_request_line,     400, ErrorKind::invalid,     "E0101", "the request line is not one of HTTP/1.1"},
    RefusalRow{Refusal::bad_header,           400, ErrorKind::invalid,     "E0102", "a header is not well-formed"},
    RefusalRow{Refusal::bad_framing,          400, ErrorKind::invalid,     "E0103", "where the body ends is ambiguous"},
    RefusalRow{Refusal::bad_target,           400, ErrorKind::invalid,     "E0104", "the target is not a path of this service"},
    RefusalRow{Refusal::bad_host,             400, ErrorKind::invalid,     "E0105", "exactly one Host header is needed"},
    RefusalRow{Refusal::bad_chunk,            400, ErrorKind::invalid,     "E0106", "the chunks of the body are not well-formed"},
    RefusalRow{Refusal::slow_head,            408, ErrorKind::unavailable, "E0107", "the request took too long to arrive"},
    RefusalRow{Refusal::slow_body,            408, ErrorKind::unavailable, "E0108", "the body took too long to arrive"},
    RefusalRow{Refusal::no_length,            411, ErrorKind::invalid,     "E0109", "the body needs a Content-Length"},
    RefusalRow{Refusal::body_too_large,       413, ErrorKind::invalid,     "E0110", "the body is too large"},
    RefusalRow{Refusal::target_too_long,      414, ErrorKind::invalid,     "E0111", "the target is too long"},
    RefusalRow{Refusal::head_too_large,       431, ErrorKind::invalid,     "E0112", "the headers are too large"},
    RefusalRow{Refusal::encoded_body,         415, ErrorKind::invalid,     "E0113", "an encoded body is not read"},
    RefusalRow{Refusal::unknown_expectation,  417, ErrorKind::invalid,     "E0114", "only 100-continue can be expected"},
    RefusalRow{Refusal::too_many_requests,    429, ErrorKind::unavailable, "E0115", "too many requests"},
    RefusalRow{Refusal::too_many_streams,     429, ErrorKind::unavailable, "E0116", "too many streams are open"},
    RefusalRow{Refusal::unknown_method,       501, ErrorKind::invalid,     "E0117", "the method is not known"},
    RefusalRow{Refusal::unknown_coding,       501, ErrorKind::invalid,     "E0118", "only the transfer coding chunked is known"},
    RefusalRow{Refusal::other_version,        505, ErrorKind::invalid,     "E0119", "HTTP/1.1 and 1.0 are spoken here"},
    RefusalRow{Refusal::handler_failed,       500, ErrorKind::corrupt,     "E0120", "the request broke the service's own rules"},
    RefusalRow{Refusal::spool_failed,         503, ErrorKind::unavailable, "E0121", "the body cannot be kept"},
    RefusalRow{Refusal::draining,             503, ErrorKind::unavailable, "E0122", "the service is stopping"},
    RefusalRow{Refusal::too_many_connections, 503, ErrorKind::unavailable, "E0123", "too many connections are open"},
    RefusalRow{Refusal::range_not_satisfiable, 416, ErrorKind::invalid,    "E0124", "the range lies past the end"},
    RefusalRow{Refusal::no_route,             404, ErrorKind::not_found,   "E0125", "no such address"},
    RefusalRow{Refusal::other_method,         405, ErrorKind::invalid,     "E0126", "the address has other methods"},
    RefusalRow{Refusal::no_token,             401, ErrorKind::invalid,     "E0127", "a valid token is needed"},
    RefusalRow{Refusal::foreign_host,         403, ErrorKind::invalid,     "E0128", "without tokens the service is asked by a loopback name only"},
    RefusalRow{Refusal::foreign_origin,       403, ErrorKind::invalid,     "E0129", "a page of another origin may not ask this"},
    RefusalRow{Refusal::source_failed,        500, ErrorKind::corrupt,     "E0130", "the object has fewer bytes than it should"},
    // clang-format on
};

consteval bool every_refusal_has_its_row() {
  if (refusal_table.size() != static_cast<std::size_t>(Refusal::count)) return false;
  for (std::size_t i = 0; i < refusal_table.size(); ++i)
    if (refusal_table[i].refusal != static_cast<Refusal>(i)) return false;
  return true;
}
static_assert(every_refusal_has_its_row());

[[nodiscard]] constexpr const RefusalRow& row_of(Refusal refusal) {
  return refusal_table[static_cast<std::size_t>(refusal)];
}

/// The answer for one row; 401 names the scheme, 429 and 503 carry Retry-After. `details`: an object.
[[nodiscard]] Response refuse(Refusal refusal, Json details = Json::object());

/// The answer for an error of the service: invalid 400, not_found 404, conflict and cancelled 409, corrupt 500,
/// unavailable and fenced 503 with Retry-After. `code`: the operator's number for it.
[[nodiscard]] Response refuse(const Error& error, std::string_view code, Json details = Json::object());

/// A JSON answer; what is not UTF-8 in it is replaced.
[[nodiscard]] Response json_response(int status, const Json& body);

}  // namespace workprint::http
