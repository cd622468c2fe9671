/// The PostgreSQL checkpoint store with its limits open to tests; everybody else calls open_postgres_store(location, clock).
#pragma once

#include "store/postgres_sessions.h"

namespace workprint::store::postgres {

std::unique_ptr<CheckpointStore> open_postgres_store(const std::string& location, std::shared_ptr<Clock> clock, const PostgresLimits& limits);

}  // namespace workprint::store::postgres
