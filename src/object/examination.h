/// Tries out what an object store guarantees, with an object of its own that it removes again: `workprint doctor`.
#pragma once

#include <string>
#include <vector>

#include "workprint/object_store.h"

namespace workprint {

struct Finding {
  enum class Verdict : std::uint8_t { ok, warn, fail };
  std::string what;  ///< "create-only"
  Verdict verdict = Verdict::ok;
  std::string detail{};                ///< for people: what was seen, or why it fails
  ErrorKind kind = ErrorKind::corrupt; ///< of a failure; corrupt: the guarantee is broken
};

/// One finding for each guarantee, in a fixed order; after a failed first write the others are not tried and say so.
/// Takes as long as a handful of writes to one name may at this store (`write_interval`).
[[nodiscard]] std::vector<Finding> examine(ObjectStore& store, Clock& clock, Random& random);

}  // namespace workprint
