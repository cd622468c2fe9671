// The transport and its tries, against a server that breaks connections wherever it is told to.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <set>

#include "object/scratch_folder.h"
#include "tests/support/server_process.h"

namespace workprint {

using namespace testing;
using End = HttpExchange::End;

namespace {

struct HttpFixture {
  Fake fake{"fake_gcs.py"};
  std::shared_ptr<HttpTransport> transport = open_http_transport();
  HttpLimits limits{.connect = Duration(2000), .first_byte = Duration(300), .stall = Duration(300), .total = Duration(1500)};

  HttpFixture() { fake.control("settings", {{"bucket", "b"}}); }
  std::string url(const std::string& path = "/storage/v1/b/b") const { return fake.origin() + path; }
  HttpExchange get(Repeat repeat = Repeat::safe) {
    return transport->exchange({.method = "GET", .url = url(), .repeat = repeat}, limits);
  }
  Json log() { return fake.log(); }
};

}  // namespace

TEST_CASE_FIXTURE(HttpFixture, "http: connections are kept and used again") {
  for (int i = 0; i < 5; ++i) CHECK(get().end == End::answered);
  std::set<int> connections;
  for (const Json& entry : log()) connections.insert(entry["connection"].get<int>());
  CHECK(connections.size() == 1);
}

TEST_CASE_FIXTURE(HttpFixture, "http: a body goes out whole, typed, at once") {
  const std::string body(3 << 20, 'x');
  const HttpExchange exchange = transport->exchange(
      {.method = "POST",
       .url = url("/upload/storage/v1/b/b/o?uploadType=media&name=n"),
       .body = HttpBody{.bytes = body},
       .content_type = "video/mp4"},
      HttpLimits());
  CHECK(exchange.response.status == 200);
  CHECK(Json::parse(exchange.response.body)["size"] == std::to_string(body.size()));
  const Json entry = log().at(0);
  CHECK(entry["headers"]["content-type"] == "video/mp4");
  CHECK_FALSE(entry["headers"].contains("expect"));
  CHECK_FALSE(entry["headers"].contains("transfer-encoding"));
}

TEST_CASE_FIXTURE(HttpFixture, "http: a redirect is an answer and is not followed") {
  for (const int status : {301, 302, 307, 308}) {
    fake.fail_with({{{"act", "status"}, {"status", status}, {"headers", {{"Location", url("/elsewhere")}}}}});
    const HttpExchange exchange = get();
    CHECK(exchange.end == End::answered);
    CHECK(exchange.response.status == status);
    CHECK(log().size() == 1);
  }
}

TEST_CASE_FIXTURE(HttpFixture, "http: what broke where is told apart") {
  struct Row {
    Json fault;
    End end;
    const char* message;
  };
  const Row rows[] = {
      {{{"act", "stall"}}, End::lost, "no answer"},
      {{{"act", "drip"}, {"interval", 0.2}}, End::lost, "limit_ms="},
      {{{"act", "truncate"}, {"bytes", 3}}, End::lost, "transfer closed"},
      {{{"act", "reset_mid_answer"}, {"bytes", 3}}, End::lost, ""},
      {{{"act", "reset_after_request"}}, End::lost, ""},
      {{{"act", "reset_before"}}, End::lost, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.fault.dump());
    fake.fail_with(row.fault);
    const HttpExchange exchange = get(Repeat::only_if_unsent);
    CHECK(exchange.end == row.end);
    CHECK(exchange.sends == 1);
    CHECK(exchange.error.message.find(row.message) != std::string::npos);
    CHECK(log().size() == 1);
  }
  const HttpExchange nobody = transport->exchange({.method = "GET", .url = "http://127.0.0.1:1/"}, limits);
  CHECK(nobody.end == End::unsent);
  CHECK(nobody.sends == 0);
}

TEST_CASE_FIXTURE(HttpFixture, "http: libcurl sends again on a dead kept connection; that is seen, and can be forbidden") {
  const std::string target = url("/storage/v1/b/b/o/none");
  for (const Repeat repeat : {Repeat::safe, Repeat::only_if_unsent}) {
    CHECK(get().end == End::answered);  // now a connection is kept
    static_cast<void>(log());
    fake.fail_with({{{"act", "reset_before"}, {"method", "DELETE"}}});
    const HttpExchange exchange = transport->exchange({.method = "DELETE", .url = target, .repeat = repeat}, limits);
    const auto requests = log().size();
    CHECK(exchange.sends == static_cast<int>(requests));
    if (repeat == Repeat::safe) CHECK(exchange.end == End::answered);
    if (repeat == Repeat::safe) CHECK(requests == 2);
    if (repeat == Repeat::only_if_unsent) CHECK(exchange.end == End::lost);
    if (repeat == Repeat::only_if_unsent) CHECK(requests == 1);
  }
}

TEST_CASE_FIXTURE(HttpFixture, "http: an answer that is too large or cannot be taken is refused") {
  limits.collected_bytes_max = 10;
  CHECK(get().end == End::refused);
  HttpRequest request{.method = "GET", .url = url()};
  request.sink = [](std::uint64_t, std::string_view) -> Result<void> {
    return fail(ErrorKind::unavailable, "the disk is full");
  };
  const HttpExchange exchange = transport->exchange(request, limits);
  CHECK(exchange.end == End::refused);
  CHECK(exchange.error.message == "the disk is full");
}

TEST_CASE("http: a certificate nobody vouches for is not accepted") {
  const ScratchFolder scratch;
  const std::string certificate = scratch.path() / "certificate.pem";
  const std::string key = scratch.path() / "key.pem";
  const std::string make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout " +
                           key + " -out " + certificate + " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  const ServerProcess server({"python3", (source_root() / "tests/support/fake_gcs.py").string(), certificate, key});
  const std::string url = "https://" + server.origin().substr(7) + "/storage/v1/b";

  const HttpExchange distrusted = open_http_transport()->exchange({.method = "GET", .url = url}, HttpLimits());
  CHECK(distrusted.end == End::refused);
  CHECK(distrusted.sends == 0);

  const char* before = std::getenv("CURL_CA_BUNDLE");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("CURL_CA_BUNDLE", certificate.c_str(), 1);
  CHECK(open_http_transport()->exchange({.method = "GET", .url = url}, HttpLimits()).response.status == 200);
  if (kept.empty()) ::unsetenv("CURL_CA_BUNDLE");
  if (!kept.empty()) ::setenv("CURL_CA_BUNDLE", kept.c_str(), 1);
}

TEST_CASE_FIXTURE(HttpFixture, "tries: what may be sent again is, and no more often than told") {
  struct Row {
    Json fault;
    Repeat repeat;
    int requests;  // of at most 4 tries
  };
  const Row rows[] = {
      {{{"status", 503}}, Repeat::safe, 4},           {{{"status", 500}}, Repeat::safe, 4},
      {{{"status", 502}}, Repeat::safe, 4},           {{{"status", 504}}, Repeat::safe, 4},
      {{{"status", 408}}, Repeat::safe, 4},           {{{"status", 429}}, Repeat::safe, 4},
      {{{"status", 501}}, Repeat::safe, 1},           {{{"status", 400}}, Repeat::safe, 1},
      {{{"status", 403}}, Repeat::safe, 1},           {{{"status", 302}}, Repeat::safe, 1},
      {{{"status", 503}}, Repeat::only_if_unsent, 1}, {{{"status", 429}}, Repeat::only_if_unsent, 4},
      {{{"act", "stall"}}, Repeat::only_if_unsent, 1}, {{{"act", "stall"}}, Repeat::safe, 4},
  };
  const auto clock = std::make_shared<QuickClock>();
  HttpContext context = quick_context(clock);
  context.limits = limits;
  context.retry.tries_max = 4;
  HttpClient client(context, nullptr);
  for (const Row& row : rows) {
    CAPTURE(row.fault.dump());
    Json fault = row.fault;
    if (!fault.contains("act")) fault["act"] = "status";
    fault["times"] = 100;
    fake.fail_with(fault);
    const Duration before = clock->waited();
    const auto answer = client.send({.method = "GET", .url = url(), .repeat = row.repeat});
    REQUIRE(answer);
    CHECK(answer->tries == row.requests);
    CHECK(log().size() == static_cast<std::size_t>(row.requests));
    const Duration waited = clock->waited() - before;
    CHECK(waited <= Duration(200 + 400 + 800) + 3 * Duration(1000));
    if (row.fault.value("status", 0) == 429) CHECK(waited >= 3 * Duration(1000));
    fake.heal();
  }
}

TEST_CASE_FIXTURE(HttpFixture, "tries: Retry-After is kept, but not beyond the whole time allowed") {
  const auto clock = std::make_shared<QuickClock>();
  HttpClient client(quick_context(clock), nullptr);
  fake.fail_with({{{"act", "status"}, {"headers", {{"Retry-After", "7"}}}}});
  CHECK(client.send({.method = "GET", .url = url()})->status() == 200);
  CHECK(clock->waited() >= Duration(7000));
  CHECK(clock->waited() < Duration(10000));
  fake.fail_with({{{"act", "status"}, {"headers", {{"Retry-After", "3600"}}}}});
  const auto answer = client.send({.method = "GET", .url = url()});
  CHECK(answer->status() == 503);
  CHECK(answer->tries == 1);
}

}  // namespace workprint
