// The server goes away in every way a server does: what was acknowledged is there, every call ends in time with the right
// word, and the store heals without being opened again.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>

#include "store/postgres_store.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/postgres/shared_server.h"
#include "tests/support/tcp_gate.h"

namespace workprint {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::holds;
using conformance::Line;
using conformance::word_of;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using store::postgres::PostgresLimits;

constexpr milliseconds limit(400);

std::shared_ptr<CheckpointStore> open_at(const std::string& location, milliseconds call = limit) {
  return store::postgres::open_postgres_store(location, system_clock(), PostgresLimits{.call = call});
}

milliseconds time_of(const std::function<void()>& work) {
  const auto begin = steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

Lease lease_of(CheckpointStore& store, const FilmId& film) { return granted(store.acquire(film, {this_process_writer(), Epoch{}})); }

/// A thread that commits to one film until it is refused with anything but an outage, reading again after each outage.
class Writer {
 public:
  explicit Writer(const std::string& location)
      : thread_([this, location] {
          write(location);
          is_over_ = true;
        }) {}
  ~Writer() { is_ending_ = true; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] int outages() const { return outages_; }
  [[nodiscard]] std::string wrong() {
    is_ending_ = true;
    if (thread_.joinable()) thread_.join();
    return wrong_;
  }
  void wait_for(std::uint64_t seq) const {
    while (acknowledged_ < seq && !is_over_) std::this_thread::yield();
  }

 private:
  void write(const std::string& location) {
    const auto store = open_at(location, milliseconds(3000));
    const FilmId film = film_named("film");
    while (!is_ending_ && wrong_.empty()) {
      const Loaded<Checkpoint> loaded = store->load(film);
      if (loaded.outcome == Outcome::unreachable) {
        ++outages_;
        continue;
      }
      if (loaded.outcome != Outcome::found && loaded.outcome != Outcome::absent) wrong_ = "load: " + loaded.detail;
      const std::uint64_t stored = loaded.value ? number(loaded.value->head.seq) : 0;
      if (stored < acknowledged_) wrong_ = "lost a commit: stored " + std::to_string(stored) + " of " + std::to_string(acknowledged_);
      if (loaded.value && loaded.value->document["count"] != stored) wrong_ = "another state";
      Line line = loaded.value ? Line(film, *loaded.value) : Line(film);
      auto lease = store->acquire(film, {this_process_writer(), Epoch{}});
      if (!lease && lease.error().kind != ErrorKind::unavailable) wrong_ = "acquire: " + lease.error().message;
      while (lease && !is_ending_) {
        const auto done = line.grow(*store, *lease, 500);
        if (done) {
          acknowledged_ = number(line.head().seq);
          continue;
        }
        if (done.error().kind != ErrorKind::unavailable) wrong_ = "commit: " + done.error().message;
        ++outages_;
        break;
      }
    }
  }

  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::atomic<int> outages_ = 0;
  std::atomic<bool> is_ending_ = false, is_over_ = false;
  std::string wrong_;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("postgres outage: killed or stopped at once in the middle of commits, the server has all that was acknowledged") {
  PostgresServer server;
  Writer writer(server.location());
  for (int life = 0; life < 6; ++life) {
    writer.wait_for(writer.acknowledged() + 20);
    if (life % 2 == 0)
      server.kill();
    else
      server.stop_immediate();
    server.start();
  }
  writer.wait_for(writer.acknowledged() + 20);
  CHECK(writer.wrong() == "");
  CHECK(writer.outages() >= 6);
  const Loaded<Checkpoint> loaded = open_at(server.location())->load(film_named("film"));
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(number(loaded.value->head.seq) >= writer.acknowledged());
  CHECK(number(loaded.value->head.seq) <= writer.acknowledged() + 1);
  MESSAGE("lost the server 6 times; commits kept ", number(loaded.value->head.seq), ", outages seen ", writer.outages());
}

TEST_CASE("postgres outage: a server that is down from the beginning is unreachable, and the store heals by itself") {
  PostgresServer server;
  server.stop_fast();
  const auto store = open_at(server.location());
  const FilmId film = film_named("film");
  CHECK(store->load(film).outcome == Outcome::unreachable);
  CHECK(store->read(film, Seq{1}).outcome == Outcome::unreachable);
  CHECK(word_of(store->acquire(film, {this_process_writer(), Epoch{}})) == "unavailable");
  CHECK(word_of(store->incarnation()) == "unavailable");
  CHECK(word_of(store->history(film, Seq{1}, 1)) == "unavailable");
  CHECK(word_of(store->list()) == "unavailable");
  CHECK(word_of(store->set_aside(film, "no")) == "unavailable");
  server.start();
  CHECK(store->load(film).outcome == Outcome::absent);
  Line line(film);
  const Lease lease = lease_of(*store, film);
  granted(line.grow(*store, lease));
  server.stop_fast();
  server.start();
  granted(line.grow(*store, lease));  // its connection was closed while it lay idle: not this call's failure
  holds(store->load(film), line.checkpoint());
}

TEST_CASE("postgres outage: a server that was stopped (SIGSTOP) ends no call late, and goes on where it was") {
  PostgresServer server;
  const auto store = open_at(server.location());
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  const Line before = line;
  const Commit commit = line.next(lease.epoch());
  server.pause();
  Result<void> committed;
  Loaded<Checkpoint> loaded;
  Result<std::string> incarnation;
  const milliseconds commit_time = time_of([&] { committed = store->commit(lease, commit, line.document()); });
  const milliseconds load_time = time_of([&] { loaded = store->load(line.film()); });
  const milliseconds new_time = time_of([&] { incarnation = identity_of(*open_at(server.location())); });
  server.resume();
  CHECK(word_of(committed) == "unavailable");
  CHECK(loaded.outcome == Outcome::unreachable);
  CHECK(word_of(incarnation) == "unavailable");
  for (const milliseconds time : {commit_time, load_time, new_time}) {
    CHECK(time >= limit / 2);
    CHECK(time < limit * 3);
  }
  // Whether the commit took effect is unknown to the caller; it did, or it did not, and the film goes on either way.
  const Loaded<Checkpoint> after = store->load(line.film());
  REQUIRE_MESSAGE(after.outcome == Outcome::found, after.detail);
  CHECK((after.value->head == line.head() || after.value->head == before.head()));
  const auto again = store->commit(lease, commit, line.document());
  CHECK((again.has_value() || word_of(again) == "conflict"));
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE("postgres outage: a commit whose answer was lost is unknown: it is there, and a second try is a conflict") {
  TcpGate gate(shared_server().port());
  const std::string schema = fresh_schema();
  const auto store = open_at(shared_server().tcp_location("schema=" + schema, gate.port()), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2; ++i) granted(line.grow(*store, lease));  // the statement is prepared then: one question, one answer
    const Commit commit = line.next(lease.epoch());
    gate.lose_next_answer();
    const auto done = store->commit(lease, commit, line.document());
    CHECK(word_of(done) == "unavailable");
    holds(store->load(line.film()), line.checkpoint());
    CHECK(word_of(store->commit(lease, commit, line.document())) == "conflict");
  }
  CHECK(gate.cuts() == 3);
}

TEST_CASE("postgres outage: a commit that never reached the server is unknown too: it is not there, and a second try is taken") {
  TcpGate gate(shared_server().port());
  const std::string schema = fresh_schema();
  const auto store = open_at(shared_server().tcp_location("schema=" + schema, gate.port()), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  const Checkpoint before = line.checkpoint();
  const Commit commit = line.next(lease.epoch());
  gate.lose_next_question();
  CHECK(word_of(store->commit(lease, commit, line.document())) == "unavailable");
  holds(store->load(line.film()), before);
  granted(store->commit(lease, commit, line.document()));
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE("postgres outage: a lease whose grant was lost is asked for again") {
  TcpGate gate(shared_server().port());
  const auto store = open_at(shared_server().tcp_location("schema=" + fresh_schema(), gate.port()), milliseconds(3000));
  const FilmId film = film_named("film");
  CHECK(lease_of(*store, film).epoch() == Epoch{1});
  gate.lose_next_answer();
  CHECK(word_of(store->acquire(film, {this_process_writer(), Epoch{}})) == "unavailable");
  CHECK(number(lease_of(*store, film).epoch()) >= 2);
}

TEST_CASE("postgres outage: the server ends every session (57P01); the next call has a new one") {
  const std::string schema = fresh_schema();
  const auto store = open_at(shared_server().location("schema=" + schema), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  for (int round = 0; round < 5; ++round) {
    granted(line.grow(*store, lease));
    shared_server().run("SELECT count(pg_terminate_backend(pid, 3000)) FROM pg_stat_activity WHERE application_name = 'workprint'");
    granted(line.grow(*store, lease));
  }
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE("postgres outage: a commit that waits for a lock ends in time, and does not happen later") {
  PostgresServer& server = shared_server();
  const std::string schema = fresh_schema();
  const auto store = open_at(server.location("schema=" + schema));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  const Checkpoint before = line.checkpoint();
  const Commit commit = line.next(lease.epoch());
  const store::postgres::Location location = granted(store::postgres::parse_location(server.location()));
  auto other = granted(store::postgres::Connection::open(location, steady_clock::now() + milliseconds(3000)));
  granted(other.run_script("BEGIN; SELECT * FROM " + schema + ".films FOR UPDATE", steady_clock::now() + milliseconds(3000), "lock"));
  Result<void> done;
  CHECK(time_of([&] { done = store->commit(lease, commit, line.document()); }) < limit * 3);
  CHECK(word_of(done) == "unavailable");
  // The server gave the statement up on its own, so nothing of it waits behind the lock.
  while (server.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'workprint' AND wait_event_type = 'Lock'") != "0") {
  }
  granted(other.run_script("ROLLBACK", steady_clock::now() + milliseconds(3000), "unlock"));
  holds(store->load(line.film()), before);
  granted(store->commit(lease, commit, line.document()));
}

TEST_CASE("postgres outage: a server that takes no writes is unavailable for them, and says why") {
  PostgresServer& server = shared_server();
  const auto store = open_at(server.location("schema=" + fresh_schema()), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  const Checkpoint before = line.checkpoint();
  const Commit commit = line.next(lease.epoch());
  server.run("ALTER SYSTEM SET default_transaction_read_only = on");
  server.run("SELECT pg_reload_conf()");
  while (server.run("SHOW default_transaction_read_only") != "on") {
  }
  const Result<void> refused = store->commit(lease, commit, line.document());
  server.run("ALTER SYSTEM RESET default_transaction_read_only");
  server.run("SELECT pg_reload_conf()");
  while (server.run("SHOW default_transaction_read_only") != "off") {
  }
  CHECK(word_of(refused) == "unavailable");
  CHECK_MESSAGE(refused.error().message.find("takes no writes") != std::string::npos, refused.error().message);
  while (!store->commit(lease, commit, line.document())) {
  }
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE("postgres outage: a standby is never believed, neither found nor absent") {
  PostgresServer primary("wal_level = replica\nmax_wal_senders = 4");
  const auto store = open_at(primary.location(), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  const StandbyServer standby(primary);
  const auto other = open_at(standby.location(), milliseconds(3000));
  for (const char* film : {"film", "never-made"}) {
    const Loaded<Checkpoint> loaded = other->load(film_named(film));
    CHECK(loaded.outcome == Outcome::unreachable);
    CHECK_MESSAGE(loaded.detail.find("standby") != std::string::npos, loaded.detail);
  }
  CHECK(word_of(other->acquire(line.film(), {this_process_writer(), Epoch{}})) == "unavailable");
  CHECK(word_of(other->list()) == "unavailable");
}

TEST_CASE("postgres outage: no connection left, a wrong password, no such database: unavailable, with the reason, without the secret") {
  PostgresServer& server = shared_server();
  const FilmId film = film_named("film");
  const std::string name = "postgres://postgres:" + std::string("wr0ng-s3cret") + "@127.0.0.1:" + std::to_string(server.port());
  struct Case {
    std::string location, word;
  };
  server.run("DROP DATABASE IF EXISTS crowded");
  server.run("CREATE DATABASE crowded CONNECTION LIMIT 0");
  server.run("DROP ROLE IF EXISTS guest");
  server.run("CREATE ROLE guest LOGIN");
  for (const Case& one : {Case{name + "/postgres", "password authentication failed"}, Case{server.location("dbname=nowhere"), "does not exist"},
                          Case{server.location("dbname=crowded&user=guest"), "too many connections"},
                          Case{server.location("user=nobody_here"), "does not exist"}}) {
    CAPTURE(one.word);
    const auto store = open_at(one.location, milliseconds(3000));
    const Loaded<Checkpoint> loaded = store->load(film);
    CHECK(loaded.outcome == Outcome::unreachable);
    CHECK_MESSAGE(loaded.detail.find(one.word) != std::string::npos, loaded.detail);
    const auto refused = store->acquire(film, {this_process_writer(), Epoch{}});
    CHECK(word_of(refused) == "unavailable");
    for (const std::string& text : {loaded.detail, refused.error().message, store->describe()}) CHECK(text.find("s3cret") == std::string::npos);
  }
  const auto guest = open_at(server.location("user=guest&schema=" + fresh_schema()), milliseconds(3000));
  CHECK(guest->load(film).outcome == Outcome::absent);
  const auto refused = guest->acquire(film, {this_process_writer(), Epoch{}});
  CHECK(word_of(refused) == "unavailable");
  CHECK_MESSAGE(refused.error().message.find("no right") != std::string::npos, refused.error().message);
}

TEST_CASE("postgres outage: of several hosts, one that is silent and one that refuses are passed over") {
  const std::string port = std::to_string(shared_server().port());
  TcpGate silent(shared_server().port());
  silent.hold(true);
  const std::string hosts = "127.0.0.1:" + std::to_string(silent.port()) + ",127.0.0.1:" + std::to_string(free_port()) + ",127.0.0.1:" + port;
  const auto store = open_at(std::string("postgres://postgres:") + PostgresServer::password + "@" + hosts + "/postgres?schema=" + fresh_schema(), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE("postgres: TLS is used and checked as the location says") {
  PostgresServer server;
  const std::string key = (server.folder() / "server.key").string(), certificate = (server.folder() / "server.crt").string();
  server.as_owner({"/usr/bin/openssl", "req", "-new", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=elsewhere.example", "-keyout", key, "-out", certificate});
  server.stop_fast();
  std::ofstream(server.data() / "postgresql.conf", std::ios::app) << "ssl = on\nssl_cert_file = '" << certificate << "'\nssl_key_file = '" << key << "'\n";
  server.start();
  const FilmId film = film_named("film");
  for (const std::string& mode : {std::string("sslmode=require"), "sslmode=verify-ca&sslrootcert=" + certificate}) {
    CAPTURE(mode);
    const auto store = open_at(server.tcp_location(mode), milliseconds(3000));
    CHECK(number(lease_of(*store, film).epoch()) > 0);
    CHECK(server.run("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'workprint'") == "t");
  }
  const Loaded<Checkpoint> refused = open_at(server.tcp_location("sslmode=verify-full&sslrootcert=" + certificate), milliseconds(3000))->load(film);
  CHECK(refused.outcome == Outcome::unreachable);
  CHECK_MESSAGE(refused.detail.find("certificate") != std::string::npos, refused.detail);
}

TEST_CASE("postgres outage: a full disk refuses commits and loses none") {
  // The server raises what it raises when a file cannot grow; a file system of its own is not to be had in a test.
  PostgresServer& server = shared_server();
  const std::string schema = fresh_schema();
  const auto store = open_at(server.location("schema=" + schema), milliseconds(3000));
  Line line(film_named("film"));
  const Lease lease = lease_of(*store, line.film());
  granted(line.grow(*store, lease));
  const Checkpoint before = line.checkpoint();
  server.run("CREATE FUNCTION " + schema + ".no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100', "
             "MESSAGE = 'could not extend file: No space left on device'; END $$");
  server.run("CREATE TRIGGER no_room BEFORE INSERT ON " + schema + ".commits EXECUTE FUNCTION " + schema + ".no_room()");
  const Commit commit = line.next(lease.epoch());
  const auto refused = store->commit(lease, commit, line.document());
  CHECK(word_of(refused) == "unavailable");
  CHECK_MESSAGE(refused.error().message.find("disk is full") != std::string::npos, refused.error().message);
  holds(store->load(line.film()), before);
  server.run("DROP TRIGGER no_room ON " + schema + ".commits");
  granted(store->commit(lease, commit, line.document()));
  holds(store->load(line.film()), line.checkpoint());
}

TEST_CASE("postgres outage: PgBouncer in transaction mode stands in between") {
  PostgresServer& server = shared_server();
  const ScratchFolder folder;
  server.give_to_owner(folder.path());
  const int port = free_port();
  const auto settings = folder.path() / "pgbouncer.ini";
  std::ofstream(settings) << "[databases]\npostgres = host=" << server.folder().string() << " port=" << server.port()
                          << " user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
                          << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nunix_socket_dir =\n";
  server.give_to_owner(settings);
  std::array<int, 2> log{};
  REQUIRE(::pipe2(log.data(), O_CLOEXEC) == 0);
  const pid_t bouncer = server.start_as_owner({"/usr/sbin/pgbouncer", settings.string()}, log[1]);
  ::close(log[1]);
  std::string words;
  for (std::array<char, 512> piece{}; words.find("process up") == std::string::npos;) {
    const ssize_t got = ::read(log[0], piece.data(), piece.size());
    REQUIRE_MESSAGE(got > 0, "pgbouncer ended: ", words);
    words.append(piece.data(), static_cast<std::size_t>(got));
  }
  const std::string schema = fresh_schema();
  const std::string location = "postgres://postgres@127.0.0.1:" + std::to_string(port) + "/postgres?prepare=off&schema=" + schema;
  {
    // Five stores on two server sessions: statements of one store run on the sessions of another.
    std::vector<std::shared_ptr<CheckpointStore>> stores;
    for (int i = 0; i < 5; ++i) stores.push_back(open_at(location, milliseconds(3000)));
    std::vector<std::string> said(stores.size());
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < stores.size(); ++i)
        threads.emplace_back([&, i] {
          Line line(film_named("film_" + std::to_string(i)));
          auto lease = stores[i]->acquire(line.film(), {this_process_writer(), Epoch{}});
          if (!lease) said[i] = lease.error().message;
          for (int n = 0; lease && n < 30 && said[i].empty(); ++n)
            if (auto done = line.grow(*stores[i], *lease, 900); !done) said[i] = done.error().message;
          const auto loaded = stores[(i + 1) % stores.size()]->load(line.film());
          if (!loaded.value || loaded.value->document != line.document()) said[i] += " not loaded: " + loaded.detail;
        });
    }
    for (const std::string& one : said) CHECK(one == "");
    CHECK(granted(stores[0]->incarnation()) == granted(open_at(server.location("schema=" + schema))->incarnation()));
  }
  ::kill(bouncer, SIGKILL);
  ::waitpid(bouncer, nullptr, 0);
  ::close(log[0]);
}

}  // namespace workprint
