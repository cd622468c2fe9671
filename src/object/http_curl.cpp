#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include "base/file.h"
#include "object/http_transport.h"
#include "object/url.h"
#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::size_t idle_lines_max = 32;
constexpr std::size_t refusal_bytes_max = 64u << 10;  ///< an error's text; the rest is not for people
constexpr std::size_t buffer_bytes = 256u << 10;

/// A connection, or a few, and the handle that uses one of them at a time.
class Line {
 public:
  Line() : easy_(curl_easy_init()), multi_(curl_multi_init()) {
    check(easy_ != nullptr && multi_ != nullptr, "libcurl has memory");
  }
  Line(Line&& other) noexcept : easy_(std::exchange(other.easy_, nullptr)), multi_(std::exchange(other.multi_, nullptr)) {}
  Line& operator=(Line&& other) noexcept {
    std::swap(easy_, other.easy_);
    std::swap(multi_, other.multi_);
    return *this;
  }
  ~Line() {
    if (easy_ != nullptr) curl_easy_cleanup(easy_);
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
  }
  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] CURLM* multi() const { return multi_; }

 private:
  CURL* easy_;
  CURLM* multi_;  ///< owns the connections
};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  check(longer != nullptr, "libcurl has memory");
  static_cast<void>(list.release());
  list.reset(longer);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// One exchange while it runs; libcurl's callbacks write here.
class Transfer {
 public:
  Transfer(const HttpRequest& request, const HttpLimits& limits) : request_(request), limits_(limits) {}

  void prepare(CURL* easy);
  HttpExchange run(const Line& line);

 private:
  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self);
  static int seek(void* self, curl_off_t offset, int origin);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static int watch(CURL*, curl_infotype type, char* data, std::size_t size, void* self);

  void moved() { moved_at_ = std::chrono::steady_clock::now(); }
  std::size_t take(std::string_view piece);
  [[nodiscard]] std::optional<std::string> broken_limit(Instant now) const;
  [[nodiscard]] Duration total() const;
  void end(CURLcode code);

  const HttpRequest& request_;
  const HttpLimits& limits_;
  HeaderList headers_;
  HttpExchange exchange_;
  std::uint64_t sent_bytes_ = 0;
  bool is_sent_ = false;
  bool has_answer_ = false;
  std::optional<Error> refusal_;
  Instant started_at_ = std::chrono::steady_clock::now();
  Instant moved_at_ = started_at_;
  char reason_[CURL_ERROR_SIZE] = {};
};

/// What the curl program reads too. Debian's libcurl itself looks at neither.
const char* authorities_file() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
    if (const char* file = std::getenv(name); file != nullptr && *file != '\0') return file;
  return nullptr;
}

void Transfer::prepare(CURL* easy) {
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, static_cast<long>(buffer_bytes));
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(buffer_bytes));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_);
  if (const char* file = authorities_file()) curl_easy_setopt(easy, CURLOPT_CAINFO, file);
  const auto url = parse_url(request_.url);
  if (request_.route == Route::direct || (url && url->is_loopback())) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  // libcurl would silently send again on a kept connection that turns out to be dead; on a new one it does not.
  if (request_.repeat == Repeat::only_if_unsent) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);

  if (request_.body) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body->size_bytes()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::read);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Transfer::seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
    append(headers_, "Content-Type: " + request_.content_type);
  } else if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  append(headers_, "Expect:");  // else each upload waits up to a second for a "100 Continue"
  append(headers_, "User-Agent: workprint");
  if (request_.range_from > 0) append(headers_, fmt::format("Range: bytes={}-", request_.range_from));
  for (const HttpHeader& header : request_.headers)
    append(headers_, header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());

  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &Transfer::watch);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

std::size_t Transfer::read(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const HttpBody& body = *transfer.request_.body;
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(size * count, body.size_bytes() - transfer.sent_bytes_));
  std::size_t got = wanted;
  if (body.file < 0) {
    std::copy_n(body.bytes.data() + transfer.sent_bytes_, wanted, buffer);
  } else if (wanted > 0) {
    ssize_t n = 0;
    do n = ::pread(body.file, buffer, wanted, static_cast<off_t>(body.offset + transfer.sent_bytes_));
    while (n < 0 && errno == EINTR);
    if (n <= 0) {
      transfer.refusal_ = Error{ErrorKind::unavailable, n == 0 ? "the file to send became shorter"
                                                               : "cannot read: " + describe_errno(errno)};
      return CURL_READFUNC_ABORT;
    }
    got = static_cast<std::size_t>(n);
  }
  transfer.sent_bytes_ += got;
  transfer.is_sent_ = transfer.sent_bytes_ == body.size_bytes();
  transfer.moved();
  if (body.moved) body.moved(transfer.sent_bytes_);
  return got;
}

