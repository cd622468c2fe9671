/// One server for the whole test program, and names of schemas nobody used yet.
#pragma once

#include <atomic>

#include "tests/support/postgres_server.h"

namespace workprint {

inline PostgresServer& shared_server() {
  static PostgresServer server;
  return server;
}

inline std::string fresh_schema() {
  static std::atomic<int> made = 0;
  return "test_" + std::to_string(++made);
}

}  // namespace workprint
