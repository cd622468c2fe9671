#include "store/sqlite.h"

#include <climits>

#include "workprint/try.h"

namespace workprint::store {
namespace {

constexpr int busy_timeout_ms = 5000;

}  // namespace

Error sqlite_error(sqlite3* connection, int code, std::string_view doing) {
  const int primary = code & 0xff;
  const char* why = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  std::string message = "database: " + std::string(why) + ". doing=" + std::string(doing);
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_FORMAT)
    return {ErrorKind::corrupt, std::move(message)};
  if (primary == SQLITE_FULL) message = "database: disk is full. doing=" + std::string(doing);
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) message = "database: locked by another program. doing=" + std::string(doing);
  return {ErrorKind::unavailable, std::move(message)};
}

Result<Statement> Statement::prepare(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement;
  statement.handle_.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(connection, code, "prepare"));
  return statement;
}

// A bind that fails (out of memory) shows as a failed step: the parameter is then NULL, and every column is NOT NULL.
Statement& Statement::bind(int place, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int place, std::string_view bytes) {
  sqlite3_bind_blob64(handle_.get(), place, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind(int place, std::uint64_t number) {
  check(number <= static_cast<std::uint64_t>(LLONG_MAX), "a stored number fits in 63 bits");
  sqlite3_bind_int64(handle_.get(), place, static_cast<sqlite3_int64>(number));
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    return false;
  }
  Error error = sqlite_error(sqlite3_db_handle(handle_.get()), code, "step");
  sqlite3_reset(handle_.get());
  return std::unexpected(std::move(error));
}

Result<void> Statement::run() {
  while (TRY(step())) {
  }
  return {};
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(handle_.get(), column));
}

Result<Connection> Connection::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  Connection connection;
  connection.handle_.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(raw, code, "open " + path));
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  return connection;
}

Result<void> Connection::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(handle_.get(), code, std::string_view(sql).substr(0, 30)));
  return {};
}

Result<Transaction> Transaction::begin(Connection& connection) {
  TRY(connection.run("BEGIN IMMEDIATE"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  [[maybe_unused]] const auto undone = connection_->run("ROLLBACK");  // fails only when SQLite rolled back by itself
}

Result<void> Transaction::commit() {
  auto done = connection_->run("COMMIT");
  if (done) connection_ = nullptr;
  return done;
}

}  // namespace workprint::store
