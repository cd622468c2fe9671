#include <doctest/doctest.h>

#include "workprint/graph.h"

namespace workprint {
namespace {

Node plain(std::string name, std::vector<std::string> writes = {}) {
  Node node;
  node.name = std::move(name);
  node.run = [](const State&, Context&) -> Result<Writes> { return Writes(); };
  node.writes = std::move(writes);
  return node;
}

Node fan_out(std::string name, std::vector<std::string> writes) {
  Node node = plain(std::move(name), std::move(writes));
  node.items = [](const State&) { return std::vector<std::string>{"1", "2"}; };
  return node;
}

std::string first_target(const State&) { return "b"; }

Graph line() {
  Graph graph("line");
  graph.channel({"title", Merge::replace, nullptr, 0}).channel({"log", Merge::append, nullptr, 0});
  graph.add(plain("a", {"title"})).add(plain("b", {"title", "log"}));
  graph.entry("a").edge("a", "b").edge("b", "END");
  return graph;
}

// Applies one wrong change to a valid graph; every part of the finding must be in the message.
void finds(const std::function<void(Graph&)>& spoil, const std::vector<std::string>& parts) {
  Graph graph = line();
  spoil(graph);
  const auto valid = graph.validate();
  REQUIRE_FALSE(valid);
  CHECK(valid.error().kind == ErrorKind::invalid);
  for (const std::string& part : parts) CHECK_MESSAGE(valid.error().message.find(part) != std::string::npos, valid.error().message, " lacks ", part);
}

}  // namespace

TEST_CASE("graph: each fault is found and names its culprit") {
  finds([](Graph& g) { g.add(plain("b")); }, {"node is there twice", "node=b"});
  finds([](Graph& g) { g.add(plain("b-c")); }, {"node name is not", "node=b-c"});
  finds([](Graph& g) { g.add(plain("END")); }, {"or is END", "node=END"});
  finds([](Graph& g) { g.add(plain(std::string(65, 'n'))); }, {"node name is not"});
  finds([](Graph& g) { Node n = plain("c"); n.run = nullptr; g.add(n).edge("a", "c").edge("c", "END"); }, {"no function", "node=c"});
  finds([](Graph& g) { Node n = plain("c"); n.batch_max = -1; g.add(n); }, {"batch_max", "node=c"});
  finds([](Graph& g) { Node n = plain("c"); n.retry.attempts_max = 0; g.add(n); }, {"attempts_max", "node=c"});
  finds([](Graph& g) { Node n = plain("c"); n.retry.attempts_max = 101; g.add(n); }, {"attempts_max", "node=c"});
  finds([](Graph& g) { g.channel({"title", Merge::merge, nullptr, 0}); }, {"channel is there twice", "channel=title"});
  finds([](Graph& g) { g.channel({"cost", Merge::merge, nullptr, 0}); }, {"channel is there twice", "channel=cost"});
  finds([](Graph& g) { g.channel({"$x", Merge::merge, nullptr, 0}); }, {"channel name is not", "channel=$x"});
  finds([](Graph& g) { g.channel({"", Merge::merge, nullptr, 0}); }, {"channel name is not"});
  finds([](Graph& g) { g.channel({"mine", Merge::custom, nullptr, 0}); }, {"merge function", "channel=mine"});
  finds([](Graph& g) { g.channel({"mine", Merge::merge, [](const Json*, const Json& w) -> Result<Json> { return w; }, 0}); },
        {"merge function", "channel=mine"});
  finds([](Graph& g) { g.add(plain("c", {"unknown"})); }, {"unknown channel", "node=c", "channel=unknown"});
  finds([](Graph& g) { g.entry("nowhere"); }, {"entry is not a node", "entry=nowhere"});
  finds([](Graph& g) { g.edge("a", "nowhere"); }, {"edge target does not exist", "from=a", "target=nowhere"});
  finds([](Graph& g) { g.edge("nowhere", "a"); }, {"edge starts at an unknown node", "node=nowhere"});
  finds([](Graph& g) { g.edge("a", "b"); }, {"edge is there twice", "from=a", "target=b"});
  finds([](Graph& g) { g.add(plain("c")).edge("c", "END"); }, {"cannot be reached", "node=c"});
  finds([](Graph& g) { g.add(plain("c")).edge("a", "c"); }, {"leads nowhere", "node=c"});
  finds([](Graph& g) { g.branch("a", {"b"}, first_target); }, {"edges and a branch", "node=a"});
  finds([](Graph& g) { g.add(plain("c")).edge("a", "c").branch("c", {"b", "lost"}, first_target); }, {"branch target does not exist", "from=c", "target=lost"});
  finds([](Graph& g) { g.add(plain("c")).edge("a", "c").branch("c", {"b", "b"}, first_target); }, {"branch is there twice", "from=c"});
  finds([](Graph& g) { g.add(plain("c")).edge("a", "c").branch("c", {"b"}, nullptr); }, {"branch has no function", "from=c"});
  finds([](Graph& g) { g.add(plain("c")).edge("a", "c").branch("c", {"b"}, first_target).branch("c", {"END"}, first_target); }, {"two branches", "node=c"});
  finds([](Graph& g) { g.branch("lost", {"b"}, first_target); }, {"branch starts at an unknown node", "node=lost"});
}

TEST_CASE("graph: a graph that never ends is found") {
  Graph graph("loop");
  graph.add(plain("a")).add(plain("b")).entry("a").edge("a", "b").edge("b", "a");
  const auto valid = graph.validate();
  REQUIRE_FALSE(valid);
  CHECK(valid.error().message.find("END cannot be reached") != std::string::npos);
}

TEST_CASE("graph: two writers of a replace channel in one step are found, also further down") {
  Graph direct("direct");
  direct.channel({"title", Merge::replace, nullptr, 0});
  direct.add(plain("start")).add(plain("left", {"title"})).add(plain("right", {"title"}));
  direct.entry("start").edge("start", "left").edge("start", "right").edge("left", "END").edge("right", "END");
  const auto first = direct.validate();
  REQUIRE_FALSE(first);
  CHECK(first.error().message.find("nodes=left,right channel=title") != std::string::npos);

  Graph later("later");
  later.channel({"title", Merge::once, nullptr, 0});
  later.add(plain("start")).add(plain("left")).add(plain("right")).add(plain("left2", {"title"})).add(plain("right2", {"title"}));
  later.entry("start").edge("start", "left").edge("start", "right").edge("left", "left2").edge("right", "right2");
  later.edge("left2", "END").edge("right2", "END");
  const auto second = later.validate();
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("nodes=left2,right2 channel=title") != std::string::npos);

