// The server, asked over real sockets: what it takes, and in which order it answers.
#include "tests/http/raw_client.h"

namespace workprint::http {

using namespace testing;

TEST_CASE_FIXTURE(ServerFixture, "http server: a request reaches the handler as it was sent") {
  const RawAnswer answer = ask("POST /api/a%20b?x=1%2B1&y=a+b&z HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(answer.status == 200);
  const Json body = answer.json();
  CHECK(body["method"] == "POST");
  CHECK(body["path"] == "/api/a%20b");
  CHECK(body["query"] == Json{{"x", "1+1"}, {"y", "a b"}, {"z", ""}});
  CHECK(body["body"] == "hello");
  CHECK(body["peer"] == "127.0.0.1");
}

TEST_CASE_FIXTURE(ServerFixture, "http server: every answer carries the security headers, and a route's own win") {
  handlers.answer = [](const Request& request) -> Answer {
    Response response{.status = 200, .headers = {{"Content-Type", "text/html"}}, .body = "x"};
    if (request.path == "/page") response.headers.emplace_back("content-security-policy", "default-src 'self'");
    return response;
  };
  for (const std::string request : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n"}) {
    const RawAnswer answer = ask(request);
    CHECK(answer.headers.at("x-content-type-options") == "nosniff");
    CHECK(answer.headers.at("referrer-policy") == "no-referrer");
    CHECK(answer.headers.at("x-frame-options") == "DENY");
    CHECK(answer.headers.at("content-security-policy").starts_with("default-src 'none'"));
    CHECK(answer.headers.at("cache-control") == "no-store");
    CHECK(answer.headers.contains("date"));
  }
  CHECK(ask("GET /page HTTP/1.1\r\nHost: a\r\n\r\n").headers.at("content-security-policy") == "default-src 'self'");
}

TEST_CASE_FIXTURE(ServerFixture, "http server: pipelined requests are answered in order on one connection") {
  RawClient asking = client();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  asking.send(requests);
  for (int i = 0; i < 200; ++i) {
    const RawAnswer answer = asking.read();
    REQUIRE(answer.status == 200);
    REQUIRE(answer.json()["path"] == "/" + std::to_string(i));
  }
  CHECK(server->counters().connections == 1);
  CHECK(server->counters().requests == 200);
}

TEST_CASE_FIXTURE(ServerFixture, "http server: a request in single bytes is the same request") {
  RawClient asking = client();
  for (const char byte : std::string("\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;q=1\r\nde\r\n0\r\nT: v\r\n\r\n"))
    asking.send({&byte, 1});
  CHECK(asking.read().json()["body"] == "abcde");
  asking.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(asking.read().json()["path"] == "/next");
}

TEST_CASE_FIXTURE(ServerFixture, "http server: HEAD is answered with the head of the GET") {
  RawClient asking = client();
  asking.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawAnswer head = asking.read(Expects::no_body);
  CHECK(head.status == 200);
  CHECK(parse_number(head.headers.at("content-length")).value() > 10);
  CHECK(asking.read().json()["path"] == "/y");
}

TEST_CASE_FIXTURE(ServerFixture, "http server: a refused HEAD has no body either") {
  for (const std::string header : {"Expect: more\r\n", "Host: b\r\n", "Content-Length: 9999999\r\n"}) {
    RawClient asking = client();
    asking.send("HEAD / HTTP/1.1\r\nHost: a\r\n" + header + "\r\n");
    const RawAnswer head = asking.read(Expects::no_body);
    CHECK(head.status >= 400);
    CHECK(parse_number(head.headers.at("content-length")).value() > 10);
    CHECK(asking.is_ended());
  }
}

TEST_CASE_FIXTURE(ServerFixture, "http server: who was let in is known to the handler") {
  handlers.admit = [](Request& request) -> std::variant<Admission, Response> {
    request.identity = "ann";
    return Admission{};
  };
  handlers.answer = [](const Request& request) -> Answer { return Response{.body = request.identity + "@" + request.peer}; };
  CHECK(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").body == "ann@127.0.0.1");
}

TEST_CASE_FIXTURE(ServerFixture, "http server: an old client gets its answer and the end of the connection") {
  RawClient asking = client();
  asking.send("GET / HTTP/1.0\r\n\r\n");
  const RawAnswer answer = asking.read();
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("connection") == "close");
  CHECK(asking.is_ended());
}

TEST_CASE_FIXTURE(ServerFixture, "http server: who waits for the word to go on gets it, and who does not is not made to") {
  RawClient waiting = client();
  waiting.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(waiting.read().status == 100);
  waiting.send("ab");
  CHECK(waiting.read().json()["body"] == "ab");
  waiting.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
  CHECK(waiting.read().status == 200);
  waiting.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n");
  CHECK(waiting.read().status == 413);
  CHECK(waiting.is_ended());
}

TEST_CASE_FIXTURE(ServerFixture, "http server: what a request breaks is said with its own number") {
  struct Row {
    const char* request;
    int status;
    Refusal refusal;
  };
  const Row rows[] = {
      {"GET /\r\n\r\n", 400, Refusal::bad_request_line},
      {"\x16\x03\x01\x02 TLS", 400, Refusal::bad_request_line},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_request_line},
      {"GET / HTTP/1.1\nHost: a\n\n", 400, Refusal::bad_request_line},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, Refusal::bad_header},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n", 400, Refusal::bad_header},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400, Refusal::bad_header},
      {"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400, Refusal::bad_header},
      {"GET / HTTP/1.1\r\nHost: a\r\nA\r\n\r\n", 400, Refusal::bad_header},
      {"GET / HTTP/1.1\r\nHost: a\r\nOrigin: x\r\nOrigin: y\r\n\r\n", 400, Refusal::bad_header},
      {"GET / HTTP/1.1\r\n\r\n", 400, Refusal::bad_host},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, Refusal::bad_host},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, Refusal::bad_host},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, Refusal::bad_host},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, Refusal::bad_framing},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, Refusal::bad_framing},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400, Refusal::bad_framing},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", 400, Refusal::bad_framing},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400, Refusal::bad_framing},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na", 400, Refusal::bad_framing},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, Refusal::bad_framing},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_target},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_target},
      {"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_target},
      {"GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_target},
      {"GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_target},
      {"GET /?a=1&a=2 HTTP/1.1\r\nHost: a\r\n\r\n", 400, Refusal::bad_target},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, Refusal::bad_chunk},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400, Refusal::bad_chunk},
      {"POST / HTTP/1.0\r\n\r\n", 411, Refusal::no_length},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413, Refusal::body_too_large},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\na", 415, Refusal::encoded_body},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417, Refusal::unknown_expectation},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, Refusal::unknown_method},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, Refusal::unknown_method},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, Refusal::unknown_coding},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501, Refusal::unknown_coding},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, Refusal::other_version},
  };
  for (const Row& row : rows) {
    CAPTURE(row.request);
    RawClient asking = client();
    asking.send(row.request);
    const RawAnswer answer = asking.read();
    CHECK(answer.problem == "");
    CHECK(answer.status == row.status);
    CHECK(row_of(row.refusal).status == row.status);
    CHECK(answer.code() == row_of(row.refusal).code);
    CHECK(answer.json().value("kind", "") == to_string(row_of(row.refusal).kind));
    CHECK(answer.headers.at("connection") == "close");
    CHECK(asking.is_ended());
  }
  // A NUL cannot stand in a C string.
  CHECK(ask(std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 27)).code() == row_of(Refusal::bad_request_line).code);
  CHECK(ask(std::string("GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n", 31)).code() == row_of(Refusal::bad_header).code);
}

