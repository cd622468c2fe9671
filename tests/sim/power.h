/// The stores of one machine, a folder of objects and a SQLite file, on a disk whose power fails.
#pragma once

#include <cstdint>

namespace workprint::sim {

struct PowerCuts {
  std::uint64_t cuts = 0, writes = 0;
};

/// Writes, replaces and removes objects and commits to a film, through some power cuts; what was acknowledged is there
/// after each, what was under way is there whole or not at all. Throws BrokenLaw.
PowerCuts power_cuts(std::uint64_t seed);

}  // namespace workprint::sim
