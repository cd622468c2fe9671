// The load of bench/publication_bench: a workflow of quick steps at a steady rate, on SQLite and the object store that is named.
//   publication_steps <objects> <steps> <steps a second> <bytes of state>
// Prints, when it is over, a line for each commit: its seq and when it was durable, in microseconds of the wall clock.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "workprint/service.h"
#include "workprint/try.h"

namespace {

using namespace workprint;
using SteadyClock = std::chrono::steady_clock;

struct Load {
  std::string objects;
  std::uint64_t steps = 0;
  double steps_a_second = 1;
  std::size_t state_bytes = 0;
};

struct Durable {
  std::uint64_t seq = 0;
  std::int64_t at_micros = 0;
};

const Channel<Json> count{"count", Merge::replace};
const Channel<Json> text{"text", Merge::replace};

Result<Workflow> steps(const Load& load) {
  Graph graph("steps/v1");
  graph.channel(count).channel(text);
  Node node;
  node.name = "step";
  node.writes = {"count"};
  node.run = [&load, begin = SteadyClock::now()](const State& state, Context&) -> Result<Writes> {
    const auto done = state.raw("count").get<std::uint64_t>();
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(static_cast<double>(done) / load.steps_a_second)));
    Writes writes;
    writes.set(count, Json(done + 1));
    return writes;
  };
  graph.add(node).entry("step");
  graph.branch("step", {"step", std::string(end_node)}, [&load](const State& state) {
    return state.raw("count").get<std::uint64_t>() < load.steps ? "step" : std::string(end_node);
  });
  Workflow workflow;
  workflow.graph = TRY(graph.validate());
  return workflow;
}

Result<std::vector<Durable>> run(const Load& load, const std::filesystem::path& folder) {
  const auto store = open_sqlite_store((folder / "workprint.db").string(), system_clock());
  const auto objects = TRY(open_object_store(load.objects));
  ServiceOptions options;
  options.scratch = folder / "scratch";
  std::vector<Durable> commits;
  const EventSink sink = [&](const Event& event) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    if (event.type == "commit") commits.push_back({event.seq, std::chrono::duration_cast<std::chrono::microseconds>(now).count()});
  };
  const Workflow workflow = TRY(steps(load));
  WorkflowService service(*store, *objects, workflow, options, system_clock(), system_random(), sink);
  const Json inputs = {{"count", 0}, {"text", std::string(load.state_bytes, 'x')}};
  const FilmId film = TRY(parse_film_id("steps"));
  const RunReport report = TRY(service.start(film, inputs, "", {}));
  if (report.status != FilmStatus::complete || report.not_saved) return fail(ErrorKind::unavailable, "the run did not complete: " + report.not_saved.value_or("stopped"));
  return commits;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "publication_steps <objects> <steps> <steps a second> <bytes of state>\n");
    return 2;
  }
  const Load load{argv[1], std::strtoull(argv[2], nullptr, 10), std::atof(argv[3]), std::strtoull(argv[4], nullptr, 10)};
  const auto folder = std::filesystem::temp_directory_path() / ("workprint_steps_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto commits = run(load, folder);
  std::filesystem::remove_all(folder);
  if (!commits) {
    std::fprintf(stderr, "%s\n", commits.error().message.c_str());
    return 1;
  }
  for (const Durable& one : *commits) std::printf("%llu %lld\n", static_cast<unsigned long long>(one.seq), static_cast<long long>(one.at_micros));
}
