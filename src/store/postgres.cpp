#include "store/postgres.h"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "workprint/try.h"

namespace workprint::store::postgres {
namespace {

// Built-in types of PostgreSQL; their numbers are part of its protocol (catalog/pg_type.dat).
constexpr Oid type_bytea = 17, type_int8 = 20, type_text = 25, type_timestamptz = 1184;
constexpr Oid type_bytea_array = 1001, type_text_array = 1009, type_int8_array = 1016;

template <class T>
std::string big_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[sizeof(T) - 1 - i] = static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
  return bytes;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

// --- parameters ------------------------------------------------------------------------------------------------------

void Parameters::add(Oid type, const Word& bytes) {
  types_.push_back(type);
  values_.push_back(!bytes ? nullptr : bytes->empty() ? "" : bytes->data());
  lengths_.push_back(bytes ? static_cast<int>(bytes->size()) : 0);
  formats_.push_back(1);
}

Parameters& Parameters::text(std::string_view text) {
  add(type_text, text);
  return *this;
}

Parameters& Parameters::number(std::uint64_t number) {
  check(number <= number_max, "a stored number is at most 2^53");
  add(type_int8, keep(big_endian(number)));
  return *this;
}

Parameters& Parameters::time(ServerTime time) {
  add(type_timestamptz, keep(big_endian(time)));
  return *this;
}

Parameters& Parameters::text_or_null(const Word& text) {
  add(type_text, text);
  return *this;
}

Parameters& Parameters::bytes_or_null(const Word& bytes) {
  add(type_bytea, bytes);
  return *this;
}

// The binary form of a one-dimensional array: dimensions, has nulls, element type, length, first index, elements.
Parameters& Parameters::array(Oid array_type, Oid type, const Words& values) {
  std::size_t bytes = 20;
  for (const auto& value : values) bytes += 4 + (value ? value->size() : 0);
  std::string body;
  body.reserve(bytes);
  const bool has_nulls = std::ranges::any_of(values, [](const auto& value) { return !value; });
  for (const std::uint32_t word : {1u, has_nulls ? 1u : 0u, static_cast<unsigned>(type), static_cast<unsigned>(values.size()), 1u})
    body += big_endian(word);
  for (const auto& value : values) {
    body += big_endian(value ? static_cast<std::int32_t>(value->size()) : -1);
    if (value) body += *value;
  }
  add(array_type, keep(std::move(body)));
  return *this;
}

Parameters& Parameters::numbers(const Numbers& numbers) {
  std::string bytes;
  bytes.reserve(numbers.size() * 8);
  for (const std::uint64_t number : numbers) {
    check(number <= number_max, "a stored number is at most 2^53");
    bytes += big_endian(number);
  }
  Words words;
  for (std::size_t i = 0; i < numbers.size(); ++i) words.emplace_back(std::string_view(bytes).substr(i * 8, 8));
  return array(type_int8_array, type_int8, words);
}

Parameters& Parameters::texts(const Words& texts) { return array(type_text_array, type_text, texts); }
Parameters& Parameters::byte_strings(const Words& values) { return array(type_bytea_array, type_bytea, values); }

// --- rows ------------------------------------------------------------------------------------------------------------

std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Result<std::uint64_t> Rows::number(int row, int column) const {
  const std::string_view bytes = text(row, column);
  const std::uint64_t value = bytes.size() == 8 ? from_big_endian(bytes) : ~std::uint64_t{0};
  if (value > number_max) return fail(ErrorKind::corrupt, "a stored number is out of its range");
  return value;
}

ServerTime Rows::time(int row, int column) const { return std::bit_cast<ServerTime>(from_big_endian(text(row, column))); }

// --- failures --------------------------------------------------------------------------------------------------------

// "Cached plan must not change result type". Others say it of what they cannot do, so it is no damage by itself: the tables
// are looked at again.
constexpr std::string_view table_changed = "0A000";

Failure failure_of(std::string_view sqlstate) {
  static constexpr struct {
    std::string_view state;  // five letters, or the two of a class
    Failure failure;
  } known[] = {
      {"25006", {ErrorKind::unavailable, "the server takes no writes: a standby, or set to read-only"}},
      {"26000", {ErrorKind::unavailable, "a prepared statement is gone: behind PgBouncer the location needs prepare=off"}},
      {"42P05", {ErrorKind::unavailable, "a prepared statement is another session's: behind PgBouncer the location needs prepare=off"}},
      {table_changed, {ErrorKind::unavailable, "a table changed under a prepared statement"}},
      {"28000", {ErrorKind::unavailable, "the server refuses this user"}},
      {"28P01", {ErrorKind::unavailable, "the server refuses the password"}},
      {"3D000", {ErrorKind::unavailable, "the server has no such database"}},
      {"42501", {ErrorKind::unavailable, "the user has no right to do this"}},
      {"40001", {ErrorKind::unavailable, "the transaction collided with another one"}},
      {"40P01", {ErrorKind::unavailable, "the transaction was in a deadlock with another one"}},
      {"53100", {ErrorKind::unavailable, "the server's disk is full"}},
      {"53200", {ErrorKind::unavailable, "the server is out of memory"}},
      {"53300", {ErrorKind::unavailable, "the server has no connection left"}},
      {"55P03", {ErrorKind::unavailable, "a lock was not to be had in time"}},
      {"57014", {ErrorKind::unavailable, "the server cancelled the statement: it took too long, or somebody asked for it"}},
      {"57P01", {ErrorKind::unavailable, "the server is being shut down, or ended this session"}},
      {"57P02", {ErrorKind::unavailable, "the server crashed and recovers"}},
      {"57P03", {ErrorKind::unavailable, "the server is starting or stopping"}},
      {"XX001", {ErrorKind::corrupt, "the server found damaged data"}},
      {"XX002", {ErrorKind::corrupt, "the server found a damaged index"}},
      {"22", {ErrorKind::invalid, "a value cannot be stored"}},
      {"54", {ErrorKind::invalid, "the statement is beyond a limit of the server"}},
      // Our statements are right, so the database is not what it was made to be.
      {"23", {ErrorKind::corrupt, "rows break the rules of their table"}},
      {"3F", {ErrorKind::corrupt, "the schema is not there"}},
      {"42", {ErrorKind::corrupt, "the definitions of the tables are not as written"}},
  };
  for (const auto& one : known)
    if (sqlstate.substr(0, one.state.size()) == one.state && !sqlstate.empty()) return one.failure;
  return {ErrorKind::unavailable, ""};
}

bool is_about_definitions(std::string_view sqlstate) {
  return sqlstate.starts_with("3F") || sqlstate == table_changed || (sqlstate.starts_with("42") && failure_of(sqlstate).kind == ErrorKind::corrupt);
}

std::unexpected<Error> Connection::refused(const PGresult* result, std::string_view doing) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) return lost(doing);  // libpq made this result up: there was none
  state_ = state;
  const Failure failure = failure_of(state_);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string said = primary == nullptr ? "" : without_secrets(*location_, primary);
  const std::string reason = failure.reason.empty() ? said : std::string(failure.reason) + " (" + said + ")";
  return fail(failure.kind, "database: " + reason + ". doing=" + std::string(doing) + " sqlstate=" + state_);
}

