#include "object/gcs_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "object/gcs_object.h"
#include "object/url.h"
#include "workprint/try.h"

namespace workprint::gcs {
namespace {

constexpr int sessions_max = 3;  ///< also bounds how often a file is sent that the service refuses

class Session {
 public:
  Session(HttpClient& client, const Upload& upload, const ObjectWrite& write)
      : client_(client), upload_(upload), write_(write), size_(write.digest.size_bytes) {}

  /// Nothing: the session is gone. `kept`: one that another process opened; empty: a new one.
  /// Errors: conflict; invalid; unavailable.
  Result<std::optional<std::string>> run(const std::string& kept);
  [[nodiscard]] bool in_doubt() const { return in_doubt_; }

 private:
  Result<void> open();
  Result<bool> is_trusted() const;
  Result<HttpAnswer> send_chunk();
  Result<HttpAnswer> ask();
  Result<void> take_progress(const HttpAnswer& answer);
  HttpRequest request_to_session() const;

  HttpClient& client_;
  const Upload& upload_;
  const ObjectWrite& write_;
  const std::uint64_t size_;
  std::string url_;
  std::uint64_t stored_ = 0;  ///< the service has all bytes before this one
  bool in_doubt_ = false;
};

Result<void> Session::open() {
  const std::string resource = describe_upload(write_);
  const HttpAnswer answer = TRY(client_.send(
      {.method = "POST",
       .url = upload_.start_url,
       .headers = {{"X-Upload-Content-Type", write_.content_type},
                   {"X-Upload-Content-Length", fmt::format("{}", size_)},
                   {"x-goog-gcs-idempotency-token", write_.put_id}},
       .body = HttpBody{.bytes = resource},
       .content_type = "application/json; charset=UTF-8"}));
  if (answer.status() == 412) return fail(ErrorKind::conflict, "the condition does not hold");
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot begin an upload"));
  url_ = answer.last.response.header("location");
  if (!TRY(is_trusted())) return fail(ErrorKind::unavailable, "the service sent the upload to another host");
  if (write_.page != nullptr) write_.page->keep({.put_id = write_.put_id, .session = url_});
  return {};
}

Result<bool> Session::is_trusted() const {
  const auto session = parse_url(url_);
  const Url service = TRY(parse_url(upload_.start_url));
  return session && session->scheme == service.scheme &&
         (session->host == service.host || (session->is_loopback() && service.is_loopback()));
}

HttpRequest Session::request_to_session() const {
  return {.method = "PUT", .url = url_, .headers = {}, .body = HttpBody{}, .content_type = write_.content_type};
}

Result<HttpAnswer> Session::send_chunk() {
  const std::uint64_t count = std::min(upload_.chunk_bytes, size_ - stored_);
  HttpRequest request = request_to_session();
  request.headers.push_back(
      {"Content-Range", fmt::format("bytes {}-{}/{}", stored_, stored_ + count - 1, size_)});
  if (write_.source.file.is_open())
    request.body = HttpBody{.bytes = {}, .file = write_.source.file.get(), .offset = stored_, .file_bytes = count};
  else
    request.body = HttpBody{.bytes = write_.source.bytes.substr(stored_, count)};
  if (write_.moved) request.body->moved = [this](std::uint64_t sent_bytes) { write_.moved(stored_ + sent_bytes); };
  HttpAnswer answer{.last = TRY(client_.exchange_once(request, client_.context().limits.total)), .tries = 1};
  const int status = answer.status();
  in_doubt_ = in_doubt_ || answer.last.end == HttpExchange::End::lost || answer.last.sends > 1 || status >= 500;
  return answer;
}

Result<HttpAnswer> Session::ask() {
  HttpRequest request = request_to_session();
  request.headers.push_back({"Content-Range", fmt::format("bytes */{}", size_)});
  return client_.send(request);
}

Result<void> Session::take_progress(const HttpAnswer& answer) {
  const std::string_view range = answer.last.response.header("range");
  std::uint64_t stored = 0;  // no Range: nothing is stored
  if (!range.empty()) {
    const auto dash = range.find('-');
    const std::string_view last = dash == std::string_view::npos ? std::string_view() : range.substr(dash + 1);
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), stored);
    if (error != std::errc() || end != last.data() + last.size())
      return fail(ErrorKind::unavailable, "the service does not say how much of the upload it has");
    ++stored;
  }
  if (stored < stored_ || stored > size_)
    return fail(ErrorKind::unavailable, fmt::format("the upload went wrong at the service. stored={} before={} size={}",
                                                    stored, stored_, size_));
  stored_ = stored;
  return {};
}

Result<std::optional<std::string>> Session::run(const std::string& kept) {
  url_ = kept;
  if (kept.empty()) TRY(open());
  if (!TRY(is_trusted())) return std::nullopt;
  Tries tries(client_.context(), upload_.chunk_bytes);
  bool must_ask = !kept.empty();
  bool is_known = kept.empty();  // whether the service has said anything of this session
  for (;;) {
    const std::uint64_t before = stored_;
    HttpAnswer answer = must_ask ? TRY(ask()) : TRY(send_chunk());
    const int status = answer.status();
    // A session may outlive its object: what an earlier process made may have been removed since. A new session finds
    // out, by its condition, before a byte is sent.
    if (!is_known && (status == 200 || status == 201)) return std::nullopt;
    if (status == 200 || status == 201) {
      const Found made = TRY(parse_object_text(answer.last.response.body));
      if (made.size_bytes != size_ || made.crc32c != write_.digest.crc32c)
        return fail(ErrorKind::unavailable, "the service stored other bytes than were sent");
      return made.version;
    }
    if (status == 412) return fail(ErrorKind::conflict, "the condition does not hold");
    if (status == 404 || status == 410) return std::nullopt;
    if (!is_known && status >= 400 && status < 500 && status != 408 && status != 429) return std::nullopt;
    is_known = is_known || answer.is_answered();
    if (answer.is_answered() && says_body_was_damaged(answer.last.response)) return std::nullopt;
    if (status == 308) {
      TRY(take_progress(answer));
      must_ask = false;
      if (stored_ > before) tries.progressed();
      // All is stored and the object is not made: only asking again can finish it.
      if (stored_ == size_) must_ask = true;
      if (stored_ > before) continue;
      answer.last.response.status = 503;  // the service took nothing: as if it were busy
    } else if (must_ask) {
      return std::unexpected(failure_of(answer, "cannot ask how far an upload is"));
    } else {
      must_ask = true;
    }
    const HttpRequest request = request_to_session();
    if (!tries.again(request, answer.last)) return std::unexpected(failure_of(answer, "cannot upload"));
  }
}

}  // namespace

WriteOutcome upload_resumably(HttpClient& client, const Upload& upload, const ObjectWrite& write) {
  bool in_doubt = false;
  for (int i = 0; i < sessions_max; ++i) {
    const bool goes_on = write.page != nullptr && write.page->kept();
    const std::string kept = goes_on ? write.page->kept()->session : std::string();
    Session session(client, upload, write);
    auto version = session.run(kept);
    in_doubt = in_doubt || session.in_doubt();
    if (!version) return {.version = std::unexpected(version.error()), .in_doubt = in_doubt};
    if (*version) return {.version = **std::move(version), .in_doubt = in_doubt};
    in_doubt = true;  // the session may have ended because the object was made
    if (write.page != nullptr) write.page->drop();
  }
  return {.version = fail(ErrorKind::unavailable, "the service forgot the upload, again and again"), .in_doubt = true};
}

}  // namespace workprint::gcs
