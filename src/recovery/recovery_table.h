/// The decision table of recovery: documentation, code and test in one.
///
/// A row is a set of outcomes for each tier (bits), what else must hold, and the decision. Every combination the tiers
/// can give fits exactly one row; deleting or widening a row stops the build.
#pragma once

#include <array>
#include <cstdint>

#include "workprint/recovery.h"

namespace workprint::recovery {

using Set = std::uint8_t;  // one bit an enumerator

constexpr Set one(Outcome outcome) { return static_cast<Set>(1u << static_cast<unsigned>(outcome)); }
constexpr Set one(Relation relation) { return static_cast<Set>(1u << static_cast<unsigned>(relation)); }
constexpr Set one(bool value) { return value ? Set{2} : Set{1}; }

inline constexpr Set found = one(Outcome::found);
inline constexpr Set absent = one(Outcome::absent);
inline constexpr Set unreachable = one(Outcome::unreachable);
inline constexpr Set corrupt = one(Outcome::corrupt);
inline constexpr Set foreign = one(Outcome::foreign);
inline constexpr Set too_new = one(Outcome::too_new);
inline constexpr Set damaged = corrupt | foreign;
inline constexpr Set any = found | absent | unreachable | corrupt | foreign | too_new;
inline constexpr Set readable = any & static_cast<Set>(~too_new);
inline constexpr Set no = one(false), yes = one(true), either = no | yes;
inline constexpr Set unrelated = one(Relation::none);

struct Row {
  char letter;
  Set checkpoint, snapshot, relation, older, legacy, storyboard, assets;
  Decision decision;
  std::string_view because;
};

// clang-format off
inline constexpr std::array table{
    // letter  checkpoint             snapshot               relation                               older   legacy  storyboard   assets  decision
    Row{'A', found,                 found,                 one(Relation::equal),                  no,     no,     any,         either, Decision::from_checkpoint,     "both tiers hold the same state; the plan's order takes the checkpoint"},
    Row{'B', found,                 found,                 one(Relation::checkpoint_newer),       no,     no,     any,         either, Decision::from_checkpoint,     "the checkpoint is newer; state.json is brought up to it"},
    Row{'C', found,                 found,                 one(Relation::snapshot_newer),         no,     no,     any,         either, Decision::from_snapshot,       "state.json is NEWER than the checkpoint store, which was restored or lost commits; it is written back"},
    Row{'D', found,                 found | damaged,       one(Relation::fork),                   either, either, any,         either, Decision::refuse_fork,         "two lines of this film exist: each holds commits that the other does not know; nothing is merged"},
    Row{'E', found,                 absent,                unrelated,                             no,     no,     any,         either, Decision::from_checkpoint,     "state.json is not there yet; it is published from the checkpoint"},
    Row{'F', found,                 unreachable,           unrelated,                             no,     no,     any,         either, Decision::from_checkpoint,     "the object store does not answer; publication lags until it does"},
    Row{'G', found,                 damaged,               unrelated,                             no,     either, any,         either, Decision::from_checkpoint,     "state.json is damaged or of unknown lineage; it is set aside and published again from the checkpoint"},
    Row{'a', found,                 damaged,               one(Relation::equal) | one(Relation::checkpoint_newer), yes, either, any, either, Decision::from_checkpoint,     "state.json is damaged, and the newest valid snapshot beside it is not newer than the checkpoint"},
    Row{'b', found,                 damaged,               one(Relation::snapshot_newer),         yes,    either, any,         either, Decision::from_older_snapshot, "state.json is damaged, and a valid snapshot beside it is NEWER than the checkpoint store; it is written back"},
    Row{'H', too_new,               any,                   unrelated,                             either, either, any,         either, Decision::refuse_too_new,      "the checkpoint was written by a later version of this program"},
    Row{'I', readable,              too_new,               unrelated,                             no,     no,     any,         either, Decision::refuse_too_new,      "state.json was written by a later version of this program"},
    Row{'J', absent,                found,                 unrelated,                             no,     no,     any,         either, Decision::from_snapshot,       "the checkpoint store has no such film; state.json is complete, and tier 1 is rebuilt from it"},
    Row{'K', damaged,               found,                 unrelated,                             no,     no,     any,         either, Decision::from_snapshot,       "the checkpoint store's copy is damaged or foreign; it is set aside and rebuilt from state.json"},
    Row{'L', unreachable,           found,                 unrelated,                             no,     no,     any,         either, Decision::degraded,            "the checkpoint store does not answer; the film goes on from state.json and commits there"},
    Row{'M', absent | damaged,      corrupt,               unrelated,                             yes,    either, any,         either, Decision::from_older_snapshot, "state.json is corrupt; the newest older valid snapshot is taken"},
    Row{'N', absent | damaged,      corrupt,               unrelated,                             no,     no,     any,         either, Decision::refuse_corrupt,      "state.json is corrupt and no older snapshot is valid"},
    Row{'O', absent | damaged,      foreign,               unrelated,                             either, no,     any,         either, Decision::refuse_corrupt,      "state.json belongs to another film"},
    Row{'P', damaged,               absent,                unrelated,                             no,     no,     any,         either, Decision::refuse_corrupt,      "the checkpoint store's copy is damaged and no state.json is there"},
    Row{'Q', unreachable,           absent | unreachable,  unrelated,                             no,     no,     any,         either, Decision::refuse_unreachable,  "the checkpoint store does not answer and no state.json is at hand"},
    Row{'R', unreachable,           damaged,               unrelated,                             either, either, any,         either, Decision::refuse_unreachable,  "the checkpoint store does not answer and state.json is damaged or of unknown lineage"},
    Row{'S', absent | damaged,      unreachable,           unrelated,                             no,     no,     any,         either, Decision::refuse_unreachable,  "the object store does not answer; unreachable is not absent"},
    Row{'T', absent,                absent,                unrelated,                             no,     no,     found,       either, Decision::from_storyboard,     "no state is left anywhere; the storyboard is, and takes that exist are adopted"},
    Row{'U', absent,                absent,                unrelated,                             no,     no,     unreachable, either, Decision::refuse_unreachable,  "the storyboard cannot be read; unreachable is not absent"},
    Row{'V', absent,                absent,                unrelated,                             no,     no,     damaged,     either, Decision::refuse_corrupt,      "only a damaged storyboard is left"},
    Row{'W', absent,                absent,                unrelated,                             no,     no,     too_new,     either, Decision::refuse_too_new,      "the storyboard was written by a later version of this program"},
    Row{'X', absent,                absent,                unrelated,                             no,     no,     absent,      no,     Decision::fresh,               "absence is proven in every tier"},
    Row{'Y', absent,                absent,                unrelated,                             no,     no,     absent,      yes,    Decision::refuse_evidence,     "no state and no storyboard, yet objects of this film exist"},
    Row{'Z', absent | damaged,      corrupt,               unrelated,                             no,     yes,    any,         either, Decision::from_legacy,         "state.json is a document of the older system and nothing of known lineage is left; it is kept and the film begins from it"},
};
// clang-format on

constexpr bool fits(const Row& row, const Evidence& e) {
  return (row.checkpoint & one(e.checkpoint)) != 0 && (row.snapshot & one(e.snapshot)) != 0 &&
         (row.relation & one(e.relation)) != 0 && (row.older & one(e.older_snapshot)) != 0 &&
         (row.storyboard & one(e.storyboard)) != 0 && (row.assets & one(e.assets)) != 0 &&
         (row.legacy & one(e.legacy)) != 0;
}

/// A relation exists exactly when the checkpoint can be held against a snapshot (state.json, or beside a damaged one the
/// newest valid). An older snapshot is looked for only beside a damaged state.json, and what is readable for the older
/// system is corrupt as a document of ours.
constexpr bool can_happen(const Evidence& e) {
  const bool both = e.checkpoint == Outcome::found && (e.snapshot == Outcome::found || e.older_snapshot);
  if (both && e.relation == Relation::none) return false;
  if (!both && e.relation != Relation::none) return false;
  if (e.legacy && e.snapshot != Outcome::corrupt) return false;
  return !e.older_snapshot || e.snapshot == Outcome::corrupt || e.snapshot == Outcome::foreign;
}

template <class Visit>
constexpr bool for_every_evidence(Visit visit) {
  for (unsigned c = 0; c < 6; ++c)
    for (unsigned s = 0; s < 6; ++s)
      for (unsigned r = 0; r < 5; ++r)
        for (unsigned b = 0; b < 6; ++b)
          for (unsigned flags = 0; flags < 8; ++flags) {
            const Evidence e{static_cast<Outcome>(c),        static_cast<Outcome>(s), static_cast<Relation>(r),
                             (flags & 1) != 0, static_cast<Outcome>(b), (flags & 2) != 0, (flags & 4) != 0};
            if (can_happen(e) && !visit(e)) return false;
          }
  return true;
}

consteval bool every_evidence_fits_exactly_one_row() {
  return for_every_evidence([](const Evidence& e) {
    int rows = 0;
    for (const Row& row : table) rows += fits(row, e) ? 1 : 0;
    return rows == 1;
  });
}

consteval bool every_row_is_needed() {
  for (const Row& row : table) {
    bool used = false;
    for_every_evidence([&](const Evidence& e) {
      used = used || fits(row, e);
      return !used;
    });
    if (!used) return false;
  }
  return true;
}

static_assert(every_evidence_fits_exactly_one_row(), "the recovery table has a gap or an overlap");
static_assert(every_row_is_needed(), "the recovery table has a row nothing can reach");

/// The page docs/protocols/recovery.md, from the rows.
[[nodiscard]] std::string to_markdown();

}  // namespace workprint::recovery
