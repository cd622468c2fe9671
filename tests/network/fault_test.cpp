// One fault at each request of each operation, of every kind, on both services: nothing is lost, nothing is doubled, the
// answer is right, and the requests are few.
#include <doctest/doctest.h>

#include "object/gcs_bucket.h"
#include "tests/support/large_file.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::bytes_at;
using conformance::kind_of;
using conformance::value;

namespace {

struct Service {
  const char* script;
  std::function<std::shared_ptr<ObjectStore>(const std::string& origin, const HttpContext& context)> open;
};

/// Waits out what a busy machine does, so that requests can be counted.
HttpContext patient(std::shared_ptr<Clock> clock = std::make_shared<QuickClock>()) { return quick_context(std::move(clock)); }

/// For servers that hang: a busy machine may make it try once more than the fault asks for.
HttpContext impatient() {
  HttpContext context = quick_context();
  context.limits.first_byte = Duration(200);
  context.limits.stall = Duration(200);
  context.limits.total = Duration(1500);
  return context;
}
bool hangs(const Json& fault) { return fault["act"] == "stall" || fault["act"] == "drip"; }

std::shared_ptr<ObjectStore> open_gcs(const std::string& origin, const HttpContext& context) {
  GcsOptions options{.bucket = "bucket", .prefix = {}, .endpoint = origin};
  options.one_request_bytes_max = 100'000;
  options.chunk_bytes = 256u << 10;
  return open_network_store(open_gcs_bucket(options, context, nullptr), "", context);
}
std::shared_ptr<ObjectStore> open_s3(const std::string& origin, const HttpContext& context) {
  S3Options options = s3_options(origin, "bucket");
  return open_network_store(open_s3_bucket(options, context, std::make_shared<TestKeys>()), "", context);
}

const Service services[] = {{"fake_gcs.py", open_gcs}, {"fake_s3.py", open_s3}};

const Json single_faults = {
    {{"act", "status"}, {"status", 429}},
    {{"act", "status"}, {"status", 500}},
    {{"act", "status"}, {"status", 503}},
    {{"act", "status"}, {"status", 408}},
    {{"act", "reset_before"}},
    {{"act", "reset_mid_request"}, {"bytes", 20}},
    {{"act", "reset_after_request"}},
    {{"act", "commit_then_reset"}},
    {{"act", "commit_then_status"}, {"status", 500}},
    {{"act", "reset_mid_answer"}, {"bytes", 0}},
    {{"act", "reset_mid_answer"}, {"bytes", 10}},
    {{"act", "truncate"}, {"bytes", 10}},
    {{"act", "corrupt_request"}, {"at", -53}, {"method", "POST"}},  // the last byte but two before the boundary
    {{"act", "corrupt_request"}, {"at", 3}, {"method", "PUT"}},
    {{"act", "stall"}},
    {{"act", "drip"}, {"interval", 0.3}},
};

/// Every fault at every request of `operate`; `prepare` comes before each, undisturbed, and `judge` after it.
void survives_each_fault(const Service& service, const std::function<void(ObjectStore&, const std::string&)>& prepare,
                         const std::function<void(ObjectStore&, const std::string&)>& operate,
                         const std::function<void(ObjectStore&, const std::string&)>& judge) {
  const Fake fake(service.script);
  fake.control("settings", {{"bucket", "bucket"}});
  const auto store = service.open(fake.origin(), patient());
  const auto impatient_store = service.open(fake.origin(), impatient());
  value(store->incarnation());
  for (const auto& each : {store, impatient_store})  // S3 has asked now whether the store honours conditions
    CHECK(kind_of(each->put("f/first", "x", IfVersion{"none"})) == "conflict");
  int number = 0;
  const auto once = [&](const Json& fault) {
    const std::string name = "f/" + std::to_string(++number);
    prepare(*store, name);
    static_cast<void>(fake.log());
    if (!fault.is_null()) fake.fail_with(fault);
    operate(!fault.is_null() && hangs(fault) ? *impatient_store : *store, name);
    std::size_t requests = 0;
    bool has_struck = false;
    for (const Json& entry : fake.log()) {
      ++requests;
      has_struck = has_struck || entry["act"] != "";
    }
    fake.heal();
    judge(*store, name);
    return std::pair(requests, has_struck);
  };
  const std::size_t undisturbed = once(Json()).first;
  for (Json fault : single_faults) {
    for (std::size_t skip = 0; skip < undisturbed; ++skip) {
      fault["skip"] = skip;
      CAPTURE(fault.dump());
      const auto [requests, has_struck] = once(fault);
      if (!fault.contains("method")) CHECK(has_struck);
      // One more for the try, one that asks how it stands, one that libcurl may send by itself.
      CHECK(requests <= undisturbed + (hangs(fault) ? 12 : 4));
    }
  }
}

void nothing(ObjectStore&, const std::string&) {}

}  // namespace

