// Event streams: order, slow readers, and every way for one to end.
#include <condition_variable>
#include <mutex>
#include <sstream>

#include "tests/http/raw_client.h"

namespace workprint::http {

using namespace testing;

namespace {

const std::string open_request = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

struct StreamFixture : ServerFixture {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<EventStream>> streams;  // in the order of their opening

  StreamFixture() {
    handlers.answer = [this](const Request& request) -> Answer {
      if (request.path != "/events") return json_response(200, {});
      return Streaming{.headers = {{"X-Accel-Buffering", "no"}}, .opened = [this](std::shared_ptr<EventStream> stream) {
                         const std::lock_guard lock(mutex);
                         streams.push_back(std::move(stream));
                         changed.notify_all();
                       }};
    };
  }
  ~StreamFixture() { server.reset(); }  // its threads use what goes after it
  std::shared_ptr<EventStream> opened(std::size_t index) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::minutes(1), [&] { return streams.size() > index; }));
    return streams[index];
  }
  void forget() {
    std::vector<std::shared_ptr<EventStream>> gone;
    const std::lock_guard lock(mutex);
    gone.swap(streams);
  }
};

std::string event(int id, std::size_t size = 0) { return "id: " + std::to_string(id) + "\ndata: " + std::string(size, 'x') + "\n\n"; }

}  // namespace

