#include <doctest/doctest.h>

#include "run/run.h"

namespace workprint::run {
namespace {

const NodeFunction idle = [](const State&, Context&) -> Result<Writes> { return Writes(); };

Node plain(std::string name, std::vector<std::string> writes = {}) {
  Node node;
  node.name = std::move(name);
  node.run = idle;
  node.writes = std::move(writes);
  return node;
}

// Concatenates texts: order shows.
Result<Json> joined(const Json* before, const Json& write) {
  if (!write.is_string()) return fail(ErrorKind::invalid, "only texts are joined");
  return Json((before != nullptr ? before->get<std::string>() : std::string()) + write.get<std::string>());
}

std::vector<std::string> todo(const State& state) {
  std::vector<std::string> items;
  for (const Json& item : state.raw("todo"))
    if (!state.raw("done").contains(item.get<std::string>())) items.push_back(item.get<std::string>());
  return items;
}

const std::vector<std::string> all_channels{"title", "song", "log", "done", "level", "joined"};

// look -> left and right at once -> make (an item each of `todo`, two a step) -> close
ValidGraph sample() {
  Graph graph("sample");
  graph.channel({"title", Merge::replace, nullptr, 0}).channel({"song", Merge::once, nullptr, 0});
  graph.channel({"log", Merge::append, nullptr, 3}).channel({"done", Merge::merge, nullptr, 0});
  graph.channel({"level", Merge::max, nullptr, 0}).channel({"joined", Merge::custom, joined, 0});
  graph.channel({"todo", Merge::replace, nullptr, 0});
  graph.add(plain("look", {"title", "song", "log", "done", "level", "joined", "todo"}));
  graph.add(plain("left", {"log", "done", "level", "joined"})).add(plain("right", {"log", "done", "level", "joined"}));
  Node make = plain("make", {"log", "done", "level", "joined"});
  make.items = todo;
  make.batch_max = 2;
  graph.add(make).add(plain("close"));
  graph.entry("look").edge("look", "left").edge("look", "right").edge("left", "make").edge("right", "make");
  graph.branch("make", {"make", "close"}, [](const State& state) { return todo(state).empty() ? "close" : "make"; });
  graph.edge("close", "END");
  auto valid = graph.validate();
  REQUIRE_MESSAGE(valid.has_value(), (valid ? "" : valid.error().message));
  return *valid;
}

Json started(const ValidGraph& graph, const Json& inputs = Json::object()) {
  Json document = Json::object();
  const auto delta = plan_start(graph, inputs, Json::object());
  REQUIRE(delta.has_value());
  REQUIRE(apply_channels(document, *delta).has_value());
  apply_meta(document, *delta);
  return document;
}

void set_due(Json& document, const std::vector<Task>& tasks) {
  Json list = Json::array();
  for (const Task& task : tasks) list.push_back(task.item.empty() ? Json{{"node", task.node}} : Json{{"node", task.node}, {"item", task.item}});
  document[meta_member]["nextNodes"] = list;
}

std::string due_of(const Json& document) {
  std::string text;
  const auto due = due_tasks(document);
  REQUIRE(due.has_value());
  for (const Task& task : *due) text += (text.empty() ? "" : " ") + task.key();
  return text;
}

// Plans the step and applies it to a second copy by its delta alone: both must agree.
Result<Delta> step(const ValidGraph& graph, Json& document, std::vector<Finished> finished) {
  Json replayed = document;
  auto delta = plan_step(graph, document, std::move(finished));
  if (!delta) return delta;
  REQUIRE(apply_channels(replayed, *delta).has_value());
  CHECK(replayed == document);
  apply_meta(document, *delta);
  return delta;
}

std::string refusal(const Result<Delta>& delta) {
  if (delta) return "accepted";
  CHECK(delta.error().kind == ErrorKind::invalid);
  return delta.error().message;
}

}  // namespace

TEST_CASE("run: a start puts inputs into their channels and the entry node is due") {
  const ValidGraph graph = sample();
  const Json document = started(graph, {{"song", "tide"}, {"todo", {"a"}}});
  CHECK(document["song"] == "tide");
  CHECK(document["log"] == Json::array());
  CHECK(document["done"] == Json::object());
  CHECK_FALSE(document.contains("title"));
  CHECK(due_of(document) == "look");
  CHECK(document[meta_member]["graphFingerprint"] == graph.fingerprint());
  CHECK(refusal(plan_start(graph, {{"nothing", 1}}, Json::object())).find("nothing") != std::string::npos);
  CHECK(refusal(plan_start(graph, Json::array(), Json::object())) != "accepted");
}

TEST_CASE("run: each merge rule does what it says") {
  const ValidGraph graph = sample();
  Json document = started(graph);
  document["log"] = {1, 2};
  document["done"] = {{"a", {{"x", 1}, {"y", 2}}}, {"b", 1}};
  REQUIRE(step(graph, document, {{{"look", ""},
                                  {{"title", "T"}, {"song", "tide"}, {"log", {3, 4}}, {"done", {{"a", {{"x", nullptr}}}, {"b", nullptr}}},
                                   {"level", {{"p", 3}}}, {"joined", "ab"}, {"joined", "c"}}}}));
  CHECK(document["title"] == "T");
  CHECK(document["song"] == "tide");
  CHECK(document["log"] == Json{2, 3, 4});
  CHECK(document["done"] == Json{{"a", {{"y", 2}}}});
  CHECK(document["level"] == Json{{"p", 3}});
  CHECK(document["joined"] == "abc");

  set_due(document, {{"look", ""}});
  REQUIRE(step(graph, document, {{{"look", ""}, {{"title", Json()}, {"log", {5, 6, 7, 8}}, {"level", {{"p", 2}, {"q", -1}}}, {"joined", "d"}}}}));
  CHECK_FALSE(document.contains("title"));
  CHECK(document["log"] == Json{6, 7, 8});
  CHECK(document["level"] == Json{{"p", 3}, {"q", -1}});
  CHECK(document["joined"] == "abcd");
}

TEST_CASE("run: a max channel takes integers too, from the first one on") {
  const ValidGraph graph = sample();
  Json document = started(graph);
  for (const int write : {-4, -7, 9, 2}) {
    set_due(document, {{"look", ""}});
    REQUIRE(step(graph, document, {{{"look", ""}, {{"level", write}}}}));
  }
  CHECK(document["level"] == 9);
  CHECK(refusal(step(graph, document, {{{"look", ""}, {{"level", {{"p", 1}}}}}})).find("holds an integer") != std::string::npos);
  document["level"] = {{"p", 1}};
  CHECK(refusal(step(graph, document, {{{"look", ""}, {{"level", 5}}}})).find("holds an object") != std::string::npos);
  CHECK(document["level"] == Json{{"p", 1}});
}

TEST_CASE("run: a write that does not fit names its node and channel") {
  const ValidGraph graph = sample();
  const auto refused = [&](const std::string& node, const std::string& channel, const Json& value, const std::string& why) {
    Json document = started(graph, {{"song", "tide"}});
    const std::string message = refusal(step(graph, document, {{{node, ""}, {{channel, value}}}}));
    CAPTURE(message);
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find("node=" + node) != std::string::npos);
    CHECK(message.find("channel=" + channel) != std::string::npos);
  };
  refused("look", "song", "again", "written once");
  refused("left", "title", "T", "did not declare");
  refused("left", "none", 1, "does not exist");
  refused("look", "log", "no array", "takes arrays");
  refused("look", "done", Json::array(), "takes objects");
  refused("look", "level", "high", "takes an integer or an object");
  refused("look", "level", {{"p", "high"}}, "object of integers");
  Json document = started(graph);
  CHECK(refusal(step(graph, document, {{{"look", ""}, {{"joined", 1}}}})) == "only texts are joined");
}

