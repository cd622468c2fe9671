#include "service/http_error.h"

#include <utility>

namespace workprint::http {
namespace {

Response error_response(int status, ErrorKind kind, std::string_view code, std::string_view message, Json details) {
  Response response = json_response(
      status, {{"error", message}, {"kind", to_string(kind)}, {"code", code}, {"details", std::move(details)}});
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return 400;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict:
    case ErrorKind::cancelled: return 409;
    case ErrorKind::corrupt: return 500;
    case ErrorKind::fenced:
    case ErrorKind::unavailable: return 503;
  }
  std::unreachable();
}

}  // namespace

Response json_response(int status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Response refuse(Refusal refusal, Json details) {
  const RefusalRow& row = row_of(refusal);
  return error_response(row.status, row.kind, row.code, row.message, std::move(details));
}

Response refuse(const Error& error, std::string_view code, Json details) {
  return error_response(status_of(error.kind), error.kind, code, error.message, std::move(details));
}

}  // namespace workprint::http
