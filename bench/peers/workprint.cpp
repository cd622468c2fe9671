// Workprint's side of bench/peers/run: the load comes as JSON lines on stdin, what it took goes out as JSON lines.
//
//   peers_workprint SERVER FOLDER             {"do": "chain" | "store" | "grow" | "film", ...}, until stdin ends
//   peers_workprint SERVER FOLDER load FILM   a cold process: one line when the film's state is in memory
//
// "chain" and all that follow it are the whole engine as a program uses it (WorkflowService::start, state.json published
// into FOLDER); "store" is the checkpoint store below it alone.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <thread>

#include "record/commit.h"
#include "workprint/service.h"
#include "workprint/try.h"

namespace {

using namespace workprint;
using SteadyClock = std::chrono::steady_clock;

const Channel<std::string> text{"text", Merge::replace};
const Channel<int> left{"left", Merge::replace};
const Channel<int> bytes_a_step{"bytes", Merge::replace};
const Channel<Json> chapters{"chapters", Merge::append};
const Channel<Json> scenes{"scenes", Merge::merge};

std::atomic<std::uint64_t> steps_done = 0;
std::atomic<SteadyClock::time_point> ends_at = SteadyClock::time_point::max();

double seconds_since(SteadyClock::time_point begin) { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); }

// Six random bits a letter, as the other contestants' base64: the server's compression finds nothing in it.
std::string filler(int bytes) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  thread_local const auto random = seeded_random(system_random()->next());  // the system's own is a system call each time
  std::string made(static_cast<std::size_t>(bytes), ' ');
  for (std::size_t i = 0; i < made.size();) {
    std::uint64_t bits = random->next();
    for (int k = 0; k < 10 && i < made.size(); ++k, ++i, bits >>= 6) made[i] = letters[bits & 63U];
  }
  return made;
}

// One step less to do; none at all when the time is over.
Writes one_less(const State& state) {
  ++steps_done;
  Writes writes;
  writes.set(left, SteadyClock::now() < ends_at.load() ? state.raw("left").get<int>() - 1 : 0);
  return writes;
}

