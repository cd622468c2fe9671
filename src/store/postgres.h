/// PostgreSQL through libpq with its results as Errors: parameters, rows, one connection.
///
/// Thread-safety: none; the store lends a connection to one thread at a time.
/// Blocking: a call ends at its deadline, whatever the server does. Not bounded by it is only the system's resolver of
/// host names, which has a limit of its own.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres_location.h"
#include "workprint/result.h"

namespace workprint::store::postgres {

/// When a call must have ended. On the real monotonic clock: sockets know no other.
using Deadline = std::chrono::steady_clock::time_point;

/// Microseconds since the year 2000, as the server's clock had it. Compared with each other only.
using ServerTime = std::int64_t;

/// So long a thread looks at a socket at most before it sleeps: about one commit of a server on the same machine or rack.
inline constexpr std::chrono::microseconds busy_poll_limit{500};

/// Numbers in the database are at most 2^53, as in JSON.
inline constexpr std::uint64_t number_max = std::uint64_t{1} << 53;

/// The values of one statement, in binary. Texts and bytes are not copied: they must live until the statement has run.
class Parameters {
 public:
  Parameters& text(std::string_view text);
  Parameters& text(std::string&&) = delete;
  /// REQUIRES: number <= number_max.
  Parameters& number(std::uint64_t number);
  Parameters& time(ServerTime time);

  using Word = std::optional<std::string_view>;  ///< nullopt: NULL
  Parameters& text_or_null(const Word& text);
  Parameters& bytes_or_null(const Word& bytes);

  using Numbers = std::vector<std::uint64_t>;
  using Words = std::vector<Word>;
  Parameters& numbers(const Numbers& numbers);
  Parameters& texts(const Words& texts);
  Parameters& byte_strings(const Words& values);

 private:
  friend class Connection;
  void add(Oid type, const Word& bytes);
  Parameters& array(Oid array_type, Oid type, const Words& values);
  std::string_view keep(std::string bytes) { return kept_.emplace_back(std::move(bytes)); }

  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::deque<std::string> kept_;
};

/// What a statement answered, in binary.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}
  [[nodiscard]] int size() const { return PQntuples(result_.get()); }
  [[nodiscard]] bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  [[nodiscard]] std::string_view text(int row, int column) const;
  [[nodiscard]] bool is_true(int row, int column) const { return text(row, column) == std::string_view("\1", 1); }
  /// Errors: corrupt (not an integer from 0 to number_max).
  [[nodiscard]] Result<std::uint64_t> number(int row, int column) const;
  [[nodiscard]] ServerTime time(int row, int column) const;

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

/// One statement. `name`: prepared under it where that is allowed; empty: never. Tables are written `workprint.films`
/// whatever the schema is called.
struct Query {
  const char* name = "";
  std::string text;
};

class Connection {
 public:
  /// With several hosts, each has its share of the time, and the first that takes us is taken. Errors: unavailable.
  static Result<Connection> open(const Location& location, Deadline deadline);

  /// Errors: by the server's SQLSTATE (failure_of); unavailable also when the connection or the time is lost: whether
  /// the statement took effect is unknown then.
  Result<Rows> run(const Query& query, const Parameters& parameters, Deadline deadline, std::string_view doing);
  /// Several statements without parameters; one transaction, unless they say otherwise.
  Result<void> run_script(const std::string& sql, Deadline deadline, std::string_view doing);

  /// After LISTEN: waits for a notification until `deadline`. False: none came. Errors: unavailable.
  Result<bool> wait_for_notice(Deadline deadline);

  /// SQLSTATE of the last failure; empty: none, or none from the server.
  [[nodiscard]] const std::string& state() const { return state_; }
  /// Whether another statement can be sent: the server has not closed it, and nothing is left open.
  [[nodiscard]] bool is_usable();
  [[nodiscard]] const Location& location() const { return *location_; }
  /// The server's process that this connection was told of; a pooler tells any number.
  [[nodiscard]] std::uint64_t backend() const { return static_cast<std::uint32_t>(PQbackendPID(handle_.get())); }
  /// Whether the session is ours alone and was told to acknowledge nothing before the disk has it. If not, each
  /// transaction must say so.
  [[nodiscard]] bool waits_for_disk() const { return waits_for_disk_; }
  void waits_for_disk(bool is_told) { waits_for_disk_ = is_told; }
  /// Until this is taken back: look at the socket for a moment (`busy_poll_limit`) before sleeping until an answer comes. An
  /// idle core takes longer to wake than a near server to answer; for the caller who has nobody beside it to give its core to.
  void polls_busily(bool is_alone) { polls_busily_ = is_alone; }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit Connection(const Location& location) : location_(&location) {}

  static Result<Connection> open_one(const Location& location, const std::vector<std::pair<std::string, std::string>>& options, Deadline deadline);
  Result<void> wait(short events, Deadline deadline, std::string_view doing);
  bool is_ready_soon(Deadline deadline);
  Result<Rows> finish(Deadline deadline, std::string_view doing);
  Result<void> prepare(const Query& query, const Parameters& parameters, Deadline deadline);
  std::unexpected<Error> lost(std::string_view doing);
  std::unexpected<Error> refused(const PGresult* result, std::string_view doing);
  [[nodiscard]] std::string in_schema(std::string_view sql) const;

  const Location* location_;
  std::unique_ptr<PGconn, Finish> handle_;
  std::set<std::string> prepared_;
  std::string state_;
  bool is_broken_ = false, waits_for_disk_ = false, polls_busily_ = false;
  bool answers_soon_ = true;  ///< the last answer came within busy_poll_limit
};

/// What a SQLSTATE means to the caller, and words for the common ones ("" when there are none).
struct Failure {
  ErrorKind kind;
  std::string_view reason;
};
[[nodiscard]] Failure failure_of(std::string_view sqlstate);

/// Whether the statement was refused because tables are not there (any more): what stands in the schema must be looked
/// at again.
[[nodiscard]] bool is_about_definitions(std::string_view sqlstate);

}  // namespace workprint::store::postgres
