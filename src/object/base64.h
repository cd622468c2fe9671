/// Bytes as text (RFC 4648), and the one number that travels so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace workprint {

[[nodiscard]] std::string base64(std::string_view bytes);
/// With - and _ and without padding, as in a JWT.
[[nodiscard]] std::string base64_url(std::string_view bytes);
/// Nothing when `text` is not padded base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// A CRC32C as Google and S3 write it: base64 of four bytes, the highest first.
[[nodiscard]] std::string crc32c_text(std::uint32_t crc);
[[nodiscard]] std::optional<std::uint32_t> parse_crc32c_text(std::string_view text);

}  // namespace workprint
