/// A large object on its way into S3, in parts.
#pragma once

#include "object/s3_api.h"

namespace workprint::s3 {

/// `condition` goes with the completion: that is when the object comes to be. An upload that fails is aborted; what a
/// killed process leaves is for the bucket's rule AbortIncompleteMultipartUpload. With a page of the journal a failed upload
/// stays, and the next one sends only the parts that the service does not list.
WriteOutcome upload_in_parts(Api& api, const ObjectWrite& write, const HttpHeader& condition, std::uint64_t part_bytes);

}  // namespace workprint::s3
