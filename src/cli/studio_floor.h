/// Everything a command needs, wired once: stores under the root, the studio, the film's workflow, the service.
#pragma once

#include <filesystem>
#include <memory>
#include <thread>
#include <string>

#include "cli/commands.h"
#include "cli/display.h"
#include "cli/settings.h"
#include "film/film.h"
#include "workprint/inbox.h"
#include "workprint/service.h"

namespace workprint::cli {

/// `--root`, else $XDG_DATA_HOME/workprint, else ~/.local/share/workprint.
[[nodiscard]] std::filesystem::path root_of(const Request& request);

struct StudioFloor {
  std::filesystem::path root;
  Settings settings;
  std::shared_ptr<Clock> clock = system_clock();
  std::unique_ptr<CheckpointStore> store;
  std::unique_ptr<ObjectStore> objects;
  std::unique_ptr<film::studio::Studio> studio;
  std::unique_ptr<Display> display;
  std::unique_ptr<WorkflowService> service;

  /// `park`: calls of the object store end at once, and nothing is waited for any longer. `deadline`: of one such call.
  /// Errors: invalid: every setting that may not be so.
  static Result<std::unique_ptr<StudioFloor>> open(const Request& request, std::stop_token park = {},
                                                   std::optional<Duration> deadline = {});
  [[nodiscard]] Result<std::unique_ptr<Inbox>> open_inbox() const;
  [[nodiscard]] const ValidGraph& graph() const { return graph_; }
  /// Another listener to what happens, instead of the display. Not while a film runs.
  void listen(EventSink sink);
  /// Where an object can be found by a person: a path, or a location on the network.
  [[nodiscard]] std::string object_path(const std::string& object) const;
  /// The same for tier 1, without secrets.
  [[nodiscard]] std::string store_path() const;

 private:
  void tell(const Event& event);

  ValidGraph graph_;
  std::mutex sink_mutex_;
  EventSink sink_;
};

/// Requests a stop at SIGINT or SIGTERM: current work is finished. At the second one everything is parked at once; what
/// hangs all the same ends with the process three seconds later, or at the third (a resume goes on all the same).
/// Made before any other thread, so that all of them leave these signals to it.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  /// Of the second signal.
  [[nodiscard]] std::stop_token park() const { return park_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_source park_;
  std::jthread thread_;
};

}  // namespace workprint::cli
