#include "store/postgres_location.h"
#include "workprint/checkpoint_store.h"
#include "workprint/try.h"

namespace workprint {

Result<std::unique_ptr<CheckpointStore>> open_checkpoint_store(const std::string& location, std::shared_ptr<Clock> clock,
                                                               const std::string& folder) {
  if (location.empty()) return open_sqlite_store(folder + "/workprint.db", std::move(clock));
  if (location == "memory:") return open_memory_store(std::move(clock));
  if (location.starts_with("sqlite:") && location.size() > 7) {
    const std::string path = location.substr(7);
    return open_sqlite_store(path.starts_with('/') ? path : folder + "/" + path, std::move(clock));
  }
  if (location.starts_with("postgres:") || location.starts_with("postgresql:")) {
    TRY(store::postgres::parse_location(location));
    return open_postgres_store(location, std::move(clock));
  }
  // The text stays out of the message: it may be an address with a password behind a mistyped first word.
  return fail(ErrorKind::invalid, "a store is sqlite:<path>, postgres://user:secret@host:port/database, postgres: (with PG* variables) or memory:");
}

}  // namespace workprint
