// A small workflow without films, through the public headers: what any user of the engine relies on.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "base/fault.h"
#include "record/commit.h"
#include "workprint/object_name.h"
#include "workprint/service.h"
#include "workprint/try.h"

using namespace workprint;

namespace {

const Channel<Json> done_items{"doneItems", Merge::merge};
const Channel<std::string> prompt{"prompt", Merge::once};
const Channel<Json> log_lines{"logLines", Merge::append, 3};

struct Calls {
  std::map<std::string, int> made;
  bool fail_two = false;
  std::function<void()> during;       // a call
  Duration attempt_limit{};           // of "make"; zero: none
  int rounds_most = 0;
  std::mutex mutex;                   // of `made`: calls may run side by side
  std::optional<std::string> die_in;  // throws out of the process's life: the effect's answer never arrives
};

struct Killed {};

std::vector<std::string> open_items(const State& state) {
  std::vector<std::string> items;
  for (const char* item : {"0", "1", "2", "3"})
    if (!state.raw("doneItems").is_object() || !state.raw("doneItems").contains(item)) items.emplace_back(item);
  return items;
}

Result<Writes> make_item(Calls& calls, const State&, Context& context) {
  EffectRequest request;
  const std::string base = "item_" + context.item();
  request.key = base + "/" + std::to_string(context.first_number(base));
  request.provider = "test";
  request.model = "m";
  request.estimate_usd_micros = 1000;
  request.dedupes = Dedupes::yes;
  const EffectFunction call = [&](EffectCall&) -> Result<EffectResult> {
    if (calls.fail_two && context.item() == "2") return fail(ErrorKind::unavailable, "the provider is away");
    if (calls.during) calls.during();
    {
      const std::lock_guard lock(calls.mutex);
      ++calls.made[context.item()];
      calls.rounds_most = std::max(calls.rounds_most, context.round());
    }
    if (calls.die_in == context.item()) throw Killed();
    EffectResult result;
    result.value = {{"size", 7}};
    result.usd_micros = 1000;
    return result;
  };
  const EffectResult made = TRY(context.effect(request, call));
  Writes writes;
  writes.patch(done_items, {{context.item(), made.value["size"]}});
  writes.patch(log_lines, Json::array({"made " + context.item()}));
  return writes;
}

Workflow items_workflow(Calls& calls, int batch) {
  Graph graph("items/v1");
  graph.channel(done_items).channel(prompt).channel(log_lines);
  graph.add({.name = "look", .run = [](const State&, Context&) -> Result<Writes> { return Writes(); }, .writes = {}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  Node items{.name = "make", .run = {}, .writes = {"doneItems", "logLines"}, .items = open_items, .batch_max = batch, .retry = {}, .timeout = calls.attempt_limit, .skip = {}};
  items.run = [&calls](const State& state, Context& context) { return make_item(calls, state, context); };
  items.skip = [](const State&, Context& context) -> Result<Writes> {
    Writes writes;
    writes.patch(done_items, {{context.item(), "skipped"}});
    return writes;
  };
  graph.add(items);
  graph.entry("look").edge("look", "make");
  graph.branch("make", {"make", "END"}, [](const State& state) { return open_items(state).empty() ? "END" : "make"; });
  auto valid = graph.validate();
  REQUIRE_MESSAGE(valid.has_value(), (valid ? "" : valid.error().message));
  Workflow workflow;
  workflow.graph = *valid;
  return workflow;
}

struct Bench {
  std::filesystem::path root = std::filesystem::temp_directory_path() / ("workprint_engine_" + std::to_string(::getpid()) + "_" + std::to_string(next++));
  std::shared_ptr<Clock> clock = system_clock();
  std::unique_ptr<CheckpointStore> store = open_sqlite_store((root / "workprint.db").string(), clock);
  std::unique_ptr<ObjectStore> objects = open_folder_store(root / "films");
  std::vector<Event> events;
  FilmId film = *parse_film_id("film_a");
  static inline int next = 0;
  int lives = 0;
  ServiceOptions options;
  std::function<void(const Event&)> on_event = [](const Event&) {};

  ~Bench() { std::filesystem::remove_all(root); }

  std::unique_ptr<WorkflowService> service(Calls& calls, int batch = 2) {
    options.jobs = batch;
    options.scratch = root / "scratch";
    return std::make_unique<WorkflowService>(*store, *objects, items_workflow(calls, batch), options, clock, seeded_random(static_cast<std::uint64_t>(++lives)),  // as of another process: other ids
                                             [this](const Event& event) {
                                               events.push_back(event);
                                               on_event(event);
                                             });
  }

  // Like a new process: nothing is remembered but what the stores hold.
  void reopen() { store = open_sqlite_store((root / "workprint.db").string(), clock); }
};

const Json inputs = {{"prompt", "four items"}};

Json only_results(const Json& state) { return {state["doneItems"], state["cost"], state["attempts"], state["prompt"]}; }

}  // namespace

TEST_CASE("a film runs to its end, and both tiers hold the same state") {
  Bench bench;
  Calls calls;
  const auto service = bench.service(calls);
  const auto report = service->start(bench.film, inputs, "", {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  CHECK(report->recovery.decision == Decision::fresh);
  CHECK(calls.made == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}, {"3", 1}});
  const RecoveryReport now = service->explain(bench.film);
  CHECK(now.decision == Decision::from_checkpoint);
  CHECK(now.row == 'A');
  const auto full = service->full_state(bench.film);
  REQUIRE(full.has_value());
  CHECK(full->state["logLines"].size() == 3);
  CHECK(full->state["cost"]["item_3/1"] == 1000);
  CHECK(full->provenance.tier == "checkpoint");
}

TEST_CASE("a call whose answer never came is the only one made again") {
  Calls reference_calls;
  Bench reference;
  REQUIRE(reference.service(reference_calls, 1)->start(reference.film, inputs, "", {}).has_value());
  const Json expected = only_results(reference.service(reference_calls)->full_state(reference.film)->state);

  Bench bench;
  Calls calls;
  calls.die_in = "2";
  CHECK_THROWS_AS((void)bench.service(calls, 1)->start(bench.film, inputs, "", {}), Killed);
  calls.die_in.reset();
  bench.reopen();
  const auto report = bench.service(calls, 1)->resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  CHECK(calls.made == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 2}, {"3", 1}});
  CHECK(only_results(bench.service(calls)->full_state(bench.film)->state) == expected);
}

