/// SQLite with its results as Errors: a connection, statements, one transaction at a time.
///
/// Thread-safety: none; the store serialises. A busy database is waited for (busy timeout), then unavailable.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "workprint/result.h"

namespace workprint::store {

/// unavailable: busy, locked, I/O, full, read-only, cannot open; corrupt: malformed, not a database.
[[nodiscard]] Error sqlite_error(sqlite3* connection, int code, std::string_view doing);

class Statement {
 public:
  Statement() = default;
  static Result<Statement> prepare(sqlite3* connection, std::string_view sql);

  Statement& bind(int place, std::string_view text);
  Statement& bind_blob(int place, std::string_view bytes);
  Statement& bind(int place, std::uint64_t number);

  /// True: a row is there. False: done. The bound views must live until the call returns false or reset.
  Result<bool> step();
  /// For statements without rows: steps to the end and resets.
  Result<void> run();
  void reset();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::uint64_t number(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Connection {
 public:
  static Result<Connection> open(const std::string& path);
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  Result<void> run(const char* sql);
  [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// BEGIN IMMEDIATE ... COMMIT; rolled back when it is destroyed before commit().
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

/// Creates or upgrades the tables. Errors: invalid (the file was written by a later version: says which it needs).
Result<void> migrate(Connection& connection, const std::string& incarnation);

}  // namespace workprint::store
