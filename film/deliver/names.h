/// Short names of plan parts, as every deliverable prints them.
#pragma once

#include <string>

#include "film/plan/plan.h"

namespace film::deliver {

/// "SC003": at least three digits, like the object names.
[[nodiscard]] std::string scene_label(int scene_id);
/// The location's name, or its id when the plan has no such location.
[[nodiscard]] std::string location_name(const Plan& plan, const Scene& scene);
/// Names joined by "; ", most important first.
[[nodiscard]] std::string character_names(const Plan& plan, const Scene& scene);

}  // namespace film::deliver