TEST_CASE("run: whatever finished first, writes are merged in the order of the graph and then of the due list") {
  const ValidGraph graph = sample();
  Json first = started(graph), second = first;
  const Finished left{{"left", ""}, {{"joined", "l"}, {"log", {"l"}}, {"done", {{"x", "left"}}}, {"level", {{"p", 4}}}}};
  const Finished right{{"right", ""}, {{"joined", "r"}, {"log", {"r"}}, {"done", {{"x", nullptr}, {"y", 1}}}, {"level", {{"p", 3}}}}};
  for (Json* document : {&first, &second}) set_due(*document, {{"left", ""}, {"right", ""}});
  REQUIRE(step(graph, first, {left, right}));
  REQUIRE(step(graph, second, {right, left}));
  CHECK(first == second);
  CHECK(first["joined"] == "lr");
  CHECK(first["log"] == Json{"l", "r"});
  CHECK(first["done"] == Json{{"y", 1}});  // the later patch removes what the earlier one wrote
  CHECK(first["level"] == Json{{"p", 4}});

  Json items = started(graph, {{"todo", {"a", "b"}}});
  set_due(items, {{"make", "b"}, {"make", "a"}});
  REQUIRE(step(graph, items, {{{"make", "a"}, {{"joined", "a"}}}, {{"make", "b"}, {{"joined", "b"}}}}));
  CHECK(items["joined"] == "ba");
}

TEST_CASE("run: two nodes of one step cannot both replace a channel") {
  const ValidGraph graph = sample();
  Json document = started(graph);
  set_due(document, {{"left", ""}, {"right", ""}});
  const auto both = step(graph, document, {{{"left", ""}, {{"halted", "a"}}}, {{"right", ""}, {{"halted", "b"}}}});
  CHECK(refusal(both).find("two tasks of one step") != std::string::npos);
}

