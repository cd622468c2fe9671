// Calls that are told to stop, or have no time left, end soon, against servers that answer nothing; and transfers tell how far they are.
#include <doctest/doctest.h>

#include <future>
#include <thread>

#include "object/gcs_bucket.h"
#include "tests/support/large_file.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;
using conformance::value;

namespace {

/// Real time: what is tested is that it does not pass.
HttpContext real_context() { return open_http_context(); }

struct Service {
  const char* script;
  std::shared_ptr<ObjectStore> (*open)(const std::string& origin, const ObjectStoreOptions& options);
};

std::shared_ptr<ObjectStore> open_gcs(const std::string& origin, const ObjectStoreOptions& options) {
  HttpContext context = real_context();
  context.limits.stop = options.stop;
  GcsOptions google{.bucket = "bucket", .prefix = {}, .endpoint = origin};
  google.one_request_bytes_max = 100'000;
  google.chunk_bytes = 4u << 20;
  return open_network_store(open_gcs_bucket(google, context, nullptr), "", context, options);
}
std::shared_ptr<ObjectStore> open_s3(const std::string& origin, const ObjectStoreOptions& options) {
  HttpContext context = real_context();
  context.limits.stop = options.stop;
  return open_network_store(open_s3_bucket(s3_options(origin, "bucket"), context, std::make_shared<TestKeys>()), "", context, options);
}

const Service services[] = {{"fake_gcs.py", open_gcs}, {"fake_s3.py", open_s3}};

using Call = std::function<Result<void>(ObjectStore&)>;
template <class T>
Result<void> outcome(const Result<T>& result) {
  if (result) return {};
  return std::unexpected(result.error());
}

struct Row {
  const char* what;
  Call call;
};

std::vector<Row> calls(const LargeFile& file, const ObjectInfo& there) {
  return {{"put", [](ObjectStore& store) { return outcome(store.put("f/new", "x", IfAbsent())); }},
          {"put_file", [&](ObjectStore& store) { return outcome(store.put_file("f/new", file.source, IfAbsent())); }},
          {"get", [](ObjectStore& store) { return outcome(store.get("f/there")); }},
          {"get_file", [&](ObjectStore& store) { return outcome(store.get_file("f/there", file.target)); }},
          {"head", [](ObjectStore& store) { return outcome(store.head("f/there")); }},
          {"list", [](ObjectStore& store) { return outcome(store.list("f/")); }},
          {"incarnation", [](ObjectStore& store) { return outcome(store.incarnation()); }},
          {"remove", [&](ObjectStore& store) { return store.remove("f/there", there.version); }}};
}

void wait_for(const Fake& fake, const std::string& act) {
  for (;;)
    for (const Json& entry : fake.log())
      if (entry["act"] == act) return;
}

double seconds_since(Instant begin) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }

/// Calls on another thread, stops it when the server has struck, and says how it ended.
void ends_soon(const Fake& fake, const Service& service, const Call& call, const Json& fault) {
  std::stop_source stop;
  const auto store = service.open(fake.origin(), {.stop = stop.get_token()});
  static_cast<void>(fake.log());
  fake.fail_with(fault);
  auto running = std::async(std::launch::async, [&] { return call(*store); });
  wait_for(fake, fault["act"]);
  const Instant begin = std::chrono::steady_clock::now();
  stop.request_stop();
  const auto ended = running.get();
  CHECK(seconds_since(begin) < 5);  // uninterrupted it takes a minute
  REQUIRE(kind_of(ended) == "unavailable");
  CHECK_MESSAGE(ended.error().message.find("interrupted") != std::string::npos, ended.error().message);
  // From now on nothing is asked.
  static_cast<void>(fake.log());
  CHECK(kind_of(call(*store)) == "unavailable");
  CHECK(fake.log().empty());
  fake.heal();
}

}  // namespace

