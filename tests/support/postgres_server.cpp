#include "tests/support/postgres_server.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <memory>

namespace workprint {
namespace {

const std::string programs = "/usr/lib/postgresql/15/bin/";

// PostgreSQL refuses to run as root; Debian's package makes a user for it.
const passwd* owner() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  REQUIRE_MESSAGE(user != nullptr, "there is a user postgres (tools/setup installs PostgreSQL 15)");
  return user;
}

void become_owner(const passwd* user) {
  if (user == nullptr) return;
  if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) ::_exit(126);
}

void lines_to_file(const std::filesystem::path& file, const std::string& lines) { std::ofstream(file, std::ios::app) << lines << "\n"; }

std::vector<pid_t> children_of(pid_t pid) {
  const std::string task = std::to_string(pid);
  std::ifstream in("/proc/" + task + "/task/" + task + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; in >> child;) children.push_back(child);
  return children;
}

// Reads a server's words until it is ready or ends; goes on reading so that it never waits for us.
class ReadyLog {
 public:
  ReadyLog() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  [[nodiscard]] int write_end() const { return ends_[1]; }

  bool wait_until_ready(std::jthread& reader) {
    ::close(ends_[1]);
    std::promise<bool> ready;
    std::future<bool> is_ready = ready.get_future();
    reader = std::jthread([in = ends_[0], promise = std::move(ready)]() mutable {
      std::string text;
      bool told = false;
      std::array<char, 4096> piece{};
      for (ssize_t got = 0; (got = ::read(in, piece.data(), piece.size())) > 0;) {
        if (told) continue;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.find("ready to accept") == std::string::npos && text.find("process up") == std::string::npos) continue;
        told = true;
        promise.set_value(true);
      }
      if (!told) {
        std::fputs(text.c_str(), stderr);
        promise.set_value(false);
      }
      ::close(in);
    });
    return is_ready.get();
  }

 private:
  std::array<int, 2> ends_{};
};

}  // namespace

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

pid_t PostgresServer::start_as_owner(const std::vector<std::string>& words, int log) const {
  const passwd* user = owner();
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child > 0) return child;
  become_owner(user);
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, 0);
  ::dup2(log >= 0 ? log : nothing, 1);
  ::dup2(log >= 0 ? log : nothing, 2);
  ::setenv("LC_ALL", "C", 1);
  for (const char* name : {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGOPTIONS"}) ::unsetenv(name);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

void PostgresServer::as_owner(const std::vector<std::string>& words) const {
  int status = 0;
  const pid_t child = start_as_owner(words, -1);
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE_MESSAGE(status == 0, words[0], " ended with status ", status);
}

void PostgresServer::give_to_owner(const std::filesystem::path& path) const {
  if (const passwd* user = owner()) REQUIRE(::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0);
}

PostgresServer::PostgresServer(const std::string& settings) : port_(free_port()) {
  give_to_owner(folder_.path());
  const auto secret = folder_.path() / "secret";
  lines_to_file(secret, "kept:secret");
  give_to_owner(secret);
  as_owner({programs + "initdb", "-D", data().string(), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "--auth-local=trust",
            "--auth-host=scram-sha-256", "--pwfile=" + secret.string()});
  lines_to_file(data() / "postgresql.conf", "listen_addresses = '127.0.0.1'\nport = " + std::to_string(port_) + "\nunix_socket_directories = '" +
                                                folder_.path().string() + "'\nmax_connections = 40\nshared_buffers = 32MB\nautovacuum = off\n" + settings);
  start();
}

PostgresServer::~PostgresServer() {
  if (pid_ > 0) stop_immediate();
}

bool PostgresServer::try_start() {
  ReadyLog log;
  pid_ = start_as_owner({programs + "postgres", "-D", data().string()}, log.write_end());
  if (log.wait_until_ready(log_reader_)) return true;
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return false;
}

// After a SIGKILL the server's last processes may still hold its memory for a moment; then it refuses to start.
void PostgresServer::start() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // what a killed server leaves behind comes to this process
  for (int attempt = 0; attempt < 20; ++attempt)
    if (try_start()) return;
  FAIL("the server does not start");
}

void PostgresServer::signal_all(int signal) const {
  for (const pid_t child : children_of(pid_)) ::kill(child, signal);
  ::kill(pid_, signal);
}

void PostgresServer::end(int signal) {
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  log_reader_.join();
}

void PostgresServer::stop_immediate() { end(SIGQUIT); }
void PostgresServer::stop_fast() { end(SIGINT); }
void PostgresServer::kill() {
  ::kill(pid_, SIGSTOP);  // first, so that it starts no child while its children are listed
  const std::vector<pid_t> children = children_of(pid_);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  end(SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);  // ours now: see start
}
void PostgresServer::pause() {
  ::kill(pid_, SIGSTOP);
  signal_all(SIGSTOP);
}
void PostgresServer::resume() { signal_all(SIGCONT); }

std::string PostgresServer::location(const std::string& more) const {
  return "postgres:///postgres?host=" + folder_.path().string() + "&port=" + std::to_string(port_) + "&user=postgres" + (more.empty() ? "" : "&" + more);
}

std::string PostgresServer::tcp_location(const std::string& more, int port) const {
  return std::string("postgres://postgres:") + password + "@127.0.0.1:" + std::to_string(port > 0 ? port : port_) + "/postgres" +
         (more.empty() ? "" : "?" + more);
}

std::string PostgresServer::run(const std::string& sql, const std::string& database) const {
  const std::string info = "host=" + folder_.path().string() + " port=" + std::to_string(port_) + " user=postgres dbname=" + database;
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(info.c_str()), &PQfinish);
  REQUIRE_MESSAGE(PQstatus(connection.get()) == CONNECTION_OK, PQerrorMessage(connection.get()));
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  REQUIRE_MESSAGE((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK), sql, ": ", PQerrorMessage(connection.get()));
  return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

StandbyServer::StandbyServer(const PostgresServer& primary) : primary_(primary), port_(free_port()) {
  primary_.give_to_owner(folder_.path());
  const std::string data = (folder_.path() / "data").string();
  primary_.as_owner({programs + "pg_basebackup", "-h", primary.folder().string(), "-p", std::to_string(primary.port()), "-U", "postgres", "-D", data,
                     "-R", "-X", "stream", "-c", "fast", "--no-sync"});
  lines_to_file(folder_.path() / "data" / "postgresql.conf", "listen_addresses = ''\nport = " + std::to_string(port_) + "\nunix_socket_directories = '" +
                                                                 folder_.path().string() + "'");
  ReadyLog log;
  pid_ = primary_.start_as_owner({programs + "postgres", "-D", data}, log.write_end());
  REQUIRE(log.wait_until_ready(log_reader_));
}

StandbyServer::~StandbyServer() {
  ::kill(pid_, SIGQUIT);
  ::waitpid(pid_, nullptr, 0);
}

std::string StandbyServer::location(const std::string& more) const {
  return "postgres:///postgres?host=" + folder_.path().string() + "&port=" + std::to_string(port_) + "&user=postgres" + (more.empty() ? "" : "&" + more);
}

}  // namespace workprint
