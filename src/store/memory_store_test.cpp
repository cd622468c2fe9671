#include <doctest/doctest.h>

#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/support/manual_clock.h"

namespace workprint {

TEST_CASE("the memory store keeps the contract of checkpoint stores") {
  conformance::keeps_the_contract([] {
    const auto clock = std::make_shared<ManualClock>();
    const std::shared_ptr<CheckpointStore> store = open_memory_store(clock);
    return conformance::CheckpointBackend{.open = [store] { return store; },
                                          .pass = [clock](Duration time) { clock->advance(time); },
                                          .has_one_machine = false};
  });
}

}  // namespace workprint
