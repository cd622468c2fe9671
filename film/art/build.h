/// From a request to the finished stand of layers; what Shot::open does before the first frame.
#pragma once

#include "film/art/art.h"
#include "film/art/stage.h"

namespace film::art {

/// REQUIRES: a request that Shot::open accepts.
[[nodiscard]] Stage build_stage(const ShotRequest& request);

}  // namespace film::art
