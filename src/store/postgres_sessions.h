/// The few connections of one store: lent to one thread at a time, looked at before they are believed, replaced when they
/// broke.
///
/// Thread-safety: any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/postgres_schema.h"

namespace workprint::store::postgres {

struct PostgresLimits {
  Duration call = std::chrono::seconds(5);  ///< how long one statement, with connecting and waiting for a connection, may take
  std::size_t connections = 4;
  std::size_t batches = 2;  ///< how many batches of commits may be under way at once; fewer than connections
  std::size_t commits_a_batch = 64;
  std::size_t bytes_a_batch = 8u << 20;
};

enum class IfMissing : std::uint8_t { leave, create };

class Sessions {
 public:
  Sessions(Location location, const PostgresLimits& limits) : location_(std::move(location)), limits_(limits) {}
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

 private:
  struct Session {
    Connection connection;
    bool is_ours = false;  ///< the schema was looked at, and is this store's
  };

 public:
  /// A connection as long as it is held.
  class Lent {
   public:
    Lent(Sessions& owner, std::unique_ptr<Session> session) : owner_(&owner), session_(std::move(session)) {}
    Lent(Lent&& other) noexcept = default;
    Lent& operator=(Lent&&) = delete;
    ~Lent() {
      if (session_) owner_->give_back(std::move(session_));
    }
    [[nodiscard]] Connection& connection() { return session_->connection; }
    /// After a failure: whether the tables were not there. Then the schema is looked at again before its next use.
    [[nodiscard]] bool has_lost_its_tables() {
      const bool is_so = is_about_definitions(session_->connection.state());
      if (is_so) session_->is_ours = false;
      return is_so;
    }

   private:
    Sessions* owner_;
    std::unique_ptr<Session> session_;
  };

  /// A connection to a schema that has passed every check. `create`: made when it was absent.
  /// Returns found; absent (with `leave`); unreachable; corrupt; foreign; too_new.
  [[nodiscard]] Loaded<Lent> take(IfMissing missing, Deadline deadline);
  /// A connection to the server, whatever stands in the schema. Errors: unavailable.
  Result<Lent> take_unseen(Deadline deadline);

  [[nodiscard]] const Location& location() const { return location_; }
  [[nodiscard]] const PostgresLimits& limits() const { return limits_; }
  [[nodiscard]] Deadline deadline() const { return std::chrono::steady_clock::now() + limits_.call; }

 private:
  void give_back(std::unique_ptr<Session> session);
  Result<std::unique_ptr<Session>> idle_or_none(Deadline deadline);
  Result<std::unique_ptr<Session>> open(Deadline deadline);

  const Location location_;
  const PostgresLimits limits_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Session>> idle_;
  std::size_t lent_ = 0;
};

}  // namespace workprint::store::postgres
