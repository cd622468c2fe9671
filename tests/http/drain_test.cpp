// The end of a server: what runs is answered, what comes is refused, what takes too long is cut off.
#include "tests/http/raw_client.h"

namespace workprint::http {

using namespace testing;

namespace {

const std::string slow_request = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

struct DrainFixture : ServerFixture {
  Gate go_on;
  std::shared_ptr<EventStream> stream;
  Gate stream_opened;

  DrainFixture() {
    limits.linger = Duration(50);  // the clients here do not close
    handlers.answer = [this](const Request& request) -> Answer {
      if (request.path == "/slow") go_on.wait();
      if (request.path != "/events") return json_response(200, {{"path", request.path}});
      return Streaming{.headers = {}, .opened = [this](std::shared_ptr<EventStream> opened) {
                         stream = std::move(opened);
                         stream_opened.open();
                       }};
    };
  }
  ~DrainFixture() { server.reset(); }
};

}  // namespace

TEST_CASE_FIXTURE(DrainFixture, "http drain: running requests are answered, and nothing after them") {
  RawClient running = client();
  running.send(slow_request + "GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(eventually([&] { return server->counters().requests_running == 1; }));
  RawClient half = client();
  half.send("GET /half HTTP/1.1\r\n");
  RawClient idle = client();
  idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(idle.read().status == 200);
  const std::uint16_t port = server->port();

  std::jthread stopping([&] { server->stop(std::chrono::minutes(1)); });
  CHECK(idle.is_ended());  // closed at once: so the server drains now
  half.send("Host: a\r\n\r\n");
  const RawAnswer refusal = half.read();
  CHECK(refusal.status == 503);
  CHECK(refusal.code() == row_of(Refusal::draining).code);
  CHECK(refusal.headers.at("retry-after") == "1");
  const File late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(late.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0);

  go_on.open();
  const RawAnswer answer = running.read();
  CHECK(answer.json()["path"] == "/slow");
  CHECK(answer.headers.at("connection") == "close");
  CHECK(running.is_ended());
  stopping.join();
  CHECK(server->counters().connections_open == 0);
}

TEST_CASE_FIXTURE(DrainFixture, "http drain: what takes longer than the limit is cut off, and its handler may still end") {
  RawClient running = client();
  running.send(slow_request);
  REQUIRE(eventually([&] { return server->counters().requests_running == 1; }));
  server->stop(Duration(20));
  CHECK(running.is_ended());
  CHECK(server->counters().connections_open == 0);
  CHECK(server->counters().requests_running == 1);
  go_on.open();
  server.reset();
}

TEST_CASE_FIXTURE(DrainFixture, "http drain: streams are closed with all that was sent") {
  RawClient reading = client();
  reading.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(reading.read_head().status == 200);
  stream_opened.wait();
  const std::string events(200'000, ':');
  CHECK(stream->send(events));
  std::jthread stopping([&] { server->stop(std::chrono::minutes(1)); });
  CHECK(reading.read_to_end() == events);
  CHECK_FALSE(stream->send("x"));
}

TEST_CASE_FIXTURE(DrainFixture, "http drain: a reader that takes nothing does not hold up the end") {
  RawClient stuck = client(8 << 10);
  stuck.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  stream_opened.wait();
  while (stream->unsent_bytes() < (500u << 10)) REQUIRE(stream->send(std::string(4096, ':')));
  server->stop(Duration(20));
  CHECK_FALSE(stream->is_open());
  CHECK(server->counters().connections_open == 0);
}

TEST_CASE_FIXTURE(DrainFixture, "http drain: stopping twice, from two threads, and never, is the same") {
  client();
  {
    std::jthread first([&] { server->stop(Duration(10)); });
    std::jthread second([&] { server->stop(Duration(10)); });
  }
  server->stop(Duration(0));
  server.reset();
  RawClient asking = client();  // starts another
  asking.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(asking.read().status == 200);
}

TEST_CASE_FIXTURE(ServerFixture, "http drain: an upload that is under way is cut off and leaves no file") {
  handlers.admit = [](Request&) -> std::variant<Admission, Response> { return Admission{.body_bytes_max = 50u << 20, .to_file = true}; };
  RawClient uploading = client();
  uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x'));
  REQUIRE(eventually([&] { return !std::filesystem::is_empty(scratch.path()); }));
  server.reset();
  CHECK(std::filesystem::is_empty(scratch.path()));
}

}  // namespace workprint::http
