#include "store/memory_inbox.h"
#include "store/sqlite_inbox.h"

#include "object/scratch_folder.h"
#include "store/sqlite.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/conformance/inbox_contract.h"
#include "tests/support/manual_clock.h"

namespace workprint {

TEST_CASE("the inbox in memory keeps the contract") {
  conformance::keeps_the_inbox_contract([] {
    const auto clock = std::make_shared<ManualClock>();
    const std::shared_ptr<Inbox> inbox = std::make_shared<store::MemoryInbox>(clock);
    return conformance::InboxBackend{[inbox] { return inbox; }, [clock](Duration time) { clock->advance(time); }};
  });
}

TEST_CASE("the inbox in SQLite keeps the contract") {
  conformance::keeps_the_inbox_contract([] {
    const auto folder = std::make_shared<ScratchFolder>();
    const auto clock = std::make_shared<ManualClock>();
    const auto open = [folder, clock]() -> std::shared_ptr<Inbox> { return store::open_sqlite_inbox((folder->path() / "a.db").string(), clock); };
    return conformance::InboxBackend{open, [clock](Duration time) { clock->advance(time); }};
  });
}

TEST_CASE("a database of format 1 is upgraded where it stands") {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "a.db").string();
  conformance::Line line(conformance::film_named("film"));
  {
    const auto store = open_sqlite_store(path, system_clock());
    const Lease lease = conformance::granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
    for (int i = 0; i < 3; ++i) conformance::granted(line.grow(*store, lease, 100));
  }
  {
    auto raw = conformance::granted(store::Connection::open(path, store::Connection::Create::no, std::chrono::seconds(1)));
    conformance::granted(raw.run("DROP TABLE commands; DROP TABLE queue; PRAGMA user_version = 1; UPDATE meta SET value = '1' WHERE name = 'format'"));
  }
  const auto inbox = store::open_sqlite_inbox(path, system_clock());
  CHECK(inbox->enqueue(line.film(), 0));
  const auto store = open_sqlite_store(path, system_clock());
  const Loaded<Checkpoint> loaded = store->load(line.film());
  REQUIRE(loaded.value);
  CHECK(loaded.value->head == line.head());
}

TEST_CASE("a database that is replaced under an inbox takes no command into the old file") {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "a.db").string();
  const auto inbox = store::open_sqlite_inbox(path, system_clock());
  const FilmId film = conformance::film_named("film");
  CHECK(inbox->enqueue(film, 0));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  CHECK(inbox->submit({"a", film, "STOP_PIPELINE", Json::object(), nullptr, 0}));
  CHECK(store::open_sqlite_inbox(path, system_clock())->pending(film, 9)->size() == 1);
}

}  // namespace workprint
