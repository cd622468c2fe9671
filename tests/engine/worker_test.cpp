// Workers and commands on a small workflow, through the public headers. Real stores, real threads; nothing is timed.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "base/fault.h"
#include "object/scratch_folder.h"
#include "workprint/try.h"
#include "workprint/worker.h"

using namespace workprint;

namespace {

const Channel<Json> made{"made", Merge::merge};
const Channel<std::string> prompt{"prompt", Merge::once};
const Channel<Json> wanted{"wanted", Merge::merge};

/// What the test decides about the tasks: whether they go on, and what they do.
class Gate {
 public:
  void hold() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    moved_.notify_all();
  }
  // Of a task: says that it came, waits until it may go on. False: stopped.
  bool pass(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    ++came_;
    moved_.notify_all();
    return moved_.wait(lock, stop, [this] { return is_open_; });
  }
  void until_one_came() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [this] { return came_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any moved_;
  bool is_open_ = true;
  int came_ = 0;
};

struct Studio {
  Gate gate;
  std::mutex mutex;
  std::map<std::string, int> calls;  // by film and effect key
  std::atomic<bool> asks = false;
};

std::vector<std::string> open_items(const State& state) {
  std::vector<std::string> items;
  const Json& forced = state.raw("wanted");
  for (const char* item : {"0", "1", "2"}) {
    const bool is_made = state.raw("made").is_object() && state.raw("made").contains(item);
    const bool is_wanted = forced.is_object() && forced.contains(item);
    if (!is_made || is_wanted) items.emplace_back(item);
  }
  return items;
}

Result<Writes> make_item(Studio& studio, Context& context) {
  if (!studio.gate.pass(context.stop())) return fail(ErrorKind::cancelled, "stopped");
  const std::string base = "item_" + context.item();
  const int take = context.first_number(base);
  if (studio.asks && context.item() == "1") {
    Question question;
    question.type = "llm_intervention";
    question.error = "which one?";
    question.params = {{"colour", "red"}};
    question.editable = {"colour"};
    const Answer answer = TRY(context.ask(question));
    if (answer.revised_params.value("colour", "red") != "blue") return fail(ErrorKind::invalid, "not the colour that was answered");
  }
  EffectRequest request;
  request.key = base + "/" + std::to_string(take);
  request.provider = "test";
  request.model = "m";
  request.dedupes = Dedupes::yes;
  const std::string film = context.film().value();
  const EffectFunction call = [&](EffectCall&) -> Result<EffectResult> {
    const std::lock_guard lock(studio.mutex);
    ++studio.calls[film + "/" + request.key];
    EffectResult result;
    result.value = {{"take", take}};
    return result;
  };
  const EffectResult effect = TRY(context.effect(request, call));
  Writes writes;
  writes.patch(made, {{context.item(), effect.value["take"]}});
  writes.patch(wanted, {{context.item(), Json()}});
  return writes;
}

Workflow items_workflow(Studio& studio) {
  Graph graph("items/v2");
  graph.channel(made).channel(prompt).channel(wanted);
  graph.add({.name = "look", .run = [](const State&, Context&) -> Result<Writes> { return Writes(); }, .writes = {}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  Node items{.name = "make", .run = {}, .writes = {"made", "wanted"}, .items = open_items, .batch_max = 1, .retry = {}, .timeout = {}, .skip = {}};
  items.run = [&studio](const State&, Context& context) { return make_item(studio, context); };
  items.skip = [](const State&, Context& context) -> Result<Writes> {
    Writes writes;
    writes.patch(made, {{context.item(), 0}});
    return writes;
  };
  graph.add(items);
  graph.entry("look").edge("look", "make");
  graph.branch("make", {"make", "END"}, [](const State& state) { return open_items(state).empty() ? "END" : "make"; });
  auto valid = graph.validate();
  REQUIRE_MESSAGE(valid.has_value(), (valid ? "" : valid.error().message));
  Workflow workflow;
  workflow.graph = *valid;
  workflow.command = [](const State&, const std::string& type, const Json& payload) -> Result<CommandPlan> {
    if (type != "AGAIN") return fail(ErrorKind::invalid, "type must be AGAIN");
    const std::string item = payload.value("item", "");
    if (item != "0" && item != "1" && item != "2") return fail(ErrorKind::not_found, "item must be 0, 1 or 2");
    return CommandPlan{{{"wanted", {{item, true}}}}, "make", true};
  };
  return workflow;
}

/// One database, one folder, and as many workers as the test starts.
struct House {
  ScratchFolder folder;
  std::shared_ptr<Clock> clock = system_clock();
  std::string database = "sqlite:" + (folder.path() / "workprint.db").string();
  std::unique_ptr<CheckpointStore> store = *open_checkpoint_store(database, clock, "/");
  std::unique_ptr<ObjectStore> objects = open_folder_store(folder.path() / "films");
  std::unique_ptr<Inbox> inbox = *open_inbox(database, clock, "/");
  Studio studio;
  std::mutex mutex;
  std::condition_variable ended;
  std::vector<Event> events;

  std::unique_ptr<WorkflowService> service() {
    ServiceOptions options;
    options.scratch = folder.path() / "scratch";
    return std::make_unique<WorkflowService>(*store, *objects, items_workflow(studio), options, clock, seeded_random(1), [this](const Event& event) {
      const std::lock_guard lock(mutex);
      events.push_back(event);
      ended.notify_all();
    });
  }

  CommandRecord order(const std::string& film, const std::string& id, const std::string& type, Json payload = Json::object(), Json prepared = nullptr) {
    const auto taken = inbox->submit({id, *parse_film_id(film), type, std::move(payload), std::move(prepared), 0});
    REQUIRE_MESSAGE(taken.has_value(), (taken ? "" : taken.error().message));
    return *taken;
  }

  CommandRecord begin(const std::string& film) {
    return order(film, "start", "START_PIPELINE", {{"creativePrompt", "three items"}}, {{"prompt", "three items"}});
  }

  // Until the film's turn ended in `status` so many times.
  void until_ended(const std::string& film, const std::string& status, std::size_t times = 1) {
    std::unique_lock lock(mutex);
    ended.wait(lock, [&] {
      return static_cast<std::size_t>(std::ranges::count_if(events, [&](const Event& e) {
               return e.type == "end" && e.film == film && e.payload["status"] == status;
             })) >= times;
    });
  }

  // Until the inbox says how a command ended.
  CommandRecord until_settled(const std::string& film, const std::string& id) {
    while (true) {
      const auto record = inbox->find(*parse_film_id(film), id);
      REQUIRE(record.has_value());
      if (record->state != CommandState::accepted) return *record;
      inbox->wait(std::chrono::milliseconds(20), {});
    }
  }

  Json state(const std::string& film) {
    const auto full = service()->full_state(*parse_film_id(film));
    REQUIRE_MESSAGE(full.has_value(), (full ? "" : full.error().message));
    return full->state;
  }

  int calls_of(const std::string& key) {
    const std::lock_guard lock(studio.mutex);
    return studio.calls[key];
  }
};

/// A worker on a thread of its own, drained when it goes.
struct Hand {
  explicit Hand(House& house, const std::string& name = this_process_writer(), int films = 2)
      : service(house.service()), inbox(*open_inbox(house.database, house.clock, "/")) {
    WorkerOptions options;
    options.films = films;
    options.poll = std::chrono::milliseconds(20);
    options.writer = name;
    options.drain_limit = std::chrono::seconds(600);  // the gate decides, not time
    worker = std::make_unique<Worker>(*service, *inbox, options, house.clock, nullptr);
    thread = std::jthread([this](std::stop_token drain) { worker->run(drain); });
  }
  std::unique_ptr<WorkflowService> service;
  std::unique_ptr<Inbox> inbox;
  std::unique_ptr<Worker> worker;
  std::jthread thread;
};

}  // namespace

TEST_CASE("a worker begins a film that a command asks for, and lets it rest when it is complete") {
  House house;
  house.begin("film");
  {
    const Hand hand(house);
    house.until_ended("film", "complete");
    const CommandRecord start = house.until_settled("film", "start");
    CHECK(start.state == CommandState::applied);
    CHECK(start.seq == Seq{1});
  }
  CHECK(house.inbox->counts()->waiting + house.inbox->counts()->claimed == 0);
  const Json state = house.state("film");
  CHECK(state["made"] == Json{{"0", 1}, {"1", 1}, {"2", 1}});
  CHECK(state["commands"]["start"]["outcome"] == "applied");
}

TEST_CASE("a stop does not wait for the step's end, and a resume goes on") {
  House house;
  house.studio.gate.hold();
  house.begin("film");
  const Hand hand(house);
  house.studio.gate.until_one_came();
  house.order("film", "halt", "STOP_PIPELINE");
  house.until_ended("film", "stopped");  // the film's word for: a person halted it
  CHECK(house.until_settled("film", "halt").state == CommandState::applied);
  CHECK(house.state("film")["halted"] == "stopped");
  CHECK(house.calls_of("film/item_0/1") == 0);
  house.order("film", "halt2", "STOP_PIPELINE");
  CHECK(house.until_settled("film", "halt2").state == CommandState::nothing_to_do);
  house.studio.gate.open();
  house.order("film", "on", "RESUME_PIPELINE");
  house.until_ended("film", "complete");
  CHECK_FALSE(house.state("film").contains("halted"));
  CHECK(house.calls_of("film/item_0/1") == 1);
}

TEST_CASE("a command of the workflow is applied once, at a step boundary or to a film at rest") {
  House house;
  house.begin("film");
  const Hand hand(house);
  house.until_ended("film", "complete");
  house.order("film", "again", "AGAIN", {{"item", "1"}});
  house.order("film", "wrong", "AGAIN", {{"item", "7"}});
  house.order("film", "odd", "DANCE");
  CHECK(house.until_settled("film", "again").state == CommandState::applied);
  const CommandRecord wrong = house.until_settled("film", "wrong");
  CHECK(wrong.state == CommandState::rejected);
  CHECK(wrong.error.find("item must be 0, 1 or 2") != std::string::npos);
  CHECK(house.until_settled("film", "odd").state == CommandState::rejected);
  house.until_ended("film", "complete", 2);
  // Sent again it is the same command: nothing happens.
  house.order("film", "again", "AGAIN", {{"item", "1"}});
  const Json state = house.state("film");
  CHECK(state["made"]["1"] == 2);
  CHECK(state["commands"]["wrong"]["outcome"] == "rejected");
  CHECK(house.calls_of("film/item_1/2") == 1);
  CHECK(house.calls_of("film/item_0/2") == 0);
}

TEST_CASE("a command whose settling was lost is not applied again") {
  House house;
  const auto service = house.service();
  Summons summons;
  house.begin("film");
  REQUIRE(service->attend(*parse_film_id("film"), *house.inbox, summons, {}).has_value());
  // The state knows the command; the inbox, restored from a backup, does not know that it was applied.
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(house.database.substr(7) + suffix);
  house.inbox = *open_inbox(house.database, house.clock, "/");
  house.store = *open_checkpoint_store(house.database, house.clock, "/");
  house.begin("film");
  const auto after = house.service();
  const auto report = after->attend(*parse_film_id("film"), *house.inbox, summons, {});
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->status == FilmStatus::complete);
  CHECK(report->recovery.decision == Decision::from_snapshot);
  CHECK(house.until_settled("film", "start").seq == Seq{1});
  CHECK(house.calls_of("film/item_0/1") == 1);
}

TEST_CASE("a question is answered by a command while the film waits") {
  House house;
  house.studio.asks = true;
  house.begin("film");
  const Hand hand(house);
  house.until_ended("film", "waiting");
  house.order("film", "no", "RESOLVE_INTERVENTION", {{"action", "retry"}, {"revisedParams", {{"shape", "round"}}}});
  CHECK(house.until_settled("film", "no").error.find("not editable") != std::string::npos);
  house.order("film", "yes", "RESOLVE_INTERVENTION", {{"action", "retry"}, {"revisedParams", {{"colour", "blue"}}}});
  CHECK(house.until_settled("film", "yes").state == CommandState::applied);
  house.until_ended("film", "complete");
  house.order("film", "late", "RESOLVE_INTERVENTION", {{"action", "skip"}});
  CHECK(house.until_settled("film", "late").state == CommandState::rejected);
}

TEST_CASE("commands for a film that does not exist are rejected, and START of one with other inputs is") {
  House house;
  house.order("nowhere", "x", "RESUME_PIPELINE");
  house.begin("film");
  const Hand hand(house);
  CHECK(house.until_settled("nowhere", "x").error.find("no such film") != std::string::npos);
  house.until_ended("film", "complete");
  house.order("film", "same", "START_PIPELINE", {{"creativePrompt", "three items"}}, {{"prompt", "three items"}});
  CHECK(house.until_settled("film", "same").state == CommandState::nothing_to_do);
  house.order("film", "other", "START_PIPELINE", {{"creativePrompt", "four"}}, {{"prompt", "four items"}});
  CHECK(house.until_settled("film", "other").error.find("inputs_differ") != std::string::npos);
}

TEST_CASE("a worker that drains finishes the step it is in and gives the film back; the next one goes on") {
  House house;
  house.studio.gate.hold();
  house.begin("film");
  {
    Hand first(house, "machine1/boot/1/1");
    house.studio.gate.until_one_came();
    first.thread.request_stop();
    while (!first.worker->status().is_draining) std::this_thread::yield();
    house.studio.gate.open();
  }
  CHECK(house.inbox->counts()->waiting == 1);
  CHECK(house.state("film")["made"] == Json{{"0", 1}});
  const Hand second(house, "machine2/boot/1/1");
  house.until_ended("film", "complete");
  CHECK(house.calls_of("film/item_0/1") == 1);
}

TEST_CASE("films that no queue knows of are found: after the database was lost, and after a program that died") {
  House house;
  const auto service = house.service();
  std::stop_source stop;
  house.studio.gate.hold();
  std::jthread alone([&] { [[maybe_unused]] const auto ran = service->start(*parse_film_id("film"), {{"prompt", "three items"}}, "", stop.get_token()); });
  house.studio.gate.until_one_came();
  stop.request_stop();
  alone.join();
  house.studio.gate.open();
  CHECK(house.inbox->counts()->waiting == 0);
  const Hand hand(house);
  house.until_ended("film", "complete");
}

TEST_CASE("two workers share many films, and each effect is made once") {
  House house;
  constexpr int films = 12;
  for (int i = 0; i < films; ++i) house.begin("film" + std::to_string(i));
  const Hand one(house, "machine1/boot/1/1", 2), two(house, "machine2/boot/1/1", 2);
  for (int i = 0; i < films; ++i) house.until_ended("film" + std::to_string(i), "complete");
  for (int i = 0; i < films; ++i)
    for (const char* item : {"0", "1", "2"}) CHECK(house.calls_of("film" + std::to_string(i) + "/item_" + item + "/1") == 1);
}

TEST_CASE("with the database away a command is kept in the object store, and applied when it is back") {
  House house;
  house.begin("film");
  {
    const Hand hand(house);
    house.until_ended("film", "complete");
  }
  const auto service = house.service();
  const auto away = *open_inbox("postgres://nobody@127.0.0.1:1/none", house.clock, "/");
  const Command again{"again", *parse_film_id("film"), "AGAIN", {{"item", "2"}}, nullptr, 0};
  const auto taken = service->submit(*away, again);
  REQUIRE_MESSAGE(taken.has_value(), (taken ? "" : taken.error().message));
  CHECK(service->submit(*away, again)->accepted_at == taken->accepted_at);
  CHECK(service->submit(*away, {"again", again.film, "AGAIN", {{"item", "1"}}, nullptr, 0}).error().kind == ErrorKind::conflict);
  CHECK(service->command(*away, again.film, "again")->state == CommandState::accepted);
  const Hand hand(house);  // looks all films over when it begins
  house.until_ended("film", "complete", 2);
  CHECK(house.state("film")["made"]["2"] == 2);
  CHECK(house.objects->list("film/commands/")->empty());
  CHECK(service->command(*away, again.film, "again")->state == CommandState::applied);
}

TEST_CASE("a stop is not undone by what was accepted before it, and does not wait for the step's end") {
  House house;
  house.begin("film");
  const Hand hand(house);
  house.until_ended("film", "complete");
  house.studio.gate.hold();
  house.order("film", "again", "AGAIN", {{"item", "0"}});
  CHECK(house.until_settled("film", "again").state == CommandState::applied);
  // While the item is being made: one more command that sets the film going, then a stop.
  house.order("film", "more", "AGAIN", {{"item", "1"}});
  house.order("film", "halt", "STOP_PIPELINE");
  CHECK(house.until_settled("film", "halt").state == CommandState::applied);
  CHECK(house.until_settled("film", "more").state == CommandState::applied);
  house.until_ended("film", "stopped");
  CHECK(house.state("film")["halted"] == "stopped");
  house.studio.gate.open();
  house.order("film", "on", "RESUME_PIPELINE");
  house.until_ended("film", "complete", 2);
  CHECK(house.state("film")["made"]["1"] == 2);
}

TEST_CASE("a start over of a film that is being worked on begins it anew, once") {
  House house;
  house.begin("film");
  const Hand hand(house);
  house.until_ended("film", "complete");
  house.studio.gate.hold();
  house.order("film", "again", "AGAIN", {{"item", "0"}});
  CHECK(house.until_settled("film", "again").state == CommandState::applied);
  house.order("film", "anew", "START_PIPELINE", {{"creativePrompt", "three others"}, {"startOver", "film"}}, {{"prompt", "three others"}});
  house.studio.gate.open();
  CHECK(house.until_settled("film", "anew").state == CommandState::applied);
  house.until_ended("film", "complete", 2);
  const Json state = house.state("film");
  CHECK(state["prompt"] == "three others");
  // Numbers go on: nothing is made under a name that was used.
  CHECK(state["made"]["1"] == 2);
}

TEST_CASE("a rejection that repeats what a client sent can be read again, whatever was sent") {
  House house;
  house.studio.asks = true;
  house.begin("film");
  const Hand hand(house);
  house.until_ended("film", "waiting");
  std::string long_name;
  for (int i = 0; i < 700; ++i) long_name += "\u00e9";
  house.order("film", "long", "RESOLVE_INTERVENTION", {{"action", "retry"}, {"interruptId", long_name}});
  house.order("film", "odd", "RESOLVE_INTERVENTION", {{"action", "retry"}, {"interruptId", std::string("a\0b\n", 4)}});
  CHECK(house.until_settled("film", "long").state == CommandState::rejected);
  CHECK(house.until_settled("film", "odd").state == CommandState::rejected);
  house.until_ended("film", "waiting", 2);
  CHECK(house.state("film")["commands"]["long"]["outcome"] == "rejected");
  CHECK(house.service()->explain(*parse_film_id("film")).decision == Decision::from_checkpoint);
}

namespace {

/// An inbox in which somebody else's command comes in at a moment the test chooses: when one is settled.
class Interrupted final : public Inbox {
 public:
  Interrupted(Inbox& inner, std::function<void()> at_settle) : inner_(inner), at_settle_(std::move(at_settle)) {}
  Result<CommandRecord> submit(const Command& command) override { return inner_.submit(command); }
  Result<CommandRecord> find(const FilmId& film, const std::string& command) override { return inner_.find(film, command); }
  Result<std::vector<Command>> pending(const FilmId& film, std::size_t limit) override { return inner_.pending(film, limit); }
  Result<void> settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) override {
    auto done = inner_.settle(film, command, state, seq, error);
    if (at_settle_) std::exchange(at_settle_, nullptr)();
    return done;
  }
  Result<void> enqueue(const FilmId& film, int priority) override { return inner_.enqueue(film, priority); }
  Result<std::vector<Claim>> claim(const std::string& worker, std::size_t count, Duration term) override { return inner_.claim(worker, count, term); }
  Result<std::vector<FilmId>> keep(const std::string& worker, const std::vector<FilmId>& films) override { return inner_.keep(worker, films); }
  Result<void> rest(const std::string& worker, const FilmId& film) override { return inner_.rest(worker, film); }
  Result<void> give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) override { return inner_.give_back(worker, film, after, turn); }
  Result<QueueCounts> counts() override { return inner_.counts(); }
  Result<std::string> incarnation() override { return inner_.incarnation(); }
  Result<std::uint64_t> forget(WallTime before) override { return inner_.forget(before); }
  void wait(Duration limit, std::stop_token stop) override { inner_.wait(limit, std::move(stop)); }

