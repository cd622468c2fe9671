// Thousands of mangled requests: the server lives, and whatever it answers is well-formed.
#include "service/http_parse.h"
#include "service/http_rate.h"
#include "tests/fuzz/mutate.h"
#include "tests/http/raw_client.h"

namespace workprint::http {

using namespace testing;

namespace {

// No HEAD among them: who reads the answers must know which have no body.
const std::vector<std::string> corpus{
    "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n",
    "GET /media HTTP/1.1\r\nHost: a\r\nRange: bytes=10-2000\r\nIf-Range: \"v1\"\r\nIf-None-Match: \"v0\"\r\n\r\n",
    "GET /events?after=12&film=a%2Fb+c HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 7\r\n\r\n",
    "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: 20\r\n\r\n01234567890123456789",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nT: v\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nAccess-Control-Request-Method: POST\r\n\r\n",
    "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "\r\n", "\n", " \t", std::string("\0", 1),
};

struct MutationFixture : ServerFixture {
  MutationFixture() {
    limits.streams_max = 8;
    handlers.admit = [](Request& request) -> std::variant<Admission, Response> {
      if (request.path == "/2") return refuse(Refusal::no_token);
      return Admission{.body_bytes_max = 64, .to_file = request.path == "/upload"};
    };
    handlers.answer = [](const Request& request) -> Answer {
      if (request.path == "/events") return Streaming{.headers = {}, .opened = [](const std::shared_ptr<EventStream>& stream) { stream->send("data: x\n\n"); }};
      if (request.path != "/media") return json_response(200, {{"body", request.body}, {"path", request.path}});
      return Response{.headers = {{"ETag", "\"v1\""}},
                      .source = BodySource{100'000, [](std::uint64_t, std::size_t bytes_max) -> Result<std::string> { return std::string(bytes_max, 'x'); }}};
    };
  }
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Reads what is left; returns how many answers there were.
int read_answers(RawClient& client) {
  for (int answers = 0;; ++answers) {
    RawAnswer answer = client.read_head();
    REQUIRE(answer.problem == "");
    if (answer.status == 0) return answers;
    REQUIRE(answer.status >= 100);
    REQUIRE(answer.status <= 599);
    if (answer.status < 200 || answer.status == 304) continue;
    REQUIRE(answer.headers.contains("x-content-type-options"));
    if (!answer.headers.contains("content-length")) {
      REQUIRE(answer.headers.at("content-type") == "text/event-stream");
      // All or nothing: this client said that it has no more to say, which ends a stream.
      const std::string events = client.read_to_end();
      REQUIRE((events.empty() || events == "data: x\n\n"));
      return answers + 1;
    }
    const std::string body = client.read_bytes_exactly(parse_number(answer.headers.at("content-length")).value());
    if (answer.status < 400) continue;
    const Json error = Json::parse(body, nullptr, false);
    REQUIRE(error.is_object());
    for (const char* member : {"error", "kind", "code", "details"}) REQUIRE(error.contains(member));
  }
}

}  // namespace

TEST_CASE_FIXTURE(MutationFixture, "http mutation: whatever is sent, the server lives and its answers are well-formed") {
  serve();
  const std::size_t descriptors = open_descriptors();
  fuzz::Mutator mutator(20'260'301);
  int answers = 0;
  for (int i = 0; i < 6'000; ++i) {
    const std::string request = mutator.change(corpus);
    CAPTURE(i);
    CAPTURE(request);
    RawClient asking = client();
    asking.send(request);
    asking.send_end();
    answers += read_answers(asking);
  }
  CHECK(answers > 3'000);
  CHECK(ask("GET /alive HTTP/1.1\r\nHost: a\r\n\r\n").json()["path"] == "/alive");
  CHECK(eventually([&] { return server->counters().connections_open == 0; }));
  CHECK(eventually([&] { return open_descriptors() == descriptors; }));
  CHECK(std::filesystem::is_empty(scratch.path()));
  CHECK(server->counters().answers_5xx < server->counters().answers_4xx);
}

TEST_CASE_FIXTURE(MutationFixture, "http mutation: a request that comes in pieces gets the answers of the whole") {
  fuzz::Mutator mutator(20'260'304);
  std::uint64_t random = 1;
  for (int i = 0; i < 300; ++i) {
    const std::string request = mutator.change(corpus);
    CAPTURE(i);
    CAPTURE(request);
    RawClient whole = client();
    whole.send(request);
    whole.send_end();
    const int expected = read_answers(whole);
    RawClient pieces = client();
    for (std::size_t at = 0; at < request.size();) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      const std::size_t size = 1 + (random >> 33) % 40;
      pieces.send(request.substr(at, size));
      at += size;
    }
    pieces.send_end();
    const int got = read_answers(pieces);
    // "100 Continue" is only for a body that is not there yet.
    if (request.find("xpect") == std::string::npos) CHECK(got == expected);
  }
}

TEST_CASE("http mutation: the scanner says the same of a head in one piece and in many") {
  fuzz::Mutator mutator(20'260'305);
  const HeadLimits limits{.head_bytes_max = 120, .target_bytes_max = 40, .fields_max = 4};
  int complete = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string head = mutator.change(corpus);
    HeadScanner at_once(limits);
    const auto whole = at_once.scan(head);
    HeadScanner bytewise(limits);
    HeadScanner::Outcome outcome = HeadScanner::Incomplete{};
    for (std::size_t size = 1; size <= head.size() && std::holds_alternative<HeadScanner::Incomplete>(outcome); ++size)
      outcome = bytewise.scan(std::string_view(head).substr(0, size));
    CAPTURE(head);
    REQUIRE(whole.index() == outcome.index());
    if (const auto* refusal = std::get_if<Refusal>(&whole)) REQUIRE(*refusal == std::get<Refusal>(outcome));
    const auto* found = std::get_if<HeadScanner::Complete>(&whole);
    if (found == nullptr) continue;
    ++complete;
    REQUIRE(found->bytes == std::get<HeadScanner::Complete>(outcome).bytes);
    REQUIRE(found->bytes == head.find("\r\n\r\n") + 4);
    Parser parser;
    const auto parsed = parser.head(std::string_view(head).substr(0, found->bytes));
    if (!std::holds_alternative<ParsedHead>(parsed)) continue;
    const auto judged = judge_head(std::get<ParsedHead>(parsed));
    if (!std::holds_alternative<Head>(judged)) continue;
    const Head& taken = std::get<Head>(judged);
    REQUIRE(taken.request.path.starts_with('/'));
    REQUIRE_FALSE((taken.is_chunked && taken.request.headers.contains("content-length")));
  }
  CHECK(complete > 1'000);
}

TEST_CASE("http rate: each peer has its own bucket, and there are only so many") {
  const Instant start{};
  RateGate gate(1.0, 2.0, 3);
  CHECK(gate.admits("a", start));
  CHECK(gate.admits("a", start));
  CHECK_FALSE(gate.admits("a", start));
  CHECK(gate.admits("b", start));
  CHECK_FALSE(gate.admits("a", start + std::chrono::milliseconds(900)));
  CHECK(gate.admits("a", start + std::chrono::milliseconds(1100)));
  CHECK_FALSE(gate.admits("a", start + std::chrono::milliseconds(1200)));
  // "b" has its two again and is forgotten for "d"; the rest that come share one bucket.
  const Instant later = start + std::chrono::milliseconds(1500);
  CHECK(gate.admits("c", later));
  CHECK(gate.admits("d", later));
  for (int i = 0; i < 100; ++i) static_cast<void>(gate.admits("crowd" + std::to_string(i), later));
  CHECK(gate.peers() <= 4);
  CHECK_FALSE(gate.admits("another", later));
  CHECK(gate.admits("c", later));
  RateGate open_gate(0, 1);
  for (int i = 0; i < 100; ++i) CHECK(open_gate.admits("a", start));
  CHECK(open_gate.peers() == 0);
}

}  // namespace workprint::http
