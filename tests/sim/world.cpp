#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>

#include "record/commit.h"
#include "tests/sim/film.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim_stores.h"
#include "workprint/object_name.h"

namespace workprint::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration lease_term = seconds(30);
constexpr std::uint64_t calm_events_max = 40'000;  // a healed world that needs more makes no progress

Duration up_to(World& world, Duration longest) { return Duration(1 + static_cast<Duration::rep>(world.random(static_cast<std::uint64_t>(longest.count())))); }

// One worker's clocks: monotonic time is the world's, the wall is off by what the machine believes.
}  // namespace

class WorkerClock final : public Clock {
 public:
  WorkerClock(World& world, Worker* worker) : world_(world), worker_(worker) {}
  WallTime wall() override {
    const auto since = std::chrono::floor<milliseconds>(world_.now().time_since_epoch());
    return WallTime(milliseconds(1'772'442'000'000)) + since + (worker_ != nullptr ? worker_->wall_skew : Duration());
  }
  Instant now() override { return world_.now(); }
  bool wait(Duration duration, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    world_.sleep(*worker_, duration);
    return !stop.stop_requested();
  }

 private:
  World& world_;
  Worker* worker_;
};

Weather weather_of(std::uint64_t seed) {
  const auto random = seeded_random(seed * 77 + 5);
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random->next() % below); };
  Weather weather;
  weather.workers = 1 + static_cast<int>(pick(3));
  weather.items = 2 + static_cast<int>(pick(4));
  const auto some = [&](unsigned& chance, unsigned one_in, unsigned most) {
    if (pick(one_in) == 0) chance = 1 + pick(most);
  };
  some(weather.kill, 2, 12);
  some(weather.sleep, 2, 15);
  some(weather.error_before, 2, 40);
  some(weather.error_after, 2, 30);
  some(weather.outage, 2, 12);
  some(weather.torn, 6, 30);
  some(weather.slow, 3, 20);
  some(weather.stale_list, 4, 100);
  some(weather.restore, 7, 6);
  some(weather.recreate, 9, 4);
  some(weather.wipe, 9, 4);
  some(weather.flip, 7, 6);
  some(weather.jump, 4, 10);
  weather.write_interval = pick(2) == 0 ? Duration() : Duration(seconds(1));
  weather.events_max = 200 + pick(1200);
  some(weather.stall, 3, 300);
  some(weather.swap, 4, 8);
  some(weather.jolt, 4, 500);
  some(weather.late, 3, 30);
  some(weather.rot, 5, 10);
  weather.copies = 4;
  return weather;
}

World::World(std::uint64_t seed, Weather wanted, Cut cut)
    : database(std::make_shared<WorkerClock>(*this, nullptr), "db_1"), bucket("bucket_1"), oracle(std::make_unique<Oracle>(*this)),
      weather(wanted), film(*parse_film_id("film")), random_(seeded_random(seed)), cut_(cut) {
  for (int i = 0; i < weather.workers; ++i) add_worker();
}

World::~World() = default;

Worker& World::add_worker() {
  Worker& worker = workers_.emplace_back();
  worker.number = static_cast<int>(workers_.size());
  worker.fiber = std::make_unique<Fiber>([this, &worker] { live(worker); });
  return worker;
}

std::uint64_t World::random(std::uint64_t below) { return random_->next() % below; }
bool World::strikes(unsigned per_mille) { return per_mille > 0 && random(1000) < per_mille; }
std::shared_ptr<Clock> World::clock_of(Worker& worker) { return std::make_shared<WorkerClock>(*this, &worker); }

void World::journal(const std::string& line) {
  const std::string text = std::to_string(std::chrono::floor<milliseconds>(now_.time_since_epoch()).count() - 86'400'000) + " " + line + "\n";
  journal_.update(text);
  if (is_verbose) std::fputs(text.c_str(), stdout);
}

// --- time and turns --------------------------------------------------------------------------------------------------

