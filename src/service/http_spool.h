/// A file for the body of one request; gone with the value.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/file.h"
#include "workprint/result.h"

namespace workprint::http {

/// Thread-safety: one thread at a time. Blocking: `append` writes to the disk.
class Spool {
 public:
  /// Errors: unavailable.
  static Result<std::shared_ptr<Spool>> create(const std::filesystem::path& folder);
  /// Removes what a process that died left in `folder`. Errors: unavailable.
  static Result<void> sweep(const std::filesystem::path& folder);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  /// Errors: unavailable (the disk is full, ...).
  Result<void> append(std::string_view bytes) { return write_all(file_.get(), bytes); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  Spool(std::filesystem::path path, File file) : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  File file_;
};

}  // namespace workprint::http
