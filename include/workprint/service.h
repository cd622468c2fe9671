/// The workflow service: start, resume, stop and look at films. Command line, worker and HTTP are shells around it.
///
/// Thread-safety: every method may be called from any thread. A film is written by one caller at a time; a second one
/// gets `conflict`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "workprint/checkpoint_store.h"
#include "workprint/event.h"
#include "workprint/inbox.h"
#include "workprint/object_store.h"
#include "workprint/recovery.h"
#include "workprint/workflow.h"

namespace workprint {

/// Who publishes state.json and gives signs of life while a film runs.
enum class Background : std::uint8_t {
  thread,     ///< a thread a film
  by_caller,  ///< nobody but the calls of the film's own run: for simulators and hosts of one thread
};

struct ServiceOptions {
  int jobs = 1;                                 ///< tasks of one film at the same time, 1..64
  std::filesystem::path scratch;                ///< private folders of running tasks
  std::int64_t in_doubt_pay_up_to_usd_micros = 100'000;
  /// What all calls of one film may cost, in micro-dollars; 0: no call that costs anything. Unset: no limit. A call that would
  /// go beyond is not begun: the film asks (interrupt `budget_exceeded`), and `retry` looks at the budget again. It goes by
  /// the estimates of calls not yet answered: a call without one is refused only once the budget is overspent.
  std::optional<std::int64_t> budget_usd_micros;
  /// At the same time, over all films of this service; 0: no limit. The time of a node's attempt stands still while it waits for a place.
  int calls_a_provider = 0;
  Duration flush_limit = std::chrono::seconds(30);  ///< how long an orderly end waits for state.json
  std::stop_token park{};                           ///< ends that wait at once: the person does not wait any longer
  /// A writer that gives no sign of life for so long loses its film to the next one that asks.
  Duration lease_term = std::chrono::seconds(30);
  /// How long a commit is tried while neither tier answers, before the film is parked (unavailable).
  Duration outage_limit = std::chrono::seconds(60);
  Background background = Background::thread;
  std::string writer = this_process_writer();
};

/// Where an answer comes from.
struct Provenance {
  std::string tier;                   ///< "checkpoint", "snapshot", "storyboard"
  Head head;
  double age_seconds = 0;             ///< since it was written, by wall clock
  bool degraded = false;              ///< tier 1 did not answer
  std::optional<Seq> published_seq;   ///< newest in tier 2
};
[[nodiscard]] Json to_json(const Provenance& provenance);

struct FullState {
  Json state;  ///< the document: channels and `$workprint`
  Provenance provenance;
};

enum class FilmStatus { complete, waiting, stopped, halted, aborted };
[[nodiscard]] std::string_view to_string(FilmStatus status);

struct RunReport {
  RecoveryReport recovery;
  FilmStatus status = FilmStatus::stopped;
  Head head;
  bool degraded = false;                 ///< tier 1 is away: the head is in state.json only
  std::optional<std::string> not_saved;  ///< set when state.json could not be brought up to the head in time
};

struct FilmRow {
  std::string film;
  std::optional<Head> checkpoint, snapshot;
  std::string detail;  ///< what a tier said when it did not answer
};

struct PricedEffect {
  std::string key;
  std::int64_t usd_micros = 0;
};

/// "If everything but this tier vanished now."
struct Survivor {
  std::string tier;            ///< "checkpoint", "snapshot", "storyboard"
  std::optional<Head> head;    ///< nothing: from the plan
  std::string resumes_at;      ///< due tasks
  std::uint64_t steps_lost = 0;
  double seconds_behind = 0;   ///< the newest state, by wall clock
  std::vector<PricedEffect> polled;      ///< open remote operations: waited for, not paid again
  std::vector<PricedEffect> paid_again;  ///< made since; at most: what is in the object store is adopted
  std::vector<PricedEffect> in_doubt;    ///< calls whose answer never came
};
struct Receipt {
  std::string film;
  Head newest;
  std::vector<Survivor> survivors;
};
[[nodiscard]] Json to_json(const Receipt& receipt);
[[nodiscard]] std::string to_text(const Receipt& receipt);

enum class Repair : std::uint8_t { no, yes };
struct TierComparison {
  RecoveryReport report;              ///< each tier: seq, epoch, hash, age, verdict
  bool converged = false;             ///< both tiers hold the same state
  std::vector<std::string> repaired;
  std::vector<std::string> orphans;   ///< takes in the object store that no state names; the next resume adopts them
};
[[nodiscard]] Json to_json(const TierComparison& comparison);

/// How somebody outside speaks to a film that is being attended to. Any thread.
class Summons {
 public:
  /// Commands may have come in: stop and answers are applied at once, others at the next step boundary.
  void look();
  /// The film is to be given back at the next step boundary; what runs is finished.
  void yield() { yields_ = true; }

  [[nodiscard]] bool has_yielded() const { return yields_; }
  /// Until look() was called since the last time, or `stop`. False: stopped.
  bool wait(std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any called_;
  bool is_called_ = true;  // what waited before anybody called
  std::atomic<bool> yields_ = false;
};

class WorkflowService {
 public:
  WorkflowService(CheckpointStore& store, ObjectStore& objects, Workflow workflow, ServiceOptions options,
                  std::shared_ptr<Clock> clock, std::shared_ptr<Random> random, EventSink events);
  ~WorkflowService();