void World::sleep(Worker& worker, Duration duration) {
  worker.wakes = now_ + duration;
  worker.fiber->leave();
  if (worker.is_doomed) throw Killed();
}

void World::event(Worker& worker, const std::string& what, Moment moment) {
  ++events_;
  ++summary_.events;
  journal("w" + std::to_string(worker.number) + "." + std::to_string(worker.life) + " " + what);
  now_ += milliseconds(1 + static_cast<int>(random(6)));
  if (cut_.event == events_ && !is_cut_) {
    is_cut_ = true;
    worker.is_doomed = true;
    if (!cut_.is_done) throw Killed();
    return;  // fails_after ends it
  }
  Duration pause{};
  if (!is_calm_) {
    if (strikes(weather.kill)) {
      journal("  killed");
      throw Killed();
    }
    if (strikes(weather.sleep) || (moment == Moment::decisive && strikes(weather.stall))) pause = up_to(*this, lease_term * 3);
    if (strikes(weather.slow)) pause = up_to(*this, seconds(4));
    if (worker.nap_from != Instant{} && now_ >= worker.nap_from) {
      pause = std::max(pause, std::chrono::ceil<Duration>(std::max(worker.nap_until - now_, Instant::duration::zero())));
      worker.nap_from = {};
    }
    strike();
    if (strikes(weather.copies)) wants_copy_ = true;
    if (pause > Duration()) journal("  sleeps " + std::to_string(pause.count()) + " ms");
  }
  sleep(worker, pause);
}

std::optional<Error> World::fails_before(Worker& worker, Target target, const std::string& what) {
  const Instant back = target == Target::database ? worker.database_back : target == Target::bucket ? worker.bucket_back : Instant{};
  const bool is_hidden = target == Target::bucket && worker.hidden_from <= now_ && now_ < worker.hidden_until;
  const bool is_gone = target == Target::database && worker.gone_from <= now_ && now_ < worker.gone_until;
  const bool is_away = now_ < back || is_hidden || is_gone;
  if (!is_away && (is_calm_ || !strikes(weather.error_before))) return std::nullopt;
  if (is_away) now_ += milliseconds(200);  // a refused connection takes its time, too
  if (target == Target::database) worker.saw_database_lost = true;
  if (target == Target::bucket) worker.saw_bucket_lost = true;
  journal("  no answer: " + what);
  return Error{ErrorKind::unavailable, is_away ? "connection refused" : "503"};
}

std::optional<Error> World::fails_after(Worker& worker, const std::string& what) {
  if (worker.is_doomed) {
    journal("  killed after " + what);
    throw Killed();
  }
  if (is_calm_ || !strikes(weather.error_after)) return std::nullopt;
  if (strikes(300)) {
    journal("  killed after " + what);
    throw Killed();
  }
  journal("  answer lost: " + what);
  return Error{ErrorKind::unavailable, "connection reset"};
}

void World::jolt(Worker& worker) {
  if (is_calm_ || !strikes(weather.jolt)) return;
  worker.gone_from = now_ + up_to(*this, milliseconds(60));
  worker.gone_until = worker.gone_from + up_to(*this, seconds(30));
}

void World::later(std::function<void()> write) {
  ++summary_.late;
  late_.emplace(now_ + up_to(*this, seconds(40)), std::move(write));
}

void World::backup() {
  if (weather.restore == 0 && cut_.event == 0) return;
  backups_.push_back(database.image());
  if (backups_.size() > 12) backups_.pop_front();
}

void World::tear(const std::string& object) {
  MemoryObjects::Image image = bucket.image();
  MemoryObjects::Held& held = image.objects.find(object)->second;
  held.bytes = std::make_shared<const Bytes>(held.bytes->substr(0, held.bytes->size() / 2));
  journal("  torn: " + object);
  bucket.replace(std::move(image));
  oracle->damaged();
}

