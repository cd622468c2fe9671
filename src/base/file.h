/// An owned file descriptor and the few loops that every reader and writer of files needs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "workprint/result.h"

namespace workprint {

/// Owns one file descriptor; closes it when it goes. Empty when `get() < 0`.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  ~File() { reset(); }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  /// Closes now. Returns 0 or the errno: some file systems report a failed write only here.
  int reset();

 private:
  int fd_ = -1;
};

/// Words for an errno that a person can act on: "the disk is full", "the folder is read-only", ...
[[nodiscard]] std::string describe_errno(int code);

/// Reads up to `buffer.size()` bytes; fewer only at the end of the file.
/// Returns how many. Errors: unavailable.
Result<std::size_t> read_full(int fd, std::span<char> buffer);

/// Writes all of `bytes`. Errors: unavailable.
Result<void> write_all(int fd, std::string_view bytes);

}  // namespace workprint