 private:
  Inbox& inner_;
  std::function<void()> at_settle_;
};

// What a client and a worker do with a film, up to its prune; sent again, each command is its first self.
void live(House& house) {
  const FilmId film = *parse_film_id("film");
  const auto service = house.service();
  const auto turn = [&] {
    [[maybe_unused]] const auto claims = house.inbox->claim(this_process_writer(), 1, std::chrono::seconds(30));
    Summons summons;
    const auto report = service->attend(film, *house.inbox, summons, {});
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
    REQUIRE(house.inbox->rest(this_process_writer(), film).has_value());
  };
  house.begin("film");
  turn();
  house.order("film", "again", "AGAIN", {{"item", "1"}});
  turn();
  house.order("film", "halt", "STOP_PIPELINE");
  turn();
  REQUIRE(service->prune(film, 5).has_value());
}

}  // namespace

TEST_CASE("a START that comes in while a film that does not exist is refused is not refused with it") {
  House house;
  Interrupted inbox(*house.inbox, [&] { house.begin("film"); });
  house.order("film", "early", "RESUME_PIPELINE");
  const auto service = house.service();
  WorkerOptions options;
  options.poll = std::chrono::milliseconds(20);
  Worker worker(*service, inbox, options, house.clock, nullptr);
  const std::jthread thread([&worker](std::stop_token drain) { worker.run(drain); });
  house.until_ended("film", "complete");
  CHECK(house.until_settled("film", "early").state == CommandState::rejected);
  CHECK(house.until_settled("film", "start").state == CommandState::applied);
}

