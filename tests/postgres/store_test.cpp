// The contract, on a real server: directly, without prepared statements, over TCP, and through PgBouncer in transaction mode.
#include <doctest/doctest.h>

#include <atomic>

#include "store/postgres_store.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/postgres/shared_server.h"

namespace workprint {
namespace {

using conformance::CheckpointBackend;
using conformance::film_named;
using conformance::granted;
using conformance::holds;
using conformance::Line;
using conformance::word_of;

// Time passes for leases when their signs of life move into the past; nobody waits.
CheckpointBackend backend_at(const std::string& location, const std::string& schema) {
  return {.open = [location]() -> std::shared_ptr<CheckpointStore> { return open_postgres_store(location, system_clock()); },
          .pass = [schema](Duration time) {
            shared_server().run("UPDATE " + schema + ".films SET alive_at = alive_at - interval '" + std::to_string(time.count()) + " milliseconds'");
          },
          .has_one_machine = false};
}

}  // namespace

TEST_CASE("the postgres store keeps the contract of checkpoint stores") {
  conformance::keeps_the_contract([] {
    const std::string schema = fresh_schema();
    return backend_at(shared_server().location("schema=" + schema), schema);
  });
}

TEST_CASE("the postgres store keeps the contract without prepared statements, over TCP") {
  conformance::keeps_the_contract([] {
    const std::string schema = fresh_schema();
    return backend_at(shared_server().tcp_location("prepare=off&schema=" + schema), schema);
  });
}

}  // namespace workprint
