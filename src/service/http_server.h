/// The HTTP/1.1 server under `workprint serve`: plain HTTP on one address (TLS is a proxy's work).
///
/// One thread does all I/O; handlers run on a pool of threads and may block. One request of a connection is worked on at a
/// time; pipelined ones wait and are answered in order.
/// What it cannot take it answers itself, with the body of http_error.h: bad or ambiguous requests (400), too slow (408),
/// without a length (411), too large (413, 414, 431), an encoded body (415), an unknown expectation (417), too many
/// (429), unknown methods and transfer codings (501), draining or full (503), another HTTP version (505).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "service/http_message.h"
#include "workprint/clock.h"
#include "workprint/result.h"

namespace workprint::http {

struct Limits {
  std::size_t head_bytes_max = 16u << 10;   ///< request line and headers: 431
  std::size_t target_bytes_max = 8u << 10;  ///< 414
  std::size_t fields_max = 100;             ///< headers of a request: 431
  /// At the limit the connection that idles longest makes room; when none does, a new one gets 503.
  std::size_t connections_max = 1024;
  std::size_t streams_max = 256;                    ///< 429 with Retry-After
  std::size_t stream_unsent_bytes_max = 1u << 20;   ///< with more than this before the next event, it is closed
  Duration head_total = std::chrono::seconds(10);   ///< from the first byte of a request to the end of its head: 408
  Duration body_stall = std::chrono::seconds(20);   ///< without a byte of an awaited body: 408
  std::uint64_t body_bytes_per_second_min = 1024;   ///< on average, after body_stall once: 408
  Duration idle = std::chrono::seconds(60);         ///< a connection without a request is closed
  Duration write_stall = std::chrono::seconds(20);  ///< a client that takes no byte for so long is cut off
  Duration heartbeat = std::chrono::seconds(15);    ///< a comment on a stream with nothing to send
  Duration linger = std::chrono::seconds(2);        ///< after the last answer, for the client to take it
  /// A peer's requests, token bucket: 429 with Retry-After. 0: unlimited. Behind a proxy all clients are one peer.
  double requests_per_second_max = 0;
  double requests_burst_max = 20;
};

struct Counters {
  std::uint64_t connections = 0;          ///< accepted since the start
  std::uint64_t connections_refused = 0;  ///< 503 at the limit
  std::uint64_t connections_open = 0;
  std::uint64_t accept_errors = 0;
  std::uint64_t requests = 0;          ///< whose head was whole
  std::uint64_t requests_running = 0;  ///< with a handler
  std::uint64_t answers_2xx = 0;
  std::uint64_t answers_3xx = 0;
  std::uint64_t answers_4xx = 0;
  std::uint64_t answers_5xx = 0;
  std::uint64_t streams = 0;  ///< since the start
  std::uint64_t streams_open = 0;
  std::uint64_t streams_cut = 0;  ///< closed because the client was too slow
};

/// Thread-safety: every method may be called from any thread, but stop() and the destructor not from a handler.
class Server {
 public:
  /// Starts to listen and serve. `address`: numeric, or "localhost" (127.0.0.1). `port` 0: any free one.
  /// `scratch`: an existing folder; what an earlier process left of its spool files there is removed.
  /// REQUIRES: both handlers are set, `handler_threads` >= 1.
  /// Errors: invalid (no such address); unavailable (the port is taken, no descriptors, the folder cannot be used).
  static Result<std::unique_ptr<Server>> listen(const std::string& address, std::uint16_t port, Handlers handlers,
                                                Limits limits, std::size_t handler_threads,
                                                std::filesystem::path scratch);
  /// Stops without patience, then waits for handlers that still run.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// No new connections; streams are closed once their queued bytes are out; running requests have `limit` to be answered,
  /// requests that come on open connections get 503. What is left then is cut off. Blocks until no connection is open.
  void stop(Duration limit);
  [[nodiscard]] Counters counters() const;

 private:
  struct Body;
  explicit Server(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace workprint::http
