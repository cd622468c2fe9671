/// Requests of the S3 protocol: addressed, signed, tried again.
#pragma once

#include "object/s3_bucket.h"
#include "object/url.h"

namespace workprint::s3 {

/// Signs with the service's clock: a machine whose clock is wrong learns it from the first refusal.
class Signer final : public Authorizer {
 public:
  Signer(std::shared_ptr<S3KeySource> keys, std::string region, std::shared_ptr<Clock> clock)
      : keys_(std::move(keys)), region_(std::move(region)), clock_(std::move(clock)) {}
  Result<void> authorize(HttpRequest& request) override;
  bool is_renewed_after(const HttpResponse& refusal) override;

 private:
  std::shared_ptr<S3KeySource> keys_;
  std::string region_;
  std::shared_ptr<Clock> clock_;
  std::atomic<std::int64_t> ahead_ms_ = 0;  ///< how far the service's clock is ahead of ours
};

class Api {
 public:
  Api(const S3Options& options, HttpContext context, std::shared_ptr<S3KeySource> keys);

  [[nodiscard]] std::string bucket_url(const Query& query) const;
  [[nodiscard]] std::string object_url(const std::string& key, const Query& query = {}) const;
  /// `body` may be nothing. `sha256`: of the body; empty: it is computed.
  [[nodiscard]] HttpRequest request(std::string method, std::string url, std::optional<HttpBody> body = {},
                                    std::string sha256 = {}) const;
  [[nodiscard]] HttpClient& client() { return client_; }

 private:
  std::string base_;
  HttpClient client_;
};

/// ETag without its quotes.
[[nodiscard]] std::string bare_etag(std::string_view header);
/// An ETag and a put id as one version, and back.
[[nodiscard]] std::string join_version(std::string_view etag, std::string_view put_id);
[[nodiscard]] std::string etag_of(std::string_view version);

/// The headers that an object is created with.
[[nodiscard]] std::vector<HttpHeader> describe_upload(const ObjectWrite& write);

}  // namespace workprint::s3
