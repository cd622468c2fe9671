#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "object/scratch_folder.h"
#include "store/sqlite.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/support/manual_clock.h"

namespace workprint {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::holds;
using conformance::Line;
using conformance::word_of;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

store::Connection open_raw(const std::string& path) {
  return granted(store::Connection::open(path, store::Connection::Create::no, std::chrono::seconds(1)));
}

void put_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A database on disk as bytes, and every state it has held.
struct Image {
  std::string main, log;
  std::map<std::uint64_t, Checkpoint> states;
};

// `folded`: the log is folded into the main file, as an orderly end leaves it; else all commits lie in the log too.
enum class Log { folded, kept };

Image make_image(const std::filesystem::path& folder, Log log) {
  const auto path = folder / "made.db";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  Image image;
  auto store = open_sqlite_store(path.string(), system_clock());
  Line line(film_named("film"));
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  for (int i = 0; i < 12; ++i) {
    granted(line.grow(*store, lease, 1700));
    image.states[number(line.head().seq)] = line.checkpoint();
  }
  if (log == Log::folded) store.reset();
  image.main = bytes_of(path);
  image.log = bytes_of(path.string() + "-wal");
  CHECK(image.log.empty() == (log == Log::folded));
  return image;
}

/// Opens damaged bytes and counts what was said about them; fails when a wrong state is given out.
class Damage {
 public:
  explicit Damage(const Image& image) : image_(image) {}

  void look(std::string_view main, std::string_view log) {
    const auto path = folder_.path() / "d.db";
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
    put_bytes(path, main);
    if (!log.empty()) put_bytes(path.string() + "-wal", log);
    const auto store = open_sqlite_store(path.string(), system_clock());
    const FilmId film = film_named("film");
    const Loaded<Checkpoint> loaded = store->load(film);
    ++said_[std::string(to_string(loaded.outcome))];
    judge(loaded);
    judge(store->read(film, Seq{5}));
    // Neither of these may end the process, whatever they say.
    [[maybe_unused]] const auto infos = store->history(film, Seq{100}, 100);
    [[maybe_unused]] const auto rows = store->list();
    if (loaded.outcome == Outcome::corrupt) begins_again(*store, film);
    else if (loaded.outcome == Outcome::found) goes_on(*store, *loaded.value);
  }

  [[nodiscard]] int said(const std::string& outcome) const { return said_.contains(outcome) ? said_.at(outcome) : 0; }
  [[nodiscard]] std::string summary() const {
    std::string text;
    for (const auto& [outcome, times] : said_) text += outcome + " " + std::to_string(times) + " ";
    return text;
  }

 private:
  void judge(const Loaded<Checkpoint>& loaded) {
    if (!loaded.value) return;
    const auto known = image_.states.find(number(loaded.value->head.seq));
    REQUIRE(known != image_.states.end());
    CHECK(loaded.value->head == known->second.head);
    CHECK(loaded.value->document == known->second.document);
  }

  void begins_again(CheckpointStore& store, const FilmId& film) {
    granted(store.set_aside(film, "damaged by a test"));
    CHECK(store.load(film).outcome == Outcome::absent);
  }

  void goes_on(CheckpointStore& store, const Checkpoint& from) {
    Line line(film_named("film"), from);
    const auto lease = store.acquire(line.film(), {this_process_writer(), Epoch{}});
    if (lease && line.grow(store, *lease)) holds(store.load(line.film()), line.checkpoint());
  }

  const Image& image_;
  ScratchFolder folder_;
  std::map<std::string, int> said_;
};

struct SharedCount {
  std::atomic<std::uint64_t> acknowledged = 0;
};

// Commits until it is killed; tells the parent after each commit that was acknowledged.
[[noreturn]] void commit_until_killed(const std::string& path, SharedCount& count) {
  const auto store = open_sqlite_store(path, system_clock());
  const FilmId film = film_named("film");
  const Loaded<Checkpoint> loaded = store->load(film);
  Line line = loaded.value ? Line(film, *loaded.value) : Line(film);
  const auto lease = store->acquire(film, {this_process_writer(), Epoch{}});
  while (lease && line.grow(*store, *lease, 900)) count.acknowledged = number(line.head().seq);
  ::_exit(1);
}

/// Bytes of bases and deltas, and of the database file once its log is folded in.
struct Weight {
  std::size_t rows = 0, file = 0, state = 0;
};

Weight weigh_film(int steps, std::size_t bytes_a_step) {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "w.db").string();
  auto store = open_sqlite_store(path, system_clock());
  Line line(film_named("film"));
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  for (int i = 0; i < steps; ++i) granted(line.grow(*store, lease, bytes_a_step));
  store.reset();
  Weight weight;
  auto connection = open_raw(path);
  auto sum = granted(store::Statement::prepare(connection.get(),
      "SELECT (SELECT sum(length(delta)) FROM commits) + (SELECT sum(length(body)) FROM bases)"));
  REQUIRE(granted(sum.step()));
  weight.rows = granted(sum.number(0));
  weight.file = std::filesystem::file_size(path);
  weight.state = record::encode_document(line.document()).size();
  return weight;
}

}  // namespace

