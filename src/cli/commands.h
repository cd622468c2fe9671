/// The commands of the program. Each only calls the workflow service and prints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "cli/exit_status.h"

namespace workprint::cli {

/// A setting as it was given on the command line, and the flag's own words.
struct GivenFlag {
  std::string text, flag;
};

struct Request {
  std::string root;              ///< empty: the user's data folder
  std::string config;            ///< file of settings; empty: workprint.toml under the root, if it is there
  std::map<std::string, GivenFlag> settings;  ///< given as flags, by name (settings.h)
  bool json = false;
  std::string film, id, target, prompt, audio, start_over, interrupt, action;
  std::optional<std::uint64_t> seed, seq;
  std::uint64_t scene = 0, keep = 1000;
  int max_scenes = 0;
  bool no_run = false, repair = false, no_worker = false;
};

/// Says on stderr what went wrong and, where only time is needed, how `film` goes on.
Exit report_error(const Error& error, const std::string& film = {});

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
Exit prune(const Request& request);
Exit config(const Request& request);
Exit worker(const Request& request);
Exit serve(const Request& request);

}  // namespace workprint::cli
