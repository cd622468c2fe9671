/// The one door to the network: HTTP/1.1 over libcurl.
///
/// Connections are kept and reused; TLS certificates are always verified; proxies of the environment are honoured, but not
/// on the way to this machine; a redirect is an answer and never followed (308 is part of Google's upload protocol, and a
/// token must not travel).
/// HTTP/2 is not asked for: a connection carries one exchange at a time here, and media are faster on 1.1.
/// Thread-safety: every method may be called from any thread at the same time.
#pragma once

#include <memory>
#include <stop_token>

#include "object/http_message.h"
#include "workprint/clock.h"

namespace workprint {

struct HttpLimits {
  Duration connect = std::chrono::seconds(10);
  Duration first_byte = std::chrono::seconds(60);  ///< from the end of the request to the answer's first byte
  Duration stall = std::chrono::seconds(30);       ///< without a byte in either direction
  Duration total = std::chrono::seconds(60);       ///< of a small exchange ...
  std::uint64_t bytes_per_second_min = 64u << 10;  ///< ... and the time that the bytes of a large one add to it
  std::uint64_t collected_bytes_max = 256u << 20;  ///< of an answer without a sink
  Duration call = Duration::max();                 ///< of the whole, however many bytes it has: what is left of a CallLimit
  std::stop_token stop{};                          ///< ends the exchange within a moment
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// Blocks until the exchange ended. Tries once (see Repeat for the one exception, which `sends` tells).
  virtual HttpExchange exchange(const HttpRequest& request, const HttpLimits& limits) = 0;
};

[[nodiscard]] std::shared_ptr<HttpTransport> open_http_transport();

}  // namespace workprint
