/// A base and the deltas after it, verified link by link into a checkpoint. Shared by every checkpoint store.
#pragma once

#include <string>
#include <vector>

#include "record/commit.h"

namespace workprint::store {

struct Base {
  Head head;
  std::string body;  ///< record::encode_document
};

/// Errors travel as outcomes: corrupt (a hash does not fit), foreign, too_new.
[[nodiscard]] Loaded<Checkpoint> replay(const FilmId& film, const Base& base, const std::vector<Commit>& after);

/// Whether the deltas since the last base outweigh it: then the next commit carries a new base. Between two bases the
/// state's history doubles, so all bases ever written weigh no more than a constant times the deltas.
[[nodiscard]] constexpr bool wants_base(std::size_t base_bytes, std::size_t delta_bytes_since) {
  constexpr std::size_t least = 32 * 1024;  // below this writing a base costs more than reading the deltas, about half a millisecond
  return delta_bytes_since > (base_bytes > least ? base_bytes : least);
}

}  // namespace workprint::store
