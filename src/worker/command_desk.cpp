#include "worker/command_desk.h"

#include <algorithm>

#include "base/fault.h"
#include "run/order.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::worker {
namespace {

constexpr std::size_t at_once_max = 200;

bool is_urgent(const Command& command) { return command.type == run::order::stop || command.type == run::order::resolve; }

// Takes a new session to apply (WorkflowService::attend).
bool begins_anew(const Command& command) {
  return command.type == run::order::start && command.prepared.is_object() && command.payload.value("startOver", Json()) == command.film.value();
}

std::string box_of(const FilmId& film) { return film_prefix(film) + "commands/"; }

Result<std::pair<Command, WallTime>> read_boxed(const FilmId& film, const std::string& bytes) {
  const Json json = TRY(parse_json(bytes));
  const bool is_whole = json.is_object() && json.value("film", Json()) == film.value() && json.contains("id") && json["id"].is_string() &&
                        json.contains("type") && json["type"].is_string() && json.contains("payload") && json["payload"].is_object() &&
                        json.contains("acceptedAtMs") && json["acceptedAtMs"].is_number_unsigned();
  if (!is_whole) return fail(ErrorKind::corrupt, "a command in the object store is damaged. film=" + film.value());
  Command command{json["id"], film, json["type"], json["payload"], json.value("prepared", Json()), 0};
  return std::pair(std::move(command), WallTime{std::chrono::milliseconds(json["acceptedAtMs"].get<std::int64_t>())});
}

}  // namespace

Result<std::vector<Command>> boxed_commands(ObjectStore& objects, const FilmId& film) {
  std::vector<std::pair<WallTime, Command>> found;
  for (const ObjectInfo& info : TRY(objects.list(box_of(film)))) {
    const auto bytes = objects.get(info.name);
    if (!bytes && bytes.error().kind == ErrorKind::unavailable) return std::unexpected(bytes.error());
    if (!bytes) continue;
    auto command = read_boxed(film, bytes->bytes);
    if (command) found.emplace_back(command->second, std::move(command->first));
  }
  std::ranges::stable_sort(found, {}, [](const auto& one) { return one.first; });
  std::vector<Command> commands;
  for (auto& [at, command] : found) commands.push_back(std::move(command));
  return commands;
}

Result<CommandRecord> box_command(ObjectStore& objects, const Command& command, WallTime now) {
  const Json json = {{"film", command.film.value()}, {"id", command.id},          {"type", command.type},
                     {"payload", command.payload},   {"prepared", command.prepared}, {"acceptedAtMs", now.time_since_epoch().count()}};
  const std::string name = box_of(command.film) + command.id + ".json";
  const auto put = objects.put(name, canonical_json(json), IfAbsent{});
  if (put) return CommandRecord{command, CommandState::accepted, now, Seq{}, {}};
  if (put.error().kind != ErrorKind::conflict) return std::unexpected(put.error());
  const ObjectBytes stored = TRY(objects.get(name));
  const auto [known, at] = TRY(read_boxed(command.film, stored.bytes));
  if (known.type != command.type || known.payload != command.payload)
    return fail(ErrorKind::conflict, "commandId was used for another command of this film. film=" + command.film.value() + " commandId=" + command.id);
  return CommandRecord{known, CommandState::accepted, at, Seq{}, {}};
}

Result<void> unbox_command(ObjectStore& objects, const FilmId& film, const std::string& id) {
  const std::string name = box_of(film) + id + ".json";
  const auto there = objects.head(name);
  if (!there && there.error().kind == ErrorKind::not_found) return {};
  if (!there) return std::unexpected(there.error());
  return objects.remove(name, there->version);
}

Result<CommandDesk::Outcome> CommandDesk::apply(Which which) {
  const std::lock_guard lock(mutex_);
  Outcome outcome;
  const auto waiting = inbox_.pending(session_.film(), at_once_max);
  std::vector<Command> commands = waiting ? *waiting : std::vector<Command>();
  // While the inbox is away, commands are put where state.json is.
  if (!waiting || session_.is_degraded())
    if (auto boxed = boxed_commands(*session_.tools().objects, session_.film()))
      commands.insert(commands.end(), std::make_move_iterator(boxed->begin()), std::make_move_iterator(boxed->end()));
  bool is_behind_others = false;
  for (const Command& command : commands) {
    if (which == Which::urgent && (!is_urgent(command) || is_behind_others)) {
      // One that was accepted before must not undo it: both are applied in order once the tasks have been cancelled.
      is_behind_others = true;
      outcome.stops = outcome.stops || command.type == run::order::stop;
      continue;
    }
    if (begins_anew(command) && !session_.read([&](const Json& document) { return run::applied_before(document, command); })) {
      outcome.yields = true;
      return outcome;
    }
    TRY(apply_one(command, outcome));
  }
  return outcome;
}

Result<void> CommandDesk::apply_one(const Command& command, Outcome& outcome) {
  std::optional<CommandRecord> record = session_.read([&](const Json& document) { return run::applied_before(document, command); });
  if (!record) {
    const CommitKind kind = command.type == run::order::resolve ? CommitKind::answer : CommitKind::command;
    record = CommandRecord{command, CommandState::applied, {}, {}, {}};
    const Session::Plan plan = [&](const ValidGraph&, Json& document, Seq seq) -> Result<run::Delta> {
      run::Ordered ordered = TRY(run::plan_order(workflow_, document, command, seq));
      outcome.stops = (outcome.stops || ordered.stops) && !ordered.sets_going;
      outcome.sets_going = outcome.sets_going || ordered.sets_going;
      record->state = ordered.state;
      record->seq = seq;
      record->error = ordered.error;
      return std::move(ordered.delta);
    };
    TRY(session_.commit_planned(kind, {}, plan));
    fault_point("command.applied");
  }
  // One that cannot be settled now is found applied the next time.
  [[maybe_unused]] const auto settled = inbox_.settle(session_.film(), command.id, record->state, record->seq, record->error);
  if (session_.is_degraded() || (!settled && settled.error().kind == ErrorKind::not_found))
    [[maybe_unused]] const auto removed = unbox_command(*session_.tools().objects, session_.film(), command.id);
  return {};
}

}  // namespace workprint::worker
