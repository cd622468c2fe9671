/// HTTP requests that are tried again: the only place in this layer that decides whether, when and how often.
///
/// Tried again: what was not sent; what was lost or answered 408, 409, 429, 500, 502, 503, 504, if `Repeat` allows it. (409:
/// two conditional writes met.) Once more: a body that the service says was damaged on the way. Never: any other answer, an
/// answer that could not be taken, a peer that is not trusted.
/// Wait before a try: at random between 0 and a bound that doubles (full jitter), at least what `Retry-After` asks,
/// after 429 at least a second. The end: `tries_max` tries without progress, or `total` since the last progress.
/// Thread-safety: any thread.
#pragma once

#include <memory>

#include "object/http_transport.h"
#include "workprint/clock.h"

namespace workprint {

struct RetryLimits {
  int tries_max = 8;
  Duration backoff_first = std::chrono::milliseconds(200);
  Duration backoff_max = std::chrono::seconds(10);
  Duration total = std::chrono::seconds(60);
};

/// By when a call must be over, for everything that this thread asks of the network while the value lives: all tries of all
/// requests, and those for credentials. Values nest; the earliest end counts.
class CallLimit {
 public:
  CallLimit(const std::shared_ptr<Clock>& clock, Duration limit);
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;
  ~CallLimit();

  /// So many bytes more are to be moved.
  void allow_for(std::uint64_t bytes, std::uint64_t bytes_per_second_min);
  /// Of the calling thread's call; Duration::max() when there is none.
  [[nodiscard]] static Duration left();

 private:
  std::shared_ptr<Clock> clock_;
  Instant end_;
  CallLimit* outer_;
};

/// What everything on the network shares.
struct HttpContext {
  std::shared_ptr<HttpTransport> transport;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  HttpLimits limits{};
  RetryLimits retry{};
};
[[nodiscard]] HttpContext open_http_context();

/// Adds credentials to a request, anew at each try: they age.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Result<void> authorize(HttpRequest& request) = 0;
  /// The service did not accept them. True: others are there now, and one more try is worth it.
  virtual bool is_renewed_after(const HttpResponse& refusal) = 0;
};

struct HttpAnswer {
  HttpExchange last;
  int tries = 0;
  /// An earlier send, or the last one, may have been carried out although its answer was lost or said otherwise.
  bool in_doubt = false;
  [[nodiscard]] bool is_answered() const { return last.end == HttpExchange::End::answered; }
  [[nodiscard]] int status() const { return is_answered() ? last.response.status : 0; }
};

/// Counts tries and says whether there is another one; waits before it.
class Tries {
 public:
  /// `bytes` of one try: large ones have time to be sent a second time.
  explicit Tries(const HttpContext& context, std::uint64_t bytes = 0)
      : context_(context),
        total_(context.retry.total + Duration(2 * bytes * 1000 / context.limits.bytes_per_second_min)),
        started_at_(context.clock->now()) {}
  /// Part of the work is done for good: the count and the time start anew.
  void progressed();
  bool again(const HttpRequest& request, const HttpExchange& exchange);
  [[nodiscard]] Duration left() const;

 private:
  const HttpContext& context_;
  Duration total_;
  Instant started_at_;
  int failed_ = 0;
  int refused_bodies_ = 0;
};

class HttpClient {
 public:
  HttpClient(HttpContext context, std::shared_ptr<Authorizer> authorizer)
      : context_(std::move(context)), authorizer_(std::move(authorizer)) {}

  /// The last answer, whatever its status. Errors: unavailable (no credentials).
  Result<HttpAnswer> send(const HttpRequest& request);

  /// GETs a body of `size_bytes` in constant memory and digests it; after a break it goes on where it stopped, with a
  /// `Range`. The request must name one version of the body: pieces of two must never meet.
  struct Download {
    HttpAnswer answer;  ///< of the last request; the digest counts if it is_ok()
    FileDigest digest;
  };
  Result<Download> download(HttpRequest request, std::uint64_t size_bytes, const Sink& sink);

  /// One exchange with credentials, tried once more when they were renewed.
  Result<HttpExchange> exchange_once(const HttpRequest& request, Duration limit);

  [[nodiscard]] const HttpContext& context() const { return context_; }

 private:
  HttpContext context_;
  std::shared_ptr<Authorizer> authorizer_;  ///< may be null: no credentials
};

/// A refusal because the bytes that came do not have the checksum that was announced, or not all came.
[[nodiscard]] bool says_body_was_damaged(const HttpResponse& refusal);

/// The peer's time, of its `Date`; nothing when there is none that can be read.
[[nodiscard]] std::optional<WallTime> date_of(const HttpResponse& response);

/// What an unanswered request, or one with a status nobody expected, means to the caller. `action`: "cannot read".
[[nodiscard]] Error failure_of(const HttpAnswer& answer, std::string_view action);

}  // namespace workprint