TEST_CASE("faults: an object is created once, by us") {
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    survives_each_fault(
        service, nothing,
        [](ObjectStore& store, const std::string& name) {
          const auto info = store.put(name, "the bytes of " + name, IfAbsent());
          CHECK(kind_of(info) == "ok");
          if (info) CHECK(info->version == value(store.head(name)).version);
        },
        [](ObjectStore& store, const std::string& name) { CHECK(bytes_at(store, name) == "the bytes of " + name); });
  }
}

TEST_CASE("faults: an object is replaced once, by us") {
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    std::string first;
    std::string second;
    survives_each_fault(
        service,
        [&](ObjectStore& store, const std::string& name) { first = value(store.put(name, "first", IfAbsent())).version; },
        [&](ObjectStore& store, const std::string& name) {
          const auto info = store.put(name, "second", IfVersion{first});
          CHECK(kind_of(info) == "ok");
          second = info ? info->version : "";
        },
        [&](ObjectStore& store, const std::string& name) {
          CHECK(bytes_at(store, name) == "second");
          CHECK(value(store.head(name)).version == second);
          CHECK(kind_of(store.put(name, "late", IfVersion{first})) == "conflict");
        });
  }
}

TEST_CASE("faults: what is read is whole and right") {
  const std::string bytes(5000, 'r');
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    survives_each_fault(
        service, [&](ObjectStore& store, const std::string& name) { value(store.put(name, bytes, IfAbsent())); },
        [&](ObjectStore& store, const std::string& name) {
          const auto read = store.get(name);
          CHECK(kind_of(read) == "ok");
          if (read) CHECK(read->bytes == bytes);
          CHECK(kind_of(store.get("f/none")) == "not_found");
        },
        nothing);
  }
}

TEST_CASE("faults: a listing is whole, and a removal removes once") {
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    std::string version;
    survives_each_fault(
        service,
        [&](ObjectStore& store, const std::string& name) { version = value(store.put(name + "/x", "x", IfAbsent())).version; },
        [&](ObjectStore& store, const std::string& name) {
          const auto listed = store.list(name + "/");
          CHECK(kind_of(listed) == "ok");
          if (listed) CHECK(listed->size() == 1);
          const auto removed = store.remove(name + "/x", version);
          CHECK(kind_of(removed) == "ok");
        },
        [](ObjectStore& store, const std::string& name) { CHECK(kind_of(store.head(name + "/x")) == "not_found"); });
  }
}

TEST_CASE("faults: bytes that are damaged on the way are read again; damage that stays is told") {
  const std::string bytes(3000, 'd');
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    const auto store = service.open(fake.origin(), patient());
    value(store->put("f/x", bytes, IfAbsent()));
    const std::string target = std::string(service.script) == "fake_gcs.py" ? "alt=media" : "f/x";
    fake.fail_with({{{"act", "corrupt_answer"}, {"at", 1234}, {"method", "GET"}, {"target", target}, {"times", 2}}});
    CHECK(bytes_at(*store, "f/x") == bytes);
    fake.fail_with({{{"act", "corrupt_answer"}, {"at", 1234}, {"method", "GET"}, {"target", target}, {"times", 100}}});
    CHECK(kind_of(store->get("f/x")) == "corrupt");
    static_cast<void>(fake.log());
    CHECK(kind_of(store->verify("f/x")) == "corrupt");
    CHECK(fake.log().size() == 6);
  }
}

