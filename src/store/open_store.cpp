#include "store/memory_inbox.h"
#include "store/postgres_inbox.h"
#include "store/sqlite_inbox.h"
#include "workprint/checkpoint_store.h"
#include "workprint/try.h"

namespace workprint {
namespace {

// The text stays out of the message: it may be an address with a password behind a mistyped first word.
std::unexpected<Error> no_such_location() {
  return fail(ErrorKind::invalid, "a store is sqlite:<path>, postgres://user:secret@host:port/database, postgres: (with PG* variables) or memory:");
}

bool is_postgres(const std::string& location) { return location.starts_with("postgres:") || location.starts_with("postgresql:"); }

// Empty: the location is of no SQLite database.
std::string sqlite_path(const std::string& location, const std::string& folder) {
  if (location.empty()) return folder + "/workprint.db";
  if (!location.starts_with("sqlite:") || location.size() == 7) return {};
  return location[7] == '/' ? location.substr(7) : folder + "/" + location.substr(7);
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> open_checkpoint_store(const std::string& location, std::shared_ptr<Clock> clock,
                                                               const std::string& folder) {
  if (location == "memory:") return open_memory_store(std::move(clock));
  if (const std::string path = sqlite_path(location, folder); !path.empty()) return open_sqlite_store(path, std::move(clock));
  if (!is_postgres(location)) return no_such_location();
  TRY(store::postgres::parse_location(location));
  return open_postgres_store(location, std::move(clock));
}

Result<std::unique_ptr<Inbox>> open_inbox(const std::string& location, std::shared_ptr<Clock> clock, const std::string& folder) {
  if (location == "memory:") return std::make_unique<store::MemoryInbox>(std::move(clock));
  if (const std::string path = sqlite_path(location, folder); !path.empty()) return store::open_sqlite_inbox(path, std::move(clock));
  if (!is_postgres(location)) return no_such_location();
  TRY(store::postgres::parse_location(location));
  return store::postgres::open_postgres_inbox(location, std::move(clock), {});
}

}  // namespace workprint
