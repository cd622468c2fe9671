/// A workflow as a value: channels, nodes, edges and branches, checked and fingerprinted before anything runs.
///
/// Thread-safety: a Graph is built by one thread; a ValidGraph is immutable and may be shared.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workprint/channel.h"
#include "workprint/clock.h"
#include "workprint/json.h"
#include "workprint/result.h"

namespace workprint {

class Context;

/// The target of an edge or branch that ends the film.
inline constexpr std::string_view end_node = "END";

/// What a node does: reads the committed state, may use effects through the context, returns its writes.
/// It may run again from its top after a crash: effects are memoised, everything else must come out the same.
using NodeFunction = std::function<Result<Writes>(const State&, Context&)>;
/// The items a fan-out node is due for, most urgent first. Pure. Each 1..64 bytes of `[A-Za-z0-9_-]`.
using ItemsFunction = std::function<std::vector<std::string>(const State&)>;
/// Chooses one of a branch's declared targets. Pure.
using BranchFunction = std::function<std::string(const State&)>;

struct RetryPolicy {
  int attempts_max = 1;                                        ///< 1..100; 1: no second try
  Duration backoff_first = std::chrono::seconds(2);            ///< doubles each time, half of it random
  Duration backoff_max = std::chrono::seconds(60);
  std::vector<ErrorKind> kinds = {ErrorKind::unavailable};     ///< what is tried again
};

struct Node {
  std::string name;                 ///< `[A-Za-z0-9_]{1,64}`
  NodeFunction run;
  std::vector<std::string> writes;  ///< channels it may write; the standard channels need no mention
  ItemsFunction items;              ///< set: one task per item; unset: one task
  /// At most this many items in one step (0: all). A node that loops back to itself takes the next ones then.
  int batch_max = 0;
  RetryPolicy retry;
  Duration timeout = Duration::zero();  ///< of one attempt; zero: none
  NodeFunction skip;                ///< what "skip" answers mean; unset: the node cannot be skipped
};

class Graph;

/// A graph that passed validate(). Copies share one body.
class ValidGraph {
 public:
  [[nodiscard]] const std::vector<ChannelSpec>& channels() const;
  [[nodiscard]] const ChannelSpec* channel(std::string_view name) const;
  [[nodiscard]] const std::vector<Node>& nodes() const;  ///< in the order they were added: the merge order
  [[nodiscard]] const Node* node(std::string_view name) const;
  [[nodiscard]] const std::string& entry() const;
  /// Where `node` leads in this state: branch first, else its edges. May hold end_node. Pure.
  /// Errors: invalid (a branch chose a target it did not declare: names it).
  Result<std::vector<std::string>> successors(std::string_view node, const State& state) const;
  /// SHA-256 of the structure (names, rules, edges, targets): 64 hex digits. Functions take no part.
  [[nodiscard]] const std::string& fingerprint() const;
  /// The picture, as Mermaid `flowchart` text.
  [[nodiscard]] std::string mermaid() const;

 private:
  friend class Graph;
  struct Body;
  std::shared_ptr<const Body> body_;
};

class Graph {
 public:
  explicit Graph(std::string name);

  Graph& channel(ChannelSpec spec);
  template <class T>
  Graph& channel(const Channel<T>& key) {
    return channel(key.spec());
  }
  Graph& add(Node node);
  /// The first node. Exactly one.
  Graph& entry(std::string node);
  Graph& edge(std::string from, std::string to);
  /// A node has either edges or one branch.
  Graph& branch(std::string from, std::vector<std::string> targets, BranchFunction choose);

  /// Adds the standard channels (channel.h) and checks everything that can be known before a run.
  /// Errors: invalid, with every finding, each naming its culprit: unknown or unreachable node, doubled node or
  /// channel, node without a way on, branch target that does not exist, unknown channel in `writes`, a replace or once
  /// channel that two nodes due in one step (or two items of one node) could write.
  Result<ValidGraph> validate() const;

 private:
  std::string name_, entry_;
  std::vector<ChannelSpec> channels_;
  std::vector<Node> nodes_;
  std::vector<std::pair<std::string, std::string>> edges_;
  struct Branch {
    std::string from;
    std::vector<std::string> targets;
    BranchFunction choose;
  };
  std::vector<Branch> branches_;
  friend class ValidGraph;
};

}  // namespace workprint
