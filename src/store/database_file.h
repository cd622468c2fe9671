/// workprint.db as a file: made whole or not at all, looked at before it is believed, moved away when it is damaged.
///
/// Thread-safety: functions may run on any thread and in several processes at once.
#pragma once

#include <string>

#include "store/sqlite.h"
#include "workprint/checkpoint_store.h"

namespace workprint::store {

struct SqliteLimits {
  Duration busy = std::chrono::seconds(5);  ///< how long a locked database is waited for
  int checkpoint_pages = 256;  ///< log pages (4 KiB) before a commit folds the log into the file: a few milliseconds
};

enum class IfMissing : std::uint8_t { leave, create };

/// Which file a path led to: another one of the same name is another database.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};
/// Errors: not_found; unavailable.
Result<FileIdentity> identify(const std::string& path);

/// A connection to a database that has passed every check: it is ours, of a format we read, its definitions are as they
/// must be, and no page is malformed.
/// Returns found; absent (no file, and `leave`); unreachable; corrupt; foreign (another program's); too_new.
[[nodiscard]] Loaded<Connection> open_database(const std::string& path, const SqliteLimits& limits, IfMissing missing);

/// Renames the database with its log out of the way, durably; a log that lost its database, too.
/// REQUIRES: this process has no connection to it. Returns the new path. Errors: unavailable.
Result<std::string> move_aside(const std::string& path, WallTime now);

}  // namespace workprint::store