  /// Runs `film` until it ends, waits for a person, or `stop`. The state is the newest of checkpoint, state.json,
  /// storyboard.json; only when all are proven absent it begins fresh from `inputs`.
  /// `start_over`: the film id typed again: the state begins anew, numbers go on, nothing is deleted.
  /// Errors: conflict (the film exists with other inputs: names the first that differs; or a live writer holds it) ·
  ///   not_found (nothing anywhere and no inputs) · unavailable, corrupt (recovery refused: the report is in the message
  ///   and in last_report) · invalid · fenced.
  Result<RunReport> start(const FilmId& film, const Json& inputs, const std::string& start_over, std::stop_token stop);
  /// The same for a film that must exist. A film halted by `stop` goes on; open questions about failures of the
  /// surroundings (disk full, service down) are answered "retry".
  Result<RunReport> resume(const FilmId& film, std::stop_token stop);
  /// Takes up a state document from a file: newer than what the tiers hold, it wins and is written to both. A document
  /// of the older system wins only where the tiers hold no state, and a copy of it is kept. `film_id` may be empty for a
  /// document that says its film, and for `films/<film>/state.json`.
  Result<RunReport> resume_file(const std::filesystem::path& state_json, const std::string& film_id, std::stop_token stop);

  /// A worker's turn at a film: takes it up, applies its commands in order of acceptance, begins it if one of them is
  /// START_PIPELINE and it is nowhere, and runs it until nothing but questions to people is due, it is halted, it yields,
  /// or `stop`. Each command is applied in one commit and then settled in the inbox. A film that recovery refuses, or
  /// that does not exist, has its commands rejected with the reason.
  /// Errors: as resume; not_found (no such film, and no command begins it).
  Result<RunReport> attend(const FilmId& film, Inbox& inbox, Summons& summons, std::stop_token stop);
  /// Makes a command durable: in the inbox, or in the object store while that does not answer. From then on it is applied
  /// once, by whichever worker has the film next.
  /// Errors: as Inbox::submit; unavailable: neither took it.
  Result<CommandRecord> submit(Inbox& inbox, const Command& command);
  /// How a command stands: from the inbox, the film's state, or the object store. Errors: not_found; unavailable.
  Result<CommandRecord> command(Inbox& inbox, const FilmId& film, const std::string& id);
  /// Films that have work due, or a command that lies in the object store, and that no queue may know of: after the
  /// database was lost, or a program that ran a film by itself was killed. Reads every film that moved since the last
  /// call; commands in the object store are taken into the inbox.
  Result<std::vector<FilmId>> unattended(Inbox& inbox);

  /// Records that nobody takes the film up by itself. The film must not be running (conflict names the writer).
  Result<Head> stop(const FilmId& film);
  /// Answers an open question; `interrupt` may be empty when exactly one is open. The film goes on at the next resume.
  Result<Head> resolve_interrupt(const FilmId& film, const std::string& interrupt, const Answer& answer);
  /// One durable change made by a person's command: patches to channels, and the nodes that are due because of it.
  /// Errors: invalid; conflict.
  Result<Head> apply_command(const FilmId& film, const std::string& type, const std::vector<Write>& writes,
                             const std::string& next_node);

  /// The newest state, tier by tier in the plan's order. Writes nothing.
  /// Errors: not_found (proven absent everywhere); unavailable; corrupt.
  Result<FullState> full_state(const FilmId& film);
  Result<FullState> state_at(const FilmId& film, Seq seq);
  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit);
  /// All films with evidence in tier 1 or tier 2.
  Result<std::vector<FilmRow>> list();
  /// What would be lost and paid again if all tiers but one vanished now. Writes nothing.
  /// Errors: not_found; conflict (no state yet); unavailable, corrupt (recovery refuses).
  Result<Receipt> receipt(const FilmId& film);
  /// Compares the tiers; with Repair::yes brings both to the newest valid state, never back, and sets damage aside.
  /// Errors: not_found; conflict (a live writer has the film); unavailable.
  Result<TierComparison> tiers(const FilmId& film, Repair repair);
  /// Forgets old commits of a film: the newest `keep` stay, and nothing goes that state.json, read back and verified, does
  /// not stand after. Returns the oldest seq that can still be read.
  /// Errors: not_found; conflict (state.json holds nothing that could stand in for what would go); unavailable; corrupt.
  Result<Seq> prune(const FilmId& film, std::uint64_t keep);
  /// What recovery would do now, and why. Writes nothing.
  RecoveryReport explain(const FilmId& film);
  /// A new film whose state is `source`'s at `seq` (its newest when absent); assets are shared, not copied.
  Result<Head> fork(const FilmId& source, std::optional<Seq> seq, const FilmId& target);

  /// The report of the last start/resume of this object, also when it was refused.
  [[nodiscard]] std::optional<RecoveryReport> last_report() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace workprint
