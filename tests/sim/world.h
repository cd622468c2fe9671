/// The simulated world: one database, one bucket, one provider, workers that die, sleep and are cut off, and one clock.
/// Everything that happens is a function of the seed.
///
/// The engine is the real one (service, worker, recovery, snapshot, record, run); what it stands on is simulated, and each
/// of its calls is an event: time passes, another worker may go on, something may break.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "object/memory_objects.h"
#include "store/memory_store.h"
#include "tests/sim/fiber.h"
#include "workprint/service.h"

namespace workprint::sim {

/// Thrown through a worker's life when it is killed. Not a std::exception: the engine catches those.
struct Killed {};
/// Thrown out of the run when a law is broken.
struct BrokenLaw {
  std::string law, what;
};

/// What may happen in this run. Chances are per mille of events.
struct Weather {
  int workers = 1;
  int items = 3;
  unsigned kill = 0, sleep = 0, error_before = 0, error_after = 0, torn = 0, slow = 0, outage = 0, stale_list = 0;
  unsigned restore = 0, recreate = 0, wipe = 0, flip = 0, jump = 0;
  unsigned stall = 0;  ///< a long sleep just before a lease, a claim or a write that decides
  unsigned late = 0;   ///< a write that was given up lands seconds later
  unsigned swap = 0;   ///< one worker naps through an outage of the database, and wakes when it sees only the database
  unsigned jolt = 0;   ///< of leases: the database goes away from whoever just got one
  unsigned rot = 0;    ///< a clip's bytes are damaged where they lie
  unsigned copies = 0; ///< instants at which state.json alone must do
  Duration write_interval{};
  std::uint64_t events_max = 1500;  ///< of the stormy part; then everything heals and the film must come to its end
};
[[nodiscard]] Weather weather_of(std::uint64_t seed);

/// A cut at one event, for the exhaustive sweep over crash points.
struct Cut {
  std::uint64_t event = 0;       ///< the worker dies at this event; 0: never
  bool is_done = false;          ///< the event's operation happened, its answer was lost
  /// `previous`: state.json alone is one version back; `older`: half of all snapshots are gone, too.
  enum class Tier : std::uint8_t { kept, lost, away, damaged, older, torn, previous } checkpoint = Tier::kept, snapshot = Tier::kept;
  bool is_clip_torn = false;     ///< the newest clip lost half of its bytes
};

/// Whether an event is one that decides who writes the film: a worker that sleeps here goes on with what it knew before.
enum class Moment : std::uint8_t { any, decisive };

enum class Target : std::uint8_t { database, bucket, provider };

struct Worker {
  int number = 0;
  int life = 1;
  std::unique_ptr<Fiber> fiber;
  Instant wakes{};
  bool is_doomed = false;              ///< dies at its next step
  Instant database_back{}, bucket_back{};  ///< cut off until
  Instant nap_from{}, nap_until{}, hidden_from{}, hidden_until{}, gone_from{}, gone_until{};  ///< a nap to come; the bucket, the database will be out of sight
  Duration wall_skew{};
  std::string last_outcome;

  // Of this life:
  bool saw_database_lost = false, saw_bucket_lost = false;  ///< a call of it was not answered
  std::uint64_t lease_epoch = 0;   ///< of the lease that the database gave it last
  std::uint64_t claim_epoch = 0;   ///< of the claim that it wrote to lease.json without a lease
  std::set<std::string> seen_whole;  ///< objects it wrote or verified
  bool is_in_database = false;     ///< it holds that lease, and commits there
  bool is_degraded = false;
  bool hears_database = true;      ///< the last call of it was answered
  [[nodiscard]] std::uint64_t epoch() const { return std::max(lease_epoch, claim_epoch); }
  Instant state_read{}, claim_read{};  ///< when it looked at state.json and at lease.json last
  bool claim_read_released = false;
};

class Oracle;

class World {
 public:
  World(std::uint64_t seed, Weather weather, Cut cut);
  ~World();

  /// Runs the film to its end. Throws BrokenLaw.
  void run();

  struct Summary {
    std::uint64_t events = 0, commits = 0, lives = 0, kills = 0, degraded = 0, takeovers = 0, fenced = 0;
    std::uint64_t copies = 0, late = 0;
    bool is_fork = false, is_lost = false;
    std::string journal_hash;
  };
  [[nodiscard]] Summary summary() const;
  /// The journal is printed as it is written.
  bool is_verbose = false;

  // --- what the simulated stores and the provider call -----------------------------------------------------------------

  /// One event of `worker`: time passes, others run, faults strike. Throws Killed. `what` is for the journal.
  void event(Worker& worker, const std::string& what, Moment moment = Moment::any);
  /// Whether the call now fails before it does anything. Throws nothing.
  [[nodiscard]] std::optional<Error> fails_before(Worker& worker, Target target, const std::string& what);
  /// Whether the answer of a call that was done is lost. May kill (Killed): then it was done and nobody knows.
  [[nodiscard]] std::optional<Error> fails_after(Worker& worker, const std::string& what);
  [[nodiscard]] bool strikes(unsigned per_mille);
  std::uint64_t random(std::uint64_t below);
  void sleep(Worker& worker, Duration duration);
  /// Half of the object's bytes are lost.
  void tear(const std::string& object);
  /// The database goes away from a worker that just got its lease.
  void jolt(Worker& worker);
  /// `write` happens some seconds from now, whatever becomes of its worker.
  void later(std::function<void()> write);
  [[nodiscard]] const std::deque<Worker>& workers() const { return workers_; }
  /// After some commits: an image that a later restore goes back to.
  void backup();
  void journal(const std::string& line);

  store::MemoryStore database;
  MemoryObjects bucket;
  std::unique_ptr<Oracle> oracle;
  Weather weather;
  const FilmId film;

  struct Operation {
    int submissions = 0;
    bool dedupes = false;
    int polls_left = 0;
  };
  std::map<std::string, Operation> operations;  ///< of the provider, by idempotency key

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] bool is_calm() const { return is_calm_; }
  [[nodiscard]] std::shared_ptr<Clock> clock_of(Worker& worker);

 private:
  friend class WorkerClock;
  void live(Worker& worker);
  bool one_life(Worker& worker);
  void schedule(bool (World::*is_over)() const);
  [[nodiscard]] bool all_ended() const;
  [[nodiscard]] bool storm_is_over() const;
  void strike();
  void damage_for_cut();
  void settle();
  void rot();
  void check_copy();
  Worker& add_worker();

  std::shared_ptr<Random> random_;
  std::shared_ptr<Clock> server_clock_;
  Cut cut_;
  Instant now_ = Instant(std::chrono::hours(24));
  bool is_calm_ = false;
  bool is_cut_ = false;
  std::uint64_t events_ = 0;
  std::deque<Worker> workers_;
  std::deque<store::MemoryStore::Image> backups_;
  std::multimap<Instant, std::function<void()>> late_;
  bool wants_copy_ = false;
  int copies_left_ = 3;
  Summary summary_;
  std::optional<BrokenLaw> broken_;
  Sha256 journal_;
};

}  // namespace workprint::sim