int Transfer::seek(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET) return CURL_SEEKFUNC_FAIL;
  transfer.sent_bytes_ = static_cast<std::uint64_t>(offset);
  transfer.is_sent_ = false;
  return CURL_SEEKFUNC_OK;
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  HttpResponse& response = transfer.exchange_.response;
  transfer.moved();
  transfer.has_answer_ = true;
  if (line.starts_with("HTTP/")) {  // an interim answer (1xx) came before this one
    response = HttpResponse();
    const auto space = line.find(' ');
    if (space != std::string_view::npos) response.status = std::atoi(std::string(line.substr(space + 1, 3)).c_str());
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    response.headers.push_back(
        {lower_case(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
  }
  return line.size();
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.moved();
  return transfer.take({data, size * count});
}

std::size_t Transfer::take(std::string_view piece) {
  HttpResponse& response = exchange_.response;
  if (!response.is_ok()) {
    response.body += piece.substr(0, refusal_bytes_max - std::min(refusal_bytes_max, response.body.size()));
  } else if (request_.sink) {
    const std::uint64_t begin = response.status == 206 ? request_.range_from : 0;
    if (auto taken = request_.sink(begin + exchange_.received_bytes, piece); !taken) {
      refusal_ = std::move(taken).error();
      return 0;
    }
  } else if (response.body.size() + piece.size() > limits_.collected_bytes_max) {
    refusal_ = Error{ErrorKind::invalid, fmt::format("the answer is too large. limit={}", limits_.collected_bytes_max)};
    return 0;
  } else {
    response.body += piece;
  }
  exchange_.received_bytes += piece.size();
  return piece.size();
}

int Transfer::watch(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  // The words to a proxy are no request yet.
  if (type != CURLINFO_HEADER_OUT || std::string_view(data, size).starts_with("CONNECT ")) return 0;
  ++transfer.exchange_.sends;
  if (!transfer.request_.body || transfer.request_.body->size_bytes() == 0) transfer.is_sent_ = true;
  transfer.moved();
  return 0;
}

Duration Transfer::total() const {
  const std::uint64_t bytes = (request_.body ? request_.body->size_bytes() : 0) + request_.expected_bytes;
  return limits_.total + std::chrono::milliseconds(bytes * 1000 / limits_.bytes_per_second_min);
}

std::optional<std::string> Transfer::broken_limit(Instant now) const {
  if (limits_.stop.stop_requested()) return "interrupted: this process was told to stop";
  if (std::chrono::duration_cast<Duration>(now - started_at_) >= limits_.call) return fmt::format("the time for this call is over. left_ms={}", limits_.call.count());
  if (now - started_at_ >= total()) return fmt::format("not finished in time. limit_ms={}", total().count());
  if (exchange_.sends == 0) return std::nullopt;  // libcurl watches the connecting
  const bool is_waiting = is_sent_ && !has_answer_;
  const Duration limit = is_waiting ? limits_.first_byte : limits_.stall;
  if (now - moved_at_ < limit) return std::nullopt;
  return fmt::format("{}. limit_ms={}", is_waiting ? "no answer" : "no byte came or went", limit.count());
}

void Transfer::end(CURLcode code) {
  if (code == CURLE_OK) {
    exchange_.end = HttpExchange::End::answered;
    return;
  }
  exchange_.error = Error{ErrorKind::unavailable, reason_[0] != '\0' ? lower_case(trimmed(reason_)) : curl_easy_strerror(code)};
  const bool is_distrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_UNSUPPORTED_PROTOCOL ||
                             code == CURLE_URL_MALFORMAT || code == CURLE_SSL_CACERT_BADFILE;
  if (refusal_) exchange_.error = *refusal_;
  exchange_.end = refusal_ || is_distrusted    ? HttpExchange::End::refused
                  : exchange_.sends == 0 ? HttpExchange::End::unsent
                                         : HttpExchange::End::lost;
}

HttpExchange Transfer::run(const Line& line) {
  prepare(line.easy());
  check(curl_multi_add_handle(line.multi(), line.easy()) == CURLM_OK, "a line carries one exchange at a time");
  const std::stop_callback wake(limits_.stop, [&line] { curl_multi_wakeup(line.multi()); });
  std::optional<std::string> broken = broken_limit(started_at_);
  for (int running = 1; running > 0 && !broken;) {
    check(curl_multi_perform(line.multi(), &running) == CURLM_OK, "libcurl drives its transfer");
    if (running == 0) break;
    if ((broken = broken_limit(std::chrono::steady_clock::now()))) break;
    const Duration nap = std::min({limits_.first_byte, limits_.stall, limits_.total, limits_.call, Duration(1000)}) / 4;
    curl_multi_poll(line.multi(), nullptr, 0, static_cast<int>(std::max(nap, Duration(1)).count()), nullptr);
  }
  if (broken) {
    // A name server that does not answer must not hold up the end.
    curl_easy_setopt(line.easy(), CURLOPT_QUICK_EXIT, 1L);
    exchange_.error = Error{ErrorKind::unavailable, *broken};
    exchange_.end = exchange_.sends == 0 ? HttpExchange::End::unsent : HttpExchange::End::lost;
  } else {
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(line.multi(), &left);
    end(message != nullptr ? message->data.result : CURLE_RECV_ERROR);
  }
  // Removing an unfinished transfer closes its connection.
  curl_multi_remove_handle(line.multi(), line.easy());
  curl_easy_reset(line.easy());
  return std::move(exchange_);
}

class CurlTransport final : public HttpTransport {
 public:
  HttpExchange exchange(const HttpRequest& request, const HttpLimits& limits) override {
    Line line = take_line();
    HttpExchange exchange = Transfer(request, limits).run(line);
    const std::lock_guard guard(mutex_);
    if (idle_.size() < idle_lines_max) idle_.push_back(std::move(line));
    return exchange;
  }

 private:
  Line take_line() {
    const std::lock_guard guard(mutex_);
    if (idle_.empty()) return {};
    Line line = std::move(idle_.back());
    idle_.pop_back();
    return line;
  }

  std::mutex mutex_;
  std::vector<Line> idle_;  ///< guarded by mutex_; the last used is used again first: its connection is the warmest
};

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &HttpHeader::name);
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::shared_ptr<HttpTransport> open_http_transport() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  check(started == CURLE_OK, "libcurl starts");
  return std::make_shared<CurlTransport>();
}

}  // namespace workprint
