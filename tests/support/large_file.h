/// For tests: a file of bytes that are not all the same, in a folder that goes away with the value.
#pragma once

#include <fstream>

#include "object/content.h"
#include "object/scratch_folder.h"
#include "tests/conformance/object_store_contract.h"
#include "workprint/clock.h"

namespace workprint::testing {

struct LargeFile {
  ScratchFolder scratch;
  std::filesystem::path source = scratch.path() / "source";
  std::filesystem::path target = scratch.path() / "target";
  FileDigest digest;
  explicit LargeFile(std::size_t size_bytes, std::uint64_t seed = 7) { write(size_bytes, seed); }
  void write(std::size_t size_bytes, std::uint64_t seed) {
    std::string bytes(size_bytes, 'v');
    const auto random = seeded_random(seed);
    for (std::size_t at = 0; at < bytes.size(); at += 1000) bytes[at] = static_cast<char>(random->next());
    std::ofstream(source, std::ios::binary) << bytes;
    digest = conformance::value(digest_file(source));
  }
};

}  // namespace workprint::testing
