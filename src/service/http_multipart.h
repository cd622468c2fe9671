/// One file out of a multipart/form-data body (RFC 7578) that lies on the disk. Strict: what browsers and curl send is read,
/// anything unusual is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "workprint/result.h"

namespace workprint::http {

struct FilePart {
  std::string file_name;     ///< as the client says: for people, never for a path; may be empty
  std::string content_type;  ///< as the client says, lower case; may be empty
  std::uint64_t offset = 0;  ///< of its bytes in the body
  std::uint64_t size_bytes = 0;
};

/// The boundary of `multipart/form-data; boundary=...`.
/// Errors: invalid (another type, no boundary, one that RFC 2046 does not allow).
Result<std::string> multipart_boundary(std::string_view content_type);

/// Finds the part `name` of the body in `file`, which must hold exactly one such part, and up to 15 others.
///
/// Reads the file once, in constant memory.
/// Errors: invalid (no such part, or two; not well-formed; part headers above 8 KiB); unavailable (the file cannot be read).
Result<FilePart> find_part(const std::filesystem::path& file, std::string_view boundary, std::string_view name);

}  // namespace workprint::http
