// A durable workflow without films: three letters are "bought" one by one, each exactly once.
//
//   build/release/example_durable_chain folder      kill it at any instant, start it again: it goes on where it was
//
// Prints, on a first run that is left alone:
//   bought a, bought b, bought c
//   complete: abc, 3 calls paid
#include <cstdio>

#include "workprint/service.h"
#include "workprint/try.h"

namespace {

using namespace workprint;

const Channel<Json> letters{"letters", Merge::merge};

std::vector<std::string> open_letters(const State& state) {
  std::vector<std::string> open;
  for (const char* letter : {"a", "b", "c"})
    if (!state.raw("letters").is_object() || !state.raw("letters").contains(letter)) open.emplace_back(letter);
  return open;
}

Result<Writes> buy(const State&, Context& context) {
  EffectRequest request;
  request.key = "letter_" + context.item() + "/" + std::to_string(context.first_number("letter_" + context.item()));
  request.provider = "example";
  request.model = "letters";
  request.dedupes = Dedupes::yes;  // asked again with the same key, this provider charges nothing
  const EffectResult bought = TRY(context.effect(request, [&](EffectCall&) -> Result<EffectResult> {
    std::printf("bought %s\n", context.item().c_str());
    EffectResult result;
    result.value = {{"letter", context.item()}};
    result.usd_micros = 1000;
    return result;
  }));
  Writes writes;
  writes.patch(letters, {{context.item(), bought.value["letter"]}});
  return writes;
}

Result<Workflow> chain() {
  Graph graph("chain/v1");
  graph.channel(letters);
  graph.add({.name = "look", .run = [](const State&, Context&) -> Result<Writes> { return Writes(); }, .writes = {}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  graph.add({.name = "buy", .run = buy, .writes = {"letters"}, .items = open_letters, .batch_max = 1, .retry = {}, .timeout = {}, .skip = {}});
  graph.entry("look").edge("look", "buy");
  graph.branch("buy", {"buy", std::string(end_node)}, [](const State& state) { return open_letters(state).empty() ? std::string(end_node) : "buy"; });
  Workflow workflow;
  workflow.graph = TRY(graph.validate());
  return workflow;
}

Result<void> run(const std::string& folder) {
  const auto clock = system_clock();
  const auto store = open_sqlite_store(folder + "/workprint.db", clock);
  const auto objects = open_folder_store(folder + "/objects");
  ServiceOptions options;
  options.scratch = folder + "/scratch";
  WorkflowService service(*store, *objects, TRY(chain()), options, clock, system_random(), {});
  const FilmId thread = TRY(parse_film_id("chain"));
  const RunReport report = TRY(service.start(thread, {{"letters", Json::object()}}, "", {}));
  const FullState full = TRY(service.full_state(thread));
  std::string word;
  for (const auto& [letter, value] : full.state["letters"].items()) word += letter;
  std::printf("%s: %s, %zu calls paid\n", std::string(to_string(report.status)).c_str(), word.c_str(), full.state["cost"].size());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto done = run(argc > 1 ? argv[1] : "chain-data");
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