TEST_CASE("killed before or after any durable write of a command, a client that asks again finds it done once") {
  // Each crossing of a point between two writes of inbox, command or prune, until a life gets through.
  int killed = 0;
  for (bool gets_through = false; !gets_through;) {
    House house;  // opens nothing before it is used: the child has connections of its own
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int left = killed + 1;
      set_fault_handler([&left](std::string_view name) {
        const bool is_ours = name.starts_with("inbox.") || name.starts_with("command.") || name.starts_with("checkpoint.prune");
        if (is_ours && --left == 0) ::kill(::getpid(), SIGKILL);
      });
      live(house);
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    gets_through = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    REQUIRE((gets_through || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)));
    if (!gets_through) ++killed;
    CAPTURE(killed);
    live(house);
    const Json state = house.state("film");
    CHECK(state["made"] == Json{{"0", 1}, {"1", 2}, {"2", 1}});  // twice applied, item 1 would be at its third take
    CHECK(state["halted"] == "stopped");
    CHECK(state["commands"].size() == 3);
    for (const char* id : {"start", "again", "halt"}) CHECK(house.until_settled("film", id).state == CommandState::applied);
    CHECK(house.inbox->counts()->waiting + house.inbox->counts()->claimed == 0);
    CHECK(house.service()->explain(*parse_film_id("film")).row == 'A');
  }
  MESSAGE("killed at " << killed << " points");
  CHECK(killed >= 20);
}
