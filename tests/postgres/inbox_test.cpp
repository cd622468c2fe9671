// The inbox on a real server.
#include "store/postgres_inbox.h"

#include <doctest/doctest.h>

#include "store/postgres_schema.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/conformance/inbox_contract.h"
#include "tests/postgres/shared_server.h"
#include "tests/support/tcp_gate.h"

namespace workprint {
namespace {

conformance::InboxBackend inbox_at(const std::string& location, const std::string& schema) {
  return {.open = [location]() -> std::shared_ptr<Inbox> { return store::postgres::open_postgres_inbox(location, system_clock(), {}); },
          .pass = [schema](Duration time) {
            const std::string shift = " - interval '" + std::to_string(time.count()) + " milliseconds'";
            shared_server().run("UPDATE " + schema + ".queue SET alive_at = alive_at" + shift + ", not_before = not_before" + shift + ", doubted_at = doubted_at" + shift);
          }};
}

}  // namespace

TEST_CASE("the inbox in PostgreSQL keeps the contract") {
  conformance::keeps_the_inbox_contract([] {
    const std::string schema = fresh_schema();
    return inbox_at(shared_server().location("schema=" + schema), schema);
  });
}

TEST_CASE("a schema of format 1 is upgraded where it stands, by whoever comes first") {
  const std::string schema = fresh_schema(), location = shared_server().location("schema=" + schema);
  conformance::Line line(conformance::film_named("film"));
  std::string incarnation;
  {
    const auto store = open_postgres_store(location, system_clock());
    const Lease lease = conformance::granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
    for (int i = 0; i < 3; ++i) conformance::granted(line.grow(*store, lease, 100));
    incarnation = conformance::granted(store->incarnation());
  }
  shared_server().run("DROP TABLE " + schema + ".commands; DROP TABLE " + schema + ".queue; UPDATE " + schema + ".meta SET value = '1' WHERE name = 'format'; UPDATE " +
                      schema + ".meta SET value = '" + store::postgres::meta_seal("1", incarnation) + "' WHERE name = 'seal'");
  {
    std::vector<std::jthread> both;
    for (int i = 0; i < 2; ++i)
      both.emplace_back([&] {
        const auto inbox = store::postgres::open_postgres_inbox(location, system_clock(), {});
        [[maybe_unused]] const auto done = inbox->enqueue(line.film(), 0);
      });
  }
  CHECK(store::postgres::open_postgres_inbox(location, system_clock(), {})->counts()->waiting == 1);
  const Loaded<Checkpoint> loaded = open_postgres_store(location, system_clock())->load(line.film());
  REQUIRE(loaded.value);
  CHECK(loaded.value->head == line.head());
}

TEST_CASE("commands of many senders at once are each there once") {
  const std::string schema = fresh_schema(), location = shared_server().location("schema=" + schema);
  constexpr int senders = 6, each = 40;
  {
    std::vector<std::jthread> threads;
    for (int s = 0; s < senders; ++s)
      threads.emplace_back([&, s] {
        const auto inbox = store::postgres::open_postgres_inbox(location, system_clock(), {});
        // Half of each sender's ids are everybody's.
        for (int i = 0; i < each; ++i) {
          const std::string id = i % 2 == 0 ? "shared" + std::to_string(i) : "own" + std::to_string(s) + "_" + std::to_string(i);
          const auto taken = inbox->submit(conformance::inbox_clauses::command_of("film", id));
          CHECK_MESSAGE(taken.has_value(), (taken ? "" : taken.error().message));
        }
      });
  }
  const auto inbox = store::postgres::open_postgres_inbox(location, system_clock(), {});
  CHECK(inbox->pending(conformance::film_named("film"), 1000)->size() == each / 2 + senders * each / 2);
}

TEST_CASE("a command whose answer was lost is sent again and is there once; its result stands as it was first told") {
  TcpGate gate(shared_server().port());
  const std::string location = shared_server().tcp_location("schema=" + fresh_schema(), gate.port());
  const auto inbox = store::postgres::open_postgres_inbox(location, system_clock(), {.call = std::chrono::seconds(3)});
  const FilmId film = conformance::film_named("film");
  int sent = 0, unknown = 0;
  const auto send = [&](const std::string& id) { return inbox->submit(conformance::inbox_clauses::command_of("film", id)); };
  for (int round = 0; round < 8; ++round) {
    CHECK(send("before" + std::to_string(round)).has_value());  // what is prepared once is prepared, and the connection stands
    const std::string id = "lost" + std::to_string(round);
    if (round % 2 == 0)
      gate.lose_next_answer();
    else
      gate.lose_next_question();
    const auto taken = send(id);
    CHECK(conformance::word_of(taken) == "unavailable");
    unknown += taken ? 0 : 1;
    const auto again = send(id);
    REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error().message));
    CHECK(again->state == CommandState::accepted);
    sent += 2;
    CHECK(inbox->pending(film, 100)->size() == static_cast<std::size_t>(sent));
  }
  CHECK(gate.cuts() == 8);
  CHECK(unknown == 8);
  CHECK(inbox->counts()->waiting == 1);

  CHECK(inbox->settle(film, "before0", CommandState::applied, Seq{5}, "").has_value());
  gate.lose_next_answer();
  CHECK(conformance::word_of(inbox->settle(film, "lost0", CommandState::applied, Seq{7}, "")) == "unavailable");
  CHECK(inbox->settle(film, "lost0", CommandState::rejected, Seq{9}, "late").has_value());
  const auto record = inbox->find(film, "lost0");
  REQUIRE(record.has_value());
  CHECK(record->state == CommandState::applied);
  CHECK(number(record->seq) == 7);
}

}  // namespace workprint
