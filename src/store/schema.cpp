#include "store/schema.h"

#include <fmt/format.h>

#include <array>

#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

// A step is never edited once released: a new one is added. Step n makes format n out of format n-1.
constexpr std::array steps{
    R"sql(
CREATE TABLE meta (
  name TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL
);
CREATE TABLE films (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  film_id TEXT NOT NULL UNIQUE CHECK (length(film_id) BETWEEN 1 AND 128),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  owner TEXT NOT NULL,
  term_ms INTEGER NOT NULL CHECK (term_ms >= 0),
  alive_ms INTEGER NOT NULL CHECK (alive_ms >= 0),
  head_epoch INTEGER NOT NULL CHECK (head_epoch BETWEEN 0 AND epoch),
  head_seq INTEGER NOT NULL CHECK (head_seq >= 0),
  head_hash TEXT NOT NULL CHECK (length(head_hash) = CASE head_seq WHEN 0 THEN 0 ELSE 64 END),
  base_seq INTEGER NOT NULL CHECK (base_seq BETWEEN 0 AND head_seq),
  base_bytes INTEGER NOT NULL CHECK (base_bytes >= 0),
  delta_bytes_since_base INTEGER NOT NULL CHECK (delta_bytes_since_base >= 0),
  updated_at_ms INTEGER NOT NULL CHECK (updated_at_ms >= 0),
  checksum INTEGER NOT NULL
);
CREATE TABLE commits (
  film INTEGER NOT NULL REFERENCES films (id),
  seq INTEGER NOT NULL CHECK (seq >= 1),
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  kind TEXT NOT NULL CHECK (length(kind) > 0),
  node TEXT NOT NULL,
  item TEXT NOT NULL,
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  writer TEXT NOT NULL,
  previous_hash TEXT NOT NULL CHECK (length(previous_hash) IN (0, 64)),
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  delta BLOB,
  seal TEXT CHECK ((delta IS NULL) = (seal IS NOT NULL))
);
CREATE UNIQUE INDEX commits_by_seq ON commits (film, seq);
CREATE TABLE bases (
  film INTEGER NOT NULL REFERENCES films (id),
  seq INTEGER NOT NULL CHECK (seq >= 1),
  anchor INTEGER NOT NULL CHECK (anchor IN (0, 1)),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX bases_by_seq ON bases (film, seq);
CREATE TABLE set_aside (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  film_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
);
CREATE TABLE set_aside_films (aside INTEGER NOT NULL, film, film_id, epoch, owner, head_epoch, head_seq, head_hash);
CREATE TABLE set_aside_commits (aside INTEGER NOT NULL, film, seq, epoch, kind, node, item, at_ms, writer, previous_hash, hash, delta, seal);
CREATE TABLE set_aside_bases (aside INTEGER NOT NULL, film, seq, anchor, sha256, body);
)sql",
    R"sql(
CREATE TABLE commands (
  accepted INTEGER PRIMARY KEY AUTOINCREMENT,
  film_id TEXT NOT NULL CHECK (length(film_id) BETWEEN 1 AND 128),
  command_id TEXT NOT NULL CHECK (length(command_id) BETWEEN 1 AND 64),
  body TEXT NOT NULL,
  prepared TEXT NOT NULL,
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  state TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq >= 0),
  error TEXT NOT NULL
);
CREATE UNIQUE INDEX commands_by_id ON commands (film_id, command_id);
CREATE INDEX commands_accepted ON commands (film_id, accepted) WHERE state = 'accepted';
CREATE TABLE queue (
  turn INTEGER PRIMARY KEY AUTOINCREMENT,
  film_id TEXT NOT NULL UNIQUE CHECK (length(film_id) BETWEEN 1 AND 128),
  priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 200),
  worker TEXT NOT NULL,
  term_ms INTEGER NOT NULL CHECK (term_ms >= 0),
  alive_ms INTEGER NOT NULL CHECK (alive_ms >= 0),
  doubted_ms INTEGER NOT NULL DEFAULT 0 CHECK (doubted_ms >= 0),
  not_before_ms INTEGER NOT NULL CHECK (not_before_ms >= 0)
);
)sql",
};
static_assert(steps.size() == database_format);

Result<std::uint64_t> user_version(Connection& connection) {
  Statement statement = TRY(connection.prepare("PRAGMA user_version"));
  TRY(statement.step());
  return statement.number(0);
}

Result<void> run_steps(Connection& connection, std::uint64_t from) {
  for (std::uint64_t step = from; step < steps.size(); ++step) TRY(connection.run(steps[step]));
  TRY(connection.run(fmt::format("PRAGMA user_version = {}", database_format)));
  return connection.run(fmt::format("INSERT INTO meta (name, value) VALUES ('format', '{0}') "
                                    "ON CONFLICT (name) DO UPDATE SET value = '{0}'", database_format));
}

std::string check_digits(std::string_view random) { return fmt::format("{:08x}", crc32c(random)); }

}  // namespace

Result<void> create_schema(Connection& connection, const std::string& incarnation) {
  Transaction transaction = TRY(Transaction::begin(connection, Transaction::Kind::write));
  TRY(connection.run(fmt::format("PRAGMA application_id = {}", database_application)));
  TRY(run_steps(connection, 0));
  Statement statement = TRY(connection.prepare("INSERT INTO meta (name, value) VALUES ('incarnation', ?)"));
  TRY(statement.bind(1, incarnation).run());
  return transaction.commit();
}

Result<void> upgrade_schema(Connection& connection) {
  if (TRY(user_version(connection)) == database_format) return {};
  Transaction transaction = TRY(Transaction::begin(connection, Transaction::Kind::write));
  const std::uint64_t format = TRY(user_version(connection));  // another process may have been first
  if (format < database_format) TRY(run_steps(connection, format));
  return transaction.commit();
}

Result<std::string> schema_text(Connection& connection) {
  Statement rows = TRY(connection.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name"));
  std::string text;
  while (TRY(rows.step())) text += rows.text(0) + " " + rows.text(1) + ": " + rows.text(2) + "\n";
  return text;
}

Result<std::string> expected_schema_text() {
  Connection memory = TRY(Connection::open(":memory:", Connection::Create::yes, Duration(0)));
  TRY(create_schema(memory, "db_"));
  return schema_text(memory);
}

std::string new_incarnation() {
  const auto random = system_random();
  const std::string digits = fmt::format("{:016x}{:08x}", random->next(), random->next() & 0xffffffff);
  return "db_" + digits + check_digits(digits);
}

bool is_incarnation(const std::string& text) {
  return text.size() == 35 && text.starts_with("db_") && check_digits(std::string_view(text).substr(3, 24)) == text.substr(27);
}

}  // namespace workprint::store