TEST_CASE("without the database the film goes on from state.json, without both it is refused while assets exist") {
  Bench bench;
  Calls calls;
  calls.fail_two = true;
  const auto first = bench.service(calls)->start(bench.film, inputs, "", {});
  REQUIRE(first.has_value());
  CHECK(first->status == FilmStatus::waiting);
  bench.store.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(bench.root / (std::string("workprint.db") + suffix));
  bench.reopen();
  calls.fail_two = false;
  const auto report = bench.service(calls)->resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->recovery.row == 'J');
  CHECK(report->status == FilmStatus::complete);
  CHECK(calls.made == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}, {"3", 1}});
}

TEST_CASE("a task that fails parks its film, which a person skips, and the rest goes on") {
  Bench bench;
  Calls calls;
  calls.fail_two = true;
  const auto parked = bench.service(calls)->start(bench.film, inputs, "", {});
  REQUIRE(parked.has_value());
  CHECK(parked->status == FilmStatus::waiting);
  CHECK(calls.made == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"3", 1}});
  bench.reopen();
  const auto answered = bench.service(calls)->resolve_interrupt(bench.film, "", {AnswerAction::skip, Json::object()});
  REQUIRE_MESSAGE(answered.has_value(), (answered ? "" : answered.error().message));
  bench.reopen();
  const auto report = bench.service(calls)->resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  const Json state = bench.service(calls)->full_state(bench.film)->state;
  CHECK(state["doneItems"]["2"] == "skipped");
  CHECK(state["cost"].value("item_2/1", 0) == 1000);  // its call was left open and may have been paid
}