TEST_CASE("the sqlite store keeps the contract of checkpoint stores") {
  ScratchFolder folder;
  conformance::keeps_the_contract([&] {
    folder.empty();
    const std::string path = (folder.path() / "sub" / "w.db").string();
    const auto clock = std::make_shared<ManualClock>();
    return conformance::CheckpointBackend{
        .open = [path, clock]() -> std::shared_ptr<CheckpointStore> { return open_sqlite_store(path, clock); },
        .pass = [clock](Duration time) { clock->advance(time); }};
  });
}

TEST_CASE("sqlite store: looking at a database that is not there makes none") {
  const ScratchFolder folder;
  const auto path = folder.path() / "deep" / "w.db";
  const auto store = open_sqlite_store(path.string(), system_clock());
  CHECK(store->load(film_named("film")).outcome == Outcome::absent);
  CHECK(granted(store->list()).empty());
  CHECK(word_of(store->history(film_named("film"), Seq{1}, 1)) == "not_found");
  CHECK_FALSE(std::filesystem::exists(path.parent_path()));
}

TEST_CASE("sqlite store: a database of a later version is too new, and is left as it is") {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "w.db").string();
  Line line(film_named("film"));
  {
    const auto store = open_sqlite_store(path, system_clock());
    const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
    granted(line.grow(*store, lease));
  }
  granted(open_raw(path).run("PRAGMA user_version = 7; UPDATE meta SET value = '7' WHERE name = 'format'"));
  const std::string before = bytes_of(path);
  const auto store = open_sqlite_store(path, system_clock());
  const Loaded<Checkpoint> loaded = store->load(line.film());
  CHECK(loaded.outcome == Outcome::too_new);
  CHECK(loaded.detail.find("format 7") != std::string::npos);
  CHECK(word_of(store->acquire(line.film(), {this_process_writer(), Epoch{}})) == "invalid");
  CHECK(bytes_of(path) == before);
}

TEST_CASE("sqlite store: what cannot be opened is unreachable, not absent") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.path() / "folder.db");
  std::filesystem::create_symlink("loop.db", folder.path() / "loop.db");
  for (const char* name : {"folder.db", "loop.db"}) {
    CAPTURE(name);
    const auto store = open_sqlite_store((folder.path() / name).string(), system_clock());
    CHECK(store->load(film_named("film")).outcome == Outcome::unreachable);
    CHECK(word_of(store->acquire(film_named("film"), {this_process_writer(), Epoch{}})) == "unavailable");
    CHECK(word_of(store->list()) == "unavailable");
    CHECK(word_of(store->set_aside(film_named("film"), "no")) == "unavailable");
  }
}

TEST_CASE("sqlite store: a file that is no database is corrupt and is moved away whole") {
  const ScratchFolder folder;
  const auto path = folder.path() / "w.db";
  const std::string garbage = std::string(5000, 'g');
  put_bytes(path, garbage);
  const auto store = open_sqlite_store(path.string(), system_clock());
  const FilmId film = film_named("film");
  CHECK(store->load(film).outcome == Outcome::corrupt);
  CHECK(word_of(store->acquire(film, {this_process_writer(), Epoch{}})) == "corrupt");
  const std::string kept = granted(store->set_aside(film, "garbage"));
  CHECK(bytes_of(kept) == garbage);
  CHECK(store->load(film).outcome == Outcome::absent);
  Line line(film);
  const Lease lease = granted(store->acquire(film, {this_process_writer(), Epoch{3}}));
  granted(line.grow(*store, lease));
  holds(store->load(film), line.checkpoint());
}

TEST_CASE("sqlite store: an empty or missing file beside a log with bytes is damage, not absence") {
  const ScratchFolder folder;
  const Image image = make_image(folder.path(), Log::kept);
  for (const bool is_there : {true, false}) {
    CAPTURE(is_there);
    const auto path = folder.path() / (is_there ? "empty.db" : "missing.db");
    if (is_there) put_bytes(path, "");
    put_bytes(path.string() + "-wal", image.log);
    const auto store = open_sqlite_store(path.string(), system_clock());
    CHECK(store->load(film_named("film")).outcome == Outcome::corrupt);
    const std::string kept = granted(store->set_aside(film_named("film"), "no main file"));
    CHECK(bytes_of(kept + "-wal") == image.log);
    CHECK(store->load(film_named("film")).outcome == Outcome::absent);
  }
}

