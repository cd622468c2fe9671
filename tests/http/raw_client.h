/// A client that sends exactly the bytes it is told, and a server around handlers of a test.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <future>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/file.h"
#include "object/scratch_folder.h"
#include "service/http_error.h"
#include "service/http_head.h"
#include "service/http_server.h"

namespace workprint::http::testing {

struct RawAnswer {
  int status = 0;  ///< 0: the connection ended before an answer
  std::map<std::string, std::string> headers;
  std::string body;
  std::string problem;  ///< why it is not well-formed
  [[nodiscard]] Json json() const { return Json::parse(body, nullptr, false); }
  [[nodiscard]] std::string code() const { return json().value("code", ""); }
};

enum class Expects { body, no_body };  // the answer to a HEAD has none

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(file_.is_open());
    if (receive_buffer_bytes > 0) ::setsockopt(file_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    const timeval limit{.tv_sec = 60, .tv_usec = 0};  // a hang becomes a failed test
    ::setsockopt(file_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(file_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(file_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }

  /// False when the other side does not take them.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(file_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void send_end() { ::shutdown(file_.get(), SHUT_WR); }

  /// One answer, of a length that it tells.
  RawAnswer read(Expects expects = Expects::body) {
    RawAnswer answer = read_head();
    if (answer.status == 0 || !answer.problem.empty()) return answer;
    const bool has_length = answer.headers.contains("content-length");
    if (expects == Expects::no_body || answer.status == 204 || answer.status == 304 || answer.status < 200) return answer;
    if (!has_length) {
      answer.problem = "no length";
      return answer;
    }
    const auto length = parse_number(answer.headers["content-length"]);
    if (!length) answer.problem = "bad length";
    while (length && buffer_.size() < *length && receive()) {
    }
    if (length && buffer_.size() < *length) answer.problem = "body cut off";
    if (length) answer.body = take(std::min<std::size_t>(*length, buffer_.size()));
    return answer;
  }

  RawAnswer read_head() {
    RawAnswer answer;
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!receive()) {
        if (!buffer_.empty()) answer.problem = "head cut off";
        return answer;
      }
    const std::string head = take(buffer_.find("\r\n\r\n") + 4);
    std::size_t line_end = head.find("\r\n");
    const std::string first = head.substr(0, line_end);
    if (!first.starts_with("HTTP/1.1 ") || first.size() < 13 || first[12] != ' ') answer.problem = "status line: " + first;
    else answer.status = std::stoi(first.substr(9, 3));
    for (std::size_t at = line_end + 2; at + 2 < head.size(); at = line_end + 2) {
      line_end = head.find("\r\n", at);
      const std::string line = head.substr(at, line_end - at);
      const auto colon = line.find(": ");
      if (colon == std::string::npos) answer.problem = "header line: " + line;
      else if (!answer.headers.emplace(lower(line.substr(0, colon)), line.substr(colon + 2)).second) answer.problem = "twice: " + line;
    }
    return answer;
  }

  /// Waits up to `limit` for bytes or the end; for clients that dribble.
  bool has_bytes(Duration limit) {
    pollfd waiting{.fd = file_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(limit.count())) > 0;
  }
  /// At least `count` bytes unless the connection ends.
  std::string read_bytes(std::size_t count) {
    while (buffer_.size() < count && receive()) {
    }
    return take(std::min(count, buffer_.size()));
  }
  std::string read_bytes_exactly(std::size_t count) {
    std::string bytes = read_bytes(count);
    REQUIRE(bytes.size() == count);
    return bytes;
  }
  /// All until the other side ends.
  std::string read_to_end() {
    while (receive()) {
    }
    return take(buffer_.size());
  }
  /// True when the other side ended and nothing is left.
  bool is_ended() { return buffer_.empty() && !receive(); }

 private:
  bool receive() {
    char bytes[64 << 10];
    const ssize_t count = ::recv(file_.get(), bytes, sizeof bytes, 0);
    REQUIRE_MESSAGE(!(count < 0 && errno == EAGAIN), "the server neither answers nor ends the connection");
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }

  File file_;
  std::string buffer_;
};

/// Waits for what another thread is about to do; a minute is a failed test.
template <class Condition>
bool eventually(Condition condition) {
  const Instant end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A promise that many may wait for.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void wait() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

inline Handlers echo_handlers() {
  return {.admit = [](Request&) -> std::variant<Admission, Response> { return Admission{}; },
          .answer = [](const Request& request) -> Answer {
            return json_response(200, {{"method", request.method}, {"path", request.path}, {"query", request.query},
                                       {"body", request.body}, {"peer", request.peer}});
          }};
}

struct ServerFixture {
  ScratchFolder scratch;
  Limits limits;
  Handlers handlers = echo_handlers();
  std::size_t threads = 2;
  std::unique_ptr<Server> server;

  Server& serve() {
    auto listening = Server::listen("127.0.0.1", 0, handlers, limits, threads, scratch.path());
    REQUIRE(listening);
    server = *std::move(listening);
    return *server;
  }
  RawClient client(int receive_buffer_bytes = 0) {
    if (!server) serve();
    return RawClient(server->port(), receive_buffer_bytes);
  }
  RawAnswer ask(std::string_view bytes, Expects expects = Expects::body) {
    RawClient asking = client();
    asking.send(bytes);
    RawAnswer answer = asking.read(expects);
    CHECK(answer.problem == "");
    return answer;
  }
};

}  // namespace workprint::http::testing
