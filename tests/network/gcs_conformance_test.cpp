#include <doctest/doctest.h>

#include "object/gcs_bucket.h"
#include "object/scratch_folder.h"
#include "object/url.h"
#include "tests/conformance/object_store_contract.h"
#include "tests/support/server_process.h"

namespace workprint {
namespace {

using testing::ask;

/// Puts other bytes under a name and keeps what our store wrote beside them, as a careless person could.
void overwrite(const std::string& origin, const std::string& bucket, const std::string& key,
               const std::function<void(Bytes&)>& change) {
  const std::string url = origin + "/storage/v1/b/" + bucket + "/o/" + percent_encode(key);
  Json resource = Json::parse(ask({.method = "GET", .url = url}).body);
  Bytes bytes = ask({.method = "GET", .url = url + "?alt=media"}).body;
  change(bytes);
  const Json told{{"name", key}, {"metadata", resource.at("metadata")}};
  const std::string body = "--b\r\nContent-Type: application/json\r\n\r\n" + told.dump() +
                           "\r\n--b\r\nContent-Type: image/png\r\n\r\n" + bytes + "\r\n--b--\r\n";
  const HttpResponse response = ask({.method = "POST",
                                     .url = origin + "/upload/storage/v1/b/" + bucket + "/o?uploadType=multipart",
                                     .body = HttpBody{.bytes = body},
                                     .content_type = "multipart/related; boundary=b"});
  REQUIRE(response.status == 200);
}

std::shared_ptr<ObjectStore> open_store(const std::string& origin, const std::string& bucket, const std::string& prefix,
                                        std::uint64_t one_request_bytes_max) {
  GcsOptions options{.bucket = bucket, .prefix = prefix, .endpoint = origin};
  options.one_request_bytes_max = one_request_bytes_max;
  options.chunk_bytes = 1u << 20;
  return open_network_store(open_gcs_bucket(options, testing::quick_context(), nullptr),
                            prefix.empty() ? "" : prefix + "/", testing::quick_context());
}

/// Each clause has a bucket of its own.
void keeps_the_contract(const std::string& prefix, std::uint64_t one_request_bytes_max) {
  const testing::Fake fake("fake_gcs.py");
  fake.control("settings", {{"page_size", 3}});
  const ScratchFolder scratch;
  int number = 0;
  conformance::keeps_the_contract([&] {
    scratch.empty();
    const std::string bucket = "bucket-" + std::to_string(++number);
    fake.control("settings", {{"bucket", bucket}});
    const std::string before = prefix.empty() ? "" : prefix + "/";
    return conformance::ObjectBackend{
        .scratch = scratch.path(),
        .open = [=, origin = fake.origin()] { return open_store(origin, bucket, prefix, one_request_bytes_max); },
        .damage = [=, origin = fake.origin()](const std::string& name,
                                              const auto& change) { overwrite(origin, bucket, before + name, change); },
        .is_seen_by_processes = true};
  });
}

}  // namespace

TEST_CASE("Google Cloud Storage keeps the contract of object stores") { keeps_the_contract("", 8u << 20); }

TEST_CASE("Google Cloud Storage keeps it below a prefix and when every object is uploaded resumably") {
  keeps_the_contract("films/of.ada", 0);
}

}  // namespace workprint