// --- what befalls the world ------------------------------------------------------------------------------------------

namespace {

void flip_bytes(Bytes bytes, MemoryObjects::Held& held, std::uint64_t at) {
  if (bytes.empty()) return;
  bytes[at % bytes.size()] = static_cast<char>(bytes[at % bytes.size()] ^ 0x20);
  held.bytes = std::make_shared<const Bytes>(std::move(bytes));
}

bool is_state(const std::string& name) {
  const auto parsed = parse_object_name(name);
  return parsed && (parsed->type == ObjectType::state || parsed->type == ObjectType::snapshot);
}

}  // namespace

void World::strike() {
  const auto hit = [&](const char* what) {
    journal(std::string("  ") + what);
    oracle->damaged();
  };
  if (strikes(weather.jump)) workers_[random(workers_.size())].wall_skew = up_to(*this, std::chrono::hours(48)) - std::chrono::hours(24);
  if (strikes(weather.outage)) {
    const bool everybody = random(2) == 0, is_database = random(2) == 0;
    const Instant back = now_ + up_to(*this, seconds(90));
    const std::size_t one = random(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (everybody || i == one) (is_database ? workers_[i].database_back : workers_[i].bucket_back) = back;
    journal(std::string("  away: ") + (is_database ? "database" : "bucket") + (everybody ? " for all" : " for w" + std::to_string(one + 1)));
  }
  if (strikes(weather.swap)) {
    const Instant back = now_ + seconds(60) + up_to(*this, seconds(60));
    for (Worker& worker : workers_) worker.database_back = back;
    Worker& one = workers_[random(workers_.size())];
    one.nap_from = now_ + up_to(*this, seconds(20));
    one.nap_until = back + up_to(*this, seconds(5));
    one.hidden_from = back;
    one.hidden_until = back + seconds(10) + up_to(*this, seconds(60));
    journal("  away: database for all; then the bucket for w" + std::to_string(one.number) + ", which naps");
  }
  if (strikes(weather.restore) && !backups_.empty()) {
    const store::MemoryStore::Image& older = backups_[random(backups_.size())];
    oracle->restored(older);
    database.replace(older);
    hit("database restored to an older point");
  }
  if (strikes(weather.recreate)) {
    store::MemoryStore::Image anew{"db_" + std::to_string(random(1'000'000)), {}, {}};
    oracle->restored(anew);
    database.replace(std::move(anew));
    hit("database made anew");
  }
  if (strikes(weather.wipe)) {
    MemoryObjects::Image image = bucket.image();
    const bool all = random(2) == 0;
    std::erase_if(image.objects, [&](const auto& entry) {
      const auto parsed = parse_object_name(entry.first);
      return is_state(entry.first) && (all || parsed->type == ObjectType::state);
    });
    bucket.replace(std::move(image));
    hit("state.json wiped");
  }
  if (strikes(weather.rot)) rot();
  if (strikes(weather.flip)) {
    if (random(2) == 0) {
      MemoryObjects::Image image = bucket.image();
      for (auto& [name, held] : image.objects)
        if (is_state(name) && random(3) == 0) flip_bytes(*held.bytes, held, random(1 << 20));
      bucket.replace(std::move(image));
      hit("bits flipped in the bucket");
    } else {
      store::MemoryStore::Image image = database.image();
      for (auto& [id, one] : image.films)
        if (!one.commits.empty()) {
          std::string& delta = std::prev(one.commits.end())->second.delta;
          if (!delta.empty()) delta[random(delta.size())] ^= 0x20;
        }
      database.replace(std::move(image));
      oracle->flipped();
      hit("bits flipped in the database");
    }
  }
}

// A clip's bytes change where they lie; its record stays.
void World::rot() {
  MemoryObjects::Image image = bucket.image();
  std::vector<std::string> clips;
  for (const auto& [name, held] : image.objects)
    if (const auto parsed = parse_object_name(name); parsed && !is_state(name) && parsed->type != ObjectType::lease && parsed->type != ObjectType::quarantine) clips.push_back(name);
  if (clips.empty()) return;
  const std::string& name = clips[random(clips.size())];
  MemoryObjects::Held& held = image.objects.find(name)->second;
  flip_bytes(*held.bytes, held, random(1 << 20));
  bucket.replace(std::move(image));
  journal("  rot: " + name);
  oracle->rotted(name);
}

// --- copies ----------------------------------------------------------------------------------------------------------

// Law 9: state.json and the assets are carried to a world that knows nothing else, and the film comes out the same. What was
// paid after that state.json was published is paid again there: no submission is carried over.
void World::check_copy() {
  MemoryObjects::Image image = bucket.image();
  const auto state = image.objects.find(film.value() + "/state.json");
  if (state == image.objects.end() || crc32c(*state->second.bytes) != state->second.info.crc32c || state->second.bytes->size() != state->second.info.size_bytes) return;
  const Loaded<Checkpoint> document = record::decode_document(film, *state->second.bytes);
  if (!document.value) return;
  --copies_left_;
  ++summary_.copies;
  std::erase_if(image.objects, [&](const auto& entry) {
    const auto parsed = parse_object_name(entry.first);
    return !parsed || parsed->type == ObjectType::snapshot || parsed->type == ObjectType::lease || parsed->type == ObjectType::quarantine;
  });
  Weather calm;
  calm.items = weather.items;
  World copy(random(1 << 30), calm, {});
  copy.now_ = now_;
  copy.bucket.replace(std::move(image));
  copy.oracle->knows(*document.value, *oracle);
  try {
    copy.run();
  } catch (const BrokenLaw& law) {
    broken("state_json_alone_resumes", law.law + ": " + law.what);
  }
}

// --- lives -----------------------------------------------------------------------------------------------------------

bool World::one_life(Worker& worker) {
  const auto store = database_of(*this, worker);
  const auto objects = bucket_of(*this, worker);
  ServiceOptions options;
  options.lease_term = lease_term;
  options.outage_limit = seconds(45);
  options.flush_limit = seconds(20);
  options.background = Background::by_caller;
  options.in_doubt_pay_up_to_usd_micros = 1'000'000;
  options.writer = "host/boot-" + std::to_string(worker.number) + "/1/" + std::to_string(worker.life);
  const auto sink = [this, &worker](const Event& event) {
    if (event.type == "commit") {
      ++summary_.commits;
      oracle->acknowledged(worker, event.epoch, event.seq);
    }
    if (event.type == "tier" && event.payload.value("tier", "") == "checkpoint") {
      worker.is_degraded = event.payload.value("what", "") == "lost";
      worker.is_in_database = !worker.is_degraded;
      if (worker.is_degraded) ++summary_.degraded;
    }
    if (event.type == "recovery") ++summary_.takeovers;
    if (event.type == "recovery" || event.type == "tier") journal("  w" + std::to_string(worker.number) + " " + event.type + " " + event.payload.value("decision", event.payload.value("tier", "") + " " + event.payload.value("what", "")));
  };
  WorkflowService service(*store, *objects, film_workflow(*this, worker), options, clock_of(worker),
                          seeded_random(static_cast<std::uint64_t>(worker.number * 1000 + worker.life)), sink);
  worker.saw_database_lost = worker.saw_bucket_lost = worker.is_in_database = worker.is_degraded = false;
  worker.lease_epoch = worker.claim_epoch = 0;
  worker.seen_whole.clear();
  const auto ran = service.start(film, film_inputs(weather), "", {});
  if (ran) {
    worker.last_outcome = std::string(to_string(ran->status));
    journal("w" + std::to_string(worker.number) + " " + worker.last_outcome + (ran->degraded ? " degraded" : "") + (ran->not_saved ? " not saved" : ""));
    // Retries used up while a service is away ask a person; the next start answers "again".
    if (ran->status == FilmStatus::waiting) return false;
    if (ran->status != FilmStatus::complete) broken("progress", "a film without questions ended as " + worker.last_outcome);
    return !ran->degraded && !ran->not_saved;
  }
  if (ran.error().kind == ErrorKind::fenced) ++summary_.fenced;
  worker.last_outcome = std::string(to_string(ran.error().kind));
  journal("w" + std::to_string(worker.number) + " ends: " + worker.last_outcome + ": " + ran.error().message);
  const auto& report = service.last_report();
  const Decision decision = report ? report->decision : Decision::refuse_unreachable;
  if (ran.error().kind == ErrorKind::invalid) broken("progress", "the engine broke its own rules: " + ran.error().message);
  return report && (decision == Decision::refuse_fork || decision == Decision::refuse_corrupt || decision == Decision::refuse_evidence);
}

void World::live(Worker& worker) {
  while (true) {
    ++summary_.lives;
    bool is_over = false;
    worker.is_doomed = false;
    try {
      is_over = one_life(worker);
    } catch (const Killed&) {
      ++summary_.kills;
    } catch (const BrokenLaw& law) {
      broken_ = law;  // an exception does not cross a stack
      return;
    }
    worker.is_in_database = worker.is_degraded = false;
    worker.claim_epoch = 0;
    if (is_over) return;
    ++worker.life;
    if (is_cut_ && worker.life == 2) damage_for_cut();
    worker.is_doomed = false;
    sleep(worker, up_to(*this, seconds(20)));
  }
}

bool World::all_ended() const {
  return std::ranges::all_of(workers_, [](const Worker& worker) { return worker.fiber->has_ended(); });
}

bool World::storm_is_over() const { return events_ >= weather.events_max || all_ended(); }

void World::schedule(bool (World::*is_over)() const) {
  while (!(this->*is_over)()) {
    std::vector<Worker*> awake;
    Instant next = Instant::max();
    for (Worker& worker : workers_) {
      if (worker.fiber->has_ended()) continue;
      if (worker.wakes <= now_) awake.push_back(&worker);
      next = std::min(next, worker.wakes);
    }
    if (awake.empty()) {
      now_ = next;
      continue;
    }
    while (!late_.empty() && late_.begin()->first <= now_) late_.extract(late_.begin()).mapped()();
    awake[random(awake.size())]->fiber->resume();
    if (broken_) throw *broken_;
    if (wants_copy_ && copies_left_ > 0) check_copy();
    wants_copy_ = false;
    if (is_calm_ && events_ > weather.events_max + calm_events_max) broken("progress", "a healed world does not come to its end; w1: " + workers_.front().last_outcome);
  }
}

void World::run() {
  schedule(&World::storm_is_over);
  is_calm_ = true;
  weather.events_max = events_;
  journal("calm");
  for (Worker& worker : workers_) {
    if (cut_.event == 0) worker.database_back = worker.bucket_back = Instant{};
    worker.wall_skew = {};
    worker.nap_from = worker.hidden_from = worker.hidden_until = worker.gone_from = worker.gone_until = {};
  }
  schedule(&World::all_ended);
  settle();
}

// A last worker finds a healed world: the film is complete, both tiers agree; or it says why not, and is right.
void World::settle() {
  Worker& last = add_worker();
  schedule(&World::all_ended);
  const auto in_database = oracle->in_database(), in_bucket = oracle->in_bucket();
  summary_.is_fork = oracle->may_fork();
  summary_.is_lost = oracle->has_lost();
  summary_.journal_hash = journal_.finish();
  if (last.last_outcome == "complete") {
    if (!in_database || !in_bucket || in_database->head != in_bucket->head) broken("tiers_converge", "the tiers differ in a healed world");
    if (outcome_of(in_database->document) != expected_outcome(weather)) broken("resume_equals_uninterrupted", "the film came out otherwise: " + canonical_json(outcome_of(in_database->document)));
    return;
  }
  if (last.last_outcome == "corrupt" && oracle->may_fork()) return;                             // two lines, reported
  if ((last.last_outcome == "corrupt" || last.last_outcome == "conflict") && !in_database && !in_bucket) return;  // nothing valid is left
  if (last.last_outcome == "corrupt" && oracle->has_lost()) return;
  broken("progress", "in a healed world the film ends as " + last.last_outcome);
}

// --- cuts ------------------------------------------------------------------------------------------------------------

void World::damage_for_cut() {
  using Tier = Cut::Tier;
  Worker& worker = workers_.front();
  switch (cut_.checkpoint) {
    case Tier::kept: break;
    case Tier::lost: database.replace({"db_2", {}, {}}); break;
    case Tier::away: worker.database_back = now_ + seconds(100); break;
    case Tier::older:
      if (!backups_.empty()) database.replace(backups_.front());
      break;
    case Tier::torn:
    case Tier::previous: break;  // of objects
    case Tier::damaged: {
      store::MemoryStore::Image image = database.image();
      for (auto& [id, one] : image.films)
        if (!one.commits.empty() && !std::prev(one.commits.end())->second.delta.empty()) std::prev(one.commits.end())->second.delta[0] ^= 0x20;
      database.replace(std::move(image));
      break;
    }
  }
  MemoryObjects::Image image = bucket.image();
  const auto state = image.objects.find(film.value() + "/state.json");
  switch (cut_.snapshot) {
    case Tier::kept: break;
    case Tier::lost: std::erase_if(image.objects, [](const auto& entry) { return is_state(entry.first); }); break;
    case Tier::away: worker.bucket_back = now_ + seconds(100); break;
    case Tier::damaged:
      if (state != image.objects.end()) flip_bytes(*state->second.bytes, state->second, 77);
      break;
    case Tier::torn:
      if (state != image.objects.end()) state->second.bytes = std::make_shared<const Bytes>(state->second.bytes->substr(0, state->second.bytes->size() / 2));
      break;
    case Tier::previous:
    case Tier::older: {
      // As a versioned bucket that was rolled back: what was newer is gone.
      std::vector<std::string> beside;
      for (const auto& [name, held] : image.objects)
        if (is_state(name) && name != film.value() + "/state.json") beside.push_back(name);
      if (beside.size() < 3 || state == image.objects.end()) break;
      const bool is_one_back = cut_.snapshot == Tier::previous;
      const auto older = image.objects.find(beside[is_one_back ? beside.size() - 2 : beside.size() / 2])->second;
      state->second.bytes = older.bytes;
      state->second.info.size_bytes = older.info.size_bytes;
      state->second.info.crc32c = older.info.crc32c;
      state->second.info.sha256 = older.info.sha256;
      state->second.info.version = "memory-rolled-back";
      for (std::size_t i = beside.size() / 2 + 1; i < beside.size() && !is_one_back; ++i) image.objects.erase(beside[i]);
      break;
    }
  }
  std::string newest_clip;
  for (const auto& [name, held] : image.objects) {
    const auto parsed = parse_object_name(name);
    if (parsed && !is_state(name) && parsed->type != ObjectType::lease && parsed->type != ObjectType::quarantine) newest_clip = name;
  }
  if (cut_.is_clip_torn && !newest_clip.empty()) {
    MemoryObjects::Held& held = image.objects.find(newest_clip)->second;
    held.bytes = std::make_shared<const Bytes>(held.bytes->substr(0, held.bytes->size() / 2));
  }
  bucket.replace(std::move(image));
  if (cut_.is_clip_torn && !newest_clip.empty()) oracle->rotted(newest_clip);
  if (cut_.checkpoint == Tier::damaged) oracle->flipped();
  oracle->damaged();
}

World::Summary World::summary() const { return summary_; }

}  // namespace workprint::sim
