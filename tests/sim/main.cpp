/// The simulator's command line.
///   sim --seeds 2000 [--first 1]        that many runs, one a seed; stops at the first broken law
///   sim --seed 8123 [--verbose]         one run, and again: the same journal byte for byte
///   sim --power-cuts 500 [--first 1]     the stores of one machine on a disk that loses what was not synced
///   sim --crash-points [--every 7] [--items 3]   a small film cut after every (n-th) event, with each fate of each tier
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "tests/sim/oracle.h"
#include "tests/sim/power.h"
#include "tests/sim/world.h"

namespace {

using namespace workprint;
using namespace workprint::sim;

struct Totals {
  std::uint64_t runs = 0, events = 0, commits = 0, kills = 0, degraded = 0, takeovers = 0, fenced = 0, late = 0, copies = 0, forks = 0, lost = 0;
  void add(const World::Summary& one) {
    ++runs;
    events += one.events;
    commits += one.commits;
    kills += one.kills;
    degraded += one.degraded;
    takeovers += one.takeovers;
    fenced += one.fenced;
    late += one.late;
    copies += one.copies;
    forks += one.is_fork;
    lost += one.is_lost;
  }
  void print(const char* what, double seconds) const {
    std::printf("%s: %llu runs in %.1f s (%.0f/s), %llu events, %llu commits, %llu kills, %llu takeovers, %llu times degraded, %llu fenced, "
                "%llu late writes, %llu resumed from state.json alone, "
                "%llu runs that may fork, %llu that lost commits from every tier\n",
                what, static_cast<unsigned long long>(runs), seconds, static_cast<double>(runs) / seconds, static_cast<unsigned long long>(events),
                static_cast<unsigned long long>(commits), static_cast<unsigned long long>(kills), static_cast<unsigned long long>(takeovers),
                static_cast<unsigned long long>(degraded), static_cast<unsigned long long>(fenced), static_cast<unsigned long long>(late),
                static_cast<unsigned long long>(copies), static_cast<unsigned long long>(forks),
                static_cast<unsigned long long>(lost));
  }
};

double seconds_since(std::chrono::steady_clock::time_point begin) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }

// Nothing: no law was broken.
std::optional<std::string> run_one(std::uint64_t seed, const Weather& weather, const Cut& cut, bool verbose, World::Summary& summary) {
  World world(seed, weather, cut);
  world.is_verbose = verbose;
  try {
    world.run();
  } catch (const BrokenLaw& law) {
    summary = world.summary();
    return law.law + ": " + law.what;
  }
  summary = world.summary();
  return std::nullopt;
}

int soak(const char* program, std::uint64_t first, std::uint64_t count) {
  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    World::Summary summary;
    if (const auto broken = run_one(seed, weather_of(seed), {}, false, summary)) {
      std::printf("seed %llu broke a law after %llu runs: %s\n  repeat: %s --seed %llu --verbose\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(totals.runs), broken->c_str(), program, static_cast<unsigned long long>(seed));
      return 1;
    }
    totals.add(summary);
  }
  totals.print("simulator", seconds_since(begin));
  return 0;
}

int soak_power(const char* program, std::uint64_t first, std::uint64_t count) {
  PowerCuts total;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + count; ++seed) try {
      const PowerCuts one = power_cuts(seed);
      total.cuts += one.cuts;
      total.writes += one.writes;
    } catch (const BrokenLaw& law) {
      std::printf("seed %llu broke a law after %llu runs: %s: %s\n  repeat: %s --power-cuts 1 --first %llu\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(seed - first), law.law.c_str(), law.what.c_str(), program, static_cast<unsigned long long>(seed));
      return 1;
    }
  std::printf("power cuts: %llu runs in %.1f s, %llu cuts, %llu writes and commits\n", static_cast<unsigned long long>(count), seconds_since(begin),
              static_cast<unsigned long long>(total.cuts), static_cast<unsigned long long>(total.writes));
  return 0;
}

