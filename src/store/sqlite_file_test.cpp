/// The database as a file that other programs, people and disks may touch. Damage byte by byte: sqlite_store_test.cpp.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "object/scratch_folder.h"
#include "store/schema.h"
#include "store/sqlite_store.h"
#include "tests/conformance/checkpoint_store_contract.h"

namespace workprint::store {
namespace {

namespace fs = std::filesystem;
using conformance::film_named;
using conformance::granted;
using conformance::holds;
using conformance::Line;
using conformance::word_of;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

Connection raw(const std::string& path, Connection::Create create = Connection::Create::no) {
  return granted(Connection::open(path, create, Duration(1000)));
}

struct DatabaseFixture {
  ScratchFolder scratch;
  std::string path = (scratch.path() / "w.db").string();
  FilmId film = film_named("film");

  [[nodiscard]] std::shared_ptr<CheckpointStore> open() const {
    return open_sqlite_store(path, system_clock(), {.busy = std::chrono::milliseconds(150)});
  }
  Line make(std::string_view name, int commits) const {
    const auto store = open();
    Line line(film_named(name));
    const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
    for (int i = 0; i < commits; ++i) granted(line.grow(*store, lease));
    return line;
  }
};

}  // namespace

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: locked by another program it is unavailable, and the film goes on afterwards") {
  const auto store = open();
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, lease));
  const Checkpoint before = line.checkpoint();
  const Commit commit = line.next(lease.epoch());
  {
    Connection other = raw(path);
    const Transaction holding = granted(Transaction::begin(other, Transaction::Kind::write));
    const auto refused = store->commit(lease, commit, line.document());
    CHECK(word_of(refused) == "unavailable");
    CHECK(refused.error().message.find("locked") != std::string::npos);
    holds(store->load(film), before);
  }
  granted(store->commit(lease, commit, line.document()));
  holds(store->load(film), line.checkpoint());
}

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: a disk without room makes commits unavailable and loses none") {
  Line line = make("film", 3);
  const auto store = open();
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, lease));
  const Line before = line;
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const rlim_t normal = std::exchange(limit.rlim_cur, 200'000);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  Result<void> done;
  for (int i = 0; i < 200 && done; ++i) done = line.grow(*store, lease, 9000);
  const std::string word = word_of(done);
  limit.rlim_cur = normal;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  ::signal(SIGXFSZ, SIG_DFL);
  CHECK(word == "unavailable");
  MESSAGE("said: ", done ? "nothing" : done.error().message);
  const Loaded<Checkpoint> loaded = open()->load(film);
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(number(loaded.value->head.seq) >= number(line.head().seq) - 1);
  Line again(film, *loaded.value);
  granted(again.grow(*store, lease));
  holds(open()->load(film), again.checkpoint());
}

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: a database of another program is foreign and moves away whole") {
  granted(raw(path, Connection::Create::yes).run("CREATE TABLE songs (name TEXT)"));
  const std::string before = read_file(path);
  const auto store = open();
  CHECK(store->load(film).outcome == Outcome::foreign);
  CHECK(word_of(store->acquire(film, {"w", Epoch{}})) == "corrupt");
  CHECK(fs::exists(granted(store->set_aside(film, "a test"))));
  CHECK(store->load(film).outcome == Outcome::absent);
}

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: a base of another film is foreign") {
  make("film", 1);
  const Line other = make("other", 1);
  granted(raw(path).run("UPDATE bases SET (sha256, body) = (SELECT sha256, body FROM bases WHERE film = 2) WHERE film = 1"));
  CHECK(open()->load(film).outcome == Outcome::foreign);
  holds(open()->load(other.film()), other.checkpoint());
}

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: every row that lies is corrupt; set aside, the film can begin again and the rows are kept") {
  make("film", 12);
  const std::string healthy = read_file(path);
  for (const char* lie : {
           "UPDATE films SET epoch = epoch + 1", "UPDATE films SET owner = 'somebody'", "UPDATE films SET alive_ms = alive_ms + 1", "UPDATE films SET term_ms = 5", "UPDATE films SET film_id = 'another'",
           "UPDATE films SET head_seq = 11, base_seq = 1", "UPDATE films SET updated_at_ms = -1",
           "UPDATE commits SET delta = replace(CAST(delta AS TEXT), 'a', 'b') WHERE seq = 12",
           "UPDATE commits SET at_ms = at_ms + 1 WHERE seq = 12", "UPDATE commits SET at_ms = 9223372036854775807 WHERE seq = 12",
           "UPDATE commits SET kind = 'steps' WHERE seq = 12", "UPDATE commits SET seq = -12 WHERE seq = 12",
           "UPDATE commits SET writer = x'ff' WHERE seq = 12", "UPDATE commits SET node = 'other' WHERE seq = 1",
           "UPDATE commits SET hash = previous_hash WHERE seq = 12", "DELETE FROM commits WHERE seq = 12",
           "DELETE FROM commits WHERE seq = 5", "DELETE FROM commits", "DELETE FROM bases", "UPDATE bases SET body = x'7b7d'",
           "UPDATE bases SET sha256 = replace(sha256, 'a', 'b')", "UPDATE bases SET seq = 2",
           "UPDATE meta SET value = 'db_0123' WHERE name = 'incarnation'", "UPDATE meta SET value = '7' WHERE name = 'format'",
           "DROP INDEX commits_by_seq", "DROP TABLE bases", "PRAGMA user_version = 0", "PRAGMA application_id = 5"}) {
    CAPTURE(lie);
    scratch.empty();
    write_file(path, healthy);
    granted(raw(path).run("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; " + std::string(lie)));
    const auto store = open();
    const Loaded<Checkpoint> loaded = store->load(film);
    CHECK_MESSAGE(loaded.outcome == Outcome::corrupt, loaded.detail);
    const std::string kept = granted(store->set_aside(film, loaded.detail));
    CHECK(store->load(film).outcome == Outcome::absent);
    Line again(film);
    const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{1}}));
    granted(again.grow(*store, lease));
    holds(store->load(film), again.checkpoint());
    if (kept.find("aside=") == std::string::npos)
      CHECK(fs::exists(kept));
    else
      CHECK(granted(raw(path).text("SELECT count(*) FROM set_aside_films")) == "1");
  }
}

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: taken away under a writer it takes no more commits and is another store afterwards") {
  const auto store = open();
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, lease));
  const std::string first = granted(store->incarnation());
  CHECK(is_incarnation(first));
  scratch.empty();
  CHECK(word_of(line.grow(*store, lease)) == "fenced");
  CHECK(store->load(film).outcome == Outcome::absent);
  CHECK_FALSE(fs::exists(path));
  CHECK(word_of(store->incarnation()) == "not_found");
  granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  const std::string second = granted(store->incarnation());
  CHECK(is_incarnation(second));
  CHECK(second != first);
}

TEST_CASE_FIXTURE(DatabaseFixture, "sqlite file: a lost log costs the newest commits, never the film") {
  const auto store = open();
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  for (int i = 0; i < 5; ++i) granted(line.grow(*store, lease));
  const std::string copy = (scratch.path() / "copy.db").string();
  fs::copy_file(path, copy);
  CHECK(number(open_sqlite_store(copy, system_clock())->load(film).value->head.seq) == 1);
}

TEST_CASE("an incarnation proves itself") {
  const std::string id = new_incarnation();
  CHECK(is_incarnation(id));
  CHECK(id != new_incarnation());
  for (std::size_t at = 0; at < id.size(); ++at) {
    std::string changed = id;
    changed[at] = changed[at] == '0' ? '1' : '0';
    CHECK_FALSE(is_incarnation(changed));
  }
}

}  // namespace workprint::store
