/// The SQLite checkpoint store with its limits open to tests; everybody else calls open_sqlite_store(path, clock).
#pragma once

#include "store/database_file.h"

namespace workprint::store {

std::unique_ptr<CheckpointStore> open_sqlite_store(const std::string& path, std::shared_ptr<Clock> clock, const SqliteLimits& limits);

}  // namespace workprint::store
