/// What goes through the HTTP server: a request, the two kinds of answers, and who decides.
///
/// Thread-safety: plain values; EventStream says its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "service/http_stream.h"
#include "workprint/result.h"

namespace workprint::http {

struct Request {
  std::string method;  ///< GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS; others never get here
  std::string path;    ///< of the target, still percent-encoded; begins with '/'
  std::map<std::string, std::string> query{};    ///< decoded, '+' is a space; a name given twice is refused
  std::map<std::string, std::string> headers{};  ///< names in lower case; repeated ones joined with ", "
  std::string body{};
  std::filesystem::path body_file{};  ///< instead of `body`, when admitted with `to_file`; goes after the answer
  std::string peer{};                 ///< address of the other end of the connection, without a port
  std::string identity{};             ///< set by access control: label of the token; empty without tokens

  /// Empty when there is none. `name` in lower case.
  [[nodiscard]] std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

using Fields = std::vector<std::pair<std::string, std::string>>;  ///< header fields to send, in order

/// A body of known length that is read piece by piece while it is sent.
struct BodySource {
  std::uint64_t size_bytes = 0;
  /// Called on a pool thread, never twice at once: 1..max bytes from `offset`. An error before the first piece becomes
  /// the answer; a later one cuts the connection, so that nobody takes half a body for a whole one.
  std::function<Result<std::string>(std::uint64_t offset, std::size_t max)> read;
};

/// The server adds Date, Content-Length, Connection, and where the route did not set them: nosniff, no-referrer, frame deny,
/// a Content-Security-Policy that allows nothing, `Cache-Control: no-store`.
/// With `source` and status 200 it answers `Range` (one range: 206, 416; If-Range) and, when an ETag is set,
/// If-None-Match (304). A HEAD gets the same head and no body.
struct Response {
  int status = 200;
  Fields headers{};
  std::string body{};
  std::optional<BodySource> source{};  ///< instead of `body`
};

/// An answer that stays open: server-sent events. Content-Type is text/event-stream unless set.
struct Streaming {
  Fields headers{};
  /// On a pool thread, after the head is sent. Must not block for long: hand the stream to who feeds it.
  std::function<void(std::shared_ptr<EventStream>)> opened;
};

using Answer = std::variant<Response, Streaming>;

/// How the body of a request may come in. A larger one is refused with 413.
struct Admission {
  std::uint64_t body_bytes_max = 1u << 20;
  bool to_file = false;  ///< streamed to a spool file in the scratch folder
};

/// What escapes from either as an exception becomes a 500.
struct Handlers {
  /// After the headers and before the body, on the I/O thread: must not block. May set `identity`. A Response refuses
  /// the request, its body unread.
  std::function<std::variant<Admission, Response>(Request& head)> admit;
  /// On a pool thread; may block.
  std::function<Answer(const Request&)> answer;
};

}  // namespace workprint::http
