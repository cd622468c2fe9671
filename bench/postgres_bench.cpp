// Commits a second on PostgreSQL against the raw rate of one INSERT of the same bytes on the same server, in turns in one
// run; bytes of a growing film; and a cold load of an 800-scene film against plain libpq reading the same bytes.
// Starts a server of its own (Debian's postgresql-15) in the temporary folder (TMPDIR), fsync on.
#include <fmt/format.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "record/commit.h"
#include "workprint/checkpoint_store.h"

namespace {

using namespace workprint;
using SteadyClock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr int rounds = 15;  // short and many: what else runs on the machine changes by the second
constexpr double seconds_a_round = 0.6;

double seconds_since(SteadyClock::time_point begin) { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string filler(std::size_t bytes, std::uint64_t seed) {
  const auto random = seeded_random(seed);
  std::string text(bytes, ' ');
  for (char& c : text) c = static_cast<char>('a' + random->next() % 26);
  return text;
}

// --- the server ------------------------------------------------------------------------------------------------------

class Server {
 public:
  Server() {
    folder_ = fs::temp_directory_path() / fmt::format("workprint_postgres_bench_{}", ::getpid());
    fs::create_directories(folder_);
    if (::geteuid() == 0) {
      user_ = ::getpwnam("postgres");
      check(user_ != nullptr, "there is a user postgres");
      check(::chown(folder_.c_str(), user_->pw_uid, user_->pw_gid) == 0, "the folder can be given to the server");
    }
    run({"initdb", "-D", data(), "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust"});
    run({"pg_ctl", "-D", data(), "-w", "-l", (folder_ / "log").string(), "-o",
         fmt::format("-c listen_addresses= -c unix_socket_directories={} -c max_connections=60 -c shared_buffers=128MB -c max_wal_size=4GB", folder_.string()), "start"});
  }
  ~Server() {
    run({"pg_ctl", "-D", data(), "-m", "immediate", "stop"});
    fs::remove_all(folder_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string location(const std::string& schema) const {
    return fmt::format("postgres:///postgres?host={}&user=postgres&schema={}", folder_.string(), schema);
  }
  [[nodiscard]] std::string info() const { return fmt::format("host={} user=postgres dbname=postgres", folder_.string()); }

 private:
  [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }
  void run(const std::vector<std::string>& words) const {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      if (user_ != nullptr && (::initgroups(user_->pw_name, user_->pw_gid) != 0 || ::setgid(user_->pw_gid) != 0 || ::setuid(user_->pw_uid) != 0)) ::_exit(126);
      const std::string program = "/usr/lib/postgresql/15/bin/" + words[0];
      std::vector<char*> arguments;
      for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(126);
      ::execv(program.c_str(), arguments.data());
      ::_exit(127);
    }
    int status = 0;
    check(::waitpid(child, &status, 0) == child && status == 0, "the server's programs run");
  }

  fs::path folder_;
  const passwd* user_ = nullptr;
};

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

class Raw {
 public:
  explicit Raw(const Server& server) : connection_(PQconnectdb(server.info().c_str())) {
    check(PQstatus(connection_.get()) == CONNECTION_OK, "raw connection opens");
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  }
  std::string run(const std::string& sql) {
    PGresult* result = PQexec(connection_.get(), sql.c_str());
    check(PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK, "raw statement runs");
    const std::string text = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    return text;
  }
  [[nodiscard]] PGconn* get() const { return connection_.get(); }

 private:
  std::unique_ptr<PGconn, Finish> connection_;
};

// --- rates -----------------------------------------------------------------------------------------------------------

/// Runs `work(thread)` on all threads again and again for the time of a round. Returns calls a second.
double rate(int threads, const std::function<void(int)>& work) {
  std::atomic<bool> ends = false;
  std::atomic<std::uint64_t> calls = 0;
  const auto begin = SteadyClock::now();
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
      running.emplace_back([&, i] {
        while (!ends) {
          work(i);
          ++calls;
        }
      });
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds_a_round));
    ends = true;
  }
  return static_cast<double>(calls) / seconds_since(begin);
}

/// One run of a film of its own: each commit replaces 1 KiB of its state.
struct Run {
  Run(CheckpointStore& store, const std::string& id) : film(*parse_film_id(id)), lease(*store.acquire(film, {this_process_writer(), Epoch{}})) {
    document = {{"text", ""}};
    run::apply_meta(document, {.set = {}, .merge = {}, .append = {}, .unset = {},
                               .meta = {{"graphFingerprint", std::string(64, '0')}, {"nextNodes", Json::array()}, {"openEffects", Json::object()},
                                        {"doneTasks", Json::object()}, {"interrupts", Json::object()}}});
  }

