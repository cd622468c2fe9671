/// For tests: a server of tests/support, or one that somebody else wrote, in a process that ends with the value.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "object/http_client.h"
#include "workprint/json.h"

namespace workprint::testing {

inline std::filesystem::path source_root() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

/// Sends one request without tries; a test that cannot reach its server fails.
inline HttpResponse ask(const HttpRequest& request) {
  static const auto transport = open_http_transport();
  HttpExchange exchange = transport->exchange(request, HttpLimits());
  REQUIRE_MESSAGE(exchange.end == HttpExchange::End::answered, request.url, ": ", exchange.error.message);
  return std::move(exchange.response);
}

/// Prints its port as its first line and ends when its standard input does.
class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& command) {
    int input[2];
    int output[2];
    REQUIRE(::pipe2(input, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(output, O_CLOEXEC) == 0);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    std::string line;
    for (char c = 0; ::read(output[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(output[0]);
    REQUIRE_MESSAGE(!line.empty(), "the server did not start: ", command.back());
    origin_ = "http://127.0.0.1:" + line;
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() {
    ::close(input_);
    ::kill(process_, SIGTERM);
    int status = 0;
    ::waitpid(process_, &status, 0);
  }
  [[nodiscard]] const std::string& origin() const { return origin_; }

 private:
  pid_t process_ = -1;
  int input_ = -1;
  std::string origin_;
};

/// A fake of tests/support with its controls (http_server.py).
class Fake : public ServerProcess {
 public:
  explicit Fake(const std::string& script)
      : ServerProcess({"python3", (source_root() / "tests/support" / script).string()}) {}

  Json control(const std::string& what, const Json& value) const {
    const std::string text = value.dump();
    const HttpResponse response = ask({.method = "POST",
                                       .url = origin() + "/_control/" + what,
                                       .body = HttpBody{.bytes = text},
                                       .content_type = "application/json"});
    REQUIRE(response.status == 200);
    return Json::parse(response.body);
  }
  /// One fault, or an array of them.
  void fail_with(const Json& faults) const { control("faults", faults.is_array() ? faults : Json::array({faults})); }
  void heal() const { control("faults", Json::array()); }
  /// The requests since the last look.
  [[nodiscard]] Json log() const { return control("log", Json()); }
};

/// Time that passes only by waiting: the waits of tries take none.
class QuickClock final : public Clock {
 public:
  WallTime wall() override { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + waited(); }
  Instant now() override { return std::chrono::steady_clock::now() + waited(); }
  bool wait(Duration duration, std::stop_token) override {
    waited_ += duration.count();
    return true;
  }
  [[nodiscard]] Duration waited() const { return Duration(waited_.load()); }

 private:
  std::atomic<Duration::rep> waited_ = 0;
};

inline HttpContext quick_context(std::shared_ptr<Clock> clock = std::make_shared<QuickClock>()) {
  HttpContext context{.transport = open_http_transport(), .clock = std::move(clock), .random = system_random()};
  context.limits.connect = std::chrono::seconds(2);
  return context;
}

}  // namespace workprint::testing
