// A workflow that can read the system it replaced: what is taken, what wins over it, and that nothing is lost.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "workprint/object_name.h"
#include "workprint/service.h"
#include "workprint/try.h"

using namespace workprint;

namespace {

const Channel<std::string> prompt{"prompt", Merge::once};
const Channel<std::string> answer{"answer", Merge::replace};

const std::string bare = R"({"oldPrompt": "a boat", "extra": 1})";

// Says "unreachable" for a document that needs what does not answer, as a film does when its song's store is away.
Loaded<Json> from_old(const FilmId&, const Json& document, ObjectStore&) {
  if (!document.contains("oldPrompt")) return {Outcome::corrupt, std::nullopt, "oldPrompt is missing"};
  if (document.contains("needs")) return {Outcome::unreachable, std::nullopt, "no answer"};
  return {Outcome::found, Json{{"prompt", document["oldPrompt"]}}, "extra is dropped"};
}

Workflow workflow() {
  Graph graph("legacy/v1");
  graph.channel(prompt).channel(answer);
  graph.add({.name = "look", .run = [](const State&, Context&) -> Result<Writes> { return Writes(); }, .writes = {}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  const NodeFunction say = [](const State& state, Context&) -> Result<Writes> {
    Writes writes;
    writes.set(answer, "made of " + TRY(state.get(prompt)));
    return writes;
  };
  graph.add({.name = "say", .run = say, .writes = {"answer"}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  graph.entry("look").edge("look", "say").edge("say", std::string(end_node));
  auto valid = graph.validate();
  REQUIRE_MESSAGE(valid.has_value(), (valid ? "" : valid.error().message));
  Workflow one;
  one.graph = *valid;
  one.restart_at = [](const State& state) { return std::string(state.has(answer) ? "" : "say"); };
  one.channels_from_legacy = from_old;
  return one;
}

struct Bench {
  std::filesystem::path root = std::filesystem::temp_directory_path() / ("workprint_legacy_" + std::to_string(::getpid()) + "_" + std::to_string(next++));
  std::shared_ptr<Clock> clock = system_clock();
  std::unique_ptr<CheckpointStore> store = open_memory_store(clock);
  std::unique_ptr<ObjectStore> objects = open_memory_objects();
  FilmId film = *parse_film_id("film_a");
  WorkflowService service{*store, *objects, workflow(), options(), clock, seeded_random(1), {}};
  static inline int next = 0;

  Bench() { std::filesystem::create_directories(root); }
  ~Bench() { std::filesystem::remove_all(root); }

  [[nodiscard]] ServiceOptions options() const {
    ServiceOptions one;
    one.scratch = root / "scratch";
    return one;
  }

  void put(const std::string& name, const std::string& bytes) {
    const auto there = objects->head(name);
    PutCondition condition = IfAbsent{};
    if (there) condition = IfVersion{there->version};
    REQUIRE(objects->put(name, bytes, condition).has_value());
  }

  // The bytes of every object under quarantine/.
  [[nodiscard]] std::vector<std::string> quarantined() const {
    std::vector<std::string> all;
    const auto listed = objects->list("film_a/quarantine/");
    REQUIRE(listed.has_value());
    for (const ObjectInfo& info : *listed) all.push_back(objects->get(info.name)->bytes);
    return all;
  }

  std::filesystem::path file(const std::string& bytes, const std::string& below = "old-state.json") const {
    std::filesystem::create_directories((root / below).parent_path());
    std::ofstream(root / below, std::ios::binary) << bytes;
    return root / below;
  }
};

}  // namespace

TEST_CASE("legacy: a bare state.json is taken, kept, and replaced by a document of ours") {
  Bench bench;
  bench.put("film_a/state.json", bare);
  const RecoveryReport before = bench.service.explain(bench.film);
  CHECK(before.decision == Decision::from_legacy);
  CHECK(before.row == 'Z');
  CHECK(before.next == std::vector<std::string>{"say"});
  CHECK(before.tiers[1].detail.find("extra is dropped") != std::string::npos);
  CHECK(bench.quarantined().empty());  // looking writes nothing
  CHECK(bench.service.full_state(bench.film)->state["prompt"] == "a boat");

  const auto report = bench.service.resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  CHECK(bench.service.full_state(bench.film)->state["answer"] == "made of a boat");
  CHECK(bench.quarantined() == std::vector<std::string>{bare});
  CHECK(bench.service.explain(bench.film).row == 'A');
}

TEST_CASE("legacy: a checkpoint wins over a bare state.json, which is kept before it is overwritten") {
  Bench bench;
  REQUIRE(bench.service.start(bench.film, {{"prompt", "a train"}}, "", {}).has_value());
  bench.put("film_a/state.json", bare);
  CHECK(bench.service.explain(bench.film).row == 'a');
  const auto report = bench.service.resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(bench.service.full_state(bench.film)->state["answer"] == "made of a train");
  CHECK(bench.quarantined() == std::vector<std::string>{bare});
  CHECK(bench.service.explain(bench.film).row == 'A');
}

TEST_CASE("legacy: the run that died between its commit and state.json goes on from its commit") {
  Bench bench;
  bench.put("film_a/state.json", bare);
  REQUIRE(bench.service.resume(bench.film, {}).has_value());
  // As if only the first snapshot had been written, and the database were gone.
  const auto state = bench.objects->get("film_a/state.json");
  REQUIRE(state.has_value());
  bench.put("film_a/state.json", bare);
  bench.store = open_memory_store(bench.clock);
  WorkflowService again(*bench.store, *bench.objects, workflow(), bench.options(), bench.clock, seeded_random(2), {});
  CHECK(again.explain(bench.film).row == 'M');
  REQUIRE(again.resume(bench.film, {}).has_value());
  CHECK(again.full_state(bench.film)->state["answer"] == "made of a boat");
}

TEST_CASE("legacy: a document that cannot be read is refused with its reason, and stays") {
  Bench bench;
  bench.put("film_a/state.json", R"({"other": 1})");
  const auto report = bench.service.resume(bench.film, {});
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().kind == ErrorKind::corrupt);
  CHECK(report.error().message.find("oldPrompt is missing") != std::string::npos);
  CHECK(bench.objects->get("film_a/state.json")->bytes == R"({"other": 1})");
  CHECK_FALSE(bench.service.start(bench.film, {{"prompt", "x"}}, "", {}).has_value());
}

TEST_CASE("legacy: a document whose objects do not answer is refused as unreachable, and taken later") {
  Bench bench;
  bench.put("film_a/state.json", R"({"oldPrompt": "a boat", "needs": "a song"})");
  const auto report = bench.service.resume(bench.film, {});
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().kind == ErrorKind::unavailable);
  CHECK(bench.service.last_report()->row == 'S');
  CHECK(bench.quarantined().empty());
  bench.put("film_a/state.json", bare);
  CHECK(bench.service.resume(bench.film, {}).has_value());
}

TEST_CASE("legacy: other inputs over a bare state.json are refused by name; start over keeps the document") {
  Bench bench;
  bench.put("film_a/state.json", bare);
  const auto refused = bench.service.start(bench.film, {{"prompt", "other"}}, "", {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().message.find("prompt differs") != std::string::npos);
  REQUIRE(bench.service.start(bench.film, {{"prompt", "other"}}, "film_a", {}).has_value());
  CHECK(bench.service.full_state(bench.film)->state["answer"] == "made of other");
  CHECK(bench.quarantined() == std::vector<std::string>{bare});
}

TEST_CASE("legacy: a bare file needs a film's name, is taken where nothing is known, and kept") {
  Bench bench;
  const auto nameless = bench.service.resume_file(bench.file(bare), "", {});
  REQUIRE_FALSE(nameless.has_value());
  CHECK(nameless.error().kind == ErrorKind::invalid);
  CHECK(nameless.error().message.find("--id NAME") != std::string::npos);
  const auto report = bench.service.resume_file(bench.file(bare), "film_a", {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->recovery.row == 'Z');
  CHECK(bench.service.full_state(bench.film)->state["answer"] == "made of a boat");
  CHECK(bench.quarantined() == std::vector<std::string>{bare});

  // Named a second time it is older than what it became.
  const auto again = bench.service.resume_file(bench.file(R"({"oldPrompt": "a train"})"), "film_a", {});
  REQUIRE(again.has_value());
  CHECK(again->recovery.decision == Decision::from_checkpoint);
  CHECK(again->recovery.repairs.front().find("not used") != std::string::npos);
  CHECK(bench.service.full_state(bench.film)->state["prompt"] == "a boat");
}

TEST_CASE("legacy: a bare state.json in a film's folder names its film") {
  Bench bench;
  const auto report = bench.service.resume_file(bench.file(bare, "films/film_a/state.json"), "", {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->recovery.film == "film_a");
}

TEST_CASE("legacy: a file of another film than the one named is refused") {
  Bench bench;
  REQUIRE(bench.service.start(bench.film, {{"prompt", "a train"}}, "", {}).has_value());
  const std::string ours = bench.objects->get("film_a/state.json")->bytes;
  const auto refused = bench.service.resume_file(bench.file(ours, "ours.json"), "film_b", {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(refused.error().message.find("found=film_a") != std::string::npos);
}

TEST_CASE("legacy: a bare storyboard is read by the same reader when nothing else is left") {
  Bench bench;
  Workflow with_plan = workflow();
  with_plan.channels_from_storyboard = [](const FilmId&, std::string_view) { return Loaded<Json>{Outcome::corrupt, std::nullopt, "not ours"}; };
  WorkflowService service(*bench.store, *bench.objects, with_plan, bench.options(), bench.clock, seeded_random(1), {});
  bench.put("film_a/scenes/storyboard.json", bare);
  CHECK(service.explain(bench.film).row == 'T');
  REQUIRE(service.resume(bench.film, {}).has_value());
  CHECK(service.full_state(bench.film)->state["answer"] == "made of a boat");
  CHECK(bench.objects->get("film_a/scenes/storyboard.json")->bytes == bare);
}

TEST_CASE("legacy: without a reader a bare document is corrupt, as before") {
  Bench bench;
  Workflow blind = workflow();
  blind.channels_from_legacy = {};
  WorkflowService service(*bench.store, *bench.objects, blind, bench.options(), bench.clock, seeded_random(1), {});
  bench.put("film_a/state.json", bare);
  const auto report = service.resume(bench.film, {});
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().kind == ErrorKind::corrupt);
  CHECK(service.last_report()->row == 'N');
  const auto named = service.resume_file(bench.file(bare), "film_b", {});
  REQUIRE_FALSE(named.has_value());
  CHECK(named.error().kind == ErrorKind::invalid);
}
