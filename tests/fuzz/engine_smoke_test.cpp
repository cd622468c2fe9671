/// The fuzz targets of the engine for a second; `make fuzz` runs them for longer.
#include <doctest/doctest.h>

#include "tests/fuzz/delta.h"
#include "tests/fuzz/document.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/names.h"

namespace workprint::fuzz {

TEST_CASE("fuzz: state documents") { CHECK(smoke("document", try_document, 1500) > 1500); }
TEST_CASE("fuzz: deltas") { CHECK(smoke("delta", try_delta, 6000) > 6000); }
TEST_CASE("fuzz: film ids") { CHECK(smoke("film_id", try_film_id, 4000) > 4000); }
TEST_CASE("fuzz: object names") { CHECK(smoke("object_name", try_object_name, 8000) > 8000); }
TEST_CASE("fuzz: sidecars") { CHECK(smoke("sidecar", try_sidecar, 3000) > 3000); }

}  // namespace workprint::fuzz
