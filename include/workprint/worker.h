/// A worker: takes films off the queue, attends to each until it rests, and gives it back.
///
/// Workers have no state of their own: as many as wanted may share one store, on any number of machines. A worker that
/// dies loses its films to the others when its claims and leases end, at once when they are on its machine.
#pragma once

#include <memory>

#include "workprint/service.h"

namespace workprint {

struct WorkerOptions {
  int films = 2;                                            ///< attended to at the same time, 1..256
  Duration claim_term = std::chrono::seconds(30);           ///< a worker that gives no sign for so long loses its films
  Duration poll = std::chrono::seconds(1);                  ///< how often the queue is looked at, whatever woke nobody
  Duration sweep = std::chrono::minutes(10);                ///< how often all films are looked over (WorkflowService::unattended)
  Duration drain_limit = std::chrono::seconds(20);          ///< how long tasks may run on after `drain`; then they are parked
  std::stop_token park{};                                   ///< ends that time at once
  Duration slice = std::chrono::minutes(5);                 ///< after this a film makes place at a step boundary, when others wait
  std::string writer = this_process_writer();
};

struct WorkerStatus {
  std::vector<std::string> films;   ///< attended to now
  std::uint64_t attended = 0;       ///< turns that ended
  std::uint64_t taken_over = 0;     ///< of these, films that another worker had not given back
  std::uint64_t failed = 0;         ///< turns that ended with an error
  bool is_draining = false;         ///< what is attended to ends at its next step boundary
  std::optional<std::string> outage;  ///< why the queue cannot be read, while that is so
};

class Worker {
 public:
  Worker(WorkflowService& service, Inbox& inbox, WorkerOptions options, std::shared_ptr<Clock> clock, EventSink events);
  ~Worker();

  /// Works until `drain`. Then running steps are finished within drain_limit, what is left is parked, state.json is
  /// published and films are given back. A queue that does not answer is asked again for ever; its films go on.
  void run(std::stop_token drain);

  /// Tells the worker that a command came in, from any thread: sooner than the queue would.
  void wake();
  [[nodiscard]] WorkerStatus status() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace workprint