std::unexpected<Error> Connection::lost(std::string_view doing) {
  is_broken_ = true;
  const std::string said = without_secrets(*location_, PQerrorMessage(handle_.get()));
  return fail(ErrorKind::unavailable, "database: the connection was lost (" + said + "). doing=" + std::string(doing));
}

// --- waiting ---------------------------------------------------------------------------------------------------------

// A server that is far away, or stands still, is not looked for: the first answer that is quick again says when to.
bool Connection::is_ready_soon(Deadline deadline) {
  const Deadline until = std::min(deadline, std::chrono::steady_clock::now() + busy_poll_limit);
  pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
  do {
    if (::poll(&socket, 1, 0) > 0) return true;
    ::sched_yield();
  } while (std::chrono::steady_clock::now() < until);
  return false;
}

Result<void> Connection::wait(short events, Deadline deadline, std::string_view doing) {
  const Deadline asked_at = std::chrono::steady_clock::now();
  if (polls_busily_ && answers_soon_ && events == POLLIN && is_ready_soon(deadline)) return {};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd socket{PQsocket(handle_.get()), events, 0};
    const int ready = left <= 0 ? 0 : ::poll(&socket, 1, static_cast<int>(left));
    if (ready > 0) {
      answers_soon_ = std::chrono::steady_clock::now() - asked_at < busy_poll_limit;
      return {};
    }
    if (ready < 0 && errno == EINTR) continue;
    is_broken_ = true;
    return fail(ErrorKind::unavailable, "database: no answer in time. doing=" + std::string(doing) + " store=" + location_->shown);
  }
}

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// libpq gives a host of a list up only when it refuses; one that is silent would take the time of all.
std::vector<Options> one_by_one(const Options& options) {
  std::size_t hosts = 1;
  for (const auto& [name, value] : options)
    if (name == "host" || name == "hostaddr") hosts = std::max(hosts, parts_of(value).size());
  std::vector<Options> single(hosts, options);
  for (std::size_t i = 0; i < hosts; ++i)
    for (auto& [name, value] : single[i])
      if (name == "host" || name == "hostaddr" || name == "port")
        if (const auto parts = parts_of(value); parts.size() == hosts) value = parts[i];
  return single;
}

}  // namespace

Result<Connection> Connection::open_one(const Location& location, const Options& options, Deadline deadline) {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : options) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  for (const auto& [name, value] : {std::pair("client_encoding", "UTF8"), std::pair("fallback_application_name", "workprint")}) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Connection connection(location);
  connection.handle_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  PGconn* handle = connection.handle_.get();
  check(handle != nullptr, "there is memory for a connection");
  PQsetNoticeProcessor(handle, [](void*, const char*) {}, nullptr);
  for (auto status = PGRES_POLLING_WRITING; PQstatus(handle) != CONNECTION_BAD && status != PGRES_POLLING_OK;) {
    TRY(connection.wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, "connect"));
    status = PQconnectPoll(handle);
    if (status == PGRES_POLLING_FAILED) break;
  }
  if (PQstatus(handle) != CONNECTION_OK || PQsetnonblocking(handle, 1) != 0)
    return fail(ErrorKind::unavailable, "database: " + without_secrets(location, PQerrorMessage(handle)) + ". doing=connect store=" + location.shown);
  return connection;
}

