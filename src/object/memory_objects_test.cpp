#include <doctest/doctest.h>

#include "object/scratch_folder.h"
#include "tests/conformance/object_store_contract.h"

namespace workprint {

TEST_CASE("memory objects keep the contract of object stores") {
  ScratchFolder scratch;
  conformance::keeps_the_contract([&] {
    scratch.empty();
    const std::shared_ptr<ObjectStore> store = open_memory_objects();
    return conformance::ObjectBackend{.scratch = scratch.path(), .open = [store] { return store; }};
  });
}

}  // namespace workprint
