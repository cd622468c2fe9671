#include "store/inbox_rule.h"

#include <algorithm>

#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::array words{std::string_view("accepted"), std::string_view("applied"), std::string_view("rejected"), std::string_view("nothing_to_do")};

}  // namespace

std::string_view to_string(CommandState state) { return words[static_cast<std::size_t>(state)]; }

std::optional<CommandState> command_state(std::string_view word) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<CommandState>(found - words.begin());
}

}  // namespace workprint

namespace workprint::store {
namespace {

bool is_word(std::string_view text, std::string_view more) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [&](char c) {
    return (c >= 'A' && c <= 'Z') || more.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<void> is_acceptable(const Command& command) {
  constexpr std::string_view id_more = "abcdefghijklmnopqrstuvwxyz0123456789_-";
  if (!is_word(command.id, id_more)) return fail(ErrorKind::invalid, "commandId must be 1 to 64 of [A-Za-z0-9_-]");
  if (!is_word(command.type, "_")) return fail(ErrorKind::invalid, "type must be 1 to 64 of [A-Z_]");
  if (!command.payload.is_object()) return fail(ErrorKind::invalid, "payload must be an object");
  if (command.priority < -priority_max || command.priority > priority_max) return fail(ErrorKind::invalid, "priority must be from -100 to 100");
  return {};
}

std::string body_of(const Command& command) { return canonical_json({{"type", command.type}, {"payload", command.payload}}); }

Result<void> is_same(const Command& offered, const std::string& stored_body) {
  if (body_of(offered) == stored_body) return {};
  return fail(ErrorKind::conflict, "commandId was used for another command of this film. film=" + offered.film.value() + " commandId=" + offered.id);
}

std::unexpected<Error> too_many_commands(const FilmId& film) {
  return fail(ErrorKind::conflict, "film has " + std::to_string(unapplied_commands_max) + " unapplied commands; wait until some are applied. film=" + film.value());
}

std::unexpected<Error> no_such_command(const FilmId& film, const std::string& command) {
  return fail(ErrorKind::not_found, "no such command. film=" + film.value() + " commandId=" + command);
}

Result<CommandRecord> record_of(const FilmId& film, const CommandRow& row) {
  const auto state = command_state(row.state);
  const auto body = parse_json(row.body), prepared = parse_json(row.prepared);
  const bool is_whole = state && body && prepared && body->is_object() && body->contains("type") && (*body)["type"].is_string() && body->contains("payload");
  if (!is_whole) return fail(ErrorKind::corrupt, "a command's row is damaged. film=" + film.value() + " commandId=" + row.id);
  CommandRecord record{{row.id, film, (*body)["type"], (*body)["payload"], *prepared, 0}, *state, {}, Seq{row.seq}, row.error};
  record.accepted_at = WallTime{std::chrono::milliseconds(static_cast<std::int64_t>(row.at_ms))};
  return record;
}

ClaimIs judge_claim(const Holder& holder, std::uint64_t doubted_ms, const std::string& ours, std::uint64_t now_ms) {
  const Owner owner = owner_of(holder.writer, ours);
  if (owner == Owner::nobody) return ClaimIs::free;
  if (owner == Owner::gone && is_of_this_machine(holder.writer, ours)) return ClaimIs::free;
  if (now_ms < holder.alive_ms + holder.term_ms && holder.alive_ms <= now_ms + holder.term_ms) return ClaimIs::held;
  if (doubted_ms == 0 || doubted_ms > now_ms) return ClaimIs::to_be_doubted;
  return now_ms >= doubted_ms + holder.term_ms / 4 ? ClaimIs::free : ClaimIs::held;
}

}  // namespace workprint::store
