/// For tests: S3 buckets on a server of the test, and what a careless person could do to them.
#pragma once

#include "object/s3_api.h"
#include "tests/conformance/object_store_contract.h"
#include "tests/support/server_process.h"

namespace workprint::testing {

/// The keys of every server that tests start.
class TestKeys final : public S3KeySource {
 public:
  Result<S3Keys> keys() override { return S3Keys{.access_key_id = "AK", .secret_access_key = "SK", .session_token = {}}; }
  bool forget() override { return false; }
};

inline S3Options s3_options(const std::string& endpoint, const std::string& bucket) {
  S3Options options{.bucket = bucket, .prefix = {}, .endpoint = endpoint};
  options.one_request_bytes_max = 6u << 20;
  options.part_bytes = 5u << 20;
  options.page_size = 3;
  return options;
}

inline std::shared_ptr<ObjectStore> open_s3_store(const S3Options& options) {
  return open_network_store(open_s3_bucket(options, quick_context(), std::make_shared<TestKeys>()),
                            options.prefix.empty() ? "" : options.prefix + "/", quick_context());
}

inline HttpResponse ask_s3(const S3Options& options, const std::string& method, const std::string& key,
                           std::optional<std::string_view> body = {}, const std::vector<HttpHeader>& headers = {}) {
  s3::Api api(options, quick_context(), std::make_shared<TestKeys>());
  HttpRequest request = api.request(method, key.empty() ? api.bucket_url({}) : api.object_url(key),
                                    body ? std::optional(HttpBody{.bytes = *body}) : std::nullopt);
  for (const HttpHeader& header : headers) request.headers.push_back(header);
  const HttpAnswer answer = conformance::value(api.client().send(request));
  REQUIRE_MESSAGE(answer.is_answered(), answer.last.error.message);
  return answer.last.response;
}

inline void make_bucket(const S3Options& options) { REQUIRE(ask_s3(options, "PUT", "").status == 200); }

/// Puts other bytes under a name and keeps what our store wrote beside them.
inline void overwrite_s3(const S3Options& options, const std::string& key, const std::function<void(Bytes&)>& change) {
  const HttpResponse there = ask_s3(options, "GET", key);
  REQUIRE(there.status == 200);
  Bytes bytes = there.body;
  change(bytes);
  std::vector<HttpHeader> kept;
  for (const HttpHeader& header : there.headers)
    if (header.name.starts_with("x-amz-meta-")) kept.push_back(header);
  REQUIRE(ask_s3(options, "PUT", key, bytes, kept).status == 200);
}

enum class Meeting : std::uint8_t { clear, doubtful };

/// Each clause has a bucket of its own. `meeting`: what the server says when two writers meet.
inline void keeps_the_contract_on_s3(const std::string& endpoint, const std::string& prefix,
                                     const std::filesystem::path& scratch, Meeting meeting) {
  int number = 0;
  conformance::keeps_the_contract([&] {
    for (const auto& entry : std::filesystem::directory_iterator(scratch)) std::filesystem::remove_all(entry);
    S3Options options = s3_options(endpoint, "bucket-" + std::to_string(++number));
    options.prefix = prefix;
    make_bucket(options);
    const std::string before = prefix.empty() ? "" : prefix + "/";
    return conformance::ObjectBackend{
        .scratch = scratch,
        .open = [=] { return open_s3_store(options); },
        .damage = [=](const std::string& name, const auto& change) { overwrite_s3(options, before + name, change); },
        .doubts_when_writers_meet = meeting == Meeting::doubtful};
  });
}

}  // namespace workprint::testing
