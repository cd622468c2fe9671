/// Media out of the object store for HTTP: a file on this machine for each, whatever the store is.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "service/http_message.h"
#include "workprint/object_store.h"

namespace workprint::cli {

/// Thread-safety: any thread. Objects of a network store are fetched whole, verified, and kept while there is room; objects
/// are immutable under their hash, so a kept file is never stale.
class ServedObjects {
 public:
  static constexpr std::uintmax_t kept_bytes_max = std::uintmax_t{4} << 30;

  ServedObjects(ObjectStore& objects, std::filesystem::path cache) : objects_(objects), cache_(std::move(cache)) {}

  /// Errors: invalid (no name of a song or of a film's media); not_found; unavailable; corrupt.
  Result<http::Response> open(const std::string& name);

 private:
  Result<std::filesystem::path> file_of(const std::string& name, const ObjectInfo& info);
  void make_room(std::uintmax_t bytes);

  ObjectStore& objects_;
  const std::filesystem::path cache_;
  std::mutex mutex_;
};

}  // namespace workprint::cli
