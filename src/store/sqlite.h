/// SQLite with its results as Errors: a connection, statements, one transaction at a time.
///
/// Thread-safety: none; the store serialises. A busy database is waited for up to the connection's limit.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "workprint/clock.h"
#include "workprint/result.h"

namespace workprint::store {

/// Every failure of SQLite, translated where it happens. unavailable: busy, locked, full, read-only, I/O, cannot open.
/// corrupt: malformed pages, not a database, and SQL or constraints that fail: ours are right, so the file is not.
[[nodiscard]] Error sqlite_error(sqlite3* connection, int code, std::string_view doing);

/// Numbers in the database are at most 2^53, as in JSON.
inline constexpr std::uint64_t number_max = std::uint64_t{1} << 53;

class Statement {
 public:
  Statement() = default;
  static Result<Statement> prepare(sqlite3* connection, std::string_view sql);

  /// Text and blobs are not copied: they must live until the statement has run.
  Statement& bind(int place, std::string_view text);
  Statement& bind_blob(int place, std::string_view bytes);
  Statement& bind_null(int place);
  /// REQUIRES: number <= number_max.
  Statement& bind(int place, std::uint64_t number);

  /// True: a row is there. False: done, and ready to be bound again.
  Result<bool> step();
  /// For statements without rows: steps to the end.
  Result<void> run();
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::string text(int column) const;
  /// Errors: corrupt (not an integer from 0 to number_max).
  [[nodiscard]] Result<std::uint64_t> number(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Connection {
 public:
  enum class Create : std::uint8_t { no, yes };
  static Result<Connection> open(const std::string& path, Create create, Duration busy_limit);
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  Result<void> run(const std::string& sql);
  /// First column of the first row as text; empty when there is no row.
  Result<std::string> text(const std::string& sql);
  Result<Statement> prepare(std::string_view sql) { return Statement::prepare(handle_.get(), sql); }
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Rolled back when it goes before commit(), or when commit() failed.
class Transaction {
 public:
  /// read: one consistent view. write: the only writer from now on (BEGIN IMMEDIATE).
  enum class Kind : std::uint8_t { read, write };
  static Result<Transaction> begin(Connection& connection, Kind kind);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  /// Errors: unavailable: whether it was committed is unknown.
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace workprint::store