TEST_CASE_FIXTURE(StreamFixture, "http stream: a stream has the head of one and ends with its connection") {
  RawClient reading = client();
  reading.send(open_request);
  const RawAnswer head = reading.read_head();
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-type") == "text/event-stream");
  CHECK(head.headers.at("cache-control") == "no-store");
  CHECK(head.headers.at("x-accel-buffering") == "no");
  CHECK(head.headers.at("x-content-type-options") == "nosniff");
  CHECK_FALSE(head.headers.contains("content-length"));
  const auto stream = opened(0);
  CHECK(stream->is_open());
  CHECK(stream->send(event(1)));
  CHECK(stream->send(event(2)));
  stream->close();
  CHECK_FALSE(stream->is_open());
  CHECK_FALSE(stream->send(event(3)));
  CHECK(reading.read_to_end() == event(1) + event(2));
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: three hundred at once get every event in order") {
  limits.streams_max = 300;
  constexpr std::size_t count = 300;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(client()));
    clients.back()->send(open_request);
  }
  for (const auto& one : clients) REQUIRE(one->read_head().status == 200);
  REQUIRE(opened(count - 1));
  CHECK(server->counters().streams_open == count);
  std::string all;
  for (int id = 0; id < 100; ++id) all += event(id, static_cast<std::size_t>(id));
  {
    std::vector<std::jthread> senders;  // each feeds its own share
    for (std::size_t part = 0; part < 3; ++part)
      senders.emplace_back([&, part] {
        for (int id = 0; id < 100; ++id)
          for (std::size_t i = part; i < count; i += 3) streams[i]->send(event(id, static_cast<std::size_t>(id)));
      });
  }
  forget();
  for (const auto& one : clients) CHECK(one->read_to_end() == all);
  CHECK(server->counters().streams == count);
  CHECK(server->counters().streams_cut == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: several threads may feed one stream; each one's events keep their order") {
  RawClient reading = client();
  reading.send(open_request);
  REQUIRE(reading.read_head().status == 200);
  const auto stream = opened(0);
  {
    std::vector<std::jthread> senders;
    for (int thread = 0; thread < 4; ++thread)
      senders.emplace_back([&stream, thread] {
        for (int id = 0; id < 500; ++id) stream->send("data: " + std::to_string(thread) + " " + std::to_string(id) + "\n\n");
      });
  }
  stream->close();
  std::istringstream events(reading.read_to_end());
  std::map<int, int> next;
  int thread = 0, id = 0, count = 0;
  for (std::string word; events >> word >> thread >> id; ++count) REQUIRE(next[thread]++ == id);
  CHECK(count == 4 * 500);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: a slow reader is cut off at the limit, and no other waits for it") {
  limits.stream_unsent_bytes_max = 64u << 10;
  RawClient slow = client(8 << 10);
  slow.send(open_request);
  REQUIRE(slow.read_head().status == 200);
  const auto slow_stream = opened(0);
  RawClient quick = client();
  quick.send(open_request);
  REQUIRE(quick.read_head().status == 200);
  const auto quick_stream = opened(1);

  constexpr std::size_t size = 4000;
  std::string sent;
  int id = 0;
  for (bool takes = true; takes; ++id) {
    REQUIRE(id < 20'000);
    const std::string one = event(id, size);
    takes = slow_stream->send(one);
    if (takes) sent += one;
    REQUIRE(quick_stream->send(one));
    REQUIRE(quick.read_bytes(one.size()) == one);  // it has it before the next is made
    CHECK(slow_stream->unsent_bytes() <= limits.stream_unsent_bytes_max + one.size());
  }
  CHECK_FALSE(slow_stream->is_open());
  const std::string got = slow.read_to_end();
  CHECK(got.size() < sent.size());
  CHECK(sent.starts_with(got));  // what it got is the begin of what was sent, nothing in between missing
  CHECK(eventually([&] { return server->counters().streams_open == 1; }));
  CHECK(server->counters().streams_cut == 1);
  CHECK(quick_stream->send(event(id)));
  CHECK(quick.read_bytes(event(id).size()) == event(id));
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: one event may be larger than the limit; what comes on top of it may not") {
  limits.stream_unsent_bytes_max = 1000;
  RawClient reading = client();
  reading.send(open_request);
  REQUIRE(reading.read_head().status == 200);
  CHECK(opened(0)->send(std::string(1000, ':')));
  CHECK(reading.read_bytes(1000) == std::string(1000, ':'));
  // A whole state can be larger than what a slow client may be behind; it is no sign of a slow client.
  const std::string large(4u << 20, ':');
  CHECK(opened(0)->send(large));
  CHECK(reading.read_bytes(large.size()) == large);
  CHECK(opened(0)->send(large));  // nobody reads
  bool takes = true;
  for (int i = 0; takes && i < 20'000; ++i) takes = opened(0)->send(large);
  CHECK_FALSE(takes);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: with nothing to send there is a comment now and then") {
  limits.heartbeat = Duration(20);
  RawClient reading = client();
  reading.send(open_request);
  REQUIRE(reading.read_head().status == 200);
  CHECK(reading.read_bytes(12).starts_with(": \n\n: \n\n: \n\n"));
  CHECK(opened(0)->send(event(1)));
  std::string got;
  while (got.find(event(1)) == std::string::npos) got += reading.read_bytes(4);
  CHECK(got.substr(0, got.find(event(1))).size() % 4 == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: the feeder notices that the client has gone") {
  {
    RawClient going = client();
    going.send(open_request);
    REQUIRE(going.read_head().status == 200);
    REQUIRE(opened(0)->is_open());
  }
  CHECK(eventually([&] { return !opened(0)->is_open(); }));
  CHECK_FALSE(opened(0)->send("x"));
  CHECK(eventually([&] { return server->counters().streams_open == 0; }));
  CHECK(server->counters().streams_cut == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: above the limit of streams the answer is 429, until one ends") {
  limits.streams_max = 2;
  RawClient first = client();
  RawClient second = client();
  for (RawClient* one : {&first, &second}) {
    one->send(open_request);
    REQUIRE(one->read_head().status == 200);
  }
  const RawAnswer refusal = ask(open_request);
  CHECK(refusal.status == 429);
  CHECK(refusal.code() == row_of(Refusal::too_many_streams).code);
  CHECK(refusal.headers.at("retry-after") == "1");
  opened(0)->close();
  REQUIRE(eventually([&] { return server->counters().streams_open == 1; }));
  RawClient third = client();
  third.send(open_request);
  CHECK(third.read_head().status == 200);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: a stream that nobody holds any more ends") {
  RawClient reading = client();
  reading.send(open_request);
  REQUIRE(reading.read_head().status == 200);
  CHECK(opened(0)->send(event(7)));
  forget();
  CHECK(reading.read_to_end() == event(7));
}

TEST_CASE_FIXTURE(ServerFixture, "http stream: a feeder that fails ends its stream; a HEAD opens none; headers are checked") {
  std::atomic<int> openings = 0;
  handlers.answer = [&](const Request& request) -> Answer {
    Streaming streaming{.headers = {}, .opened = [&](std::shared_ptr<EventStream>) {
                          ++openings;
                          throw std::runtime_error("no feeder");
                        }};
    if (request.path == "/bad") streaming.headers.emplace_back("X", "a\nb");
    return streaming;
  };
  RawClient reading = client();
  reading.send(open_request);
  CHECK(reading.read_head().status == 200);
  CHECK(reading.is_ended());
  CHECK(openings == 1);
  RawClient head = client();
  head.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(head.read_head().status == 200);
  CHECK(head.is_ended());
  CHECK(openings == 1);
  CHECK(ask("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n").status == 500);
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: a stream outlives its server harmlessly") {
  RawClient reading = client();
  reading.send(open_request);
  REQUIRE(reading.read_head().status == 200);
  const auto stream = opened(0);
  server.reset();
  CHECK_FALSE(stream->is_open());
  CHECK_FALSE(stream->send("x"));
  CHECK(stream->unsent_bytes() == 0);
  stream->close();
}

TEST_CASE_FIXTURE(StreamFixture, "http stream: a client that talks into its stream is not listened to for ever") {
  RawClient talking = client();
  talking.send(open_request);
  REQUIRE(talking.read_head().status == 200);
  REQUIRE(opened(0)->is_open());
  while (talking.send(std::string(10'000, 'x'))) {
  }
  CHECK(eventually([&] { return !opened(0)->is_open(); }));
}

}  // namespace workprint::http