TEST_CASE("interruption: a call in flight ends at once, whatever it is, and is unknown") {
  const LargeFile file(9u << 20);
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    const ObjectInfo there = value(service.open(fake.origin(), {})->put("f/there", "there", IfAbsent()));
    for (const Row& row : calls(file, there)) {
      CAPTURE(std::string(row.what));
      ends_soon(fake, service, row.call, {{"act", "stall"}, {"times", 1000}});
    }
    CHECK(conformance::bytes_at(*service.open(fake.origin(), {}), "f/there") == "there");
  }
}

TEST_CASE("interruption: so does a wait between two tries, and an answer that drips") {
  const LargeFile file(1000);
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    const ObjectInfo there = value(service.open(fake.origin(), {})->put("f/there", std::string(100'000, 't'), IfAbsent()));
    const Call get = calls(file, there)[2].call;
    ends_soon(fake, service, get, {{"act", "status"}, {"status", 503}, {"headers", {{"Retry-After", "40"}}}, {"times", 1000}});
    ends_soon(fake, service, get, {{"act", "drip"}, {"interval", 0.2}, {"times", 1000}});
  }
}

TEST_CASE("interruption: a write that was carried out before it was interrupted is unknown, and is there") {
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    const auto other = service.open(fake.origin(), {});
    value(other->put("f/first", "x", IfAbsent()));
    std::stop_source stop;
    const auto store = service.open(fake.origin(), {.stop = stop.get_token()});
    value(store->put("f/second", "x", IfAbsent()));
    static_cast<void>(fake.log());
    fake.fail_with({{{"act", "commit_then_stall"}, {"method", service.script == services[0].script ? "POST" : "PUT"}}});
    auto running = std::async(std::launch::async, [&] { return store->put("f/third", "x", IfAbsent()); });
    wait_for(fake, "commit_then_stall");
    // The log is written before the object is made.
    while (kind_of(other->head("f/third")) != "ok") {
    }
    stop.request_stop();
    CHECK(kind_of(running.get()) == "unavailable");
  }
}

TEST_CASE("interruption: no call takes longer than its deadline, with all its tries") {
  const LargeFile file(1000);
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    const ObjectInfo there = value(service.open(fake.origin(), {})->put("f/there", "there", IfAbsent()));
    for (const Json& fault : {Json{{"act", "stall"}, {"times", 1000}}, Json{{"act", "status"}, {"status", 503}, {"times", 1000}}})
      for (const Row& row : calls(file, there)) {
        CAPTURE(std::string(row.what));
        CAPTURE(fault.dump());
        fake.fail_with(fault);
        const auto store = service.open(fake.origin(), {.deadline = Duration(300)});
        const Instant begin = std::chrono::steady_clock::now();
        CHECK(kind_of(row.call(*store)) == "unavailable");
        CHECK(seconds_since(begin) < 8);  // without the limit it takes a minute
        fake.heal();
      }
  }
}

TEST_CASE("progress: of large objects it is told how far they are, of small ones nothing") {
  const LargeFile file(9u << 20);
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    std::vector<ObjectTransfer> told;
    const auto store = service.open(fake.origin(), {.on_transfer = [&](const ObjectTransfer& transfer) { told.push_back(transfer); }});
    const auto check_told = [&](ObjectTransfer::Way way) {
      REQUIRE(told.size() >= 2);
      CHECK(told.back().done_bytes == file.digest.size_bytes);
      CHECK(told.front().done_bytes < file.digest.size_bytes);
      std::uint64_t before = 0;
      for (const ObjectTransfer& one : told) {
        CHECK(one.name == "f/movie.mp4");
        CHECK(one.way == way);
        CHECK(one.size_bytes == file.digest.size_bytes);
        CHECK(one.done_bytes >= before);
        before = one.done_bytes;
      }
      told.clear();
    };
    value(store->put("f/small", std::string(1u << 20, 's'), IfAbsent()));
    value(store->get("f/small"));
    CHECK(told.empty());
    value(store->put_file("f/movie.mp4", file.source, IfAbsent()));
    check_told(ObjectTransfer::Way::up);
    std::filesystem::remove(file.target);
    value(store->get_file("f/movie.mp4", file.target));
    check_told(ObjectTransfer::Way::down);
  }
}

}  // namespace workprint
