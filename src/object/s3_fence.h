/// Finds out, by trying, whether a store honours conditions: the difference between a fence and none.
#pragma once

#include "object/s3_api.h"

namespace workprint::s3 {

/// How the value of `If-Match` must be written; the standard wants quotes, some stores want none.
enum class Quoting : std::uint8_t { quoted, bare };

struct Fence {
  bool honours_create = false;   ///< PUT with `If-None-Match: *`
  bool honours_replace = false;  ///< PUT with `If-Match`
  Quoting quoting = Quoting::quoted;
  [[nodiscard]] bool holds() const { return honours_create && honours_replace; }
};

/// Writes, overwrites and removes the object `key`, which must be nobody's. Errors: unavailable.
Result<Fence> probe_fence(Api& api, const std::string& key);
/// Whether completing an upload in parts honours `If-None-Match: *` too. Errors: unavailable.
Result<bool> probe_multipart(Api& api, const std::string& key);

[[nodiscard]] HttpHeader if_match(std::string_view etag, Quoting quoting);
[[nodiscard]] HttpHeader if_absent();

}  // namespace workprint::s3
