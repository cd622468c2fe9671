/// Segments: each settled scene's clip, cut to its place in the film; keyed by everything its bytes depend on.
#pragma once

#include <optional>
#include <string>

#include "film/nodes.h"

namespace film {

struct SegmentPlan {
  std::string key;        ///< 32 hex digits
  std::string object;     ///< final/segments/<key>.mp4
  std::optional<workprint::Asset> clip, previous;  ///< previous: with a dissolve into this scene
  std::optional<workprint::Asset> still;           ///< what a slug holds
  std::int64_t frames = 0, previous_frames = 0;
  bool dissolve_in = false, fade_out = false;
};

/// The clips as they will be after this task: `fresh` replaces the circled clip of scene index `fresh_index`.
/// Returns nothing when the clip of this scene, or the one a dissolve comes from, is not there yet.
Result<std::optional<SegmentPlan>> plan_segment(const State& state, const Plan& plan, const Picture& picture,
                                                std::size_t index, Context& context,
                                                const std::optional<std::pair<std::size_t, workprint::Asset>>& fresh);

/// The segment as an object; made when it is not there.
Result<workprint::Asset> make_segment_object(const SegmentPlan& segment, const Picture& picture, int threads,
                                             Context& context);

}  // namespace film