TEST_CASE_FIXTURE(ServerFixture, "http server: a refused body does not hide a second request") {
  handlers.admit = [](Request&) -> std::variant<Admission, Response> { return refuse(Refusal::no_token); };
  RawClient other = client();
  other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(other.read().status == 401);
  CHECK(other.is_ended());
  RawClient kept = client();
  kept.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(kept.read().headers.at("connection") == "keep-alive");
  CHECK(kept.read().status == 401);
}

TEST_CASE_FIXTURE(ServerFixture, "http server: what escapes from a handler is an answer 500") {
  handlers.admit = [](Request& request) -> std::variant<Admission, Response> {
    if (request.path == "/admit") throw std::runtime_error("admit");
    return Admission{};
  };
  handlers.answer = [](const Request& request) -> Answer {
    if (request.path == "/header") return Response{.headers = {{"X", "a\r\nB: c"}}};
    if (request.path == "/length") return Response{.headers = {{"content-length", "7"}}};
    if (request.path == "/status") return Response{.status = 99};
    throw std::runtime_error("answer");
  };
  for (const std::string path : {"/admit", "/answer", "/header", "/length", "/status"}) {
    const RawAnswer answer = ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(answer.status == 500);
    CHECK(answer.code() == "E0120");
  }
}

TEST_CASE_FIXTURE(ServerFixture, "http server: a slow handler holds up nobody but its own connection") {
  Gate go_on;
  handlers.answer = [&](const Request& request) -> Answer {
    if (request.path == "/slow") go_on.wait();
    return json_response(200, {{"path", request.path}});
  };
  RawClient slow = client();
  slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 20; ++i) CHECK(ask("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
  go_on.open();
  CHECK(slow.read().json()["path"] == "/slow");
  CHECK(slow.read().json()["path"] == "/after");
}

TEST_CASE_FIXTURE(ServerFixture, "http server: two servers never share a port, and a bad address is refused") {
  serve();
  const auto second = Server::listen("127.0.0.1", server->port(), handlers, limits, 1, scratch.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::unavailable);
  const auto nowhere = Server::listen("no such host", 0, handlers, limits, 1, scratch.path());
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().kind == ErrorKind::invalid);
  const auto homeless = Server::listen("127.0.0.1", 0, handlers, limits, 1, scratch.path() / "none");
  REQUIRE_FALSE(homeless);
  CHECK(homeless.error().kind == ErrorKind::unavailable);
}

}  // namespace workprint::http
