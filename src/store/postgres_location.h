/// Where a PostgreSQL store is: `postgres://…` or `postgres:`, read once, shown without secrets.
///
/// Thread-safety: plain values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "workprint/result.h"

namespace workprint::store::postgres {

struct Location {
  enum class Prepare : std::uint8_t { off, on };  ///< off: PgBouncer in transaction mode, which knows no sessions

  std::vector<std::pair<std::string, std::string>> options;  ///< libpq's keywords; what is missing comes from PG* variables
  std::string schema = "workprint";
  Prepare prepare = Prepare::on;
  std::string shown;                 ///< for people: postgres://host:port/database
  std::vector<std::string> secrets;  ///< never to be shown
};

/// `postgres://user:secret@host:port/db?…` (also `postgresql://`), `postgres:` or `postgres:?…`; libpq's parameters, and
/// two of ours: `prepare=on|off` and `schema=<name>`.
/// Errors: invalid, naming the rule and never the text: a password with an unescaped character can be in any part of it.
Result<Location> parse_location(const std::string& text);

/// `text` on one line and without the location's secrets.
[[nodiscard]] std::string without_secrets(const Location& location, std::string text);

}  // namespace workprint::store::postgres