  Graph items("items");
  items.channel({"title", Merge::once, nullptr, 0});
  items.add(fan_out("make", {"title"})).entry("make").edge("make", "END");
  const auto third = items.validate();
  REQUIRE_FALSE(third);
  CHECK(third.error().message.find("several items of one node would write a once channel: node=make channel=title") != std::string::npos);
}

TEST_CASE("graph: all findings are told at once") {
  Graph graph("bad");
  graph.add(plain("a", {"none"})).entry("b").edge("a", "c");
  const auto valid = graph.validate();
  REQUIRE_FALSE(valid);
  for (const char* part : {"graph=bad", "channel=none", "entry=b", "target=c"})
    CHECK_MESSAGE(valid.error().message.find(part) != std::string::npos, part);
}

TEST_CASE("graph: successors follow the branch, and only to what it declared") {
  Graph graph("branch");
  graph.channel({"way", Merge::replace, nullptr, 0});
  graph.add(plain("a")).add(plain("b")).add(plain("c")).entry("a");
  graph.branch("a", {"b", "c"}, [](const State& state) { return state.raw("way").get<std::string>(); });
  graph.edge("b", "END").edge("c", "END");
  const auto valid = graph.validate();
  REQUIRE(valid);
  const auto way = [&](const std::string& to) {
    const Json channels = {{"way", to}};
    return valid->successors("a", State(channels));
  };
  CHECK(*way("b") == std::vector<std::string>{"b"});
  CHECK(*way("c") == std::vector<std::string>{"c"});
  const auto wrong = way("END");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("from=a target=END") != std::string::npos);
  const Json none = Json::object();
  CHECK(*valid->successors("b", State(none)) == std::vector<std::string>{"END"});
}

TEST_CASE("graph: the fingerprint follows the structure and nothing else") {
  const auto of = [](const std::function<void(Graph&)>& change) {
    Graph graph = line();
    change(graph);
    const auto valid = graph.validate();
    REQUIRE_MESSAGE(valid.has_value(), (valid ? "" : valid.error().message));
    return valid->fingerprint();
  };
  const std::string same = of([](Graph&) {});
  CHECK(same.size() == 64);
  CHECK(same == of([](Graph&) {}));
  CHECK(same != of([](Graph& g) { g.channel({"more", Merge::merge, nullptr, 0}); }));
  CHECK(same != of([](Graph& g) { g.add(plain("c")).edge("a", "c").edge("c", "END"); }));
  CHECK(same != of([](Graph& g) { g.edge("a", "END"); }));
}

TEST_CASE("graph: the picture names every node and way") {
  Graph graph("picture");
  graph.add(plain("a")).add(fan_out("make", {})).entry("a").edge("a", "make");
  graph.branch("make", {"make", "END"}, [](const State&) { return "END"; });
  const auto valid = graph.validate();
  REQUIRE(valid);
  CHECK(valid->mermaid() ==
        "flowchart TD\n  START([START]) --> a\n  a --> make\n  make[[\"make (one task an item)\"]]\n"
        "  make -.-> make\n  make -.-> END_([END])\n");
}

}  // namespace workprint
