/// The commands of the program. Each only calls the workflow service and prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/exit_status.h"

namespace workprint::cli {

struct Request {
  std::string root;              ///< empty: the user's data folder
  std::string store, objects;    ///< locations of the tiers; empty: under the root
  bool json = false;
  std::string film, id, target, prompt, audio, picture = "1280x720@24", start_over, interrupt, action;
  std::optional<std::uint64_t> seed, seq;
  std::uint64_t scene = 0;
  int jobs = 1, max_scenes = 0, max_takes = 3;
  bool no_run = false, repair = false;
};

Exit run(const Request& request);
Exit resume(const Request& request);
Exit stop(const Request& request);
Exit status(const Request& request);
Exit state(const Request& request);
Exit explain(const Request& request);
Exit receipt(const Request& request);
Exit tiers(const Request& request);
Exit history(const Request& request);
Exit fork(const Request& request);
Exit list(const Request& request);
Exit takes(const Request& request);
Exit retake(const Request& request);
Exit resolve(const Request& request);
Exit graph(const Request& request);
Exit recovery_table(const Request& request);
Exit doctor(const Request& request);
Exit version(const Request& request);

}  // namespace workprint::cli
