/// For tests: a real PostgreSQL 15 of their own, in a temporary folder, on a unix socket and on loopback.
#pragma once

#include <sys/types.h>

#include <string>
#include <thread>
#include <vector>

#include "object/scratch_folder.h"

namespace workprint {

/// Thread-safety: one thread, but `location` and `port`.
/// A broken server fails the test program: it is never skipped.
class PostgresServer {
 public:
  static constexpr const char* password = "kept%3Asecret";  ///< as it stands in a location; %3A is a colon
  /// Made by initdb and started. `settings`: lines for postgresql.conf.
  explicit PostgresServer(const std::string& settings = {});
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  /// Returns when it takes connections.
  void start();
  void stop_immediate();  ///< as `pg_ctl stop -m immediate`: no checkpoint, recovery at the next start
  void stop_fast();
  void kill();            ///< SIGKILL to all its processes
  void pause();           ///< SIGSTOP to all its processes
  void resume();

  /// Over the unix socket, without a password. `more`: parameters, as "schema=a&prepare=off".
  [[nodiscard]] std::string location(const std::string& more = {}) const;
  /// Over TCP with the password, perhaps through a gate at another port.
  [[nodiscard]] std::string tcp_location(const std::string& more = {}, int port = 0) const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }

  /// Runs statements as the superuser. Returns the first column of the last result's first row, as text.
  std::string run(const std::string& sql, const std::string& database = "postgres") const;

  /// Runs a program as the user who owns the server, to its end; fails the test when it fails.
  void as_owner(const std::vector<std::string>& words) const;
  /// Starts a program as that user; its words on stderr go to `log`.
  [[nodiscard]] pid_t start_as_owner(const std::vector<std::string>& words, int log) const;
  void give_to_owner(const std::filesystem::path& path) const;

 private:
  void end(int signal);
  void signal_all(int signal) const;
  bool try_start();

  ScratchFolder folder_;
  int port_ = 0;
  pid_t pid_ = -1;
  std::jthread log_reader_;
};

/// A port of loopback that nobody listens on now.
[[nodiscard]] int free_port();

/// A second server that follows `primary` and takes no writes, stopped when the value goes.
class StandbyServer {
 public:
  explicit StandbyServer(const PostgresServer& primary);
  ~StandbyServer();
  [[nodiscard]] std::string location(const std::string& more = {}) const;

 private:
  const PostgresServer& primary_;
  ScratchFolder folder_;
  int port_ = 0;
  pid_t pid_ = -1;
  std::jthread log_reader_;
};

}  // namespace workprint
