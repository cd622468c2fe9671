// Commits that wait at the same time go out together, and each has its own answer.
#include <doctest/doctest.h>

#include <atomic>
#include <barrier>

#include "base/fault.h"
#include "store/postgres_store.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/postgres/shared_server.h"

namespace workprint {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::holds;
using conformance::Line;
using conformance::word_of;

/// One film a thread; all commit at the same moment, while a first commit keeps the only batch busy.
struct Crowd {
  explicit Crowd(std::size_t count) {
    schema = fresh_schema();
    store = store::postgres::open_postgres_store(shared_server().location("schema=" + schema), system_clock(), {.batches = 1});
    other = open_postgres_store(shared_server().location("schema=" + schema), system_clock());
    for (std::size_t i = 0; i < count; ++i) {
      lines.emplace_back(film_named("film_" + std::to_string(i)));
      leases.push_back(granted(store->acquire(lines[i].film(), {this_process_writer(), Epoch{}})));
      granted(lines[i].grow(*store, leases[i], 700));
    }
  }

  /// Film 0 goes first and stands at the fault point until all others wait.
  std::vector<std::string> commit_together(const std::function<void(std::size_t)>& before = {}) {
    std::vector<std::string> said(lines.size());
    std::atomic<std::size_t> started = 0;
    std::atomic<bool> first = true;
    set_fault_handler([&](std::string_view point) {
      if (point == "checkpoint.commit.before" && first.exchange(false))
        while (started < lines.size()) std::this_thread::yield();
      batches += point == "checkpoint.commit.after";
    });
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < lines.size(); ++i)
        threads.emplace_back([&, i] {
          const Commit commit = lines[i].next(leases[i].epoch(), 700);
          while (i > 0 && first) std::this_thread::yield();
          if (before) before(i);
          ++started;
          said[i] = word_of(store->commit(leases[i], commit, lines[i].document()));
        });
    }
    set_fault_handler({});
    return said;
  }

  std::string schema;
  std::shared_ptr<CheckpointStore> store, other;
  std::vector<Line> lines;
  std::vector<Lease> leases;
  std::atomic<int> batches = 0;
};

}  // namespace

TEST_CASE("postgres group commit: many films that wait together need few statements") {
  Crowd crowd(24);
  for (int round = 0; round < 10; ++round)
    for (const std::string& one : crowd.commit_together()) CHECK(one == "ok");
  for (const Line& line : crowd.lines) holds(crowd.other->load(line.film()), line.checkpoint());
  MESSAGE("240 commits in ", crowd.batches.load(), " statements");
  CHECK(crowd.batches < 120);
}

TEST_CASE("postgres group commit: one that is fenced or behind fails no other") {
  Crowd crowd(12);
  const Line line3 = crowd.lines[3], line5 = crowd.lines[5];
  granted(crowd.other->acquire(crowd.lines[3].film(), {this_process_writer(), Epoch{}}));
  Line ahead = crowd.lines[5];
  granted(ahead.grow(*crowd.other, crowd.leases[5], 30));
  const std::vector<std::string> said = crowd.commit_together();
  for (std::size_t i = 0; i < said.size(); ++i) {
    CAPTURE(i);
    CHECK(said[i] == (i == 3 ? "fenced" : i == 5 ? "conflict" : "ok"));
    if (i != 3 && i != 5) holds(crowd.other->load(crowd.lines[i].film()), crowd.lines[i].checkpoint());
  }
  holds(crowd.other->load(line3.film()), line3.checkpoint());
  holds(crowd.other->load(line5.film()), ahead.checkpoint());
}

TEST_CASE("postgres group commit: one the server refuses fails no other") {
  Crowd crowd(12);
  crowd.lines[7].node = std::string("a\0b", 3);  // a text cannot hold it
  const Line before = crowd.lines[7];
  shared_server().run("CREATE UNIQUE INDEX odd ON " + crowd.schema + ".commits (film) WHERE film = 9 AND seq > 1");
  crowd.lines[8].kind = CommitKind::task;
  for (const std::string& word : {std::string("ok"), std::string("corrupt")}) {
    const std::vector<std::string> said = crowd.commit_together();
    for (std::size_t i = 0; i < said.size(); ++i) {
      CAPTURE(i);
      if (i == 7)
        CHECK(said[i] != "ok");
      else
        CHECK(said[i] == (i == 8 ? word : "ok"));
    }
  }
  holds(crowd.other->load(before.film()), before.checkpoint());
}

