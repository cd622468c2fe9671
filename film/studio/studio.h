/// Who makes the texts, pictures, clips and opinions of a film. One interface, so that a provider is a setting.
///
/// Thread-safety: every method may be called from any thread at the same time.
/// A call is made inside an effect: it may be repeated with the same key only when `dedupes` says so.
/// Errors of all calls: unavailable (not known to have happened); corrupt or invalid (a definite no); cancelled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "film/plan/plan.h"
#include "film/studio/score.h"
#include "workprint/context.h"
#include "workprint/json.h"

namespace film::studio {

/// What a take is made from.
struct TakeRequest {
  const Plan* plan = nullptr;
  std::size_t index = 0;     ///< of the scene, character or location in its list
  int take = 1;
  std::string prompt;
  std::uint64_t seed = 0;
  Picture picture;
};

enum class FrameOf : std::uint8_t { start, end };

class Studio {
 public:
  virtual ~Studio() = default;
  [[nodiscard]] virtual std::string provider() const = 0;
  [[nodiscard]] virtual std::string model() const = 0;
  [[nodiscard]] virtual workprint::Dedupes dedupes() const = 0;

  virtual workprint::Result<std::string> expand(const std::string& prompt, std::uint64_t seed, const AudioAnalysis* song) = 0;
  /// A whole plan as an author's answer. `scenes_max` 0: the writer decides.
  virtual workprint::Result<Plan> storyboard(const std::string& prompt, const std::string& expanded, std::uint64_t seed,
                                             int scenes_max, const AudioAnalysis* song) = 0;
  /// PNG bytes.
  virtual workprint::Result<std::string> character_image(const TakeRequest& request) = 0;
  virtual workprint::Result<std::string> location_image(const TakeRequest& request) = 0;
  virtual workprint::Result<std::string> frame_image(const TakeRequest& request, FrameOf which) = 0;
  /// Writes an mp4 of the scene's exact frames to `out`.
  virtual workprint::Result<void> clip(const TakeRequest& request, const std::filesystem::path& out,
                                       const std::function<void(double)>& progress, std::stop_token stop) = 0;
  /// Evaluations as docs/formats/evaluation.md.
  virtual workprint::Result<workprint::Json> judge_frame(const TakeRequest& request, const std::string& png,
                                                         const Thresholds& thresholds) = 0;
  virtual workprint::Result<workprint::Json> judge_clip(const TakeRequest& request, const std::filesystem::path& clip,
                                                        const std::optional<std::filesystem::path>& previous,
                                                        const Thresholds& thresholds, std::stop_token stop) = 0;
};

/// The offline studio: writer, illustrator, camera and judge of this program. Free and deterministic by seed.
/// `threads` of the encoder: 0 all cores.
std::unique_ptr<Studio> builtin_studio(int encoder_threads);

}  // namespace film::studio
