/// The fuzz targets of the engine for a second; `make fuzz` runs them for longer.
#include <doctest/doctest.h>

#include "tests/fuzz/delta.h"
#include "tests/fuzz/document.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/names.h"

namespace workprint::fuzz {

TEST_CASE("fuzz: state documents") {
  for (const char* name : {"submitted", "indented", "ended", "asked", "bare"}) {
    CAPTURE(name);
    CHECK(record::decode_document(*parse_film_id("tide"), kept("document", name)).outcome == Outcome::found);
  }
  CHECK(smoke("document", try_document, 3000) > 3000);
}

TEST_CASE("fuzz: deltas") {
  for (const char* name : {"step", "set", "merge", "append", "all", "empty"}) CHECK(record::decode_delta(kept("delta", name)));
  CHECK(smoke("delta", try_delta, 10000) > 10000);
}

TEST_CASE("fuzz: film ids") { CHECK(smoke("film_id", try_film_id, 20000) > 20000); }
TEST_CASE("fuzz: object names") { CHECK(smoke("object_name", try_object_name, 30000) > 30000); }
TEST_CASE("fuzz: sidecars") {
  CHECK(folder::decode_sidecar(kept("sidecar", "two")).records.size() == 2);
  CHECK(smoke("sidecar", try_sidecar, 8000) > 8000);
}

}  // namespace workprint::fuzz
