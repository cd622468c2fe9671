#include "object/s3_api.h"

#include <algorithm>
#include <cstdlib>

#include "workprint/try.h"

namespace workprint::s3 {
namespace {

/// S3 refuses a request that is 15 minutes off.
constexpr std::int64_t tolerated_skew_ms = 5 * 60 * 1000;

std::string base_url(const S3Options& options) {
  if (options.addressing == Addressing::path) return options.endpoint + "/" + percent_encode(options.bucket);
  const auto host = options.endpoint.find("://") + 3;
  return options.endpoint.substr(0, host) + options.bucket + "." + options.endpoint.substr(host);
}

}  // namespace

Result<void> Signer::authorize(HttpRequest& request) {
  const S3Keys keys = TRY(keys_->keys());
  sign_s3(request, keys, region_, clock_->wall() + std::chrono::milliseconds(ahead_ms_));
  return {};
}

bool Signer::is_renewed_after(const HttpResponse& refusal) {
  if (const auto theirs = date_of(refusal)) {
    const std::int64_t ahead = (*theirs - clock_->wall()).count();
    if (std::abs(ahead - ahead_ms_) > tolerated_skew_ms) {
      ahead_ms_ = ahead;
      return true;
    }
  }
  // The answer to a HEAD says nothing but its status.
  const bool is_aged = refusal.body.empty() || refusal.body.find("ExpiredToken") != std::string::npos ||
                       refusal.body.find("InvalidAccessKeyId") != std::string::npos ||
                       refusal.body.find("TokenRefreshRequired") != std::string::npos;
  return is_aged && keys_->forget();
}

Api::Api(const S3Options& options, HttpContext context, std::shared_ptr<S3KeySource> keys)
    : base_(base_url(options)),
      client_(context, std::make_shared<Signer>(std::move(keys), options.region, context.clock)) {}

std::string Api::bucket_url(const Query& query) const { return base_ + "/" + encode_query(query); }

std::string Api::object_url(const std::string& key, const Query& query) const {
  return base_ + "/" + percent_encode(key, Slash::keep) + encode_query(query);
}

HttpRequest Api::request(std::string method, std::string url, std::optional<HttpBody> body, std::string sha256) const {
  if (sha256.empty()) sha256 = body ? sha256_hex(body->bytes) : empty_payload_sha256();
  return {.method = std::move(method),
          .url = std::move(url),
          .headers = {{"x-amz-content-sha256", std::move(sha256)}},
          .body = body,
          .content_type = "application/octet-stream"};
}

std::string bare_etag(std::string_view header) {
  std::string etag(header);
  std::erase(etag, '"');
  return etag;
}

std::string join_version(std::string_view etag, std::string_view put_id) {
  return bare_etag(etag) + "." + std::string(put_id);
}

std::string etag_of(std::string_view version) { return std::string(version.substr(0, version.rfind('.'))); }

std::vector<HttpHeader> describe_upload(const ObjectWrite& write) {
  std::vector<HttpHeader> headers{{"Cache-Control", write.cache_control}};
  for (const auto& [key, value] : to_metadata(write.record())) headers.push_back({"x-amz-meta-" + key, value});
  return headers;
}

}  // namespace workprint::s3
