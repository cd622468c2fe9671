/// Gives an older document's scenes times that tile another length: its song's, not the one somebody wrote down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "film/plan/plan.h"

namespace film {

/// The scenes tile 0..length_ms in their order, none is dropped and none is longer than 8 s. Cuts stay where they are
/// when they can (tile.h); else they are stretched evenly. A scene that would last longer than 8 s is followed by copies
/// of itself with new ids. Adds one line to `notes` for each kind of change. Pure.
/// REQUIRES: the plan has scenes; length_ms > 0.
void retime(Plan& plan, std::int64_t length_ms, std::vector<std::string>& notes);

}  // namespace film
