#include "film/deliver/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace film::deliver {

std::string scene_label(int scene_id) { return fmt::format("SC{:03}", scene_id); }

std::string location_name(const Plan& plan, const Scene& scene) {
  const auto found = std::ranges::find(plan.locations, scene.location_id, &Location::id);
  return found == plan.locations.end() ? scene.location_id : found->name;
}

std::string character_names(const Plan& plan, const Scene& scene) {
  std::string names;
  for (const std::string& id : scene.characters) {
    const auto found = std::ranges::find(plan.characters, id, &Character::id);
    if (!names.empty()) names += "; ";
    names += found == plan.characters.end() ? id : found->name;
  }
  return names;
}

}  // namespace film::deliver
