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

/// The picture track of an output whose packets are copied from `source`; before `begin`.
AVStream& add_copied_picture(Output& output, const AVStream& source, const Picture& picture);

/// Makes a read packet frame `index` of `target`: one frame long, shown when it is decoded.
void place_picture(AVPacket& packet, const AVStream& target, std::int64_t index);

/// Before `begin`: says that the picture was encoded with the profile.
void mark_profile(Output& output);

}  // namespace film::media
