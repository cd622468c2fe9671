#include "object/http_client.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/quote.h"
#include "workprint/json.h"
#include "workprint/try.h"

namespace workprint {
namespace {

using End = HttpExchange::End;

bool is_transient(int status) {
  return status == 408 || status == 409 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

/// 409 and 429 say that nothing was done; after the others nobody knows.
bool is_doubtful(const HttpExchange& exchange) {
  if (exchange.end == End::lost || exchange.sends > 1) return true;
  if (exchange.end != End::answered) return false;
  const int status = exchange.response.status;
  return is_transient(status) && status != 409 && status != 429;
}

/// Seconds only; a date is rare and its clock not ours.
Duration asked_wait(const HttpResponse& response) {
  const std::string_view text = response.header("retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return Duration::zero();
  return std::chrono::seconds(seconds);
}

/// The service's own words, if there are any: JSON of Google, XML of S3, else the text.
std::string words_of(const HttpResponse& response) {
  if (const auto json = parse_json(response.body); json && json->is_object()) {
    const Json& error = json->contains("error") ? (*json)["error"] : *json;
    for (const char* member : {"message", "error_description"})
      if (error.is_object() && error.contains(member) && error[member].is_string()) return error[member].get<std::string>();
    if (json->contains("error_description") && (*json)["error_description"].is_string())
      return (*json)["error_description"].get<std::string>();
  }
  const auto between = [&](std::string_view open, std::string_view close) -> std::string {
    const auto begin = response.body.find(open);
    const auto end = response.body.find(close);
    if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
    return response.body.substr(begin + open.size(), end - begin - open.size());
  };
  const std::string code = between("<Code>", "</Code>");
  if (!code.empty()) return code + ": " + between("<Message>", "</Message>");
  return response.body;
}

}  // namespace

bool says_body_was_damaged(const HttpResponse& refusal) {
  if (refusal.status != 400) return false;
  // Google; then the codes of S3, whose RequestTimeout means that the rest of the body did not come.
  constexpr std::array words{"CRC32C", "<Code>XAmzContentSHA256Mismatch<", "<Code>BadDigest<", "<Code>IncompleteBody<",
                             "<Code>RequestTimeout<"};
  return std::ranges::any_of(words, [&](const char* word) { return refusal.body.find(word) != std::string::npos; });
}

namespace {

thread_local CallLimit* innermost = nullptr;

/// The longest limit that a person may mean; keeps sums of times in range.
constexpr Duration limit_max = std::chrono::hours(24 * 365);

}  // namespace

CallLimit::CallLimit(const std::shared_ptr<Clock>& clock, Duration limit)
    : clock_(clock), end_(clock->now() + std::min(limit, limit_max)), outer_(innermost) {
  innermost = this;
}

CallLimit::~CallLimit() { innermost = outer_; }

void CallLimit::allow_for(std::uint64_t bytes, std::uint64_t bytes_per_second_min) {
  end_ += Duration(bytes * 1000 / bytes_per_second_min);
}

Duration CallLimit::left() {
  Duration least = Duration::max();
  for (const CallLimit* limit = innermost; limit != nullptr; limit = limit->outer_)
    least = std::min(least, std::chrono::duration_cast<Duration>(limit->end_ - limit->clock_->now()));
  return least;
}

HttpContext open_http_context() {
  return {.transport = open_http_transport(), .clock = system_clock(), .random = system_random()};
}

void Tries::progressed() {
  failed_ = 0;
  started_at_ = context_.clock->now();
}

Duration Tries::left() const {
  const auto left = total_ - std::chrono::duration_cast<Duration>(context_.clock->now() - started_at_);
  return std::min(left, CallLimit::left());
}

bool Tries::again(const HttpRequest& request, const HttpExchange& exchange) {
  const bool is_answered = exchange.end == End::answered;
  if (!is_answered && context_.limits.stop.stop_requested()) return false;
  if (is_answered && request.repeat == Repeat::safe && says_body_was_damaged(exchange.response))
    return ++refused_bodies_ == 1 && left() > Duration::zero();
  const bool may_help = exchange.end == End::unsent || exchange.end == End::lost ||
                        (is_answered && is_transient(exchange.response.status));
  const bool may_repeat = request.repeat == Repeat::safe || exchange.end == End::unsent ||
                          (is_answered && exchange.response.status == 429);
  if (!may_help || !may_repeat || ++failed_ >= context_.retry.tries_max) return false;

  const int doublings = std::min(failed_ - 1, 20);
  const Duration bound = std::min(context_.retry.backoff_max, context_.retry.backoff_first * (1 << doublings));
  Duration wait(static_cast<Duration::rep>(context_.random->next() % static_cast<std::uint64_t>(bound.count() + 1)));
  Duration least = asked_wait(exchange.response);
  if (is_answered && exchange.response.status == 429) least = std::max(least, Duration(1000));
  wait = std::max(wait, least);
  if (wait >= left()) return false;
  // After a stop the next try sends nothing and says why.
  context_.clock->wait(wait, context_.limits.stop);
  return true;
}

Result<HttpExchange> HttpClient::exchange_once(const HttpRequest& request, Duration limit) {
  HttpLimits limits = context_.limits;
  limits.total = std::clamp(limit, Duration(1), limits.total);
  limits.call = CallLimit::left();
  for (int turn = 0;; ++turn) {
    HttpRequest authorized = request;
    if (authorizer_) TRY(authorizer_->authorize(authorized));
    HttpExchange exchange = context_.transport->exchange(authorized, limits);
    const int status = exchange.response.status;
    const bool is_refused = exchange.end == End::answered && (status == 400 || status == 401 || status == 403);
    if (!is_refused || !authorizer_ || turn > 0 || !authorizer_->is_renewed_after(exchange.response)) return exchange;
  }
}

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
  HttpAnswer answer;
  Tries tries(context_, request.body ? request.body->size_bytes() : 0);
  do {
    answer.last = TRY(exchange_once(request, tries.left()));
    ++answer.tries;
    answer.in_doubt = answer.in_doubt || is_doubtful(answer.last);
  } while (tries.again(request, answer.last));
  return answer;
}

Result<HttpClient::Download> HttpClient::download(HttpRequest request, std::uint64_t size_bytes, const Sink& sink) {
  Download download;
  std::optional<Sha256> sha(std::in_place);
  FileDigest& digest = download.digest;
  request.sink = [&](std::uint64_t offset, std::string_view piece) -> Result<void> {
    if (offset != digest.size_bytes) {
      check(offset == 0, "a body goes on where it stopped, or starts again");
      sha.emplace();
      digest = FileDigest();
    }
    if (sink) TRY(sink(offset, piece));
    sha->update(piece);
    digest.crc32c = crc32c(piece, digest.crc32c);
    digest.size_bytes += piece.size();
    return {};
  };
  Tries tries(context_, size_bytes);
  HttpExchange& last = download.answer.last;
  for (;;) {
    request.range_from = digest.size_bytes;
    request.expected_bytes = size_bytes - std::min(digest.size_bytes, size_bytes);
    last = TRY(exchange_once(request, context_.limits.total));
    ++download.answer.tries;
    // Everything had come before the break; there is nothing left to ask for.
    if (request.range_from > 0 && request.range_from == size_bytes && last.response.status == 416) last.response.status = 206;
    if (last.end == End::answered && last.response.is_ok()) break;
    if (digest.size_bytes > request.range_from) tries.progressed();
    if (!tries.again(request, last)) break;
  }
  digest.sha256 = sha->finish();
  return download;
}

std::optional<WallTime> date_of(const HttpResponse& response) {
  std::tm utc{};
  const std::string text(response.header("date"));
  if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc) == nullptr) return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&utc)));
}

Error failure_of(const HttpAnswer& answer, std::string_view action) {
  const HttpExchange& last = answer.last;
  if (last.end != End::answered)
    return Error{last.error.kind, fmt::format("{}: {}. tries={}", action, last.error.message, answer.tries)};
  const int status = last.response.status;
  std::string_view hint;
  if (status == 401) hint = "the credentials were not accepted";
  if (status == 403) hint = "the credentials do not allow it";
  if (status == 429) hint = "too many requests";
  if (status >= 300 && status < 400) hint = "the service wants to redirect, which is not followed";
  return Error{status == 400 || status == 413 ? ErrorKind::invalid : ErrorKind::unavailable,
               fmt::format("{}: {}{}service says {}. status={} tries={}", action, hint, hint.empty() ? "" : "; ",
                           in_quotes(words_of(last.response)), status, answer.tries)};
}

}  // namespace workprint
