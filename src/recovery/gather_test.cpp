#include "recovery/gather.h"

#include <doctest/doctest.h>

#include "object/memory_objects.h"
#include "store/memory_store.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/support/manual_clock.h"
#include "workprint/object_name.h"

namespace workprint::recovery {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::Line;

const FilmId film = film_named("film");

struct Bench {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  store::MemoryStore store{clock, "store_1"};
  MemoryObjects objects{"bucket_1"};
  Workflow workflow;

  Bench() {
    Graph graph("one/v1");
    graph.add({.name = "look", .run = [](const State&, Context&) -> Result<Writes> { return Writes(); }, .writes = {}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
    graph.entry("look").edge("look", std::string(end_node));
    workflow.graph = granted(graph.validate());
    workflow.restart_at = [](const State&) -> std::string { return "look"; };
    workflow.channels_from_storyboard = [](const FilmId&, std::string_view bytes) -> Loaded<Json> {
      if (bytes != "a plan") return {Outcome::corrupt, std::nullopt, "no plan"};
      return {Outcome::found, Json{{"prompt", "of the plan"}}, {}};
    };
  }
  Gathered look(const std::optional<Checkpoint>& external = std::nullopt) { return gather(store, objects, workflow, *clock, film, external); }
  void put(const std::string& name, std::string_view bytes) { granted(objects.put(name, bytes, IfAbsent())); }
  void damage(const std::string& name) {
    MemoryObjects::Image image = objects.image();
    image.objects.find(name)->second.bytes = std::make_shared<const Bytes>("cut");
    objects.replace(std::move(image));
  }
};

}  // namespace

TEST_CASE("gather: without any state the plan is taken, refused when it is damaged, and nothing is begun over assets") {
  const std::string plan = granted(storyboard_name(film));
  Bench bench;
  CHECK(bench.look().resolution.row == 'X');

  bench.put(plan, "a plan");
  Gathered gathered = bench.look();
  CHECK(gathered.resolution.decision == Decision::from_storyboard);
  CHECK((*gathered.inputs())["prompt"] == "of the plan");
  CHECK(gathered.chosen() == nullptr);
  CHECK(gathered.report.next == std::vector<std::string>{"look"});

  bench.damage(plan);
  gathered = bench.look();
  CHECK(gathered.resolution.row == 'V');
  CHECK_MESSAGE(gathered.report.because.find("checksum") != std::string::npos, gathered.report.because);

  Bench assets;
  assets.put(granted(clip_name(film, 1, 1)), "a clip");
  CHECK(assets.look().resolution.row == 'Y');
}

TEST_CASE("gather: a file that was named stands in for state.json when it is newer") {
  Bench bench;
  Line line(film);
  line.next(Epoch{1});
  const Checkpoint older = line.checkpoint();
  line.next(Epoch{1});
  bench.put(granted(state_name(film)), record::encode_document(line.document()));
  CHECK(bench.look(older).chosen()->head == line.head());
  line.next(Epoch{1});
  const Gathered gathered = bench.look(line.checkpoint());
  CHECK(gathered.resolution.row == 'J');
  CHECK(gathered.chosen()->head == line.head());
  CHECK(gathered.report.tiers[1].detail == "from the file that was named");
}

TEST_CASE("gather: the report says of each tier what was found, its age, and why it was taken or not") {
  Bench bench;
  Line line(film);
  const Lease lease = granted(bench.store.acquire(film, {"host/boot/1/1", Epoch{}, Duration()}));
  for (int i = 0; i < 2; ++i) {
    const Commit commit = line.next(lease.epoch());
    granted(bench.store.commit(lease, commit, line.document()));
    if (i == 0) bench.put(granted(state_name(film)), record::encode_document(line.document()));
  }
  RecoveryReport report = bench.look().report;
  report.repairs.push_back("a repair");
  const std::string text = to_text(report);
  for (const char* part : {"recovery of film: from checkpoint (row B", "  > checkpoint  found, epoch 1, seq 2", "s old [taken]  memory", "    snapshot    found, epoch 1, seq 1",
                           "[older]  memory/film/state.json", "    storyboard  absent", "    repair: a repair", "    next: make/2"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, "not there: ", std::string(part), "\n", text);
}

}  // namespace workprint::recovery
