/// Properties of storyboard.json and of plans, for any bytes.
#pragma once

#include <string>
#include <string_view>

#include "film/nodes.h"
#include "film/plan/plan_json.h"
#include "tests/fuzz/require.h"
#include "workprint/digest.h"

namespace workprint::fuzz {

/// Whatever author a plan came from: as we write it, it is ours, and reading and writing it changes nothing more.
inline void try_plan(const Json& json, film::Author author) {
  const auto read = film::read_plan(json, author);
  if (!read) return require(!read.error().message.empty(), "a refusal says why");
  const Json written = film::to_json(read->plan);
  const auto again = film::read_plan(written, film::Author::ours);
  if (!again) std::fprintf(stderr, "%s\n", again.error().message.c_str());
  require(again.has_value(), "a plan we wrote is read as ours");
  require(canonical_json(film::to_json(again->plan)) == canonical_json(written), "a plan is the same the second time");
}

inline void try_accepted_storyboard(std::string_view bytes) {
  static const FilmId film = *parse_film_id("tide");
  const auto inputs = film::inputs_from_storyboard(film, bytes);
  require((inputs.outcome == Outcome::found) == inputs.value.has_value(), "found and nothing else has a value");
  if (!inputs.value) return;
  const std::string written = canonical_json(*inputs.value);
  const auto again = parse_json(written);
  require(again && canonical_json(*again) == written, "inputs are written and read the same");
  // What is taken is what was there: nothing but the engine's member is left out.
  Json document = *parse_json(bytes);
  document.erase("$workprint");
  require(inputs.value->at("storyboard") == document, "the storyboard is taken as it was");
}

inline void try_storyboard(std::string_view bytes) {
  try_accepted_storyboard(bytes);
  auto json = parse_json(bytes);
  if (!json) return;
  for (const film::Author author : {film::Author::answer, film::Author::older_document, film::Author::ours}) try_plan(*json, author);
  if (const auto analysis = film::read_analysis(*json)) {
    const Json written = film::to_json(*analysis);
    const auto again = film::read_analysis(written);
    require(again && canonical_json(film::to_json(*again)) == canonical_json(written), "an analysis is the same the second time");
  }
  if (!json->is_object() || !json->contains("$workprint") || !(*json)["$workprint"].is_object()) return;
  (*json)["$workprint"].erase("contentHash");
  std::string hash = sha256_hex(canonical_json(*json));
  (*json)["$workprint"]["contentHash"] = std::move(hash);
  try_accepted_storyboard(canonical_json(*json));
}

}  // namespace workprint::fuzz
