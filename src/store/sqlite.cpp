#include "store/sqlite.h"

#include "base/file.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

std::string reason(sqlite3* connection, int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "locked by another program for longer than the limit";
    case SQLITE_FULL: return "the disk is full";
    case SQLITE_READONLY: return "the file or its folder is read-only";
    case SQLITE_CONSTRAINT: return "rows break the rules of their table";
    default: break;
  }
  const char* words = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  const int system = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  const int primary = code & 0xff;
  const bool is_outside = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  return words + (is_outside && system != 0 ? " (" + describe_errno(system) + ")" : std::string());
}

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return ErrorKind::corrupt;
    default: return code == SQLITE_IOERR_CORRUPTFS ? ErrorKind::corrupt : ErrorKind::unavailable;
  }
}

}  // namespace

Error sqlite_error(sqlite3* connection, int code, std::string_view doing) {
  return {kind_of(code), "database: " + reason(connection, code) + ". doing=" + std::string(doing)};
}

Result<Statement> Statement::prepare(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement;
  statement.handle_.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(connection, code, "prepare"));
  return statement;
}

Statement& Statement::bind(int place, std::string_view text) {
  const int code = sqlite3_bind_text64(handle_.get(), place, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  check(code == SQLITE_OK, "a text is bound to a place of its statement");
  return *this;
}

Statement& Statement::bind_blob(int place, std::string_view bytes) {
  const int code = sqlite3_bind_blob64(handle_.get(), place, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
  check(code == SQLITE_OK, "a blob is bound to a place of its statement");
  return *this;
}

Statement& Statement::bind_null(int place) {
  check(sqlite3_bind_null(handle_.get(), place) == SQLITE_OK, "null is bound to a place of its statement");
  return *this;
}

Statement& Statement::bind(int place, std::uint64_t number) {
  check(number <= number_max, "a stored number is at most 2^53");
  const int code = sqlite3_bind_int64(handle_.get(), place, static_cast<sqlite3_int64>(number));
  check(code == SQLITE_OK, "a number is bound to a place of its statement");
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    return false;
  }
  sqlite3* connection = sqlite3_db_handle(handle_.get());
  Error error = sqlite_error(connection, sqlite3_extended_errcode(connection), "step");
  sqlite3_reset(handle_.get());
  return std::unexpected(std::move(error));
}

Result<void> Statement::run() {
  while (TRY(step())) {
  }
  return {};
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Result<std::uint64_t> Statement::number(int column) const {
  const sqlite3_int64 value = sqlite3_column_int64(handle_.get(), column);
  if (sqlite3_column_type(handle_.get(), column) != SQLITE_INTEGER || value < 0 || static_cast<std::uint64_t>(value) > number_max)
    return fail(ErrorKind::corrupt, "a stored number is out of its range");
  return static_cast<std::uint64_t>(value);
}

Result<Connection> Connection::open(const std::string& path, Create create, Duration busy_limit) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (create == Create::yes ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Connection connection;
  connection.handle_.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(raw, code, "open"));
  sqlite3_busy_timeout(raw, static_cast<int>(busy_limit.count()));
  return connection;
}

Result<void> Connection::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(handle_.get(), code, sql.substr(0, sql.find_first_of(" ("))));
  return {};
}

Result<std::string> Connection::text(const std::string& sql) {
  Statement statement = TRY(prepare(sql));
  if (!TRY(statement.step())) return std::string();
  return statement.text(0);
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  TRY(connection.run(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
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
