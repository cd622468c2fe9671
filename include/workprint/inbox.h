/// The inbox: commands of people and programs, durable before they are acknowledged, and the films that wait for a worker.
///
/// It lies in the checkpoint store's database, in tables of its own. It decides nothing about a film's state: who may
/// write a film is the lease's business, and that a command is applied once is the state's (channel `commands`). So a
/// lost inbox costs commands that were not applied yet, and never a film.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "workprint/clock.h"
#include "workprint/id.h"
#include "workprint/json.h"
#include "workprint/result.h"

namespace workprint {

/// What somebody wants done with a film.
struct Command {
  std::string id;      ///< `[A-Za-z0-9_-]{1,64}`, unique in the film
  FilmId film;
  std::string type;    ///< "STOP_PIPELINE": a word of the engine or of the workflow, `[A-Z_]{1,64}`
  Json payload;        ///< an object, as it was sent: with film, id and type this is what "the same command" means
  Json prepared;       ///< what was worked out of it at acceptance (a song's length); null when nothing was
  int priority = 0;    ///< of the film from now on: -100..100, greater first
};

enum class CommandState : std::uint8_t { accepted, applied, rejected, nothing_to_do };
[[nodiscard]] std::string_view to_string(CommandState state);
[[nodiscard]] std::optional<CommandState> command_state(std::string_view word);

struct CommandRecord {
  Command command;
  CommandState state = CommandState::accepted;
  WallTime accepted_at{};
  Seq seq{};           ///< the commit that applied it; 0 while it is accepted
  std::string error;   ///< why it was rejected
};

/// One film given to one worker, for a term after each keep().
struct Claim {
  FilmId film;
  int priority = 0;
  bool was_taken_over = false;  ///< its last worker did not give it back
};

/// Where a film that is given back stands in the queue: where it stood, or behind all that wait now.
enum class Turn : std::uint8_t { kept, last };

struct QueueCounts {
  std::uint64_t waiting = 0;   ///< films on the queue that no worker holds
  std::uint64_t claimed = 0;
  std::uint64_t commands = 0;  ///< accepted, not applied yet
};

inline constexpr std::size_t unapplied_commands_max = 1'000;  ///< of one film

/// Thread-safety: every method may be called from any thread at the same time.
/// Blocking: every method does I/O, bounded as the checkpoint store's is; then unavailable.
/// Durability: what returned as ok survives the loss of this process and power.
class Inbox {
 public:
  virtual ~Inbox() = default;

  /// Takes the command and puts its film on the queue, in one transaction. The same command again: its record, as it
  /// stands now. Errors: conflict (the id is taken by another command; or the film has unapplied_commands_max waiting:
  /// code E0429); invalid (a field out of its range); unavailable (may have been taken: submit again, it is the same).
  virtual Result<CommandRecord> submit(const Command& command) = 0;
  /// Errors: not_found; unavailable.
  virtual Result<CommandRecord> find(const FilmId& film, const std::string& command) = 0;
  /// Accepted commands of a film, first accepted first.
  virtual Result<std::vector<Command>> pending(const FilmId& film, std::size_t limit) = 0;
  /// Records how a command ended, after the state says so. Again: no effect. Errors: not_found; unavailable.
  virtual Result<void> settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) = 0;

  /// Puts a film on the queue, if it is not there.
  virtual Result<void> enqueue(const FilmId& film, int priority) = 0;
  /// Up to `count` films that nobody holds, greatest priority first, then whoever has waited longest. Nobody holds what
  /// its worker has not kept for its term, nor for a quarter of it since a claim() first found it so: after an outage of
  /// the store everybody's term has run out, and the living have that long to say so. Nor what is held by a process of this
  /// machine that is gone.
  virtual Result<std::vector<Claim>> claim(const std::string& worker, std::size_t count, Duration term) = 0;
  /// A sign of life for the claims of `worker` on `films`; one that it could not give back is not kept by accident. Returns
  /// those that have accepted commands.
  virtual Result<std::vector<FilmId>> keep(const std::string& worker, const std::vector<FilmId>& films) = 0;
  /// The film needs nobody: it leaves the queue, unless a command came in meanwhile; then it waits again.
  virtual Result<void> rest(const std::string& worker, const FilmId& film) = 0;
  /// Gives a film back that needs work still, not before `after` from now.
  virtual Result<void> give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) = 0;
  virtual Result<QueueCounts> counts() = 0;
  /// Id of the store it lies in (CheckpointStore::incarnation). Another one: all that was in it is gone.
  virtual Result<std::string> incarnation() = 0;

  /// Forgets commands that ended before `before`. Returns how many.
  virtual Result<std::uint64_t> forget(WallTime before) = 0;

  /// Waits until something may have come in, at most `limit`: a hint, not a promise.
  virtual void wait(Duration limit, std::stop_token stop) = 0;
};

/// The inbox beside the checkpoint store of the same location (open_checkpoint_store).
/// Errors: invalid.
Result<std::unique_ptr<Inbox>> open_inbox(const std::string& location, std::shared_ptr<Clock> clock, const std::string& folder);

}  // namespace workprint
