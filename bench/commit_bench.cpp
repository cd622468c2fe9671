// Commits a second on SQLite against the raw commit rate of the same bytes, in turns in one run; and how many bytes a
// growing film persists for each byte of its final state.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "workprint/service.h"
#include "workprint/try.h"

#include "record/commit.h"

namespace {

using namespace workprint;
using SteadyClock = std::chrono::steady_clock;

constexpr int commits_a_round = 1000;
constexpr int rounds = 7;

double seconds_since(SteadyClock::time_point begin) { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); }

std::string filler(std::size_t bytes, std::uint64_t seed) {
  const auto random = seeded_random(seed);
  std::string text(bytes, ' ');
  for (char& c : text) c = static_cast<char>('a' + random->next() % 26);
  return text;
}

// The store's own commit: one transaction, verified chain, durable when it returns.
double store_rate(const std::filesystem::path& folder, std::size_t& bytes_written) {
  const auto store = open_sqlite_store((folder / "store.db").string(), system_clock());
  const FilmId film = *parse_film_id("bench");
  const Lease lease = *store->acquire(film, {this_process_writer(), Epoch{}});
  Json document = {{"text", ""}};
  Head head;
  std::vector<Commit> commits;
  for (int i = 0; i < commits_a_round; ++i) {
    run::Delta delta;
    delta.set["text"] = filler(1024, static_cast<std::uint64_t>(i));
    delta.meta["nextNodes"] = Json::array({{{"node", "step"}}});
    Commit commit;
    commit.info = {{lease.epoch(), next(head.seq), {}}, head.hash, CommitKind::step, "step", {}, system_clock()->wall(), this_process_writer()};
    commit.delta = record::encode(delta);
    record::seal(film, commit);
    head = commit.info.head;
    bytes_written = commit.delta.size() + 300;  // the row's other columns
    commits.push_back(std::move(commit));
  }
  run::apply_meta(document, {.set = {}, .merge = {}, .append = {}, .unset = {}, .meta = {{"graphFingerprint", std::string(64, '0')}, {"nextNodes", Json::array()}, {"openEffects", Json::object()}, {"doneTasks", Json::object()}, {"interrupts", Json::object()}}});
  const auto begin = SteadyClock::now();
  for (const Commit& commit : commits) {
    record::stamp(document, film, commit.info);
    const auto done = store->commit(lease, commit, document);
    check(done.has_value(), "bench commits are accepted");
  }
  return commits_a_round / seconds_since(begin);
}

void must(int code) { check(code == SQLITE_OK || code == SQLITE_DONE, "raw SQLite call works"); }

// The floor: one INSERT of the same bytes a transaction, same journal, same synchronous level.
double raw_rate(const std::filesystem::path& folder, std::size_t bytes) {
  sqlite3* db = nullptr;
  must(sqlite3_open((folder / "raw.db").c_str(), &db));
  must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=2000; CREATE TABLE t (n INTEGER, body BLOB)", nullptr, nullptr, nullptr));
  sqlite3_stmt* insert = nullptr;
  must(sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1, ?2)", -1, &insert, nullptr));
  const std::string body = filler(bytes, 1);
  const auto begin = SteadyClock::now();
  for (int i = 0; i < commits_a_round; ++i) {
    must(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr));
    sqlite3_bind_int(insert, 1, i);
    sqlite3_bind_blob(insert, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
    must(sqlite3_step(insert));
    sqlite3_reset(insert);
    must(sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr));
  }
  const double rate = commits_a_round / seconds_since(begin);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return rate;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

const Channel<Json> chapters{"chapters", Merge::append};

// A film that grows by 4 KiB a step, through the whole engine.
double bytes_ratio(const std::filesystem::path& folder, int steps) {
  Graph graph("growing/v1");
  graph.channel(chapters);
  Node node;
  node.name = "grow";
  node.run = [](const State& state, Context&) -> Result<Writes> {
    Writes writes;
    writes.patch(chapters, Json::array({filler(4096, state.raw("chapters").size())}));
    return writes;
  };
  node.writes = {"chapters"};
  graph.add(node).entry("grow");
  graph.branch("grow", {"grow", "END"}, [steps](const State& state) { return state.raw("chapters").size() < static_cast<std::size_t>(steps) ? "grow" : "END"; });
  const std::string path = (folder / ("grow" + std::to_string(steps) + ".db")).string();
  const FilmId film = *parse_film_id("growing");
  {
    const auto store = open_sqlite_store(path, system_clock());
    const auto objects = open_memory_objects();
    Workflow workflow;
    workflow.graph = *graph.validate();
    WorkflowService service(*store, *objects, workflow, {}, system_clock(), seeded_random(1), {});
    const auto report = service.start(film, {{"chapters", Json::array()}}, "", {});
    check(report.has_value() && report->status == FilmStatus::complete, "growing film completes");
  }
  sqlite3* db = nullptr;
  must(sqlite3_open(path.c_str(), &db));
  sqlite3_stmt* sums = nullptr;
  must(sqlite3_prepare_v2(db, "SELECT (SELECT sum(length(delta)) FROM commits) + (SELECT sum(length(body)) FROM bases)", -1, &sums, nullptr));
  check(sqlite3_step(sums) == SQLITE_ROW, "sums are there");
  const double bytes = static_cast<double>(sqlite3_column_int64(sums, 0));
  sqlite3_finalize(sums);
  sqlite3_close(db);
  const double final_bytes = steps * 4100.0;
  return bytes / final_bytes;
}

}  // namespace

int main() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("workprint_bench_" + std::to_string(::getpid()));
  std::vector<double> ratios, ours, raw;
  for (int round = 0; round < rounds; ++round) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::size_t bytes = 0;
    double a = 0, b = 0;
    if (round % 2 == 0) {
      a = store_rate(folder, bytes);
      b = raw_rate(folder, bytes);
    } else {
      b = raw_rate(folder, 1400);
      a = store_rate(folder, bytes);
    }
    ours.push_back(a);
    raw.push_back(b);
    ratios.push_back(a / b);
  }
  std::printf("commits/s  ours %.0f  raw SQLite %.0f  ratio %.2f (median of %d rounds in turns; target >= 0.85)\n", median(ours), median(raw), median(ratios), rounds);
  for (const int steps : {30, 100, 300, 1000}) {
    const auto begin = SteadyClock::now();
    const double ratio = bytes_ratio(folder, steps);
    std::printf("bytes persisted / final bytes at %4d steps: %.2f  (%.2f ms a step; target <= 4)\n", steps, ratio, seconds_since(begin) * 1000 / steps);
  }
  std::filesystem::remove_all(folder);
}