TEST_CASE("faults: a service that stays broken is given up after a bounded number of requests") {
  for (const Service& service : services) {
    for (const char* act : {"status", "reset_after_request", "reset_before"}) {
      CAPTURE(std::string(service.script));
      CAPTURE(std::string(act));
      const Fake fake(service.script);
      fake.control("settings", {{"bucket", "bucket"}});
      const auto clock = std::make_shared<QuickClock>();
      const auto store = service.open(fake.origin(), patient(clock));
      const std::string version = value(store->put("f/x", "kept", IfAbsent())).version;
      fake.fail_with({{{"act", act}, {"times", 10000}}});
      static_cast<void>(fake.log());
      CHECK(kind_of(store->get("f/x")) == "unavailable");
      CHECK(kind_of(store->head("f/x")) == "unavailable");
      CHECK(kind_of(store->list("")) == "unavailable");
      CHECK(fake.log().size() <= 3 * 16);
      CHECK(kind_of(store->put("f/x", "new", IfVersion{version})) == "unavailable");
      CHECK(kind_of(store->put("f/y", "new", IfAbsent())) == "unavailable");
      CHECK(kind_of(store->remove("f/x", version)) == "unavailable");
      CHECK(fake.log().size() <= 5 * 16);
      CHECK(clock->waited() < 11 * Duration(60'000));
      fake.heal();
      CHECK(bytes_at(*store, "f/x") == "kept");
      CHECK(kind_of(store->head("f/y")) == "not_found");
    }
  }
}

TEST_CASE("faults: a redirect and a refusal are told at once, and no token or byte goes elsewhere") {
  for (const Service& service : services) {
    const Fake fake(service.script);
    const Fake elsewhere("fake_gcs.py");
    fake.control("settings", {{"bucket", "bucket"}});
    const auto store = service.open(fake.origin(), patient());
    value(store->put("f/x", "x", IfAbsent()));
    for (const int status : {301, 307, 308, 403}) {
      static_cast<void>(fake.log());
      fake.fail_with({{{"act", "status"}, {"status", status}, {"headers", {{"Location", elsewhere.origin() + "/"}}}}});
      const auto read = store->head("f/x");
      CHECK(kind_of(read) == "unavailable");
      CHECK(fake.log().size() == 1);
    }
    CHECK(elsewhere.log().empty());
  }
}

namespace {

/// Does something else at the first wait: what other writers do while we are between two tries.
class Meanwhile final : public Clock {
 public:
  explicit Meanwhile(std::function<void()> act) : act_(std::move(act)) {}
  WallTime wall() override { return inner_.wall(); }
  Instant now() override { return inner_.now(); }
  bool wait(Duration duration, std::stop_token stop) override {
    if (const auto act = std::exchange(act_, {})) act();
    return inner_.wait(duration, stop);
  }

 private:
  QuickClock inner_;
  std::function<void()> act_;
};

}  // namespace

TEST_CASE("faults: after a lost answer somebody else's object is not taken for ours, nor is it overwritten") {
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    for (const char* act : {"status", "commit_then_status"}) {
      CAPTURE(std::string(act));
      const Fake fake(service.script);
      fake.control("settings", {{"bucket", "bucket"}});
      const auto other = service.open(fake.origin(), patient());
      const std::string first = value(other->put("f/state.json", "first", IfAbsent())).version;
      const auto clock = std::make_shared<Meanwhile>([&] {
        value(other->put("f/state.json", "theirs", IfVersion{value(other->head("f/state.json")).version}));
      });
      const auto store = service.open(fake.origin(), patient(clock));
      value(store->incarnation());
      fake.fail_with({{{"act", act}, {"method", std::string(service.script) == "fake_gcs.py" ? "POST" : "PUT"}, {"target", "state.json|upload"}}});
      CHECK(kind_of(store->put("f/state.json", "ours", IfVersion{first})) == "unavailable");
      CHECK(bytes_at(*other, "f/state.json") == "theirs");
    }
  }
}

TEST_CASE("faults: Google's limit of one write a second for a name is waited for") {
  const Fake fake("fake_gcs.py");
  fake.control("settings", {{"bucket", "bucket"}, {"rate_limit", true}});
  HttpContext context = patient(system_clock());
  const auto store = open_gcs(fake.origin(), context);
  CHECK(store->write_interval() == Duration(1000));
  const ObjectInfo first = value(store->put("f/state.json", "1", IfAbsent()));
  static_cast<void>(fake.log());
  value(store->put("f/state.json", "2", IfVersion{first.version}));
  CHECK(fake.log().size() <= 3);
  CHECK(bytes_at(*store, "f/state.json") == "2");
}

TEST_CASE("faults: a resumable upload goes on where the service is") {
  const LargeFile file(600'000);  // three chunks
  const Fake fake("fake_gcs.py");
  fake.control("settings", {{"bucket", "bucket"}});
  const auto store = open_gcs(fake.origin(), patient());
  const Json faults = {
      {{"act", "status"}, {"status", 503}},
      {{"act", "reset_before"}},
      {{"act", "reset_mid_request"}, {"bytes", 100'000}},
      {{"act", "reset_after_request"}},
      {{"act", "commit_then_reset"}},
      {{"act", "commit_then_status"}, {"status", 500}},
      {{"act", "keep_less"}, {"bytes", 100'000}},
      {{"act", "keep_less"}, {"bytes", 0}},
      {{"act", "forget_session"}},
  };
  int number = 0;
  for (Json fault : faults) {
    fault["method"] = "PUT";
    for (int skip = 0; skip < 3; ++skip) {
      fault["skip"] = skip;
      CAPTURE(fault.dump());
      const std::string name = "f/scenes/" + std::to_string(++number);
      static_cast<void>(fake.log());
      fake.fail_with(fault);
      const auto info = store->put_file(name, file.source, IfAbsent());
      CHECK(kind_of(info) == "ok");
      std::size_t requests = 0;
      for (const Json& entry : fake.log()) {
        ++requests;
        CHECK_FALSE(entry["headers"].contains("expect"));
      }
      // The start, three chunks; a question and one chunk again, one that libcurl sends by itself; or all of it anew.
      CHECK(requests <= (fault["act"] == "forget_session" ? 9u : 8u));
      fake.heal();
      CHECK(value(store->verify(name)).sha256 == file.digest.sha256);
      if (info) CHECK(info->version == value(store->head(name)).version);
    }
  }
}

TEST_CASE("faults: a resumable upload keeps its condition from the first request to the last") {
  const LargeFile file(600'000);
  const Fake fake("fake_gcs.py");
  fake.control("settings", {{"bucket", "bucket"}});
  const auto store = open_gcs(fake.origin(), patient());
  const ObjectInfo first = value(store->put("f/final/movie.mp4", "first", IfAbsent()));
  static_cast<void>(fake.log());
  CHECK(kind_of(store->put_file("f/final/movie.mp4", file.source, IfAbsent())) == "conflict");
  CHECK(fake.log().size() == 2);  // refused before a byte of the file went out; then who wrote it
  // Somebody replaces it while the upload runs.
  const auto meanwhile = std::make_shared<Meanwhile>([&] {
    value(store->put("f/final/movie.mp4", "theirs", IfVersion{first.version}));
  });
  fake.fail_with({{{"act", "status"}, {"status", 503}, {"method", "PUT"}, {"skip", 1}}});
  const auto late = open_gcs(fake.origin(), patient(meanwhile));
  CHECK(kind_of(late->put_file("f/final/movie.mp4", file.source, IfVersion{first.version})) == "unavailable");
  CHECK(bytes_at(*store, "f/final/movie.mp4") == "theirs");
}

TEST_CASE("faults: a session's address, which is a secret, is in no message") {
  const LargeFile file(300'000);
  const Fake fake("fake_gcs.py");
  fake.control("settings", {{"bucket", "bucket"}});
  const auto store = open_gcs(fake.origin(), patient());
  fake.fail_with({{{"act", "status"}, {"status", 503}, {"method", "PUT"}, {"times", 100}}});
  const auto failed = store->put_file("f/x", file.source, IfAbsent());
  REQUIRE(kind_of(failed) == "unavailable");
  CHECK(failed.error().message.find("upload_id") == std::string::npos);
  CHECK(kind_of(store->head("f/x")) == "not_found");
}

TEST_CASE("faults: a download goes on where it stopped, of the same version") {
  const LargeFile file(3'000'000);
  for (const Service& service : services) {
    CAPTURE(std::string(service.script));
    const Fake fake(service.script);
    fake.control("settings", {{"bucket", "bucket"}});
    const auto store = service.open(fake.origin(), patient());
    value(store->put_file("f/movie.mp4", file.source, IfAbsent()));
    const std::string target = std::string(service.script) == "fake_gcs.py" ? "alt=media" : "movie";
    for (const char* act : {"truncate", "reset_mid_answer"}) {
      fake.fail_with({{{"act", act}, {"bytes", 1'000'000}, {"method", "GET"}, {"target", target}, {"times", 2}}});
      static_cast<void>(fake.log());
      std::filesystem::remove(file.target);
      CHECK(kind_of(store->get_file("f/movie.mp4", file.target)) == "ok");
      CHECK(value(digest_file(file.target)).sha256 == file.digest.sha256);
      int ranges = 0;
      for (const Json& entry : fake.log()) ranges += entry["headers"].contains("range") ? 1 : 0;
      CHECK(ranges == 2);
    }
    fake.fail_with({{{"act", "truncate"}, {"bytes", 0}, {"method", "GET"}, {"target", target}, {"times", 100}}});
    std::filesystem::remove(file.target);
    CHECK(kind_of(store->get_file("f/movie.mp4", file.target)) == "unavailable");
    CHECK_FALSE(std::filesystem::exists(file.target));
  }
}

TEST_CASE("faults: an upload in parts sends a broken part again, and leaves nothing behind when it fails") {
  const LargeFile file(11u << 20);  // three parts
  const Fake fake("fake_s3.py");
  fake.control("settings", {{"bucket", "bucket"}});
  const auto store = open_s3(fake.origin(), patient());
  value(store->put_file("f/first", file.source, IfAbsent()));
  int number = 0;
  for (const Json& how : {Json{{"act", "status"}, {"status", 503}}, Json{{"act", "reset_mid_request"}, {"bytes", 1000}},
                          Json{{"act", "commit_then_reset"}}, Json{{"act", "corrupt_request"}, {"at", 5000}}}) {
    for (const char* target : {"partNumber=2", "uploads=", R"(\?uploadId=)"}) {
      if (how["act"] == "corrupt_request" && std::string(target) != "partNumber=2") continue;
      Json fault = how;
      fault["target"] = target;
      CAPTURE(fault.dump());
      const std::string name = "f/" + std::to_string(++number);
      fake.fail_with(fault);
      CHECK(kind_of(store->put_file(name, file.source, IfAbsent())) == "ok");
      fake.heal();
      CHECK(value(store->verify(name)).sha256 == file.digest.sha256);
      CHECK(kind_of(store->put_file(name, file.source, IfAbsent())) == "conflict");
    }
  }
  const Json left = fake.control("settings", Json::object());
  fake.fail_with({{{"act", "status"}, {"status", 403}, {"target", "partNumber=3"}}});
  CHECK(kind_of(store->put_file("f/failed", file.source, IfAbsent())) == "unavailable");
  CHECK(kind_of(store->head("f/failed")) == "not_found");
  CHECK(fake.control("settings", Json::object())["uploads"] == left["uploads"]);
}

}  // namespace workprint
