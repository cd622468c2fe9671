/// What every inbox asks before it takes a command, and how one becomes a row.
#pragma once

#include <string>

#include "store/rule.h"
#include "workprint/inbox.h"

namespace workprint::store {

inline constexpr int priority_max = 100;

/// Errors: invalid, naming the field and the allowed values.
Result<void> is_acceptable(const Command& command);
/// What tells one command from another of the same id: canonical JSON of type and payload.
[[nodiscard]] std::string body_of(const Command& command);
/// Errors: conflict (the stored body is another command's).
Result<void> is_same(const Command& offered, const std::string& stored_body);
[[nodiscard]] std::unexpected<Error> too_many_commands(const FilmId& film);
[[nodiscard]] std::unexpected<Error> no_such_command(const FilmId& film, const std::string& command);

/// A command's row as its record. Errors: corrupt (not as written).
struct CommandRow {
  std::string id, body, prepared, state, error;
  std::uint64_t at_ms = 0, seq = 0;
};
Result<CommandRecord> record_of(const FilmId& film, const CommandRow& row);

/// What `ours` may do with a claim: take it (nobody's, of a process of this machine that is gone, or doubted for a quarter
/// of its term), doubt it from now on (no sign of life for its term), or leave it. A time ahead of the clock is of a clock
/// that began anew.
enum class ClaimIs : std::uint8_t { held, to_be_doubted, free };
[[nodiscard]] ClaimIs judge_claim(const Holder& holder, std::uint64_t doubted_ms, const std::string& ours, std::uint64_t now_ms);

}  // namespace workprint::store