int one_seed(std::uint64_t seed, bool verbose) {
  World::Summary first, second;
  const auto broken = run_one(seed, weather_of(seed), {}, verbose, first);
  if (broken) {
    std::printf("seed %llu broke a law: %s\n", static_cast<unsigned long long>(seed), broken->c_str());
    return 1;
  }
  if (run_one(seed, weather_of(seed), {}, false, second) || first.journal_hash != second.journal_hash) {
    std::printf("seed %llu is not one run: journals differ\n", static_cast<unsigned long long>(seed));
    return 1;
  }
  std::printf("seed %llu: %llu events, journal %s, twice the same\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(first.events), first.journal_hash.substr(0, 16).c_str());
  return 0;
}

int crash_points(const char* program, std::uint64_t every, std::uint64_t only, int items) {
  using Tier = Cut::Tier;
  Weather calm;
  calm.items = items;
  calm.events_max = 1'000'000;
  World::Summary whole;
  if (const auto broken = run_one(1, calm, {}, false, whole)) {
    std::printf("the film without a crash broke a law: %s\n", broken->c_str());
    return 1;
  }
  constexpr std::array checkpoint_fates{Tier::kept, Tier::lost, Tier::away, Tier::damaged, Tier::older};
  constexpr std::array snapshot_fates{Tier::kept, Tier::lost, Tier::away, Tier::damaged, Tier::older, Tier::torn, Tier::previous};
  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t number = 0;
  for (std::uint64_t event = 1; event <= whole.events; ++event)
    for (const bool is_done : {false, true})
      for (const Tier checkpoint : checkpoint_fates)
        for (const Tier snapshot : snapshot_fates)
          for (const bool is_clip_torn : {false, true}) {
            ++number;
            if (only != 0 ? number != only : number % every != 0) continue;
            World::Summary summary;
            if (const auto broken = run_one(1, calm, {event, is_done, checkpoint, snapshot, is_clip_torn}, only != 0, summary)) {
              std::printf("cut at event %llu (%s), checkpoint fate %d, snapshot fate %d, newest clip %s broke a law: %s\n  repeat: %s --crash-point %llu --items %d\n",
                          static_cast<unsigned long long>(event), is_done ? "done, answer lost" : "not done", static_cast<int>(checkpoint),
                          static_cast<int>(snapshot), is_clip_torn ? "torn" : "whole", broken->c_str(), program, static_cast<unsigned long long>(number), items);
              return 1;
            }
            totals.add(summary);
          }
  std::printf("crash points: %llu of %llu cuts (%llu events x done or not x %zu fates of the checkpoint x %zu of state.json x newest clip whole or torn)\n",
              static_cast<unsigned long long>(totals.runs), static_cast<unsigned long long>(number), static_cast<unsigned long long>(whole.events),
              checkpoint_fates.size(), snapshot_fates.size());
  totals.print("crash points", seconds_since(begin));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::uint64_t> options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool has_value = i + 1 < argc && std::strncmp(argv[i + 1], "--", 2) != 0;
    options[name] = has_value ? std::strtoull(argv[++i], nullptr, 10) : 1;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
  if (options.contains("--seed")) return one_seed(options["--seed"], options.contains("--verbose"));
  const int items = options.contains("--items") ? static_cast<int>(options["--items"]) : 3;
  if (options.contains("--crash-point")) return crash_points(argv[0], 1, options["--crash-point"], items);
  if (options.contains("--crash-points")) return crash_points(argv[0], options.contains("--every") ? options["--every"] : 1, 0, items);
  if (options.contains("--power-cuts")) return soak_power(argv[0], options.contains("--first") ? options["--first"] : 1, options["--power-cuts"]);
  return soak(argv[0], options.contains("--first") ? options["--first"] : 1, options.contains("--seeds") ? options["--seeds"] : 2000);
}