TEST_CASE("what was paid counts against the budget of a film that is started over") {
  Bench bench;
  Calls calls;
  bench.options.budget_usd_micros = 5'000;
  REQUIRE(bench.service(calls, 1)->start(bench.film, inputs, "", {}).has_value());
  CHECK(bench.service(calls)->full_state(bench.film)->state["cost"].size() == 4);
  calls.made.clear();
  bench.reopen();
  const auto over = bench.service(calls, 1)->start(bench.film, {{"prompt", "other"}}, "film_a", {});
  REQUIRE_MESSAGE(over.has_value(), (over ? "" : over.error().message));
  CHECK(over->status == FilmStatus::waiting);
  CHECK(calls.made == std::map<std::string, int>{{"0", 1}});
}

TEST_CASE("beyond its budget a film asks and calls nobody; with a larger one it goes on, and pays once") {
  Bench bench;
  Calls calls;
  bench.options.budget_usd_micros = 2'999;  // a call costs 1,000
  const auto parked = bench.service(calls, 4)->start(bench.film, inputs, "", {});
  REQUIRE_MESSAGE(parked.has_value(), (parked ? "" : parked.error().message));
  CHECK(parked->status == FilmStatus::waiting);
  CHECK(calls.made.size() == 2);  // four tasks side by side, and not one call too many
  const auto questions = [&] {
    std::vector<Json> open;
    const auto full = bench.service(calls)->full_state(bench.film);
    REQUIRE(full.has_value());
    for (const Json& one : full->state["$workprint"]["interrupts"])
      if (!one.contains("answer")) open.push_back(one);
    return open;
  };
  REQUIRE(questions().size() == 2);
  CHECK(questions().front()["type"] == "budget_exceeded");
  CHECK(questions().front()["params"]["budgetUsdMicros"] == 2'999);
  CHECK(questions().front()["params"]["priceUsdMicros"] == 1'000);

  const auto answer_all = [&] {
    const auto full = bench.service(calls)->full_state(bench.film);
    REQUIRE(full.has_value());
    for (const auto& [id, one] : full->state["$workprint"]["interrupts"].items())
      if (!one.contains("answer")) REQUIRE(bench.service(calls)->resolve_interrupt(bench.film, id, {AnswerAction::retry, Json::object()}).has_value());
  };
  answer_all();  // the budget is as it was: the same questions anew
  bench.reopen();
  const auto again = bench.service(calls, 4)->resume(bench.film, {});
  REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error().message));
  CHECK(again->status == FilmStatus::waiting);
  CHECK(calls.made.size() == 2);
  CHECK(questions().size() == 2);

  answer_all();
  bench.options.budget_usd_micros = 4'000;
  bench.reopen();
  const auto report = bench.service(calls, 4)->resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  CHECK(calls.made == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}, {"3", 1}});
  CHECK(calls.rounds_most == 1);  // money for a call is no leave for more takes
}

TEST_CASE("a film of which a call is skipped for its budget goes on without it") {
  Bench bench;
  Calls calls;
  bench.options.budget_usd_micros = 3'000;
  REQUIRE(bench.service(calls, 1)->start(bench.film, inputs, "", {}).has_value());
  CHECK(calls.made.size() == 3);
  REQUIRE(bench.service(calls)->resolve_interrupt(bench.film, "", {AnswerAction::skip, Json::object()}).has_value());
  const auto report = bench.service(calls, 1)->resume(bench.film, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  CHECK(bench.service(calls)->full_state(bench.film)->state["doneItems"]["3"] == "skipped");
}

TEST_CASE("calls to one provider at the same time are as many as the limit says, over all films") {
  Bench bench;
  Calls calls;
  struct {
    std::mutex mutex;
    std::condition_variable changed;
    int now = 0, most = 0, all = 0;
  } seen;
  calls.during = [&] {
    std::unique_lock lock(seen.mutex);
    seen.most = std::max(seen.most, ++seen.now);
    const int mine = ++seen.all;
    seen.changed.notify_all();
    // Two by two: the partner of an odd one is the next. The even one leaves time for a third, which must not come.
    seen.changed.wait(lock, [&] { return seen.all >= mine + mine % 2; });
    if (mine % 2 == 0) seen.changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return seen.now > 2; });
    --seen.now;
  };
  bench.options.calls_a_provider = 2;
  const auto service = bench.service(calls, 4);
  std::jthread other([&] { CHECK(service->start(*parse_film_id("film_b"), inputs, "", {}).has_value()); });
  CHECK(service->start(bench.film, inputs, "", {}).has_value());
  other.join();
  CHECK(seen.all == 8);
  CHECK(seen.most == 2);
}

