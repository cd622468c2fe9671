// Every limit of the server, reached with small values. What is asserted is the answer, never the time.
#include <sys/resource.h>

#include "tests/http/raw_client.h"

namespace workprint::http {

using namespace testing;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string code_of(Refusal refusal) { return std::string(row_of(refusal).code); }

/// Sends single bytes, each well within the limit for one, until there is an answer.
RawAnswer dribble(RawClient& client, std::size_t bytes_max) {
  for (std::size_t i = 0; i < bytes_max && !client.has_bytes(Duration(5)); ++i) client.send("a");
  return client.read();
}

}  // namespace

TEST_CASE_FIXTURE(ServerFixture, "http limit: a head that does not end in time is refused, whole or in single bytes") {
  limits.head_total = Duration(60);
  RawClient silent = client();
  silent.send("GET / HTTP/1.1\r\nHost:");
  CHECK(silent.read().code() == code_of(Refusal::slow_head));
  CHECK(silent.is_ended());
  RawClient slow = client();
  slow.send("GET / HTTP/1.1\r\nHost:");
  const RawAnswer answer = dribble(slow, 10'000);
  CHECK(answer.status == 408);
  CHECK(answer.code() == code_of(Refusal::slow_head));
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: an idle connection is closed without a word, new or kept") {
  limits.idle = Duration(40);
  RawClient fresh = client();
  CHECK(fresh.is_ended());
  RawClient kept = client();
  kept.send(get);
  CHECK(kept.read().status == 200);
  CHECK(kept.is_ended());
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: a body that stalls or dribbles is refused") {
  limits.body_stall = Duration(60);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
  RawClient silent = client();
  silent.send(head + "abc");
  const RawAnswer answer = silent.read();
  CHECK(answer.status == 408);
  CHECK(answer.code() == code_of(Refusal::slow_body));
  RawClient slow = client();
  slow.send(head);
  CHECK(dribble(slow, 100'000).code() == code_of(Refusal::slow_body));
  limits.body_bytes_per_second_min = 1;  // now each byte earns a second
  serve();
  RawClient patient = client();
  patient.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n");
  CHECK(dribble(patient, 60).status == 200);
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: heads and targets have a size") {
  limits.head_bytes_max = 300;
  limits.target_bytes_max = 64;
  limits.fields_max = 4;
  const auto with_target = [](std::size_t size) { return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
  CHECK(ask(with_target(64)).status == 200);
  CHECK(ask(with_target(100)).code() == code_of(Refusal::target_too_long));
  CHECK(ask("GET /" + std::string(400, 'x')).status == 414);
  const auto with_header = [](std::size_t size) { return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'x') + "\r\n\r\n"; };
  CHECK(ask(with_header(200)).status == 200);
  CHECK(ask(with_header(300)).code() == code_of(Refusal::head_too_large));
  CHECK(ask("GET / HTTP/1.1\r\nHost: a\r\n1: x\r\n2: x\r\n3: x\r\n\r\n").status == 200);
  CHECK(ask("GET / HTTP/1.1\r\nHost: a\r\n1: x\r\n2: x\r\n3: x\r\n4: x\r\n\r\n").status == 431);
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: a body has the size that it was admitted with, however it comes") {
  handlers.admit = [](Request&) -> std::variant<Admission, Response> { return Admission{.body_bytes_max = 10}; };
  CHECK(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789").json()["body"] == "0123456789");
  CHECK(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n").code() == code_of(Refusal::body_too_large));
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(ask(chunked + "9\r\n012345678\r\n1\r\n9\r\n0\r\n\r\n").json()["body"] == "0123456789");
  CHECK(ask(chunked + "9\r\n012345678\r\n2\r\n9a\r\n0\r\n\r\n").status == 413);
  CHECK(ask(chunked + "fffffffffffffff\r\n" + std::string(100, 'x')).status == 413);
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: the framing of chunks cannot go on without end") {
  handlers.admit = [](Request&) -> std::variant<Admission, Response> { return Admission{.body_bytes_max = 1u << 30}; };
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(ask(head + "1;" + std::string(100'000, 'x')).code() == code_of(Refusal::bad_chunk));
  CHECK(ask(head + "0\r\nT: " + std::string(100'000, 'x')).code() == code_of(Refusal::bad_chunk));
  std::string padded = head;
  for (int i = 0; i < 400; ++i) padded += "1;x=" + std::string(1000, 'y') + "\r\na\r\n";
  CHECK(ask(padded).code() == code_of(Refusal::bad_chunk));
  std::string small = head;
  for (int i = 0; i < 50'000; ++i) small += "1\r\na\r\n";
  CHECK(ask(small + "0\r\n\r\n").json()["body"].get<std::string>().size() == 50'000);
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: a full server says so; an idle connection makes room") {
  limits.connections_max = 2;
  limits.linger = Duration(50);
  Gate go_on;
  handlers.answer = [&](const Request& request) -> Answer {
    if (request.path == "/slow") go_on.wait();
    return json_response(200, {{"path", request.path}});
  };
  RawClient first = client();
  RawClient second = client();
  for (RawClient* one : {&first, &second}) one->send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(eventually([&] { return server->counters().requests_running == 2; }));
  RawClient third = client();
  const RawAnswer refusal = third.read();
  CHECK(refusal.status == 503);
  CHECK(refusal.code() == code_of(Refusal::too_many_connections));
  CHECK(refusal.headers.at("retry-after") == "1");
  CHECK(third.is_ended());
  go_on.open();
  CHECK(first.read().status == 200);
  CHECK(second.read().status == 200);
  REQUIRE(eventually([&] { return server->counters().connections_open == 2; }));  // the third is gone, these two idle
  CHECK(ask(get).status == 200);
  CHECK(server->counters().connections_refused == 1);
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: a peer that asks too often is told to wait") {
  limits.requests_per_second_max = 0.0001;
  limits.requests_burst_max = 3;
  RawClient asking = client();
  for (int i = 0; i < 5; ++i) asking.send(get);
  for (int i = 0; i < 3; ++i) CHECK(asking.read().status == 200);
  for (int i = 0; i < 2; ++i) {
    const RawAnswer answer = asking.read();
    CHECK(answer.status == 429);
    CHECK(answer.code() == code_of(Refusal::too_many_requests));
    CHECK(answer.headers.at("retry-after") == "1");
  }
  CHECK(ask(get).status == 429);  // a new connection is the same peer
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: a client that takes nothing is cut off, and holds up nobody") {
  limits.write_stall = Duration(60);
  constexpr std::uint64_t size = 64u << 20;
  handlers.answer = [](const Request& request) -> Answer {
    if (request.path != "/large") return json_response(200, {});
    return Response{.source = BodySource{size, [](std::uint64_t, std::size_t bytes_max) -> Result<std::string> { return std::string(bytes_max, 'x'); }}};
  };
  RawClient stuck = client(16 << 10);
  stuck.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(eventually([&] {
    CHECK(ask(get).status == 200);
    return server->counters().connections_open == 0;
  }));
  CHECK(stuck.read_to_end().size() < size);
}

TEST_CASE_FIXTURE(ServerFixture, "http limit: without descriptors accepting pauses instead of spinning, and goes on after") {
  serve();
  const File waiting(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  std::vector<File> all;
  all.emplace_back(::dup(waiting.get()));
  const rlimit none{.rlim_cur = static_cast<rlim_t>(all.back().get() + 1), .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  while (all.back().is_open()) all.emplace_back(::dup(waiting.get()));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Instant began_at = std::chrono::steady_clock::now();
  const bool is_connected = ::connect(waiting.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool has_failed = eventually([&] { return server->counters().accept_errors >= 3; });
  const auto errors = server->counters().accept_errors;
  const auto pauses = (std::chrono::steady_clock::now() - began_at) / std::chrono::milliseconds(100);
  all.clear();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(is_connected);
  CHECK(has_failed);
  CHECK(errors <= static_cast<std::uint64_t>(pauses) + 1);
  CHECK(::send(waiting.get(), get.data(), get.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(get.size()));
  char bytes[12] = {};
  CHECK(::recv(waiting.get(), bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes);
  CHECK(std::string_view(bytes, sizeof bytes) == "HTTP/1.1 200");
}

}  // namespace workprint::http
