/// The fuzz target of the film for a second; `make fuzz` runs it for longer.
#include <doctest/doctest.h>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/storyboard.h"

TEST_CASE("fuzz: storyboards") {
  using namespace workprint::fuzz;
  CHECK(film::inputs_from_storyboard(*workprint::parse_film_id("tide"), kept("storyboard", "ours")).outcome == workprint::Outcome::found);
  CHECK(film::read_plan(*workprint::parse_json(kept("storyboard", "answer")), film::Author::answer));
  CHECK(film::read_analysis(*workprint::parse_json(kept("storyboard", "analysis"))));
  CHECK(smoke("storyboard", try_storyboard, 1000) > 1000);
}
