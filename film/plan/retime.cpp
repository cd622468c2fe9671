#include "film/plan/retime.h"

#include <algorithm>

#include "film/plan/tile.h"
#include "workprint/result.h"

namespace film {
namespace {

struct Placed {
  std::size_t scene;
  TileSpan span;
};

// Which scene each span shows: the last one that has begun. Empty when a scene would be left without a span.
std::vector<Placed> place(const Plan& plan, const std::vector<TileSpan>& spans) {
  std::vector<Placed> placed;
  std::vector<bool> shown(plan.scenes.size(), false);
  std::size_t scene = 0;
  for (const TileSpan& span : spans) {
    while (scene + 1 < plan.scenes.size() && plan.scenes[scene + 1].start_ms <= span.start_ms) ++scene;
    placed.push_back({scene, span});
    shown[scene] = true;
  }
  if (std::ranges::find(shown, false) != shown.end()) placed.clear();
  return placed;
}

// All lengths by one factor; what becomes longer than the longest clip is cut into equal parts.
std::vector<Placed> stretch(const Plan& plan, std::int64_t length_ms) {
  const std::int64_t total = plan.scenes.back().end_ms;
  std::vector<Placed> placed;
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    const std::int64_t start = plan.scenes[i].start_ms * length_ms / total;
    const std::int64_t end = i + 1 < plan.scenes.size() ? plan.scenes[i].end_ms * length_ms / total : length_ms;
    const std::int64_t parts = std::max<std::int64_t>(1, (end - start + 7999) / 8000);
    for (std::int64_t part = 0; part < parts; ++part)
      placed.push_back({i, {start + (end - start) * part / parts, start + (end - start) * (part + 1) / parts}});
  }
  return placed;
}

int next_id(const Plan& plan) {
  return std::ranges::max_element(plan.scenes, {}, &Scene::id)->id + 1;
}

}  // namespace

void retime(Plan& plan, std::int64_t length_ms, std::vector<std::string>& notes) {
  workprint::check(!plan.scenes.empty() && length_ms > 0, "a film has scenes and a length");
  if (plan.scenes.back().end_ms == length_ms) return;
  std::vector<std::int64_t> cuts;
  for (const Scene& scene : plan.scenes) cuts.push_back(scene.start_ms);
  std::vector<Placed> placed = place(plan, tile(length_ms, cuts));
  notes.push_back("scenes: end at " + std::to_string(plan.scenes.back().end_ms) + " ms and are cut to the song's " +
                  std::to_string(length_ms) + " ms");
  if (placed.empty()) {
    placed = stretch(plan, length_ms);
    notes.push_back("scenes: cuts cannot stay where they are and are moved evenly");
  }
  int fresh = next_id(plan);
  std::vector<Scene> scenes;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    Scene scene = plan.scenes[placed[i].scene];
    if (i > 0 && placed[i - 1].scene == placed[i].scene) {
      notes.push_back("scenes: scene " + std::to_string(scene.id) + " goes on as scene " + std::to_string(fresh));
      scene.id = fresh++;
      scenes.back().transition = Transition::cut;
    }
    scene.start_ms = placed[i].span.start_ms;
    scene.end_ms = placed[i].span.end_ms;
    scene.duration_s = clip_seconds(scene.end_ms - scene.start_ms);
    scenes.push_back(std::move(scene));
  }
  plan.scenes = std::move(scenes);
  plan.metadata.duration_ms = length_ms;
  plan.metadata.total_scenes = static_cast<int>(plan.scenes.size());
}

}  // namespace film