TEST_CASE("sqlite store: a flipped byte anywhere never gives a wrong state") {
  const ScratchFolder folder;
  for (const Log log : {Log::folded, Log::kept}) {
    const Image image = make_image(folder.path(), log);
    Damage damage(image);
    damage.look(image.main, image.log);
    CHECK(damage.said("found") == 1);
    const auto random = seeded_random(7);
    for (std::size_t at = 0; at < image.main.size(); at += at < 100 ? 3 : 331) {
      CAPTURE(at);
      std::string changed = image.main;
      changed[at] = static_cast<char>(changed[at] ^ (1u << random->next() % 8));
      damage.look(changed, image.log);
    }
    for (std::size_t at = 0; at < image.log.size(); at += at < 60 ? 5 : 991) {
      CAPTURE(at);
      std::string changed = image.log;
      changed[at] = static_cast<char>(changed[at] ^ (1u << random->next() % 8));
      damage.look(image.main, changed);
    }
    MESSAGE("flips: ", damage.summary());
    if (log == Log::folded) CHECK(damage.said("corrupt") > 20);
  }
}

TEST_CASE("sqlite store: the numbers of a row flipped one by one end no process") {
  const ScratchFolder folder;
  const Image image = make_image(folder.path(), Log::folded);
  Damage damage(image);
  for (const char* change : {"UPDATE bases SET seq = -127 WHERE seq = (SELECT max(seq) FROM bases)", "UPDATE bases SET anchor = -1", "UPDATE commits SET epoch = 9000000000000000001",
                             "UPDATE commits SET at_ms = -9000000000000000000", "UPDATE commits SET at_ms = 9000000000000000000",
                             "UPDATE commits SET seq = 9000000000000000000 WHERE seq = 12", "UPDATE commits SET kind = 'x' WHERE seq = 12",
                             "UPDATE commits SET hash = upper(hash) WHERE seq = 12", "DELETE FROM commits WHERE seq = 11",
                             "DELETE FROM commits WHERE seq = 12", "DELETE FROM bases", "DELETE FROM films",
                             "UPDATE films SET head_seq = 11", "UPDATE films SET head_seq = 9223372036854775807",
                             "UPDATE films SET epoch = 9223372036854775807", "UPDATE films SET head_epoch = -1",
                             "UPDATE films SET film_id = 'a/b'", "UPDATE bases SET body = x'00'", "UPDATE commits SET delta = '{}' WHERE seq = 7"}) {
    CAPTURE(change);
    const auto path = folder.path() / "changed.db";
    put_bytes(path, image.main);
    {
      auto connection = open_raw(path.string());
      granted(connection.run("PRAGMA foreign_keys = 0; PRAGMA ignore_check_constraints = 1; PRAGMA journal_mode = DELETE; " + std::string(change)));
    }
    damage.look(bytes_of(path), "");
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  }
  MESSAGE("changed rows: ", damage.summary());
}

TEST_CASE("sqlite store: a file cut off anywhere never gives a wrong state") {
  const ScratchFolder folder;
  for (const Log log : {Log::folded, Log::kept}) {
    const Image image = make_image(folder.path(), log);
    Damage damage(image);
    for (std::size_t length = 1; length < image.main.size(); length += length < 4096 ? 511 : 1777)
      damage.look(image.main.substr(0, length), image.log);
    for (std::size_t length = 1; length < image.log.size(); length += 2111)
      damage.look(image.main, image.log.substr(0, length));
    MESSAGE("cuts: ", damage.summary());
  }
}

TEST_CASE("sqlite store: what was acknowledged to a killed process is there") {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "w.db").string();
  void* memory = ::mmap(nullptr, sizeof(SharedCount), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* count = new (memory) SharedCount;
  const auto random = seeded_random(11);
  for (int life = 0; life < 15; ++life) {
    const std::uint64_t enough = count->acknowledged + 1 + random->next() % 25;
    const pid_t child = ::fork();
    if (child == 0) commit_until_killed(path, *count);
    int status = 0;
    while (count->acknowledged < enough) {
      REQUIRE_MESSAGE(::waitpid(child, &status, WNOHANG) == 0, "the writer ended by itself");
      ::sched_yield();
    }
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    const Loaded<Checkpoint> loaded = open_sqlite_store(path, system_clock())->load(film_named("film"));
    REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
    const std::uint64_t seq = number(loaded.value->head.seq);
    CHECK(seq >= count->acknowledged);
    CHECK(seq <= count->acknowledged + 1);  // written, and killed before it could say so
    CHECK(loaded.value->document["count"] == seq);
    CHECK(loaded.value->document["scenes"].size() == seq);
    count->acknowledged = seq;
  }
  MESSAGE("killed 15 writers; commits kept ", count->acknowledged.load());
  ::munmap(memory, sizeof(SharedCount));
}

TEST_CASE("sqlite store: bytes stay within four times the final state, however long the film") {
  for (const int steps : {30, 100, 300, 1000}) {
    const Weight weight = weigh_film(steps, 1500);
    MESSAGE(steps, " steps: state ", weight.state, ", rows ", weight.rows, ", file ", weight.file);
    CHECK(weight.rows <= 4 * weight.state);
    CHECK(weight.file <= 4 * weight.state);
  }
}

}  // namespace workprint
