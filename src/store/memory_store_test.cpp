#include <doctest/doctest.h>

#include "tests/conformance/checkpoint_store_contract.h"

namespace workprint {

TEST_CASE("the memory store keeps the contract of checkpoint stores") {
  conformance::keeps_the_contract([] {
    const std::shared_ptr<CheckpointStore> store = open_memory_store(system_clock());
    return conformance::CheckpointBackend{.open = [store] { return store; }};
  });
}

}  // namespace workprint
