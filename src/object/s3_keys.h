/// Where the keys for S3 come from: environment, shared file, container, instance; in the order of AWS's own tools.
#pragma once

#include <memory>

#include "object/environment.h"
#include "object/http_client.h"
#include "object/s3_signer.h"

namespace workprint {

/// Thread-safety: any thread.
class S3KeySource {
 public:
  virtual ~S3KeySource() = default;
  /// Kept until shortly before their end. Errors: unavailable (none are there; says where was looked).
  virtual Result<S3Keys> keys() = 0;
  /// The service refused the keys: forget them. False: there are no others to be had.
  virtual bool forget() = 0;
};

std::shared_ptr<S3KeySource> open_s3_keys(Environment environment, HttpContext context);

}  // namespace workprint