  void commit(CheckpointStore& store) {
    record::Delta delta;
    delta.set["text"] = body;
    Commit commit;
    commit.info = {{lease.epoch(), next(head.seq), {}}, head.hash, CommitKind::step, "step", {}, system_clock()->wall(), "bench"};
    commit.delta = record::encode(delta);
    record::seal(film, commit);
    document["text"] = body;
    record::stamp(document, film, commit.info);
    const auto done = store.commit(lease, commit, document);
    if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
    check(done.has_value(), "bench commits are accepted");
    head = commit.info.head;
  }

  FilmId film;
  Lease lease;
  Head head;
  Json document;
  std::string body = filler(1024, 1);
};

double store_rate(CheckpointStore& store, int runs) {
  static int made = 0;
  std::vector<std::unique_ptr<Run>> all;
  for (int i = 0; i < runs; ++i) all.push_back(std::make_unique<Run>(store, fmt::format("run_{}", ++made)));
  for (const auto& one : all) one->commit(store);
  return rate(runs, [&](int i) { all[static_cast<std::size_t>(i)]->commit(store); });
}

// The floor: one INSERT of the row a commit leaves, autocommit, prepared, binary, a connection a client.
double raw_rate(const Server& server, int clients) {
  constexpr std::size_t row_bytes = 1024 + 260;  // the delta and the row's other columns
  Raw(server).run("CREATE TABLE IF NOT EXISTS raw (n bigint, body bytea)");
  std::vector<std::unique_ptr<Raw>> all;
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<Raw>(server));
    PQclear(PQprepare(all.back()->get(), "insert", "INSERT INTO raw VALUES (1, $1)", 1, nullptr));
  }
  const std::string body = filler(row_bytes, 2);
  return rate(clients, [&](int i) {
    const char* values[] = {body.data()};
    const int lengths[] = {static_cast<int>(body.size())}, formats[] = {1};
    PGresult* result = PQexecPrepared(all[static_cast<std::size_t>(i)]->get(), "insert", 1, values, lengths, formats, 1);
    check(PQresultStatus(result) == PGRES_COMMAND_OK, "raw insert runs");
    PQclear(result);
  });
}

// --- a growing film --------------------------------------------------------------------------------------------------

