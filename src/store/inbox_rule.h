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

/// Whether `ours` may take what `holder` claims: nobody, ourselves, a process of this machine that is gone, or one that
/// gave no sign for its term. A sign of life ahead of the clock is of a clock that began anew.
[[nodiscard]] bool is_claim_free(const Holder& holder, const std::string& ours, std::uint64_t now_ms);

}  // namespace workprint::store
