// What `workprint doctor` finds out of stores that keep what they promise, and of one that does not.
#include <doctest/doctest.h>

#include "object/examination.h"
#include "object/gcs_bucket.h"
#include "object/scratch_folder.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;
using conformance::value;

namespace {

std::string text_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    const char* verdict = finding.verdict == Finding::Verdict::ok ? "ok" : finding.verdict == Finding::Verdict::warn ? "warn" : "FAIL";
    text += finding.what + ": " + verdict + "\n";
  }
  return text;
}

const Finding& finding_of(const std::vector<Finding>& findings, const std::string& what) {
  const auto found = std::ranges::find(findings, what, &Finding::what);
  REQUIRE(found != findings.end());
  return *found;
}

std::vector<Finding> examine(ObjectStore& store) {
  QuickClock clock;
  return examine(store, clock, *system_random());
}

std::unique_ptr<ObjectStore> open_gcs(const Fake& fake, const HttpContext& context = quick_context()) {
  return open_network_store(open_gcs_bucket({.bucket = "bucket", .prefix = {}, .endpoint = fake.origin()}, context, nullptr), "", context,
                            {.deadline = Duration(2000)});
}

constexpr const char* all_is_well =
    "create-only: ok\ncompare-and-set: ok\nlist: ok\nhashes: ok\nresumed reads: ok\nclock: ok\nfence: ok\nexact removal: ok\n";

/// A store that breaks one promise.
class Broken final : public ObjectStore {
 public:
  explicit Broken(std::string promise) : promise_(std::move(promise)) {}
  std::string describe() const override { return "broken"; }
  Result<std::string> incarnation() override { return inner_->incarnation(); }
  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override {
    const auto there = inner_->head(name);
    const bool creates = std::holds_alternative<IfAbsent>(condition);
    if (there && ((creates && promise_ == "create-only") || (!creates && promise_ == "compare-and-set")))
      return inner_->put(name, bytes, IfVersion{there->version});
    return inner_->put(name, bytes, condition);
  }
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file, const PutCondition& condition) override {
    return inner_->put_file(name, file, condition);
  }
  Result<ObjectBytes> get(std::string_view name) override { return inner_->get(name); }
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override { return inner_->get_file(name, file); }
  Result<ObjectInfo> head(std::string_view name) override { return inner_->head(name); }
  Result<ObjectInfo> verify(std::string_view name) override {
    auto info = inner_->verify(name);
    if (info && promise_ == "hashes") info->sha256[0] = 'x';
    return info;
  }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
    if (promise_ == "list") return std::vector<ObjectInfo>();
    return inner_->list(prefix);
  }
  Result<void> remove(std::string_view name, const std::string& version) override {
    const auto there = inner_->head(name);
    return inner_->remove(name, there && promise_ == "exact removal" ? there->version : version);
  }
  Result<StoreFacts> facts(std::string_view) override {
    StoreFacts facts;
    facts.resumes_reads = promise_ != "resumed reads";
    facts.is_fenced = promise_ != "fence";
    return facts;
  }
  std::size_t objects() { return value(inner_->list("")).size(); }

 private:
  std::string promise_;
  std::unique_ptr<ObjectStore> inner_ = open_memory_objects();
};

}  // namespace

TEST_CASE("examination: a folder, Google Cloud Storage and S3 keep what they promise, and nothing is left there") {
  const ScratchFolder scratch;
  const auto folder = open_folder_store(scratch.path());
  CHECK(text_of(examine(*folder)) == "create-only: ok\ncompare-and-set: ok\nlist: ok\nhashes: ok\nfence: ok\nexact removal: ok\n");
  CHECK(value(folder->list("")).empty());

  const Fake google("fake_gcs.py");
  google.control("settings", {{"bucket", "bucket"}});
  CHECK(text_of(examine(*open_gcs(google))) == std::string(all_is_well) + "write interval: ok\n");
  CHECK(google.control("settings", Json::object())["objects"]["bucket"] == 0);

  const Fake amazon("fake_s3.py");
  amazon.control("settings", {{"bucket", "bucket"}});
  CHECK(text_of(examine(*open_s3_store(s3_options(amazon.origin(), "bucket")))) == all_is_well);
  CHECK(amazon.control("settings", Json::object())["objects"]["bucket"].empty());
}