namespace {

// Moves when it is told to; who waits is held until then, or until it is stopped.
class SteppedClock final : public Clock {
 public:
  WallTime wall() override { return WallTime(std::chrono::milliseconds(1'772'442'000'000)); }
  Instant now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  bool wait(Duration duration, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    const Instant until = now_ + duration;
    const auto place = waiting_.insert(until);
    const bool is_over = changed_.wait(lock, stop, [&] { return now_ >= until; });
    waiting_.erase(place);
    changed_.notify_all();
    return is_over;
  }
  /// Returns when everybody whose time this is has gone on.
  void advance(Duration duration) {
    std::unique_lock lock(mutex_);
    now_ += duration;
    changed_.notify_all();
    changed_.wait(lock, [&] { return waiting_.empty() || *waiting_.begin() > now_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Instant now_ = Instant(std::chrono::hours(1));
  std::multiset<Instant> waiting_;
};

}  // namespace

TEST_CASE("the time of an attempt stands still while it waits for its turn at the provider, and an event says that it waits") {
  Bench bench;
  const auto clock = std::make_shared<SteppedClock>();
  bench.clock = clock;
  std::atomic<bool> has_queued = false;
  bench.on_event = [&](const Event& event) {
    if (event.payload.value("what", "") == "queued") {
      has_queued = true;
      has_queued.notify_all();
    }
  };
  Calls calls;
  calls.attempt_limit = std::chrono::minutes(1);
  std::once_flag first;
  calls.during = [&] {
    std::call_once(first, [&] {
      has_queued.wait(false);
      clock->advance(std::chrono::minutes(2));
    });
  };
  bench.options.calls_a_provider = 1;
  const auto report = bench.service(calls, 2)->start(bench.film, inputs, "", {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  for (const Event& event : bench.events) CHECK_MESSAGE(event.type != "note", event.payload.dump());
}

TEST_CASE("after it has waited for its turn an attempt has the time that was left, and no more") {
  Bench bench;
  const auto clock = std::make_shared<SteppedClock>();
  bench.clock = clock;
  std::atomic<bool> has_queued = false;
  std::atomic<int> too_long = 0;
  bench.on_event = [&](const Event& event) {
    if (event.payload.value("what", "") == "queued") {
      has_queued = true;
      has_queued.notify_all();
    }
    if (event.payload.dump().find("took too long") != std::string::npos) ++too_long;
  };
  Calls calls;
  calls.attempt_limit = std::chrono::minutes(1);
  std::atomic<int> count = 0;
  calls.during = [&] {
    const int mine = ++count;
    if (mine == 1) has_queued.wait(false);
    if (mine != 2) return;
    clock->advance(std::chrono::minutes(2));
    throw std::runtime_error("nobody waits for this call any more");
  };
  bench.options.calls_a_provider = 1;
  const auto report = bench.service(calls, 2)->start(bench.film, inputs, "", {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(too_long > 0);
}

TEST_CASE("other inputs over an existing film are refused by name; start over keeps the numbers going") {
  Bench bench;
  Calls calls;
  REQUIRE(bench.service(calls)->start(bench.film, inputs, "", {}).has_value());
  bench.reopen();
  const auto refused = bench.service(calls)->start(bench.film, {{"prompt", "other"}}, "", {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().message.find("prompt") != std::string::npos);
  const auto over = bench.service(calls)->start(bench.film, {{"prompt", "other"}}, "film_a", {});
  REQUIRE_MESSAGE(over.has_value(), (over ? "" : over.error().message));
  const Json state = bench.service(calls)->full_state(bench.film)->state;
  CHECK(state["prompt"] == "other");
  CHECK(state["$workprint"]["epoch"] == 2);
}

TEST_CASE("history is listed, read at any seq, and forked") {
  Bench bench;
  Calls calls;
  const auto service = bench.service(calls, 1);
  const auto report = service->start(bench.film, inputs, "", {});
  REQUIRE(report.has_value());
  const auto commits = service->history(bench.film, Seq{1u << 30}, 100);
  REQUIRE(commits.has_value());
  CHECK(commits->size() == number(report->head.seq));
  const auto early = service->state_at(bench.film, Seq{4});
  REQUIRE_MESSAGE(early.has_value(), (early ? "" : early.error().message));
  CHECK(early->state["$workprint"]["seq"] == 4);
  CHECK_FALSE(service->state_at(bench.film, Seq{4000}).has_value());
  const FilmId copy = *parse_film_id("film_b");
  const auto forked = service->fork(bench.film, Seq{4}, copy);
  REQUIRE_MESSAGE(forked.has_value(), (forked ? "" : forked.error().message));
  const auto ran = service->resume(copy, {});
  REQUIRE_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message));
  CHECK(ran->status == FilmStatus::complete);
  CHECK(service->list()->size() == 2);
}

TEST_CASE("tiers are compared and brought to the newest state; the receipt says what each alone would cost") {
  Bench bench;
  Calls calls;
  REQUIRE(bench.service(calls)->start(bench.film, inputs, "", {}).has_value());
  const auto service = bench.service(calls);
  const auto whole = service->tiers(bench.film, Repair::no);
  REQUIRE_MESSAGE(whole.has_value(), (whole ? "" : whole.error().message));
  CHECK(whole->converged);
  const auto receipt = service->receipt(bench.film);
  REQUIRE_MESSAGE(receipt.has_value(), (receipt ? "" : receipt.error().message));
  REQUIRE(receipt->survivors.size() == 2);
  CHECK(receipt->survivors[1].steps_lost == 0);
  CHECK(receipt->survivors[1].paid_again.empty());

  // The bucket was rolled back: what it lacks is counted, then repaired from the database.
  const auto snapshots = bench.objects->list("film_a/state/");
  REQUIRE(snapshots.has_value());
  // Which states were published is a matter of time; the film's first one was before any call.
  const auto first = service->state_at(bench.film, Seq{1});
  REQUIRE(first.has_value());
  const std::string old = record::encode_document(first->state);
  for (const ObjectInfo& one : *snapshots) REQUIRE(bench.objects->remove(one.name, one.version).has_value());
  const auto state = bench.objects->head("film_a/state.json");
  REQUIRE(bench.objects->put("film_a/state.json", old, IfVersion{state->version}).has_value());
  const auto behind = service->receipt(bench.film);
  REQUIRE(behind.has_value());
  CHECK(behind->survivors[1].steps_lost > 0);
  CHECK_FALSE(behind->survivors[1].paid_again.empty());
  CHECK_FALSE(service->tiers(bench.film, Repair::no)->converged);
  const auto repaired = service->tiers(bench.film, Repair::yes);
  REQUIRE_MESSAGE(repaired.has_value(), (repaired ? "" : repaired.error().message));
  CHECK(repaired->converged);
  CHECK(repaired->report.row == 'A');

  // The database was lost: it is rebuilt from state.json, and no commit is made for it.
  const Head before = *service->explain(bench.film).resumes_from;
  bench.store.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(bench.root / (std::string("workprint.db") + suffix));
  bench.reopen();
  const auto rebuilt = bench.service(calls)->tiers(bench.film, Repair::yes);
  REQUIRE_MESSAGE(rebuilt.has_value(), (rebuilt ? "" : rebuilt.error().message));
  CHECK(rebuilt->converged);
  CHECK(*rebuilt->report.resumes_from == before);
}
