/// Pictures as PNG bytes.
#pragma once

#include <string>

#include "film/art/canvas.h"
#include "film/media/frame.h"
#include "workprint/result.h"

namespace film::art {

[[nodiscard]] workprint::Result<std::string> png_of(const Surface& surface);
[[nodiscard]] workprint::Result<std::string> png_of(const media::Frame& frame);

}  // namespace film::art
