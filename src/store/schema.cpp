// The tables, version by version. A step is never edited once released: a new one is added (docs/formats/checkpoint-sqlite.md).
#include <array>

#include "store/sqlite.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

constexpr std::array steps{
    // 1
    R"sql(
CREATE TABLE meta (name TEXT NOT NULL UNIQUE, value TEXT NOT NULL);
CREATE TABLE films (
  film TEXT NOT NULL UNIQUE CHECK (length(film) BETWEEN 1 AND 128),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  owner TEXT NOT NULL,
  head_epoch INTEGER NOT NULL CHECK (head_epoch <= epoch),
  head_seq INTEGER NOT NULL CHECK (head_seq >= 0),
  head_hash TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL);
CREATE TABLE commits (
  film TEXT NOT NULL, seq INTEGER NOT NULL CHECK (seq >= 1), epoch INTEGER NOT NULL CHECK (epoch >= 1),
  kind TEXT NOT NULL, node TEXT NOT NULL, item TEXT NOT NULL, at_ms INTEGER NOT NULL, writer TEXT NOT NULL,
  previous_hash TEXT NOT NULL, hash TEXT NOT NULL CHECK (length(hash) = 64), delta BLOB NOT NULL);
CREATE UNIQUE INDEX commits_by_seq ON commits (film, seq);
CREATE TABLE bases (
  film TEXT NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, hash TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX bases_by_seq ON bases (film, seq);
CREATE TABLE set_aside (film TEXT NOT NULL, at_ms INTEGER NOT NULL, reason TEXT NOT NULL, what TEXT NOT NULL,
  seq INTEGER NOT NULL, body BLOB NOT NULL);
)sql",
};

Result<std::uint64_t> version_of(Connection& connection) {
  Statement statement = TRY(Statement::prepare(connection.get(), "PRAGMA user_version"));
  TRY(statement.step());
  return statement.number(0);
}

}  // namespace

Result<void> migrate(Connection& connection, const std::string& incarnation) {
  const std::uint64_t before = TRY(version_of(connection));
  if (before > steps.size())
    return fail(ErrorKind::invalid, "database needs a program that reads its format " + std::to_string(before) +
                                        "; this one reads up to " + std::to_string(steps.size()));
  if (before == steps.size()) return {};
  Transaction transaction = TRY(Transaction::begin(connection));
  const std::uint64_t version = TRY(version_of(connection));  // another process may have been first
  for (std::uint64_t step = version; step < steps.size(); ++step) TRY(connection.run(steps[step]));
  if (version == 0) {
    Statement name = TRY(Statement::prepare(connection.get(), "INSERT INTO meta (name, value) VALUES ('incarnation', ?)"));
    TRY(name.bind(1, incarnation).run());
  }
  TRY(connection.run(("PRAGMA user_version = " + std::to_string(steps.size())).c_str()));
  return transaction.commit();
}

}  // namespace workprint::store
