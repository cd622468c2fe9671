/// One server for the whole test program, and names of schemas nobody used yet.
#pragma once

#include <atomic>

#include "tests/support/postgres_server.h"
#include "workprint/checkpoint_store.h"
#include "workprint/try.h"

namespace workprint {

inline PostgresServer& shared_server() {
  static PostgresServer server;
  return server;
}

inline std::string fresh_schema() {
  static std::atomic<int> made = 0;
  return "test_" + std::to_string(++made);
}

/// The store's id, after a first acquire that makes the store.
inline Result<std::string> identity_of(CheckpointStore& store) {
  static std::atomic<int> asked = 0;  // a film of its own: threads that ask at once must not meet
  const FilmId film = TRY(parse_film_id("identity_" + std::to_string(++asked)));
  const Lease lease = TRY(store.acquire(film, {this_process_writer(), Epoch{}}));
  TRY(store.release(lease));
  return store.incarnation();
}

}  // namespace workprint
