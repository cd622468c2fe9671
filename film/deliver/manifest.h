/// manifest.json: everything a render consists of, with hashes, origin and price.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "film/deliver/deliver.h"

namespace film::deliver {

/// One written deliverable.
struct WrittenFile {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::string sha256;
};

/// Pretty JSON in canonical member order; holds no time but the one passed in.
[[nodiscard]] std::string manifest_json(const Delivery& delivery, const std::vector<WrittenFile>& files);

}  // namespace film::deliver
