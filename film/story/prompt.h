/// The texts that generators are asked with: plan + continuity + rules -> one prompt a piece of art.
///
/// Pure: the same plan and rules give the same bytes, so an effect's input hash is stable. Every prompt is valid
/// UTF-8 of at most 4,000 bytes; what matters most stands first, what does not fit is left out whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "film/plan/plan.h"

namespace film::story {

inline constexpr std::size_t prompt_bytes_max = 4000;

enum class Which { start, end };

/// REQUIRES (all four): index lies inside the plan's list.
[[nodiscard]] std::string character_prompt(const Plan& plan, std::size_t index);
[[nodiscard]] std::string location_prompt(const Plan& plan, std::size_t index);
[[nodiscard]] std::string frame_prompt(const Plan& plan, std::size_t index, Which which, const std::vector<std::string>& rules);
[[nodiscard]] std::string clip_prompt(const Plan& plan, std::size_t index, const std::vector<std::string>& rules);

/// The rules a film starts with: at most 8, general ones first, then those that words in the plan call for.
[[nodiscard]] std::vector<std::string> built_in_rules(const Plan& plan);
/// Lower case, letters and digits, single spaces: two rules with one normal form are one rule.
[[nodiscard]] std::string normal_form(std::string_view rule);
/// The first 12 hex digits of the normal form's SHA-256.
[[nodiscard]] std::string rule_id(std::string_view rule);

}  // namespace film::story
