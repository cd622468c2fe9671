/// The fuzz target of the film for a second; `make fuzz` runs it for longer.
#include <doctest/doctest.h>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/storyboard.h"

TEST_CASE("fuzz: storyboards") {
  using namespace workprint::fuzz;
  CHECK(smoke("storyboard", try_storyboard, 400) > 400);
}