TEST_CASE("run: a node that leads to two puts both into one step, and their common target is due once") {
  const ValidGraph graph = sample();
  Json document = started(graph, {{"todo", {"a", "b", "c"}}});
  REQUIRE(step(graph, document, {{{"look", ""}, {}}}));
  CHECK(due_of(document) == "left right");
  REQUIRE(step(graph, document, {{{"left", ""}, {}}, {{"right", ""}, {}}}));
  CHECK(due_of(document) == "make/a make/b");
}

TEST_CASE("run: a fan-out takes a batch at a time, and parked items keep their place and their share") {
  const ValidGraph graph = sample();
  Json document = started(graph, {{"todo", {"a", "b", "c", "d"}}});
  set_due(document, {{"make", "a"}, {"make", "b"}});
  REQUIRE(step(graph, document, {{{"make", "a"}, {{"done", {{"a", 1}}}}}}));
  CHECK(due_of(document) == "make/b make/c");
  REQUIRE(step(graph, document, {{{"make", "c"}, {{"done", {{"c", 1}}}}}}));
  CHECK(due_of(document) == "make/b make/d");
  REQUIRE(step(graph, document, {{{"make", "d"}, {{"done", {{"d", 1}}}}}}));
  CHECK(due_of(document) == "make/b");  // parked: the node does not lead on without it
  REQUIRE(step(graph, document, {{{"make", "b"}, {{"done", {{"b", 1}}}}}}));
  CHECK(due_of(document) == "close");
  REQUIRE(step(graph, document, {{{"close", ""}, {}}}));
  CHECK(due_of(document).empty());
}

TEST_CASE("run: a fan-out without items is passed through at once") {
  const ValidGraph graph = sample();
  Json document = started(graph);
  set_due(document, {{"right", ""}});
  REQUIRE(step(graph, document, {{{"right", ""}, {}}}));
  CHECK(due_of(document) == "close");
}

TEST_CASE("run: a task's end settles its effects, answers and done-record, and nobody else's") {
  const ValidGraph graph = sample();
  Json document = started(graph, {{"todo", {"a", "b"}}});
  set_due(document, {{"make", "a"}, {"make", "b"}});
  document["attempts"] = {{"clip_a", 1}, {"clip_z", 9}};
  const auto add = [&](const std::string& key, const std::string& item, std::optional<std::int64_t> cost) {
    EffectRecord record;
    record.key = key;
    record.task = {"make", item};
    apply_meta(document, plan_intent(record));
    EffectResult result;
    result.usd_micros = cost.value_or(0);
    if (cost) apply_meta(document, plan_result(key, result));
  };
  add("clip_a/2", "a", 500);
  add("clip_a/3", "a", 700);
  add("clip_b/1", "b", 900);
  apply_meta(document, plan_task_done({{"make", "a"}, {{"done", {{"a", 1}}}}}));
  apply_meta(document, plan_interrupt({"int_a", {"make", "a"}, {}, 0, {}}, "now"));
  apply_meta(document, plan_interrupt({"int_b", {"make", "b"}, {}, 0, {}}, "now"));
  const auto found = find_finished(document, {"make", "a"});
  REQUIRE((found && *found));
  REQUIRE(step(graph, document, {**found}));

  CHECK(document["attempts"] == Json{{"clip_a", 3}, {"clip_z", 9}});
  CHECK(document["cost"] == Json{{"clip_a/2", 500}, {"clip_a/3", 700}});
  CHECK(document["done"] == Json{{"a", 1}});
  const Json& meta = document[meta_member];
  CHECK(meta["openEffects"].size() == 1);
  CHECK(meta["openEffects"].contains("clip_b/1"));
  CHECK(meta["doneTasks"].empty());
  CHECK(meta["interrupts"].size() == 1);
  CHECK(meta["interrupts"].contains("int_b"));
  CHECK(due_of(document) == "make/b");
}

