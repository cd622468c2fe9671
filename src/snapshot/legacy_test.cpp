#include "snapshot/legacy.h"

#include <doctest/doctest.h>

#include "snapshot/snapshot.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "workprint/object_name.h"

namespace workprint::snapshot {
namespace {

using conformance::film_named;
using conformance::granted;

const FilmId film = film_named("film");

}  // namespace

TEST_CASE("legacy: a bare document is a whole JSON object without $workprint, and nothing else") {
  CHECK(bare_document(R"({"creativePrompt": "a boat"})").has_value());
  CHECK(bare_document("{}").has_value());
  for (const char* other : {R"({"creativePrompt": "a bo)", "[1]", "\"text\"", "", R"({"$workprint": {}})", R"({"$workprint": null})",
                            R"({"a": 1, "a": 2})", R"({"$workprint": {"format": 99}, "creativePrompt": "a boat"})"})
    CHECK_MESSAGE(!bare_document(other), other);
}

TEST_CASE("legacy: loading tells a bare state.json from a damaged one, and both can be overwritten by version") {
  const auto objects = open_memory_objects();
  const ObjectInfo bare = granted(objects->put("film/state.json", R"({"creativePrompt": "a boat"})", IfAbsent{}));
  const Finding finding = load(*objects, film);
  CHECK(finding.state.outcome == Outcome::corrupt);
  CHECK(finding.state.detail.find("older system") != std::string::npos);
  REQUIRE(finding.legacy.has_value());
  CHECK((*finding.legacy)["creativePrompt"] == "a boat");
  CHECK(finding.damaged_version == bare.version);

  const ObjectInfo cut = granted(objects->put("film/state.json", R"({"creativePrompt": "a bo)", IfVersion{bare.version}));
  CHECK_FALSE(load(*objects, film).legacy.has_value());
  CHECK(load(*objects, film).damaged_version == cut.version);
}

TEST_CASE("legacy: beside a snapshot of ours, valid or not, a bare state.json is only damage") {
  const auto objects = open_memory_objects();
  granted(objects->put("film/state.json", R"({"creativePrompt": "a boat"})", IfAbsent{}));
  granted(objects->put(*snapshot_name(film, Epoch{1}, Seq{4}), "{", IfAbsent{}));
  const Finding finding = load(*objects, film);
  CHECK(finding.state.outcome == Outcome::corrupt);
  CHECK_FALSE(finding.legacy.has_value());
  CHECK_FALSE(finding.older.has_value());
}

TEST_CASE("legacy: a named document is kept under a name of its content, once") {
  const auto objects = open_memory_objects();
  const std::string bytes = R"({"creativePrompt": "a boat"})";
  const std::string name = granted(keep_bare(*objects, film, bytes));
  CHECK(name.starts_with("film/quarantine/named-"));
  CHECK(granted(keep_bare(*objects, film, bytes)) == name);
  CHECK(granted(objects->get(name)).bytes == bytes);
}

}  // namespace workprint::snapshot