TEST_CASE("examination: a store that ignores conditions is no fence") {
  const Fake fake("fake_s3.py");
  fake.control("settings", {{"bucket", "bucket"}, {"ignore", {"If-Match"}}});
  S3Options options = s3_options(fake.origin(), "bucket");
  const auto refused = examine(*open_s3_store(options));
  CHECK(text_of(refused) ==
        "create-only: FAIL\ncompare-and-set: FAIL\nlist: FAIL\nhashes: FAIL\nfence: FAIL\nexact removal: FAIL\n");
  CHECK(refused.front().detail.find("ignores If-Match") != std::string::npos);
  CHECK(refused[1].detail == "not tried: nothing can be written");
  CHECK(fake.control("settings", Json::object())["objects"]["bucket"].empty());

  options.unfenced = Unfenced::allowed;
  const auto allowed = examine(*open_s3_store(options));
  CHECK(finding_of(allowed, "fence").verdict == Finding::Verdict::fail);
  CHECK(finding_of(allowed, "fence").detail.find("Only ONE worker") != std::string::npos);
  CHECK(finding_of(allowed, "create-only").verdict == Finding::Verdict::ok);
  CHECK(fake.control("settings", Json::object())["objects"]["bucket"].empty());
}

TEST_CASE("examination: each promise that is broken is found, and nothing is left there") {
  for (const char* promise : {"create-only", "compare-and-set", "list", "hashes", "resumed reads", "fence", "exact removal"}) {
    CAPTURE(std::string(promise));
    Broken store(promise);
    const auto findings = examine(store);
    CHECK(finding_of(findings, promise).verdict == Finding::Verdict::fail);
    CHECK(finding_of(findings, promise).kind == ErrorKind::corrupt);
    CHECK(store.objects() == 0);
  }
}

TEST_CASE("examination: a clock that is wrong is told, in seconds") {
  const Fake fake("fake_s3.py");
  fake.control("settings", {{"bucket", "bucket"}, {"clock_ahead", 7200}});
  const auto findings = examine(*open_s3_store(s3_options(fake.origin(), "bucket")));
  CHECK(finding_of(findings, "clock").verdict == Finding::Verdict::warn);
  CHECK(finding_of(findings, "clock").detail.find("+7") != std::string::npos);
  CHECK(finding_of(findings, "exact removal").verdict == Finding::Verdict::ok);
}

TEST_CASE("examination: a service that breaks in between fails what it broke, and what lies there is removed or told") {
  const Fake fake("fake_gcs.py");
  fake.control("settings", {{"bucket", "bucket"}});
  const auto store = open_gcs(fake);
  fake.fail_with({{{"act", "status"}, {"status", 403}, {"method", "GET"}, {"target", "prefix="}, {"times", 100}}});
  const auto unlisted = examine(*store);
  CHECK(finding_of(unlisted, "list").verdict == Finding::Verdict::fail);
  CHECK(finding_of(unlisted, "compare-and-set").verdict == Finding::Verdict::ok);
  CHECK(finding_of(unlisted, "exact removal").verdict == Finding::Verdict::fail);
  fake.heal();
  CHECK(fake.control("settings", Json::object())["objects"]["bucket"] == 0);

  fake.fail_with({{{"act", "status"}, {"status", 403}, {"method", "DELETE"}, {"times", 100}}});
  const auto unremoved = examine(*store);
  CHECK(finding_of(unremoved, "exact removal").verdict == Finding::Verdict::fail);
  CHECK(finding_of(unremoved, "left behind").detail.find("doctor/probe-") != std::string::npos);
  fake.heal();

  const Fake nobody("fake_gcs.py");  // no such bucket
  const auto missing = examine(*open_gcs(nobody));
  CHECK(missing.front().kind == ErrorKind::unavailable);
  CHECK(missing.front().detail.find("bucket") != std::string::npos);
}

}  // namespace workprint
