/// The one encoder profile, and how a file that already has it is recognised. Private to film/media.
#pragma once

#include "film/media/input.h"
#include "film/media/output.h"
#include "film/media/video.h"

namespace film::media {

/// Of every picture track we write: a whole number for each frame, and fine enough for players.
[[nodiscard]] inline int ticks_per_second(int fps) { return fps * 512; }

/// The picture stream can be copied as it is: our mark, our parameter sets, this size and rate.
workprint::Result<bool> has_profile(const Input& clip, const AVStream& stream, const Picture& picture);

/// Before `begin`: says that the picture was encoded with the profile.
void mark_profile(Output& output);

}  // namespace film::media
