/// SHA-256 and CRC32C of bytes and files, and lower-case hexadecimal text.
///
/// Thread-safety: functions may run on any thread; one Sha256 object is for one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "workprint/result.h"

namespace workprint {

using Bytes = std::string;  ///< Raw bytes; std::string because every library here takes its data()/size().

/// SHA-256 (FIPS 180-4) fed piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  /// 64 lower-case hex digits. The object must not be used after it.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// CRC32C (Castagnoli, RFC 3720 B.4; "123456789" gives e3069283). `seed` continues an earlier value.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

struct FileDigest {
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
  std::string sha256;
};

/// Reads the whole file once, in constant memory.
/// Errors: not_found; unavailable (the read failed: try again).
Result<FileDigest> digest_file(const std::filesystem::path& path);

}  // namespace workprint
