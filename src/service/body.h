/// What the service is made of: the parts of WorkflowService that its files share. Private to src/service.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "recovery/gather.h"
#include "worker/runner.h"
#include "workprint/service.h"

namespace workprint {

/// `{<id>: {type, seq, outcome}}` for the channel of commands.
[[nodiscard]] Json command_record(const std::string& id, const std::string& type, Seq seq);

struct CommandName {
  std::string id, type;
};

struct WorkflowService::Body {
  CheckpointStore& store;
  ObjectStore& objects;
  Workflow workflow;
  ServiceOptions options;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  EventSink events;
  std::optional<RecoveryReport> last_report;  // under `mutex`
  mutable std::mutex mutex;
  std::mutex events_mutex;
  std::map<std::string, Head> rested;  // attend.cpp: films that had no work due at this head; under `mutex`

  mutable worker::CallGate gate{options.calls_a_provider};
  mutable worker::KeeperCount keepers{0};

  [[nodiscard]] worker::Tools tools(std::stop_token stop) const;
  [[nodiscard]] recovery::Gathered gather(const FilmId& film, const std::optional<Checkpoint>& external = std::nullopt,
                                          const std::optional<Json>& bare = std::nullopt);
  [[nodiscard]] std::string new_command_id();
  void tell(const RecoveryReport& report);
  std::unexpected<Error> refuse(const RecoveryReport& report);

  // takeover.cpp: how a film becomes this process's
  /// A film that is nowhere, or begins from its plan. Errors: as CheckpointStore::acquire.
  Result<std::unique_ptr<worker::Session>> begin(const FilmId& film, const Json& inputs, const CommandName& command,
                                                 std::stop_token stop);
  /// The state begins anew over what was there: numbers go on, attempts stay raised, nothing in the stores is deleted.
  Result<std::unique_ptr<worker::Session>> begin_again(const FilmId& film, recovery::Gathered& gathered, const Json& inputs,
                                                       const CommandName& command, std::stop_token stop);
  /// A film with a state. `gathered` is brought up to what was read under the lease or claim.
  /// Errors: conflict (a live writer holds it); unavailable; fenced; corrupt, and whatever recovery refuses.
  Result<std::unique_ptr<worker::Session>> take_over(const FilmId& film, recovery::Gathered& gathered,
                                                     const std::optional<Checkpoint>& external, std::stop_token stop);
  Result<void> set_aside_damage(const FilmId& film, recovery::Gathered& gathered);
  /// The rest of a takeover with tier 1, and without.
  Result<std::optional<worker::Taken>> take_lease(const FilmId& film, recovery::Gathered& gathered, const std::optional<Checkpoint>& external);
  Result<std::optional<worker::Taken>> take_claim(const FilmId& film, recovery::Gathered& gathered, const std::optional<Checkpoint>& external,
                                                  std::stop_token stop);
  void look_again(const FilmId& film, recovery::Gathered& gathered, const std::optional<Checkpoint>& external);
  Result<void> reconcile(worker::Session& session, const RecoveryReport& report);

  // service.cpp: what is done with it then
  Result<void> wake(worker::Session& session);
  [[nodiscard]] worker::RunOptions run_options() const;
  Result<RunReport> drive(worker::Session& session, const RecoveryReport& recovery, std::stop_token stop);
  /// The end of a run, whatever it was: state.json brought up to it, the film given back.
  Result<RunReport> finish(worker::Session& session, const RecoveryReport& recovery, const Result<worker::RunStatus>& ran);
  /// The same for a film that takes commands while it runs (attend.cpp).
  Result<RunReport> drive_attended(worker::Session& session, const RecoveryReport& recovery, Inbox& inbox, Summons& summons, std::stop_token stop);
  Result<RunReport> go_on(const FilmId& film, recovery::Gathered gathered, const std::optional<Checkpoint>& external, std::stop_token stop);
  /// A document of the older system from a file: it says nothing about its film, so a person or its place must.
  Result<RunReport> resume_bare(const std::filesystem::path& file, const Json& document, const std::string& bytes,
                                const std::string& film_id, std::stop_token stop);
  /// tiers.cpp. Errors: conflict (a live writer has the film); unavailable.
  Result<std::vector<std::string>> converge(const FilmId& film, recovery::Gathered& gathered);
  /// One commit on a film that is not running, then state.json.
  Result<Head> change(const FilmId& film, CommitKind kind, const worker::Session::Plan& plan);
};

}  // namespace workprint
