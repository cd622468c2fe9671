#include "workprint/graph.h"

#include <algorithm>
#include <set>

#include "workprint/digest.h"

namespace workprint {
namespace {

bool is_name(std::string_view text, std::size_t length_max) {
  if (text.empty() || text.size() > length_max) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool one_writer_only(Merge merge) { return merge == Merge::replace || merge == Merge::once; }

}  // namespace

struct ValidGraph::Body {
  std::string name, entry, fingerprint;
  std::vector<ChannelSpec> channels;
  std::vector<Node> nodes;
  std::map<std::string, std::vector<std::string>, std::less<>> edges;
  struct Choice {
    std::vector<std::string> targets;
    BranchFunction choose;
  };
  std::map<std::string, Choice, std::less<>> branches;

  [[nodiscard]] std::vector<std::string> targets(const std::string& node) const {
    if (const auto branch = branches.find(node); branch != branches.end()) return branch->second.targets;
    if (const auto edge = edges.find(node); edge != edges.end()) return edge->second;
    return {};
  }
};

namespace {

class Findings {
 public:
  void add(std::string text) { list_.push_back(std::move(text)); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::string text(const std::string& graph) const {
    std::string all = "graph is not valid. graph=" + graph;
    for (const std::string& one : list_) all += "; " + one;
    return all;
  }

 private:
  std::vector<std::string> list_;
};

template <class Body>
void check_nodes(const Body& body, Findings& findings) {
  std::set<std::string> seen;
  for (const Node& node : body.nodes) {
    if (!is_name(node.name, 64) || node.name == end_node)
      findings.add("node name is not [A-Za-z0-9_]{1,64} or is END: node=" + node.name);
    if (!seen.insert(node.name).second) findings.add("node is there twice: node=" + node.name);
    if (!node.run) findings.add("node has no function: node=" + node.name);
    if (node.batch_max < 0) findings.add("batch_max is negative: node=" + node.name);
    if (node.retry.attempts_max < 1 || node.retry.attempts_max > 100)
      findings.add("retry attempts_max is not 1..100: node=" + node.name);
  }
}

template <class Body>
void check_channels(const Body& body, Findings& findings) {
  std::set<std::string> seen;
  for (const ChannelSpec& channel : body.channels) {
    if (!is_name(channel.name, 64) || (channel.name[0] >= '0' && channel.name[0] <= '9') || channel.name[0] == '_')
      findings.add("channel name is not [A-Za-z][A-Za-z0-9_]{0,63}: channel=" + channel.name);
    if (!seen.insert(channel.name).second) findings.add("channel is there twice: channel=" + channel.name);
    if ((channel.merge == Merge::custom) != static_cast<bool>(channel.custom))
      findings.add("a merge function goes with merge rule custom, and only with it: channel=" + channel.name);
  }
  for (const Node& node : body.nodes)
    for (const std::string& channel : node.writes)
      if (!seen.contains(channel))
        findings.add("node writes an unknown channel: node=" + node.name + " channel=" + channel);
}

template <class Body>
void check_edges(const Body& body, Findings& findings) {
  std::set<std::string> names;
  for (const Node& node : body.nodes) names.insert(node.name);
  if (!names.contains(body.entry)) findings.add("entry is not a node: entry=" + body.entry);
  const auto known = [&](const std::string& from, const std::vector<std::string>& targets, const char* what) {
    if (!names.contains(from)) findings.add(std::string(what) + " starts at an unknown node: node=" + from);
    std::set<std::string> doubled;
    for (const std::string& target : targets) {
      if (target != end_node && !names.contains(target))
        findings.add(std::string(what) + " target does not exist: from=" + from + " target=" + target);
      if (!doubled.insert(target).second)
        findings.add(std::string(what) + " is there twice: from=" + from + " target=" + target);
    }
  };
  for (const auto& [from, targets] : body.edges) known(from, targets, "edge");
  for (const auto& [from, choice] : body.branches) {
    known(from, choice.targets, "branch");
    if (!choice.choose) findings.add("branch has no function: from=" + from);
    if (body.edges.contains(from)) findings.add("node has edges and a branch: node=" + from);
  }
  for (const Node& node : body.nodes)
    if (body.targets(node.name).empty()) findings.add("node leads nowhere, not even to END: node=" + node.name);
}

template <class Body>
void check_reachable(const Body& body, Findings& findings) {
  std::set<std::string> reached{body.entry};
  std::vector<std::string> open{body.entry};
  while (!open.empty()) {
    const std::string from = open.back();
    open.pop_back();
    for (const std::string& target : body.targets(from))
      if (reached.insert(target).second) open.push_back(target);
  }
  for (const Node& node : body.nodes)
    if (!reached.contains(node.name)) findings.add("node cannot be reached from the entry: node=" + node.name);
  if (!reached.contains(std::string(end_node))) findings.add("END cannot be reached from the entry");
}

// Sets of nodes that may be due in the same step, from the structure alone: exact for the usual fan-out, and an
// over-approximation never happens because only plain edges put two nodes into one step.
template <class Body>
std::set<std::pair<std::string, std::string>> pairs_in_one_step(const Body& body) {
  std::set<std::pair<std::string, std::string>> pairs;
  std::vector<std::pair<std::string, std::string>> open;
  const auto add = [&](const std::string& a, const std::string& b) {
    if (a == b || a == end_node || b == end_node) return;
    const auto pair = a < b ? std::pair(a, b) : std::pair(b, a);
    if (pairs.insert(pair).second) open.push_back(pair);
  };
  for (const auto& [from, targets] : body.edges)
    for (const std::string& a : targets)
      for (const std::string& b : targets) add(a, b);
  while (!open.empty()) {
    const auto [a, b] = open.back();
    open.pop_back();
    for (const std::string& next_a : body.targets(a))
      for (const std::string& next_b : body.targets(b)) add(next_a, next_b);
  }
  return pairs;
}

template <class Body>
void check_writers(const Body& body, Findings& findings) {
  std::map<std::string, Merge> rules;
  for (const ChannelSpec& channel : body.channels) rules[channel.name] = channel.merge;
  std::map<std::string, const Node*> nodes;
  for (const Node& node : body.nodes) {
    nodes[node.name] = &node;
    if (!node.items) continue;
    for (const std::string& channel : node.writes)
      if (rules.contains(channel) && one_writer_only(rules[channel]))
        findings.add("several items of one node would write a " + std::string(to_string(rules[channel])) +
                     " channel: node=" + node.name + " channel=" + channel);
  }
  for (const auto& [a, b] : pairs_in_one_step(body)) {
    if (!nodes.contains(a) || !nodes.contains(b)) continue;
    for (const std::string& channel : nodes[a]->writes)
      if (rules.contains(channel) && one_writer_only(rules[channel]) &&
          std::ranges::find(nodes[b]->writes, channel) != nodes[b]->writes.end())
        findings.add("two nodes due in one step write the same " + std::string(to_string(rules[channel])) +
                     " channel: nodes=" + a + "," + b + " channel=" + channel);
  }
}

template <class Body>
std::string structure_hash(const Body& body) {
  Json channels = Json::array(), nodes = Json::array(), ways = Json::object();
  for (const ChannelSpec& channel : body.channels)
    channels.push_back({{"name", channel.name}, {"merge", to_string(channel.merge)}});
  for (const Node& node : body.nodes) {
    nodes.push_back({{"name", node.name}, {"writes", node.writes}, {"items", static_cast<bool>(node.items)}});
    ways[node.name] = {{"targets", body.targets(node.name)}, {"branch", body.branches.contains(node.name)}};
  }
  return sha256_hex(canonical_json(
      {{"name", body.name}, {"entry", body.entry}, {"channels", channels}, {"nodes", nodes}, {"ways", ways}}));
}

}  // namespace

Graph::Graph(std::string name) : name_(std::move(name)) {}

Graph& Graph::channel(ChannelSpec spec) {
  channels_.push_back(std::move(spec));
  return *this;
}

Graph& Graph::add(Node node) {
  nodes_.push_back(std::move(node));
  return *this;
}

Graph& Graph::entry(std::string node) {
  entry_ = std::move(node);
  return *this;
}

Graph& Graph::edge(std::string from, std::string to) {
  edges_.emplace_back(std::move(from), std::move(to));
  return *this;
}

Graph& Graph::branch(std::string from, std::vector<std::string> targets, BranchFunction choose) {
  branches_.push_back({std::move(from), std::move(targets), std::move(choose)});
  return *this;
}

Result<ValidGraph> Graph::validate() const {
  auto body = std::make_shared<ValidGraph::Body>();
  body->name = name_;
  body->entry = entry_;
  body->nodes = nodes_;
  body->channels = channels_;
  for (const ChannelSpec& spec : {standard::attempts.spec(), standard::cost.spec(), standard::errors.spec(),
                                  standard::commands.spec(), standard::halted.spec()})
    body->channels.push_back(spec);
  for (const auto& [from, to] : edges_) body->edges[from].push_back(to);
  Findings findings;
  for (const Branch& branch : branches_)
    if (!body->branches.emplace(branch.from, ValidGraph::Body::Choice{branch.targets, branch.choose}).second)
      findings.add("node has two branches: node=" + branch.from);
  check_nodes(*body, findings);
  check_channels(*body, findings);
  check_edges(*body, findings);
  check_reachable(*body, findings);
  check_writers(*body, findings);
  if (!findings.empty()) return fail(ErrorKind::invalid, findings.text(name_));
  body->fingerprint = structure_hash(*body);
  ValidGraph valid;
  valid.body_ = std::move(body);
  return valid;
}

const std::vector<ChannelSpec>& ValidGraph::channels() const { return body_->channels; }
const std::vector<Node>& ValidGraph::nodes() const { return body_->nodes; }
const std::string& ValidGraph::entry() const { return body_->entry; }
const std::string& ValidGraph::fingerprint() const { return body_->fingerprint; }

const ChannelSpec* ValidGraph::channel(std::string_view name) const {
  const auto found = std::ranges::find(body_->channels, name, &ChannelSpec::name);
  return found == body_->channels.end() ? nullptr : &*found;
}

const Node* ValidGraph::node(std::string_view name) const {
  const auto found = std::ranges::find(body_->nodes, name, &Node::name);
  return found == body_->nodes.end() ? nullptr : &*found;
}

Result<std::vector<std::string>> ValidGraph::successors(std::string_view node, const State& state) const {
  const auto branch = body_->branches.find(node);
  if (branch == body_->branches.end()) return body_->targets(std::string(node));
  const std::string chosen = branch->second.choose(state);
  if (std::ranges::find(branch->second.targets, chosen) == branch->second.targets.end())
    return fail(ErrorKind::invalid,
                "branch chose a target it did not declare. from=" + std::string(node) + " target=" + chosen);
  return std::vector<std::string>{chosen};
}

std::string ValidGraph::mermaid() const {
  std::string text = "flowchart TD\n  START([START]) --> " + body_->entry + "\n";
  for (const Node& node : body_->nodes) {
    if (node.items) text += "  " + node.name + "[[\"" + node.name + " (one task an item)\"]]\n";
    const bool chooses = body_->branches.contains(node.name);
    for (const std::string& target : body_->targets(node.name)) {
      const std::string shown = target == end_node ? "END_([END])" : target;
      text += "  " + node.name + (chooses ? " -.-> " : " --> ") + shown + "\n";
    }
  }
  return text;
}

}  // namespace workprint
