/// The two ways CRC32C is computed, named apart so that a test can compare them.
#pragma once

#include <cstdint>
#include <string_view>

namespace workprint {

/// Portable, one table look-up a byte. `crc` is the running (inverted) value.
[[nodiscard]] std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc);

/// The SSE4.2 instruction, 8 bytes at a time. REQUIRES: has_crc32c_instruction().
[[nodiscard]] std::uint32_t crc32c_by_instruction(std::string_view bytes, std::uint32_t crc);
[[nodiscard]] bool has_crc32c_instruction();

}  // namespace workprint
