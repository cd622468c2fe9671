/// Bytes on their way into and out of an object store, in constant memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "workprint/digest.h"

namespace workprint {

/// Where the bytes of an object come from: memory or an open file.
struct Source {
  std::uint64_t size_bytes = 0;  ///< of a file: when it was opened
  std::string_view bytes;        ///< borrowed; used when `file` is empty
  File file;
};
[[nodiscard]] Source from_bytes(std::string_view bytes);
/// Errors: invalid (no such file, or not a regular one: asking again will not help); unavailable.
Result<Source> open_source(const std::filesystem::path& path);

/// Writes all of `source` to `fd`. Errors: unavailable (a full disk says so).
Result<FileDigest> copy(const Source& source, int fd);

/// Takes a piece of an object at its offset. The same object may be sent twice; the second time starts at 0 again.
using Sink = std::function<Result<void>(std::uint64_t offset, std::string_view piece)>;
/// Sends the whole file to `sink` (when it is not empty) and digests it. Errors: unavailable.
Result<FileDigest> stream(int fd, const Sink& sink);

/// Collects the object in `bytes`.
[[nodiscard]] Sink into_bytes(Bytes& bytes);

/// A file that did not exist; removed again unless it is kept.
class NewFile {
 public:
  /// Errors: invalid (it exists, or its folder does not); unavailable.
  static Result<NewFile> create(const std::filesystem::path& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();
  /// Borrows this.
  [[nodiscard]] Sink sink() const;
  Result<void> keep(std::uint64_t size_bytes);

 private:
  NewFile(std::filesystem::path path, File file) : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  File file_;
};

}  // namespace workprint