TEST_CASE("postgres group commit: two commits of one film at once are one and a conflict, whatever waits beside them") {
  Crowd crowd(6);
  for (int round = 0; round < 20; ++round) {
    Line twin = crowd.lines[0];
    const Commit one = crowd.lines[0].next(crowd.leases[0].epoch(), 50), two = twin.next(crowd.leases[0].epoch(), 60);
    std::string said[2];
    {
      std::barrier together(3);
      std::jthread first([&] { together.arrive_and_wait(); said[0] = word_of(crowd.store->commit(crowd.leases[0], one, crowd.lines[0].document())); });
      std::jthread second([&] { together.arrive_and_wait(); said[1] = word_of(crowd.store->commit(crowd.leases[0], two, twin.document())); });
      std::jthread beside([&] { together.arrive_and_wait(); granted(crowd.lines[1].grow(*crowd.store, crowd.leases[1])); });
    }
    CHECK(((said[0] == "ok" && said[1] == "conflict") || (said[0] == "conflict" && said[1] == "ok")));
    if (said[1] == "ok") crowd.lines[0] = twin;
    holds(crowd.other->load(crowd.lines[0].film()), crowd.lines[0].checkpoint());
  }
}

TEST_CASE("postgres: a film that another worker begins between a look and the proof of its absence is no damage") {
  using Look = std::function<std::string(CheckpointStore&, const FilmId&)>;
  const std::vector<std::pair<const char*, Look>> looks{
      {"load", [](CheckpointStore& store, const FilmId& film) { return std::string(to_string(store.load(film).outcome)); }},
      {"acquire", [](CheckpointStore& store, const FilmId& film) { return word_of(store.acquire(film, {"another/boot/1/1", Epoch{}})); }},
      {"history", [](CheckpointStore& store, const FilmId& film) { return word_of(store.history(film, Seq{9}, 9)); }},
      {"log", [](CheckpointStore& store, const FilmId& film) { return word_of(store.log(film, Seq{}, 9)); }}};
  for (const auto& [name, look] : looks) {
    CAPTURE(name);
    const std::string location = shared_server().location("schema=" + fresh_schema());
    const auto store = open_postgres_store(location, system_clock()), other = open_postgres_store(location, system_clock());
    granted(other->acquire(film_named("first"), {this_process_writer(), Epoch{}}));
    Line line(film_named("film"));
    bool is_begun = false;
    set_fault_handler([&](std::string_view point) {
      if (point != "checkpoint.prove_absence.before" || std::exchange(is_begun, true)) return;
      const Lease lease = granted(other->acquire(line.film(), {this_process_writer(), Epoch{}}));
      granted(line.grow(*other, lease));
    });
    const std::string said = look(*store, line.film());
    set_fault_handler({});
    CHECK(is_begun);
    const std::string_view wanted = std::string_view(name) == "load" ? "found" : std::string_view(name) == "acquire" ? "conflict" : "ok";
    CHECK(said == wanted);
  }
}

TEST_CASE("postgres: two handles that take a film from each other all the time never both commit a seq") {
  const std::string location = shared_server().location("schema=" + fresh_schema());
  const FilmId film = film_named("film");
  std::atomic<int> commits = 0, fenced = 0;
  std::vector<std::string> wrong(3);
  {
    std::vector<std::jthread> threads;
    for (std::string& said : wrong)
      threads.emplace_back([&] {
        const auto store = open_postgres_store(location, system_clock());
        for (int turn = 0; turn < 25 && said.empty(); ++turn) {
          auto lease = store->acquire(film, {this_process_writer(), Epoch{}});
          if (!lease && lease.error().kind == ErrorKind::conflict) continue;
          if (!lease) said = lease.error().message;
          const Loaded<Checkpoint> loaded = store->load(film);
          if (loaded.outcome != Outcome::found && loaded.outcome != Outcome::absent) said = loaded.detail;
          Line line = loaded.value ? Line(film, *loaded.value) : Line(film);
          for (int i = 0; i < 4 && lease && said.empty(); ++i) {
            const auto done = line.grow(*store, *lease);
            if (done) {
              ++commits;
              continue;
            }
            ++fenced;
            if (done.error().kind != ErrorKind::fenced && done.error().kind != ErrorKind::conflict) said = done.error().message;
            break;
          }
        }
      });
  }
  for (const std::string& one : wrong) CHECK(one == "");
  const Loaded<Checkpoint> loaded = open_postgres_store(location, system_clock())->load(film);
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(number(loaded.value->head.seq) == static_cast<std::uint64_t>(commits));
  MESSAGE("commits ", commits.load(), ", fenced ", fenced.load());
}

}  // namespace workprint
