/// The built-in illustrator and camera: drawn, layered animatic pictures of a plan's scenes.
///
/// Deterministic: the same plan, scene, seed, take and picture give the same pixels on one machine, on any thread, in
/// any order. Needs the fonts Inter and Courier Prime (packages fonts-inter, fonts-courier-prime).
/// Thread-safety: different objects may be used on different threads at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "film/media/frame.h"
#include "film/plan/plan.h"
#include "workprint/result.h"

namespace film::art {

struct ShotRequest {
  const Plan* plan = nullptr;   ///< outlives the Shot
  std::size_t scene = 0;        ///< index into plan->scenes
  Picture picture;
  std::int64_t frames = 0;      ///< length of the clip; the move is eased over it
  std::uint64_t seed = 0;       ///< of the film
  int take = 1;                 ///< a later take varies composition and move a little, never the plan
  std::string prompt;           ///< the take's prompt; words a person added to it are honoured where they can be drawn
  bool burn_in = true;          ///< bottom bar: scene / size / move / timecode
};

/// One scene, its layers drawn once; each frame only composites them.
class Shot {
 public:
  static workprint::Result<Shot> open(const ShotRequest& request);
  Shot(Shot&&) noexcept;
  Shot& operator=(Shot&&) noexcept;
  ~Shot();
  /// Draws frame `index` in 0..frames-1 into `frame` (resized when needed).
  workprint::Result<void> draw(std::int64_t index, media::Frame& frame);
  /// The same frame as PNG bytes.
  workprint::Result<std::string> png(std::int64_t index);

 private:
  struct Layers;
  explicit Shot(std::unique_ptr<Layers> layers);
  std::unique_ptr<Layers> layers_;
};

/// A model sheet of one character: full figure, turn, head, palette chips, name and notes. PNG bytes.
workprint::Result<std::string> character_sheet(const Plan& plan, std::size_t character, std::uint64_t seed, int take);
/// A mood plate of one location with its palette, light and weather notes. PNG bytes.
workprint::Result<std::string> location_sheet(const Plan& plan, std::size_t location, std::uint64_t seed, int take);

}  // namespace film::art
