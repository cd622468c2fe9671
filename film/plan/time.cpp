#include "film/plan/plan.h"

#include "workprint/result.h"

namespace film {

std::int64_t frame_at(std::int64_t time_ms, int fps) {
  return (time_ms * fps + 500) / 1000;
}

std::int64_t film_frames(std::int64_t length_ms, int fps) {
  return (length_ms * fps + 999) / 1000;
}

std::int64_t scene_frames(const Plan& plan, std::size_t index, int fps) {
  workprint::check(index < plan.scenes.size(), "scene index lies inside the plan");
  const Scene& scene = plan.scenes[index];
  const bool last = index + 1 == plan.scenes.size();
  const std::int64_t end = last ? film_frames(scene.end_ms, fps) : frame_at(scene.end_ms, fps);
  return end - frame_at(scene.start_ms, fps);
}

}  // namespace film