/// A node that leads to itself until no step is left.
Result<Workflow> loop(const std::string& name, const ChannelSpec& spec, const NodeFunction& step) {
  Graph graph(name);
  graph.channel(spec).channel(left).channel(bytes_a_step);
  graph.add({.name = "step", .run = step, .writes = {spec.name, "left"}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  graph.entry("step");
  graph.branch("step", {"step", std::string(end_node)},
               [](const State& state) { return state.raw("left").get<int>() > 0 ? "step" : std::string(end_node); });
  Workflow workflow;
  workflow.graph = TRY(graph.validate());
  return workflow;
}

Result<Workflow> chain() {
  return loop("chain/v1", text.spec(), [](const State& state, Context&) -> Result<Writes> {
    return one_less(state).set(text, filler(state.raw("bytes").get<int>()));
  });
}

Result<Workflow> growing() {
  return loop("growing/v1", chapters.spec(), [](const State& state, Context&) -> Result<Writes> {
    return one_less(state).set(chapters, Json::array({filler(state.raw("bytes").get<int>())}));
  });
}

Result<Workflow> film() {
  return loop("film/v1", scenes.spec(), [](const State& state, Context&) -> Result<Writes> {
    const int number = state.raw("left").get<int>();
    return one_less(state).patch(scenes, {{"scene_" + std::to_string(number), {{"prompt", filler(state.raw("bytes").get<int>())}, {"take", 1}}}});
  });
}

class Bench {
 public:
  Bench(const std::string& server, std::string folder)
      : folder_(std::move(folder)), clock_(system_clock()), store_(open_postgres_store(server, clock_)), objects_(open_folder_store(folder_ + "/objects")) {}

  Result<Json> perform(const Json& load) {
    const auto what = load.at("do").get<std::string>();
    if (what == "chain") return rate(load);
    if (what == "store") return store_rate(load);
    if (what == "grow") return run_one(growing(), load, Json{{"chapters", Json::array()}});
    if (what == "film") return run_one(film(), load, Json{{"scenes", Json::object()}});
    return fail(ErrorKind::invalid, "no such load. do=" + what);
  }

  Result<std::size_t> load(const std::string& id) {
    const auto service = open(TRY(film()));
    const FilmId wanted = TRY(parse_film_id(id));
    const FullState full = TRY(service->full_state(wanted));
    return full.state.at("scenes").size();
  }

 private:
  std::unique_ptr<WorkflowService> open(Workflow workflow) {
    ServiceOptions options;
    options.scratch = folder_ + "/scratch";
    return std::make_unique<WorkflowService>(*store_, *objects_, std::move(workflow), options, clock_, system_random(), EventSink());
  }

  Result<FilmId> new_film() {
    return parse_film_id("film_" + std::to_string(clock_->wall().time_since_epoch().count()) + "_" + std::to_string(++films_));
  }

  Result<Json> run_one(Result<Workflow> workflow, const Json& load, Json inputs) {
    const auto service = open(TRY(std::move(workflow)));
    const FilmId id = TRY(new_film());
    inputs["left"] = load.at("steps");
    inputs["bytes"] = load.at("bytes");
    const auto begin = SteadyClock::now();
    const RunReport report = TRY(service->start(id, inputs, "", {}));
    check(report.status == FilmStatus::complete, "a bench's film is complete");
    return Json{{"seconds", seconds_since(begin)}, {"steps", load.at("steps")}, {"id", id.value()}};
  }

  /// `work` on as many threads as runs are asked for, again and again until the time is over.
  Result<Json> in_lanes(const Json& load, const std::function<Result<void>(std::size_t)>& work) {
    const std::uint64_t before = steps_done;
    std::vector<Result<void>> ends(load.at("runs").get<std::size_t>());
    const auto begin = SteadyClock::now();
    const auto until = begin + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(load.at("seconds").get<double>()));
    ends_at = until;
    {
      std::vector<std::jthread> lanes;
      for (std::size_t lane = 0; lane < ends.size(); ++lane)
        lanes.emplace_back([&, lane] {
          while (ends[lane] && SteadyClock::now() < until) ends[lane] = work(lane);
        });
    }
    ends_at = SteadyClock::time_point::max();
    const double seconds = seconds_since(begin);
    for (const auto& end : ends) if (!end) return std::unexpected(end.error());
    return Json{{"seconds", seconds}, {"steps", steps_done - before}};
  }

  Result<Json> rate(const Json& load) {
    const auto service = open(TRY(chain()));
    return in_lanes(load, [&](std::size_t) -> Result<void> {
      const FilmId id = TRY(lane_film());
      TRY(service->start(id, {{"text", ""}, {"left", load.at("steps")}, {"bytes", load.at("bytes")}}, "", {}));
      return {};
    });
  }

  Result<FilmId> lane_film() {
    const std::scoped_lock lock(mutex_);
    return new_film();
  }

  /// One film below the engine: each commit replaces its text.
  struct Bare {
    FilmId film;
    Lease lease;
    Head head;
    Json document;
  };

  Result<Json> store_rate(const Json& load) {
    std::vector<Bare> films;
    for (std::size_t i = 0; i < load.at("runs").get<std::size_t>(); ++i) {
      FilmId id = TRY(new_film());
      Lease lease = TRY(store_->acquire(id, {this_process_writer(), Epoch{}}));
      films.push_back({std::move(id), std::move(lease), {}, {{"text", ""}}});
      run::apply_meta(films.back().document, {.set = {}, .merge = {}, .append = {}, .unset = {},
                                              .meta = {{"graphFingerprint", std::string(64, '0')}, {"nextNodes", Json::array()}, {"openEffects", Json::object()},
                                                       {"doneTasks", Json::object()}, {"interrupts", Json::object()}}});
    }
    return in_lanes(load, [&](std::size_t lane) { return commit_one(films[lane], load.at("bytes").get<int>()); });
  }

  Result<void> commit_one(Bare& film, int bytes) {
    record::Delta delta;
    delta.set["text"] = filler(bytes);
    Commit commit;
    commit.info = {{film.lease.epoch(), next(film.head.seq), {}}, film.head.hash, CommitKind::step, "step", {}, clock_->wall(), "bench"};
    commit.delta = record::encode(delta);
    record::seal(film.film, commit);
    film.document["text"] = delta.set["text"];
    record::stamp(film.document, film.film, commit.info);
    TRY(store_->commit(film.lease, commit, film.document));
    film.head = commit.info.head;
    ++steps_done;
    return {};
  }

  std::string folder_;
  std::shared_ptr<Clock> clock_;
  std::unique_ptr<CheckpointStore> store_;
  std::unique_ptr<ObjectStore> objects_;
  std::mutex mutex_;
  int films_ = 0;
};

int said(const Error& error) {
  std::fprintf(stderr, "peers_workprint: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && !(argc == 5 && std::string(argv[3]) == "load")) {
    std::fprintf(stderr, "usage: peers_workprint SERVER FOLDER [load FILM]\n");
    return 2;
  }
  const auto begin = SteadyClock::now();
  Bench bench(argv[1], argv[2]);
  if (argc == 5) {
    const auto loaded = bench.load(argv[4]);
    if (!loaded) return said(loaded.error());
    std::cout << Json{{"scenes", *loaded}, {"inside_ms", seconds_since(begin) * 1000}}.dump() << std::endl;
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto done = bench.perform(Json::parse(line));
    if (!done) return said(done.error());
    std::cout << done->dump() << std::endl;
  }
}
