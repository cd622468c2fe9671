/// Fewer sheets for the same picture: neighbours that the move cannot tell apart become one.
#pragma once

#include "film/art/stage.h"

namespace film::art {

/// Joins runs of still layers whose parallax differs by less than a pixel or two over the whole shot.
void merge_layers(Stage& stage, std::int64_t frames);

}  // namespace film::art
