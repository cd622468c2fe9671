/// The engine's side of a node: effects, questions, scratch folder.
#pragma once

#include <filesystem>
#include <string>

#include "worker/call_gate.h"
#include "worker/session.h"
#include "workprint/context.h"

namespace workprint::worker {

struct EffectPolicy {
  /// A call whose answer never came and that nobody can tell about is written off, and the next number may be paid,
  /// up to this price; above it a person is asked. Micro-dollars a call.
  std::int64_t in_doubt_pay_up_to_usd_micros = 100'000;
  /// How long the handle's publication is waited for before the film goes on with it queued.
  Duration barrier = std::chrono::seconds(10);
  /// What all calls of a film may cost; a call that would go beyond is not begun and a person is asked. Unset: no limit.
  std::optional<std::int64_t> budget_usd_micros;
  CallGate* gate = nullptr;  ///< unset: no limit
  std::stop_token park{};    ///< ends the barrier's wait
};

/// The time of one attempt, which does not pass while the attempt waits for its turn at a provider. This one has no end.
class AttemptTime {
 public:
  virtual ~AttemptTime() = default;
  virtual void stand_still() {}
  virtual void go_on() {}
};

class TaskContext final : public Context {
 public:
  TaskContext(Session& session, run::Task task, std::shared_ptr<const Json> channels, std::filesystem::path scratch_root,
              EffectPolicy policy, AttemptTime& time, std::stop_token stop);
  ~TaskContext() override;

  const FilmId& film() const override { return session_.film(); }
  const std::string& node() const override { return task_.node; }
  const std::string& item() const override { return task_.item; }
  std::stop_token stop() const override { return stop_; }
  ObjectStore& objects() override { return *session_.tools().objects; }
  Clock& clock() override { return *session_.tools().clock; }
  Result<std::filesystem::path> scratch() override;
  Result<EffectResult> effect(const EffectRequest& request, const EffectFunction& call) override;
  bool is_open(std::string_view base) const override;
  int first_number(std::string_view base) const override;
  Result<Answer> ask(const Question& question) override;
  int round() const override;
  void progress(const Progress& progress) override;
  void note(std::string_view line) override;

  /// A question of this run of the task has no answer: the task is parked.
  [[nodiscard]] bool is_waiting() const { return waiting_; }
  /// A commit failed or a newer writer exists: the whole film must stop.
  [[nodiscard]] const std::optional<Error>& broken() const { return broken_; }
  /// The engine's own question about a task that failed; same rules as ask.
  Result<Answer> ask_about_failure(const Error& error);

 private:
  class Call;
  std::optional<CallGate::Place> enter_gate(const EffectRequest& request);
  Result<EffectResult> perform(const EffectRequest& request, const run::EffectRecord& record, const EffectFunction& call);
  Result<EffectResult> recover(const EffectRequest& request, const run::EffectRecord& record, const EffectFunction& call);
  Result<std::optional<EffectResult>> adopt(const EffectRequest& request, const run::EffectRecord& record);
  Result<EffectResult> record(const EffectRequest& request, EffectResult result, std::string_view what);
  Result<void> begin(const EffectRequest& request, const run::EffectRecord& record);
  Result<std::optional<ObjectInfo>> adoptable(const EffectRequest& request);
  Result<void> committed(Result<void> done);
  Result<Answer> ask_apart(Question question, std::size_t first_ordinal);
  Result<void> open_question(const std::string& id, const Question& question);

  Session& session_;
  run::Task task_;
  std::shared_ptr<const Json> channels_;
  std::filesystem::path scratch_root_, scratch_;
  EffectPolicy policy_;
  AttemptTime& time_;
  int calls_under_way_ = 0;  ///< of this attempt: an effect may be asked for inside another one's call
  std::stop_token stop_;
  std::size_t questions_ = 0;
  bool waiting_ = false;
  std::optional<Error> broken_;
  Instant last_progress_{};
};

}  // namespace workprint::worker
