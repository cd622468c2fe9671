/// The first step of the validity ladder: an mp4's outermost boxes, read without decoding anything. Private to film/media.
#pragma once

#include <cstdint>
#include <filesystem>

#include "workprint/result.h"

namespace film::media {

/// The boxes fill the file exactly and an index and media data are among them. O(number of boxes).
/// Errors: corrupt (truncated, or not an mp4); unavailable.
workprint::Result<void> walk_boxes(int descriptor, std::int64_t size, const std::filesystem::path& file);

}  // namespace film::media
