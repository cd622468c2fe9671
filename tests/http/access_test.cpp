// Who may ask, and from where.
#include "service/http_access.h"

#include <doctest/doctest.h>

#include "service/http_error.h"
#include "service/http_range.h"
#include "tests/support/manual_clock.h"

namespace workprint::http {
namespace {

const std::string secret_a(32, 'a');
const std::string secret_b = std::string(31, 'b') + "c";

Request request(std::string method, std::map<std::string, std::string> headers) {
  headers.emplace("host", "films.example:8080");
  return {.method = std::move(method), .path = "/", .headers = std::move(headers)};
}

std::string code(const std::variant<Caller, Response>& outcome) {
  if (std::holds_alternative<Caller>(outcome)) return "ok " + std::get<Caller>(outcome).identity();
  return Json::parse(std::get<Response>(outcome).body).at("code");
}
const std::string no_token(row_of(Refusal::no_token).code);
const std::string foreign_origin(row_of(Refusal::foreign_origin).code);
const std::string foreign_host(row_of(Refusal::foreign_host).code);

struct AccessFixture {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<Access> with_tokens = open({{"ann", secret_a, "a"}, {"bob", secret_b, ""}}, {"https://studio.example"});
  std::unique_ptr<Access> local = open({}, {});

  std::unique_ptr<Access> open(std::vector<Token> tokens, std::vector<std::string> origins) {
    auto access = Access::open("127.0.0.1", std::move(tokens), std::move(origins), clock);
    REQUIRE(access);
    return *std::move(access);
  }
  std::string session_of(const std::string& secret) {
    const Response response = with_tokens->begin_session(request("POST", {{"authorization", "Bearer " + secret}}));
    REQUIRE(response.status == 204);
    const std::string_view cookie = find_field(response.headers, "set-cookie");
    return std::string(cookie.substr(0, cookie.find(';')));
  }
};

}  // namespace

TEST_CASE("http access: an address that others reach needs a token of 32 characters") {
  const auto clock = std::make_shared<ManualClock>();
  for (const char* address : {"0.0.0.0", "::", "192.168.0.1", "10.127.0.1", "128.0.0.1", "127.0.0.1.example", "", "127.1", "::2", "::ffff:10.0.0.1"}) {
    CAPTURE(address);
    CHECK_FALSE(is_loopback(address));
    CHECK_FALSE(Access::open(address, {}, {}, clock));
    CHECK_FALSE(Access::open(address, {{"a", std::string(31, 'a'), ""}}, {}, clock));
    CHECK(Access::open(address, {{"a", secret_a, ""}}, {}, clock));
  }
  for (const char* address : {"localhost", "127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    CHECK(is_loopback(address));
    CHECK(Access::open(address, {}, {}, clock));
    CHECK_FALSE(Access::open(address, {{"a", std::string(31, 'a'), ""}}, {}, clock));
  }
  CHECK_FALSE(is_loopback(std::string("127.0.0.1\0", 10)));
  CHECK_FALSE(Access::open("127.0.0.1", {{"a", secret_a, ""}, {"a", secret_b, ""}}, {}, clock));
  CHECK_FALSE(Access::open("127.0.0.1", {{"a", secret_a, ""}, {"b", secret_a, ""}}, {}, clock));
  CHECK_FALSE(Access::open("127.0.0.1", {{"a", secret_a + " ", ""}}, {}, clock));
  const auto refused = Access::open("127.0.0.1", {{"a", "hunter2", ""}}, {}, clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(refused.error().message.find("hunter2") == std::string::npos);
  for (const char* origin : {"*", "null", "studio.example", "https://studio.example/", "ftp://studio.example", "https://"})
    CHECK_FALSE(Access::open("127.0.0.1", {}, {origin}, clock));
}

TEST_CASE_FIXTURE(AccessFixture, "http access: a bearer token is taken whole or not at all") {
  struct Row {
    std::string authorization, outcome;
  };
  const Row rows[] = {
      {"Bearer " + secret_a, "ok ann"},
      {"bearer " + secret_b, "ok bob"},
      {"Bearer  " + secret_a + " ", "ok ann"},
      {"Bearer " + secret_a + "a", no_token},
      {"Bearer " + secret_a.substr(1), no_token},
      {"Bearer " + std::string(32, 'b'), no_token},
      {"Bearer", no_token},
      {"Bearer ", no_token},
      {"Basic " + secret_a, no_token},
      {secret_a, no_token},
      {"", no_token},
  };
  for (const Row& row : rows) {
    CAPTURE(row.authorization);
    CHECK(code(with_tokens->check(request("POST", {{"authorization", row.authorization}}))) == row.outcome);
  }
  CHECK(code(with_tokens->check(request("GET", {}))) == no_token);
  const auto refused = std::get<Response>(with_tokens->check(request("GET", {})));
  CHECK(refused.status == 401);
  CHECK(find_field(refused.headers, "www-authenticate") == "Bearer");
}

TEST_CASE_FIXTURE(AccessFixture, "http access: a token sees the films of its prefix") {
  const auto ann = std::get<Caller>(with_tokens->check(request("GET", {{"authorization", "Bearer " + secret_a}})));
  CHECK(Access::may_see(ann.token, "a-film"));
  CHECK_FALSE(Access::may_see(ann.token, "b-film"));
  CHECK_FALSE(Access::may_see(ann.token, ""));
  const auto bob = std::get<Caller>(with_tokens->check(request("GET", {{"authorization", "Bearer " + secret_b}})));
  CHECK(Access::may_see(bob.token, "b-film"));
  CHECK(Access::may_see(nullptr, "b-film"));
}

TEST_CASE_FIXTURE(AccessFixture, "http access: a session stands for its token for twelve hours") {
  const std::string cookie = session_of(secret_a);
  CHECK(code(with_tokens->check(request("GET", {{"cookie", "x=1; " + cookie + "; y=2"}}))) == "ok ann");
  CHECK(code(with_tokens->check(request("GET", {{"cookie", cookie + "0"}}))) == no_token);
  CHECK(code(with_tokens->check(request("GET", {{"cookie", "x" + cookie}}))) == no_token);
  CHECK(code(with_tokens->check(request("GET", {{"cookie", cookie}, {"authorization", "Bearer wrong"}}))) == no_token);
  clock->advance(Access::session_life - Duration(1));
  CHECK(code(with_tokens->check(request("GET", {{"cookie", cookie}}))) == "ok ann");
  clock->advance(Duration(1));
  CHECK(code(with_tokens->check(request("GET", {{"cookie", cookie}}))) == no_token);
}

TEST_CASE_FIXTURE(AccessFixture, "http access: a session begins with a token and ends when asked") {
  CHECK(with_tokens->begin_session(request("POST", {})).status == 401);
  const std::string cookie = session_of(secret_b);
  CHECK(with_tokens->begin_session(request("POST", {{"cookie", cookie}})).status == 401);
  CHECK(with_tokens->begin_session(request("POST", {{"authorization", "Bearer " + secret_a}, {"origin", "http://evil.example"}})).status == 403);
  CHECK(with_tokens->end_session(request("DELETE", {{"cookie", cookie}, {"origin", "http://evil.example"}})).status == 403);
  CHECK(code(with_tokens->check(request("GET", {{"cookie", cookie}}))) == "ok bob");
  CHECK(with_tokens->end_session(request("DELETE", {{"cookie", cookie}})).status == 204);
  CHECK(code(with_tokens->check(request("GET", {{"cookie", cookie}}))) == no_token);
  CHECK(session_of(secret_b) != session_of(secret_b));
}

TEST_CASE_FIXTURE(AccessFixture, "http access: the cookie is for our page alone, and for https where that is used") {
  const auto cookie_for = [&](std::map<std::string, std::string> headers) {
    headers.emplace("authorization", "Bearer " + secret_a);
    const Response response = with_tokens->begin_session(request("POST", std::move(headers)));
    return std::string(find_field(response.headers, "set-cookie"));
  };
  const std::string plain = cookie_for({});
  CHECK(plain.size() > 64 + 18);
  CHECK(plain.find("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200") != std::string::npos);
  CHECK(plain.find("Secure") == std::string::npos);
  CHECK(plain.find(secret_a) == std::string::npos);
  CHECK(cookie_for({{"x-forwarded-proto", "https"}}).ends_with("; Secure"));
}

TEST_CASE_FIXTURE(AccessFixture, "http access: a cookie changes something only from our own page") {
  const std::string cookie = session_of(secret_a);
  struct Row {
    const char* method;
    const char* origin;
    std::string outcome;
  };
  const Row rows[] = {
      {"GET", nullptr, "ok ann"},
      {"GET", "http://films.example:8080", "ok ann"},
      {"GET", "http://evil.example", foreign_origin},
      {"POST", "http://films.example:8080", "ok ann"},
      {"POST", "https://films.example:8080", "ok ann"},
      {"POST", "HTTP://FILMS.example:8080", "ok ann"},
      {"POST", nullptr, foreign_origin},
      {"POST", "", foreign_origin},
      {"POST", "null", foreign_origin},
      {"POST", "http://films.example", foreign_origin},
      {"POST", "http://films.example:8081", foreign_origin},
      {"POST", "http://films.example:8080.evil.example", foreign_origin},
      {"POST", "https://studio.example", foreign_origin},
      {"DELETE", "http://evil.example", foreign_origin},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(std::string(row.origin == nullptr ? "-" : row.origin));
    std::map<std::string, std::string> headers{{"cookie", cookie}};
    if (row.origin != nullptr) headers.emplace("origin", row.origin);
    CHECK(code(with_tokens->check(request(row.method, headers))) == row.outcome);
  }
}

TEST_CASE_FIXTURE(AccessFixture, "http access: more sessions than there is room for end the oldest") {
  const std::string first = session_of(secret_a);
  clock->advance(Duration(1));
  const std::string second = session_of(secret_a);
  clock->advance(Duration(1));
  for (std::size_t i = 2; i < Access::sessions_max; ++i) static_cast<void>(session_of(secret_b));
  CHECK(code(with_tokens->check(request("GET", {{"cookie", first}}))) == "ok ann");
  static_cast<void>(session_of(secret_b));
  CHECK(code(with_tokens->check(request("GET", {{"cookie", first}}))) == no_token);
  CHECK(code(with_tokens->check(request("GET", {{"cookie", second}}))) == "ok ann");
}

TEST_CASE_FIXTURE(AccessFixture, "http access: without tokens only this machine's own pages may ask") {
  struct Row {
    const char* host;
    const char* origin;
    std::string outcome;
  };
  const Row rows[] = {
      {"localhost", nullptr, "ok "},
      {"LocalHost:8080", nullptr, "ok "},
      {"127.0.0.1:8080", nullptr, "ok "},
      {"127.9.8.7", nullptr, "ok "},
      {"[::1]", nullptr, "ok "},
      {"[::1]:8080", nullptr, "ok "},
      {"localhost:8080", "http://localhost:8080", "ok "},
      {"[::1]:8080", "http://[::1]:8080", "ok "},
      {"films.example", nullptr, foreign_host},
      {"localhost.evil.example", nullptr, foreign_host},
      {"127.0.0.1.evil.example", nullptr, foreign_host},
      {"localhost.", nullptr, foreign_host},
      {"[::1", nullptr, foreign_host},
      {"::1", nullptr, foreign_host},
      {"[::2]:80", nullptr, foreign_host},
      {"localhost:x", nullptr, foreign_host},
      {"localhost:99999", nullptr, foreign_host},
      {"[::1]evil.example", nullptr, foreign_host},
      {"", nullptr, foreign_host},
      {"localhost:8080", "http://localhost:8081", foreign_origin},
      {"localhost:8080", "http://127.0.0.1:8080", foreign_origin},
      {"localhost:8080", "http://evil.example", foreign_origin},
      {"localhost:8080", "null", foreign_origin},
      {"localhost:8080", "", foreign_origin},
  };
  for (const Row& row : rows) {
    CAPTURE(row.host);
    CAPTURE(std::string(row.origin == nullptr ? "-" : row.origin));
    std::map<std::string, std::string> headers{{"host", row.host}};
    if (row.origin != nullptr) headers.emplace("origin", row.origin);
    CHECK(code(local->check(request("GET", headers))) == row.outcome);
    CHECK(code(local->check(request("POST", headers))) == row.outcome);
  }
}

TEST_CASE_FIXTURE(AccessFixture, "http access: other origins are let in by name only, and never with the cookie") {
  const auto ask = [](const char* origin) {
    return request("OPTIONS", {{"origin", origin}, {"access-control-request-method", "POST"}});
  };
  const auto allowed = with_tokens->preflight(ask("https://studio.example"));
  REQUIRE(allowed);
  CHECK(allowed->status == 204);
  CHECK(find_field(allowed->headers, "access-control-allow-origin") == "https://studio.example");
  CHECK(find_field(allowed->headers, "access-control-allow-credentials").empty());
  CHECK(with_tokens->preflight(ask("https://evil.example"))->status == 403);
  CHECK(local->preflight(ask("https://studio.example"))->status == 403);
  CHECK_FALSE(with_tokens->preflight(request("OPTIONS", {{"origin", "https://studio.example"}})));
  CHECK_FALSE(with_tokens->preflight(request("POST", {{"origin", "https://studio.example"}, {"access-control-request-method", "POST"}})));

  const auto cors = [](const Access& access, const char* origin) {
    Fields headers;
    access.add_cors(request("GET", {{"origin", origin}}), headers);
    return std::string(find_field(headers, "access-control-allow-origin"));
  };
  CHECK(cors(*with_tokens, "https://studio.example") == "https://studio.example");
  CHECK(cors(*with_tokens, "https://evil.example").empty());
  CHECK(cors(*local, "https://studio.example").empty());
}

}  // namespace workprint::http
