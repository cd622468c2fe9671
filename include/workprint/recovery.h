/// How a film's state is chosen: three tiers are asked, a table decides, a report says why.
///
/// Pure values. The order of precedence is the plan's: checkpoint, state.json, storyboard.json, fresh; made safe by
/// "newest valid (epoch, seq) wins" and "a fresh start needs proven absence in every tier".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "workprint/checkpoint_store.h"
#include "workprint/json.h"

namespace workprint {

/// How the checkpoint and the snapshot stand to each other. `none` unless both were found.
enum class Relation : std::uint8_t { none, equal, checkpoint_newer, snapshot_newer, fork };
[[nodiscard]] std::string_view to_string(Relation relation);

/// What the tiers answered; all that the choice depends on.
struct Evidence {
  Outcome checkpoint = Outcome::unreachable;
  Outcome snapshot = Outcome::unreachable;    ///< state.json, or a newer snapshot beside it
  Relation relation = Relation::none;
  bool older_snapshot = false;  ///< state.json is corrupt, but an older published snapshot is valid
  Outcome storyboard = Outcome::unreachable;
  bool assets = false;          ///< the film's folder holds objects that none of the tiers explains
  bool legacy = false;          ///< state.json is no document of ours, but a readable one of the older system
};

enum class Decision : std::uint8_t {
  from_checkpoint,      ///< go on from the checkpoint; tier 2 is repaired if it differs
  from_snapshot,        ///< go on from state.json; tier 1 is written back from it
  from_older_snapshot,  ///< go on from the newest older valid snapshot; the corrupt one is set aside
  degraded,             ///< go on from state.json and commit there while tier 1 is down
  from_storyboard,      ///< begin from the plan; existing takes are adopted
  from_legacy,          ///< begin from a document of the older system, which is kept; existing takes are adopted
  fresh,                ///< begin from the inputs
  refuse_unreachable,   ///< something that matters did not answer: try again, never start over
  refuse_corrupt,       ///< only damaged evidence is left: a person decides
  refuse_fork,          ///< equal numbers, different bytes, or lines that do not meet
  refuse_too_new,       ///< written by a later version of this program
  refuse_evidence,      ///< nothing readable, yet the film has objects: a person decides
};
[[nodiscard]] std::string_view to_string(Decision decision);
[[nodiscard]] bool refuses(Decision decision);

/// The row that fits, with its reason. Total: every Evidence the tiers can give fits exactly one row (static_assert in
/// recovery_table.h). docs/protocols/recovery.md is printed from the same rows.
struct Resolution {
  Decision decision = Decision::refuse_unreachable;
  char row = '?';               ///< the row's letter in docs/protocols/recovery.md
  std::string_view because;     ///< static storage
};
[[nodiscard]] Resolution resolve(const Evidence& evidence);

/// One tier as it was found.
struct TierReport {
  std::string tier;      ///< "checkpoint", "snapshot", "storyboard"
  std::string where;     ///< store and object, without secrets
  Outcome outcome = Outcome::unreachable;
  std::string detail;
  std::optional<Head> head;
  std::optional<double> age_seconds;  ///< since it was written, by wall clock: for people only
  bool taken = false;
  std::string verdict;   ///< why it was taken or refused
};

struct RecoveryReport {
  std::string film;
  Decision decision = Decision::refuse_unreachable;
  char row = '?';
  std::string because;
  std::array<TierReport, 3> tiers;
  std::optional<Head> resumes_from;
  std::string at;                       ///< RFC 3339
  std::vector<std::string> repairs;     ///< what was set aside or written back
  std::vector<std::string> next;        ///< the nodes that are due
};
[[nodiscard]] Json to_json(const RecoveryReport& report);
/// For people: one line a tier, then the decision.
[[nodiscard]] std::string to_text(const RecoveryReport& report);

}  // namespace workprint
