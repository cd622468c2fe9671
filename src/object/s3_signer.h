/// AWS Signature Version 4 for S3. Our own: the libcurl of Debian 12 (7.88) signs queries and payloads that S3 refuses.
#pragma once

#include <string>

#include "object/http_message.h"
#include "workprint/clock.h"

namespace workprint {

struct S3Keys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty: a key without an end
};

/// SHA-256 of no bytes: the payload hash of a request without a body.
[[nodiscard]] const std::string& empty_payload_sha256();

/// Adds `x-amz-date`, the session token and `Authorization`. Signs every header of the request and the host.
/// REQUIRES: the header `x-amz-content-sha256` is there; the url's path and query are percent-encoded as url.h does it.
void sign_s3(HttpRequest& request, const S3Keys& keys, std::string_view region, WallTime now);

}  // namespace workprint
