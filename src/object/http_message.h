/// One HTTP exchange as values: what is asked, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "object/content.h"
#include "workprint/digest.h"
#include "workprint/result.h"

namespace workprint {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// Bytes of the caller or, when `file` is open, a stretch of it. Borrowed until the exchange ends.
struct HttpBody {
  std::string_view bytes;
  int file = -1;
  std::uint64_t offset = 0;
  std::uint64_t file_bytes = 0;
  std::function<void(std::uint64_t sent_bytes)> moved{};  ///< hears how much has gone out; may be empty
  [[nodiscard]] std::uint64_t size_bytes() const { return file >= 0 ? file_bytes : bytes.size(); }
};

/// May the request be sent again when nobody knows whether it was carried out?
enum class Repeat : std::uint8_t {
  safe,            ///< a read, or a write whose condition lets only one of them through
  only_if_unsent,  ///< goes out on a fresh connection, once
};

/// Through the proxy of the environment, or past it (an address that only this machine knows).
enum class Route : std::uint8_t { proxied, direct };

struct HttpRequest {
  std::string method;
  std::string url;
  std::vector<HttpHeader> headers{};
  std::optional<HttpBody> body{};
  std::string content_type{};  ///< sent when there is a body: some servers drop a body of libcurl's default type
  Repeat repeat = Repeat::safe;
  Route route = Route::proxied;
  Sink sink{};                       ///< takes the body of an answer 2xx; without it the response collects it
  std::uint64_t range_from = 0;      ///< asks for the body from here; the sink's offsets begin where the answer does
  std::uint64_t expected_bytes = 0;  ///< of the answer: a large one is given more time
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  ///< names in lower case
  Bytes body;
  /// Empty when there is none. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool is_ok() const { return status >= 200 && status < 300; }
};

struct HttpExchange {
  enum class End : std::uint8_t {
    answered,  ///< a whole answer, of any status
    unsent,    ///< no byte of the request left: it was certainly not carried out
    lost,      ///< it left, and no whole answer came: nobody knows
    refused,   ///< the answer cannot be taken (the sink failed, it is too large), or the peer cannot be trusted
  };
  End end = End::unsent;
  HttpResponse response;             ///< of `lost`: what came of it
  std::uint64_t received_bytes = 0;  ///< of the answer's body
  int sends = 0;  ///< more than 1: libcurl found a kept connection dead and sent the request again by itself
  Error error;    ///< why, unless answered
};

}  // namespace workprint