void growing(const Server& server, int steps) {
  const std::string schema = fmt::format("growing_{}", steps);
  const auto store = open_postgres_store(server.location(schema), system_clock());
  Run run(*store, "film");
  run.document["chapters"] = Json::array();
  Raw raw(server);
  raw.run("CHECKPOINT");
  const std::string before = raw.run("SELECT pg_current_wal_lsn()");
  std::vector<double> times;
  for (int i = 0; i < steps; ++i) {
    record::Delta delta;
    const Json chapter = Json::array({filler(4096, static_cast<std::uint64_t>(i))});
    delta.append["chapters"] = {{"drop", 0}, {"values", chapter}};
    if (i == 0) delta.set["text"] = "";
    Commit commit;
    commit.info = {{run.lease.epoch(), next(run.head.seq), {}}, run.head.hash, CommitKind::step, "step", {}, system_clock()->wall(), "bench"};
    commit.delta = record::encode(delta);
    record::seal(run.film, commit);
    run.document["chapters"].push_back(chapter[0]);
    record::stamp(run.document, run.film, commit.info);
    const auto begin = SteadyClock::now();
    const auto done = store->commit(run.lease, commit, run.document);
    times.push_back(seconds_since(begin) * 1000);
    check(done.has_value(), "growing commits are accepted");
    run.head = commit.info.head;
  }
  const double state = static_cast<double>(record::encode_document(run.document).size());
  const double wal = std::stod(raw.run("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '" + before + "')"));
  const double tables = std::stod(raw.run("SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                          "WHERE n.nspname = '" + schema + "' AND c.relkind = 'r' AND c.relname IN ('films', 'commits', 'bases')"));
  const double rows = std::stod(raw.run("SELECT (SELECT sum(length(delta)) FROM " + schema + ".commits) + (SELECT sum(length(body)) FROM " + schema + ".bases)"));
  double sum = 0;
  for (const double time : times) sum += time;
  fmt::print("growing 4 KiB a step, {:4} steps: {:.2f} ms a step (median {:.2f}), rows {:.2f} x final state, tables with dead rows {:.2f} x, log {:.2f} x (target <= 4)\n",
             steps, sum / steps, median(times), rows / state, tables / state, wal / state);
}

// --- cold load -------------------------------------------------------------------------------------------------------

// Scenes as the film's graph writes them: 800 of about 2 KiB each.
void cold_load(const Server& server) {
  const auto store = open_postgres_store(server.location("cold"), system_clock());
  Run run(*store, "film");
  run.document["scenes"] = Json::object();
  for (int i = 0; i < 800; ++i) {
    record::Delta delta;
    const Json scene = {{"prompt", filler(1200, static_cast<std::uint64_t>(i))}, {"description", filler(700, static_cast<std::uint64_t>(i) + 9000)},
                        {"start", i * 2.5}, {"end", (i + 1) * 2.5}, {"characters", {"a", "b"}}, {"take", 1}};
    delta.merge["scenes"][fmt::format("scene_{}", i)] = scene;
    Commit commit;
    commit.info = {{run.lease.epoch(), next(run.head.seq), {}}, run.head.hash, CommitKind::step, "step", {}, system_clock()->wall(), "bench"};
    commit.delta = record::encode(delta);
    record::seal(run.film, commit);
    run.document["scenes"][fmt::format("scene_{}", i)] = scene;
    record::stamp(run.document, run.film, commit.info);
    const auto done = store->commit(run.lease, commit, run.document);
    check(done.has_value(), "cold commits are accepted");
    run.head = commit.info.head;
  }
  std::vector<double> ours, plain, parsed;
  std::size_t bytes = 0;
  for (int round = 0; round < 15; ++round) {
    auto begin = SteadyClock::now();
    {
      const auto cold = open_postgres_store(server.location("cold"), system_clock());
      const auto loaded = cold->load(run.film);
      check(loaded.value.has_value() && loaded.value->head == run.head, "the film is there");
    }
    ours.push_back(seconds_since(begin) * 1000);
    begin = SteadyClock::now();
    {
      const Raw raw(server);
      PGresult* result = PQexecParams(raw.get(), "SELECT body, NULL FROM cold.bases WHERE seq = (SELECT max(seq) FROM cold.bases) UNION ALL "
                                                 "SELECT NULL, delta FROM cold.commits WHERE seq > (SELECT max(seq) FROM cold.bases)",
                                      0, nullptr, nullptr, nullptr, nullptr, 1);
      bytes = 0;
      std::string base;
      for (int i = 0; i < PQntuples(result); ++i) {
        bytes += static_cast<std::size_t>(PQgetlength(result, i, 0) + PQgetlength(result, i, 1));
        if (PQgetisnull(result, i, 0) == 0) base.assign(PQgetvalue(result, i, 0), static_cast<std::size_t>(PQgetlength(result, i, 0)));
      }
      PQclear(result);
      plain.push_back(seconds_since(begin) * 1000);
      check(Json::parse(base).is_object(), "the base is JSON");
    }
    parsed.push_back(seconds_since(begin) * 1000);
  }
  fmt::print("cold load of 800 scenes ({:.2f} MB): ours, verified {:.1f} ms; plain libpq {:.1f} ms, with a parse of the base {:.1f} ms (target <= 60)\n",
             static_cast<double>(bytes) / 1e6, median(ours), median(plain), median(parsed));
}

}  // namespace

int main() {
  const Server server;
  const auto store = open_postgres_store(server.location("rates"), system_clock());
  struct Pair {
    int runs, clients;
    const char* target;
  };
  for (const Pair& pair : {Pair{1, 1, ">= 0.9"}, Pair{8, 8, ""}, Pair{32, 32, ""}, Pair{64, 32, ">= 2"}}) {
    std::vector<double> ours, raw, ratios;
    for (int round = 0; round < rounds; ++round) {
      double a = 0, b = 0;
      if (round % 2 == 0) {
        a = store_rate(*store, pair.runs);
        b = raw_rate(server, pair.clients);
      } else {
        b = raw_rate(server, pair.clients);
        a = store_rate(*store, pair.runs);
      }
      ours.push_back(a);
      raw.push_back(b);
      ratios.push_back(a / b);
    }
    fmt::print("{:2} runs: {:6.0f} commits/s; raw INSERT, {:2} clients: {:6.0f}; ratio {:.2f} (median of {}; {:.2f} to {:.2f}){}{}\n", pair.runs, median(ours),
               pair.clients, median(raw), median(ratios), rounds, *std::ranges::min_element(ratios), *std::ranges::max_element(ratios),
               *pair.target ? "  target " : "", pair.target);
    std::fflush(stdout);
  }
  for (const int steps : {50, 200, 800}) growing(server, steps);
  cold_load(server);
}
