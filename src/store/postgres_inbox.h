/// The inbox in PostgreSQL with its limits open to tests; everybody else calls open_inbox.
#pragma once

#include "store/postgres_sessions.h"
#include "workprint/inbox.h"

namespace workprint::store::postgres {

/// REQUIRES: `location` parses (parse_location).
std::unique_ptr<Inbox> open_postgres_inbox(const std::string& location, std::shared_ptr<Clock> clock, const PostgresLimits& limits);

}  // namespace workprint::store::postgres
