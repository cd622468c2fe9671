#include <doctest/doctest.h>

#include "object/scratch_folder.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;
using conformance::value;

TEST_CASE("S3 keeps the contract of object stores") {
  const Fake fake("fake_s3.py");
  const ScratchFolder scratch;
  SUBCASE("as Amazon's") {}
  SUBCASE("with bare ETags and unfenced uploads in parts, as Ceph 16") {
    fake.control("settings", {{"bare_etags", true}, {"ignore", {"parts"}}});
  }
  keeps_the_contract_on_s3(fake.origin(), "films/of.ada", scratch.path(), Meeting::clear);
}

TEST_CASE("S3: a store that ignores conditions is refused, unless it is allowed") {
  const Fake fake("fake_s3.py");
  S3Options options = s3_options(fake.origin(), "bucket");
  make_bucket(options);
  for (const char* ignored : {"If-None-Match", "If-Match"}) {
    fake.control("settings", {{"ignore", {ignored}}});
    const auto refused = open_s3_store(options)->put("f/x", "x", IfAbsent());
    REQUIRE(kind_of(refused) == "invalid");
    CHECK(refused.error().message.find(std::string("ignores ") + ignored) != std::string::npos);
    CHECK(refused.error().message.find("unfenced=allowed") != std::string::npos);
  }
  // Nothing is left behind, and nothing was written.
  CHECK(fake.control("settings", Json::object())["objects"]["bucket"].empty());

  options.unfenced = Unfenced::allowed;
  const auto store = open_s3_store(options);
  const ObjectInfo first = value(store->put("f/x", "first", IfAbsent()));
  CHECK(kind_of(store->put("f/x", "second", IfAbsent())) == "conflict");
  CHECK(kind_of(store->put("f/x", "second", IfVersion{"other"})) == "conflict");
  value(store->put("f/x", "second", IfVersion{first.version}));
  CHECK(conformance::bytes_at(*store, "f/x") == "second");
}

TEST_CASE("S3: a machine whose clock is wrong learns the right time") {
  const Fake fake("fake_s3.py");
  const S3Options options = s3_options(fake.origin(), "bucket");
  make_bucket(options);
  for (const int ahead : {7200, -90000}) {
    fake.control("settings", {{"clock_ahead", ahead}});
    CHECK(kind_of(open_s3_store(options)->list("")) == "ok");
  }
}

TEST_CASE("S3: a bucket that is not there proves no absence") {
  const Fake fake("fake_s3.py");
  const auto store = open_s3_store(s3_options(fake.origin(), "nowhere"));
  CHECK(kind_of(store->get("f/x")) == "unavailable");
  CHECK(kind_of(store->head("f/x")) == "unavailable");
  CHECK(kind_of(store->list("")) == "unavailable");
  CHECK(kind_of(store->incarnation()) == "unavailable");
  const auto written = store->put("f/x", "x", IfAbsent());
  CHECK(kind_of(written) == "unavailable");
  CHECK(written.error().message.find("NoSuchBucket") != std::string::npos);
}

TEST_CASE("S3: wrong keys are told as such, once") {
  const Fake fake("fake_s3.py");
  struct WrongKeys final : S3KeySource {
    Result<S3Keys> keys() override { return S3Keys{"AK", "the-wrong-secret", ""}; }
    bool forget() override { return false; }
  };
  const S3Options options = s3_options(fake.origin(), "bucket");
  make_bucket(options);
  static_cast<void>(fake.log());
  const auto bucket = open_s3_bucket(options, quick_context(), std::make_shared<WrongKeys>());
  const auto page = bucket->list("", "");
  REQUIRE(kind_of(page) == "unavailable");
  CHECK(page.error().message.find("SignatureDoesNotMatch") != std::string::npos);
  CHECK(page.error().message.find("the-wrong-secret") == std::string::npos);
  CHECK(fake.log().size() == 1);
}

}  // namespace workprint