TEST_CASE("run: an effect goes from intent over handle to result, and is read back at each") {
  EffectRecord record;
  record.key = "clip_a/1";
  record.task = {"make", "a"};
  record.idempotency_key = "wp_x";
  record.estimate_usd_micros = 40;
  record.intent_seq = 7;
  Json document = Json::object();
  const auto now = [&] { return **find_effect(document, "clip_a/1"); };
  apply_meta(document, plan_intent(record));
  CHECK(now().state == EffectRecord::State::intent);
  CHECK(now().task == record.task);
  CHECK(now().intent_seq == 7);
  CHECK_FALSE(now().handle);
  apply_meta(document, plan_handle("clip_a/1", "op/9", "now"));
  CHECK(now().state == EffectRecord::State::submitted);
  CHECK(now().handle == "op/9");
  CHECK(now().estimate_usd_micros == 40);
  EffectResult result;
  result.object = Asset{"f/clip.mp4", 12, std::string(64, 'a')};
  result.value = {{"seconds", 8}};
  result.usd_micros = 38;
  apply_meta(document, plan_result("clip_a/1", result));
  REQUIRE(now().result);
  CHECK(now().result->object == result.object);
  CHECK(now().result->value == result.value);
  CHECK(now().result->usd_micros == 38);
  CHECK(now().result->replayed);
  EffectResult failed;
  failed.state = EffectState::failed;
  failed.error = Error{ErrorKind::invalid, "refused by the provider"};
  apply_meta(document, plan_result("clip_a/1", failed));
  CHECK(now().result->state == EffectState::failed);
  CHECK(now().result->error->kind == ErrorKind::invalid);
  document[meta_member]["openEffects"]["clip_a/1"]["state"] = "odd";
  CHECK(find_effect(document, "clip_a/1").error().kind == ErrorKind::corrupt);
}

TEST_CASE("run: effect keys are <base>/<number>") {
  const auto name = parse_effect_key("enrich/scenes-0/12");
  REQUIRE(name);
  CHECK(name->base == "enrich/scenes-0");
  CHECK(name->number == 12);
  for (const std::string key : {"", "a", "a/", "/1", "a/0", "a/-1", "a/x", "a//1", "a b/1", "a/1/", "../1", "a/12345678901"})
    CHECK_MESSAGE(parse_effect_key(key).error().kind == ErrorKind::invalid, key);
  CHECK_FALSE(parse_effect_key(std::string(199, 'a') + "/1").has_value());
}

TEST_CASE("run: a command's patches are merged, the film is no longer halted, and an earlier due node stays") {
  const ValidGraph graph = sample();
  Json document = started(graph, {{"todo", {"a"}}});
  document["halted"] = "stopped";
  set_due(document, {{"close", ""}});
  auto delta = plan_command(graph, document, {{"title", "New"}}, "make");
  REQUIRE(delta);
  apply_meta(document, *delta);
  CHECK(document["title"] == "New");
  CHECK_FALSE(document.contains("halted"));
  CHECK(due_of(document) == "make/a");
  delta = plan_command(graph, document, {}, "close");
  REQUIRE(delta);
  apply_meta(document, *delta);
  CHECK(due_of(document) == "make/a");
  CHECK(refusal(plan_command(graph, document, {{"none", 1}}, "")).find("channel=none") != std::string::npos);
  CHECK(refusal(plan_command(graph, document, {}, "nowhere")).find("node=nowhere") != std::string::npos);
}

TEST_CASE("run: a takeover goes back only to what is before everything due") {
  const ValidGraph graph = sample();
  Json document = started(graph);
  set_due(document, {{"close", ""}});
  const auto at = [](const char* node) { return [node](const State&) { return std::string(node); }; };
  auto delta = plan_takeover(graph, document, {{"look", ""}, {{"title", "seen"}}}, at(""));
  REQUIRE(delta);
  CHECK_FALSE(delta->meta.contains("nextNodes"));
  CHECK(document["title"] == "seen");
  delta = plan_takeover(graph, document, {{"look", ""}, {}}, at("left"));
  REQUIRE(delta);
  apply_meta(document, *delta);
  CHECK(due_of(document) == "left");
  delta = plan_takeover(graph, document, {{"look", ""}, {}}, at("right"));
  REQUIRE(delta);
  CHECK_FALSE(delta->meta.contains("nextNodes"));
}

TEST_CASE("run: a state whose next nodes this graph does not have is named, not guessed") {
  const ValidGraph graph = sample();
  Json document = started(graph);
  CHECK(check_graph_fits(document, graph).has_value());
  set_due(document, {{"close", ""}, {"gone", ""}, {"lost", "x"}});
  const auto fits = check_graph_fits(document, graph);
  REQUIRE_FALSE(fits);
  CHECK(fits.error().kind == ErrorKind::conflict);
  CHECK(fits.error().message.find("gone,lost") != std::string::npos);
}

TEST_CASE("run: writes of a finished task come back as they were, nulls included") {
  const Finished finished{{"make", "a"}, {{"title", Json()}, {"done", {{"a", nullptr}, {"b", {{"c", nullptr}}}}}}};
  Json document = Json::object();
  apply_meta(document, plan_task_done(finished));
  const auto found = find_finished(document, finished.task);
  REQUIRE((found && *found));
  REQUIRE((*found)->writes.size() == 2);
  CHECK((*found)->writes[0].value.is_null());
  CHECK((*found)->writes[1].value == finished.writes[1].value);
  CHECK_FALSE(find_finished(document, {"make", "b"})->has_value());
}

}  // namespace workprint::run
