/// What Google Cloud Storage says about an object, and what it is told.
#pragma once

#include "object/bucket.h"
#include "workprint/json.h"

namespace workprint::gcs {

/// The members of an object resource that we read.
inline constexpr std::string_view object_fields = "name,size,generation,crc32c,metadata";

/// Errors: unavailable: an answer that is no object resource is not from the service.
Result<Found> parse_object(const Json& resource);
Result<Found> parse_object_text(std::string_view text);

/// The resource that goes with an upload.
[[nodiscard]] std::string describe_upload(const ObjectWrite& write);

}  // namespace workprint::gcs
