/// The tables of workprint.db, version by version, and what marks the file as ours (docs/formats/checkpoint-sqlite.md).
#pragma once

#include <string>

#include "store/sqlite.h"

namespace workprint::store {

/// The newest database format this program reads and the one it writes. In PRAGMA user_version and in `meta`.
inline constexpr std::uint64_t database_format = 2;
/// PRAGMA application_id: "WPrt".
inline constexpr std::uint64_t database_application = 0x57507274;

/// Creates all tables in an empty database.
Result<void> create_schema(Connection& connection, const std::string& incarnation);
/// Brings an older format up to date, in one transaction. REQUIRES: 1 <= format <= database_format.
Result<void> upgrade_schema(Connection& connection);

/// All definitions in the database, in one order; and what they must be.
Result<std::string> schema_text(Connection& connection);
Result<std::string> expected_schema_text();

/// `db_`, 24 random hex digits, and 8 that are their CRC32C: a damaged id is not another store's id.
[[nodiscard]] std::string new_incarnation();
[[nodiscard]] bool is_incarnation(const std::string& text);

}  // namespace workprint::store
