#include <string>

#include "recovery/recovery_table.h"

namespace workprint {

Resolution resolve(const Evidence& evidence) {
  check(recovery::can_happen(evidence), "evidence is one the tiers can give");
  for (const recovery::Row& row : recovery::table)
    if (recovery::fits(row, evidence)) return {row.decision, row.letter, row.because};
  check(false, "every evidence fits a row");
  return {};
}

std::string_view to_string(Outcome outcome) {
  constexpr std::array words{"found", "absent", "unreachable", "corrupt", "foreign", "too new"};
  return words[static_cast<std::size_t>(outcome)];
}

std::string_view to_string(Relation relation) {
  constexpr std::array words{"-", "equal", "checkpoint newer", "state.json newer", "fork"};
  return words[static_cast<std::size_t>(relation)];
}

std::string_view to_string(Decision decision) {
  constexpr std::array words{"from checkpoint", "from state.json",    "from an older snapshot", "degraded",
                             "from storyboard", "from older system",  "fresh start",            "refused: unreachable",
                             "refused: corrupt", "refused: fork",     "refused: too new",       "refused: evidence"};
  return words[static_cast<std::size_t>(decision)];
}

bool refuses(Decision decision) { return decision >= Decision::refuse_unreachable; }

namespace recovery {
namespace {

template <class Enum>
std::string cell(Set set, std::initializer_list<Enum> values, unsigned all) {
  if ((set & all) == all) return "any";
  std::string text;
  for (const Enum value : values)
    if ((set & one(value)) != 0) text += (text.empty() ? "" : ", ") + std::string(to_string(value));
  return text;
}

std::string outcomes(Set set) {
  return cell(set, {Outcome::found, Outcome::absent, Outcome::unreachable, Outcome::corrupt, Outcome::foreign, Outcome::too_new}, any);
}

std::string flag(Set set) { return set == either ? "any" : (set == yes ? "yes" : "no"); }

}  // namespace

std::string to_markdown() {
  std::string page =
      "# Recovery: how state is chosen\n\n"
      "Printed by `workprint recovery-table` from the rows in `src/recovery/recovery_table.h`; a test compares the two.\n"
      "The same rows are the code, and a `static_assert` proves that every combination of outcomes fits exactly one.\n\n"
      "*Checkpoint* is tier 1 (the database), *state.json* tier 2 (the newest valid published snapshot), *storyboard*\n"
      "tier 3. *Older* says whether an older published snapshot is valid, *legacy* whether state.json, which is no document\n"
      "of ours, is a readable one of the older system (docs/formats/legacy.md), *assets* whether the film's folder holds\n"
      "objects.\n\n"
      "| row | checkpoint | state.json | relation | older | legacy | storyboard | assets | decision | because |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Row& row : table) {
    page += std::string("| ") + row.letter + " | " + outcomes(row.checkpoint) + " | " + outcomes(row.snapshot) + " | " +
            cell(row.relation, {Relation::none, Relation::equal, Relation::checkpoint_newer, Relation::snapshot_newer, Relation::fork}, 31u) +
            " | " + flag(row.older) + " | " + flag(row.legacy) + " | " + outcomes(row.storyboard) + " | " + flag(row.assets) + " | **" +
            std::string(to_string(row.decision)) + "** | " + std::string(row.because) + " |\n";
  }
  return page;
}

}  // namespace recovery
}  // namespace workprint
