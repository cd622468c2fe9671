/// A bucket of Google Cloud Storage, spoken to in its JSON API.
///
/// Every mutation carries `ifGenerationMatch` (0: must not exist), which is what makes it both fenced and repeatable. The
/// version of an object is its generation. CRC32C goes with every upload, so the service refuses damaged bytes.
#pragma once

#include <memory>

#include "object/bucket.h"
#include "object/http_client.h"

namespace workprint {

struct GcsOptions {
  std::string bucket;
  std::string prefix;  ///< for describe(); keys come with it
  std::string endpoint = "https://storage.googleapis.com";
  std::uint64_t one_request_bytes_max = 8u << 20;  ///< larger objects are uploaded resumably
  std::uint64_t chunk_bytes = 32u << 20;           ///< a multiple of 256 KiB
};

std::unique_ptr<Bucket> open_gcs_bucket(GcsOptions options, HttpContext context, std::shared_ptr<Authorizer> authorizer);

}  // namespace workprint
