/// What the shell sees. Documented in docs/guide/exit-statuses.md; do not renumber.
#pragma once

#include "workprint/result.h"
#include "workprint/service.h"

namespace workprint::cli {

enum class Exit : int {
  done = 0,         ///< did what was asked
  usage = 2,        ///< the request is wrong; nothing was touched
  waiting = 3,      ///< the film waits for a person's answer
  not_found = 4,    ///< proven not to exist
  conflict = 5,     ///< other inputs, a live writer, a taken id
  unavailable = 6,  ///< a store, disk or provider is away; safe to repeat
  damaged = 7,      ///< stored bytes break their rules and nothing valid is left; a person decides
  fenced = 8,       ///< another worker took the film over
  stopped = 130,    ///< interrupted or stopped; resumable
};

[[nodiscard]] constexpr Exit exit_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return Exit::usage;
    case ErrorKind::not_found: return Exit::not_found;
    case ErrorKind::conflict: return Exit::conflict;
    case ErrorKind::fenced: return Exit::fenced;
    case ErrorKind::unavailable: return Exit::unavailable;
    case ErrorKind::cancelled: return Exit::stopped;
    case ErrorKind::corrupt: return Exit::damaged;
  }
  return Exit::unavailable;
}

[[nodiscard]] constexpr Exit exit_of(FilmStatus status) {
  switch (status) {
    case FilmStatus::complete: return Exit::done;
    case FilmStatus::waiting: return Exit::waiting;
    default: return Exit::stopped;
  }
}

}  // namespace workprint::cli
