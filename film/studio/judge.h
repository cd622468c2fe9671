/// The built-in judge: says what can be measured about a take, and nothing else.
///
/// It sees light, contrast, separation, flatness, motion, length and the step to the neighbour. Whether the picture
/// tells the scene, whether a face is the right face and whether a mood is felt it cannot measure: those dimensions get
/// weight 0 and say so.
/// Thread-safety: functions may run on any thread at the same time. Deterministic: equal bytes, equal verdict.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string_view>

#include "film/plan/plan.h"
#include "film/studio/score.h"
#include "workprint/result.h"

namespace film::studio {

struct ClipRequest {
  std::filesystem::path clip;
  std::optional<std::filesystem::path> previous_clip;  ///< circled clip of the scene before; absent: not compared
  std::int64_t previous_frames = 0;  ///< frames of it that are shown; 0: all
  const Plan* plan = nullptr;        ///< outlives the call
  std::size_t scene = 0;             ///< index into plan->scenes
  Picture picture;
  std::int64_t frames = 0;           ///< the scene's length; a clip may be longer (handle)
  Thresholds thresholds;
};

/// Errors: as media::verify_video (a clip that does not decode is not judged); cancelled.
workprint::Result<Evaluation> judge_clip(const ClipRequest& request, std::stop_token stop);

/// A start or end frame, PNG or JPEG bytes. Errors: invalid (no picture).
workprint::Result<Evaluation> judge_still(std::string_view image, const Plan& plan, std::size_t scene,
                                          const Picture& picture, const Thresholds& thresholds);

/// Free, and before any opinion: the clip decodes wholly, has the picture's shape and at least half its size, lasts for
/// `frames` (one short is allowed: the last one is held), and is not black from end to end.
/// Errors: corrupt (does not decode); invalid (any other finding, all in the message); not_found; cancelled.
workprint::Result<void> technical_check(const std::filesystem::path& clip, const Picture& picture, std::int64_t frames,
                                        std::stop_token stop);

}  // namespace film::studio
