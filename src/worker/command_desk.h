/// Applies a film's commands to its session: each in one commit, once, in order of acceptance.
///
/// Commands lie in the inbox, or, when that did not answer, as `<film>/commands/<id>.json` in the object store. The state
/// itself (channel `commands`) says which were applied, so a crash between the commit and the settling costs nothing.
///
/// Thread-safety: any thread; one apply() at a time.
#pragma once

#include <mutex>

#include "worker/session.h"
#include "workprint/inbox.h"
#include "workprint/workflow.h"

namespace workprint::worker {

class CommandDesk {
 public:
  enum class Which : std::uint8_t { urgent, all };  ///< urgent: stop and answers; they do not wait for a step's end
  struct Outcome {
    bool stops = false;       ///< the film's tasks are to be cancelled
    bool sets_going = false;  ///< something may be due now
    bool yields = false;      ///< the next command needs the film to be taken up anew: give it back
  };

  CommandDesk(Inbox& inbox, const Workflow& workflow, Session& session) : inbox_(inbox), workflow_(workflow), session_(session) {}

  /// Errors: as Session::commit. An inbox that does not answer is no error: its commands wait.
  Result<Outcome> apply(Which which);

 private:
  Result<void> apply_one(const Command& command, Outcome& outcome);

  Inbox& inbox_;
  const Workflow& workflow_;
  Session& session_;
  std::mutex mutex_;
};

/// Commands of `film` in the object store, by time of acceptance. What is damaged there is left alone.
/// Errors: unavailable.
Result<std::vector<Command>> boxed_commands(ObjectStore& objects, const FilmId& film);
/// Errors: as create_or_keep; conflict (the id is another command's).
Result<CommandRecord> box_command(ObjectStore& objects, const Command& command, WallTime now);
Result<void> unbox_command(ObjectStore& objects, const FilmId& film, const std::string& id);

}  // namespace workprint::worker
