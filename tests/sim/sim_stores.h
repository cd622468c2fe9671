/// What one simulated worker sees of the database and the bucket: the real memory backends, with every call an event.
#pragma once

#include "tests/sim/oracle.h"
#include "tests/sim/world.h"

namespace workprint::sim {

std::unique_ptr<CheckpointStore> database_of(World& world, Worker& worker);
std::unique_ptr<ObjectStore> bucket_of(World& world, Worker& worker);

}  // namespace workprint::sim