Result<Connection> Connection::open(const Location& location, Deadline deadline) {
  const std::vector<Options> hosts = one_by_one(location.options);
  for (std::size_t i = 0;; ++i) {
    const auto now = std::chrono::steady_clock::now();
    const Deadline share = now + (deadline - now) / static_cast<int>(hosts.size() - i);
    auto connection = open_one(location, hosts[i], share);
    if (connection || i + 1 == hosts.size()) return connection;
  }
}

bool Connection::is_usable() {
  if (is_broken_ || PQstatus(handle_.get()) != CONNECTION_OK || PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) return false;
  // Between two statements the server says nothing, but that it closes or must close.
  pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
  if (::poll(&socket, 1, 0) == 0) return true;
  return PQconsumeInput(handle_.get()) == 1 && PQisBusy(handle_.get()) == 0 && PQstatus(handle_.get()) == CONNECTION_OK &&
         ::poll(&socket, 1, 0) == 0;
}

// --- statements ------------------------------------------------------------------------------------------------------

Result<bool> Connection::wait_for_notice(Deadline deadline) {
  bool is_told = false;
  const auto take = [&] {
    while (PGnotify* notice = PQnotifies(handle_.get())) {
      PQfreemem(notice);
      is_told = true;
    }
  };
  take();
  if (is_told) return true;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
  if (left <= 0 || ::poll(&socket, 1, static_cast<int>(left)) <= 0) return false;
  if (PQconsumeInput(handle_.get()) == 0) return lost("wait for a notification");
  take();
  return is_told;
}

std::string Connection::in_schema(std::string_view sql) const {
  std::string text(sql);
  if (location_->schema == "workprint") return text;
  const std::string name = "\"" + location_->schema + "\".";  // it may be a word of SQL
  for (std::size_t at = text.find("workprint."); at != std::string::npos; at = text.find("workprint.", at + name.size()))
    text.replace(at, std::strlen("workprint."), name);
  return text;
}

Result<Rows> Connection::finish(Deadline deadline, std::string_view doing) {
  PGconn* handle = handle_.get();
  for (int unsent = PQflush(handle); unsent != 0; unsent = PQflush(handle)) {
    if (unsent < 0) return lost(doing);
    TRY(wait(POLLIN | POLLOUT, deadline, doing));
    if (PQconsumeInput(handle) == 0) return lost(doing);
  }
  std::optional<Rows> rows;
  std::optional<Error> error;
  for (;;) {
    while (PQisBusy(handle) != 0) {
      TRY(wait(POLLIN, deadline, doing));
      if (PQconsumeInput(handle) == 0) break;  // the result that follows says so
    }
    PGresult* result = PQgetResult(handle);
    if (result == nullptr) break;
    Rows one(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
      rows.emplace(std::move(one));
    else if (!error)
      error = refused(result, doing).error();
  }
  if (PQstatus(handle) != CONNECTION_OK) is_broken_ = true;
  if (error) return std::unexpected(*std::move(error));
  if (!rows) return lost(doing);
  return *std::move(rows);
}

Result<void> Connection::prepare(const Query& query, const Parameters& parameters, Deadline deadline) {
  if (prepared_.contains(query.name)) return {};
  const int count = static_cast<int>(parameters.types_.size());
  if (PQsendPrepare(handle_.get(), query.name, in_schema(query.text).c_str(), count, parameters.types_.data()) == 0) return lost("prepare");
  TRY(finish(deadline, "prepare"));
  prepared_.insert(query.name);
  return {};
}

Result<Rows> Connection::run(const Query& query, const Parameters& parameters, Deadline deadline, std::string_view doing) {
  state_.clear();
  const int count = static_cast<int>(parameters.types_.size());
  const bool is_named = query.name[0] != '\0' && location_->prepare == Location::Prepare::on;
  int sent = 0;
  if (is_named) {
    TRY(prepare(query, parameters, deadline));
    sent = PQsendQueryPrepared(handle_.get(), query.name, count, parameters.values_.data(), parameters.lengths_.data(),
                               parameters.formats_.data(), 1);
  } else {
    sent = PQsendQueryParams(handle_.get(), in_schema(query.text).c_str(), count, parameters.types_.data(), parameters.values_.data(),
                             parameters.lengths_.data(), parameters.formats_.data(), 1);
  }
  if (sent == 0) return lost(doing);
  return finish(deadline, doing);
}

Result<void> Connection::run_script(const std::string& sql, Deadline deadline, std::string_view doing) {
  state_.clear();
  if (PQsendQuery(handle_.get(), in_schema(sql).c_str()) == 0) return lost(doing);
  TRY(finish(deadline, doing));
  return {};
}

}  // namespace workprint::store::postgres
