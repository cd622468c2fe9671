/// The tables of the store in their own PostgreSQL schema, version by version, and what marks the schema as ours
/// (docs/formats/checkpoint-postgres.md).
#pragma once

#include <string>

#include "store/postgres.h"
#include "workprint/checkpoint_store.h"

namespace workprint::store::postgres {

/// The newest format this program reads and the one it writes. In table `meta`.
inline constexpr std::uint64_t schema_format = 2;

/// Looks at the schema of a connection and believes nothing of it: whether the server is one that may be read for
/// recovery, the marks, the format, the definitions.
/// `limit`, when it is not zero, is how long the server lets a statement of this session run: one that waits for a lock
/// must not take effect long after its writer gave up.
/// Returns found (the incarnation); absent (the schema is not there, or empty); unreachable (also: a standby); corrupt;
/// foreign (another program's); too_new.
[[nodiscard]] Loaded<std::string> examine(Connection& connection, Duration limit, Deadline deadline);

/// The store's id as it stands there now: another program may have set the schema aside under this session.
/// Errors: corrupt (the table or its row is gone); unavailable.
Result<std::string> read_incarnation(Connection& connection, Deadline deadline);

/// Whether examine() found the store in an older format: upgrade_schema() comes before any other use.
[[nodiscard]] bool is_older(const Loaded<std::string>& seen);

/// Brings an older format up to date, in one transaction under an advisory lock; whoever comes second finds it done.
/// Errors: unavailable.
Result<void> upgrade_schema(Connection& connection, Deadline deadline);

/// Makes schema and tables where they are absent; whoever comes second finds them made. One transaction under an
/// advisory lock. Errors: unavailable.
Result<void> create_schema(Connection& connection, Deadline deadline);

/// Renames the schema out of the way, whole. Returns its new name. Errors: unavailable.
Result<std::string> rename_schema(Connection& connection, WallTime now, Deadline deadline);

/// Seal over the rows of `meta`, so that a changed row is seen.
[[nodiscard]] std::string meta_seal(const std::string& format, const std::string& incarnation);

}  // namespace workprint::store::postgres
