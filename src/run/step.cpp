// How writes become the next state: merge rules, what is due next, what leaves the record.
#include <algorithm>
#include <set>

#include "run/run.h"
#include "workprint/try.h"

namespace workprint::run {
namespace {

constexpr std::size_t commands_kept = 256;

std::unexpected<Error> misfit(const std::string& node, const std::string& channel, const std::string& why) {
  return fail(ErrorKind::invalid, why + ". node=" + node + " channel=" + channel);
}

bool is_standard(const std::string& channel) {
  return channel == standard::attempts.name || channel == standard::cost.name || channel == standard::errors.name ||
         channel == standard::commands.name || channel == standard::halted.name;
}

// Collects the writes of one step channel by channel and turns each collection into delta members.
class Merger {
 public:
  Merger(const ValidGraph& graph, const Json& document) : graph_(graph), document_(document) {}

  Result<void> write(const Task& task, const Write& write) {
    const Node* node = graph_.node(task.node);
    const ChannelSpec* spec = graph_.channel(write.channel);
    if (spec == nullptr) return misfit(task.node, write.channel, "node writes a channel that does not exist");
    const bool declared = node != nullptr && std::ranges::find(node->writes, write.channel) != node->writes.end();
    if (!declared && !is_standard(write.channel))
      return misfit(task.node, write.channel, "node writes a channel it did not declare");
    return merge(task.node, *spec, write.value);
  }

  Result<void> merge(const std::string& node, const ChannelSpec& spec, const Json& value) {
    switch (spec.merge) {
      case Merge::replace: return replace(node, spec, value);
      case Merge::once:
        if (document_.contains(spec.name) || set_.contains(spec.name))
          return misfit(node, spec.name, "channel is written once, and already is");
        return replace(node, spec, value);
      case Merge::append: return append(node, spec, value);
      case Merge::merge: return patch(node, spec, value);
      case Merge::max: return raise(node, spec, value);
      case Merge::custom: return custom(node, spec, value);
    }
    return {};
  }

  [[nodiscard]] Delta take() {
    for (auto& [name, patches] : patches_) delta_.merge[name] = composed(name, patches);
    for (auto& [name, values] : appended_) append_member(name, values);
    for (auto& [name, value] : set_) {
      if (value.is_null())
        delta_.unset.push_back(name);
      else
        delta_.set[name] = value;
    }
    return std::move(delta_);
  }

 private:
  Result<void> replace(const std::string& node, const ChannelSpec& spec, const Json& value) {
    const auto [place, fresh] = set_.emplace(spec.name, value);
    if (!fresh && writer_[spec.name] != node)
      return misfit(node, spec.name, "two tasks of one step write a replace channel");
    place->second = value;
    writer_[spec.name] = node;
    return {};
  }

  Result<void> append(const std::string& node, const ChannelSpec& spec, const Json& value) {
    if (!value.is_array()) return misfit(node, spec.name, "an append channel takes arrays");
    for (const Json& one : value) appended_[spec.name].push_back(one);
    return {};
  }

  Result<void> patch(const std::string& node, const ChannelSpec& spec, const Json& value) {
    if (!value.is_object()) return misfit(node, spec.name, "a merge channel takes objects");
    patches_[spec.name].push_back(value);
    return {};
  }

  Result<void> raise(const std::string& node, const ChannelSpec& spec, const Json& value) {
    if (value.is_number_integer()) return raise_number(node, spec, value);
    if (!value.is_object()) return misfit(node, spec.name, "a max channel takes an integer or an object of integers");
    const Json& before = document_.contains(spec.name) ? document_[spec.name] : empty_;
    if (!before.is_object() || set_.contains(spec.name)) return misfit(node, spec.name, "this max channel holds an integer");
    Json& raised = delta_.merge[spec.name];
    if (raised.is_null()) raised = Json::object();
    for (const auto& [key, number] : value.items()) {
      if (!number.is_number_integer()) return misfit(node, spec.name, "a max channel takes an object of integers");
      const Json& known = raised.contains(key) ? raised[key] : (before.contains(key) ? before[key] : empty_);
      if (!known.is_number_integer() || known.get<std::int64_t>() < number.get<std::int64_t>()) raised[key] = number;
    }
    return {};
  }

  Result<void> raise_number(const std::string& node, const ChannelSpec& spec, const Json& value) {
    const auto here = set_.find(spec.name);
    const Json known = here != set_.end() ? here->second : document_.value(spec.name, Json());
    const bool holds_object = (known.is_object() && !known.empty()) || delta_.merge.contains(spec.name);
    if (holds_object) return misfit(node, spec.name, "this max channel holds an object");
    if (!known.is_number_integer() || known.get<std::int64_t>() < value.get<std::int64_t>()) set_[spec.name] = value;
    return {};
  }

  Result<void> custom(const std::string& node, const ChannelSpec& spec, const Json& value) {
    const auto here = set_.find(spec.name);
    const Json* before = here != set_.end()                 ? &here->second
                         : document_.contains(spec.name) ? &document_[spec.name]
                                                            : nullptr;
    Json after = TRY(spec.custom(before, value));
    if (after.is_null()) return misfit(node, spec.name, "a merge function returned null");
    set_[spec.name] = std::move(after);
    writer_[spec.name] = node;
    return {};
  }

  // Several patches to one channel: what they do one after another, as one patch. (Merge patches do not compose by
  // merging them into each other: a removal in the first would be lost.)
  [[nodiscard]] Json composed(const std::string& name, const std::vector<Json>& patches) const {
    if (patches.size() == 1) return patches.front();
    const Json before = document_.contains(name) ? document_[name] : Json::object();
    Json after = before;
    for (const Json& one : patches) merge_patch(after, one);
    return merge_diff(before, after);
  }

  void append_member(const std::string& name, const Json& values) {
    const ChannelSpec* spec = graph_.channel(name);
    const std::size_t there = document_.contains(name) ? document_[name].size() : 0;
    Json kept = values;
    std::size_t drop = 0;
    if (spec->keep_newest > 0) {
      if (kept.size() > spec->keep_newest)
        kept.erase(kept.begin(), kept.end() - static_cast<Json::difference_type>(spec->keep_newest));
      const std::size_t room = spec->keep_newest - kept.size();
      drop = there > room ? there - room : 0;
    }
    delta_.append[name] = {{"drop", drop}, {"values", std::move(kept)}};
  }

  const ValidGraph& graph_;
  const Json& document_;
  const Json empty_ = Json::object();
  Delta delta_;
  std::map<std::string, Json> set_, appended_;
  std::map<std::string, std::vector<Json>> patches_;
  std::map<std::string, std::string> writer_;
};

std::size_t node_rank(const ValidGraph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.nodes().size(); ++i)
    if (graph.nodes()[i].name == name) return i;
  return graph.nodes().size();
}

// Node order of the graph, then the order the items were due in: the same whatever finished first.
void sort_for_merge(const ValidGraph& graph, const std::vector<Task>& due, std::vector<Finished>& finished) {
  const auto place = [&](const Task& task) { return std::ranges::find(due, task) - due.begin(); };
  std::ranges::stable_sort(finished, [&](const Finished& a, const Finished& b) {
    const auto rank_a = node_rank(graph, a.task.node), rank_b = node_rank(graph, b.task.node);
    return rank_a != rank_b ? rank_a < rank_b : place(a.task) < place(b.task);
  });
}

// What the task's effects leave behind in the standard channels.
Result<void> account_effects(const ValidGraph& graph, const Json& document, const Task& task, Merger& merger,
                             Delta& meta) {
  Json attempts = Json::object(), cost = Json::object();
  for (const EffectRecord& effect : TRY(effects_of(document, task))) {
    const EffectName name = TRY(parse_effect_key(effect.key));
    attempts[name.base] = std::max(attempts.value(name.base, std::int64_t{0}), name.number);
    if (effect.result)
      cost[effect.key] = effect.result->usd_micros;
    else if (effect.estimate_usd_micros > 0)
      cost[effect.key] = effect.estimate_usd_micros;  // left open and given up: it may have been paid
    meta.meta["openEffects"][effect.key] = Json();
  }
  if (!attempts.empty()) TRY(merger.merge(task.node, *graph.channel(standard::attempts.name), attempts));
  if (!cost.empty()) TRY(merger.merge(task.node, *graph.channel(standard::cost.name), cost));
  return {};
}

Json task_json(const Task& task) {
  Json json = {{"node", task.node}};
  if (!task.item.empty()) json["item"] = task.item;
  return json;
}

// Adds the tasks `target` is due for in this state; a fan-out node with nothing to do is passed through at once.
class Router {
 public:
  Router(const ValidGraph& graph, const Json& document, std::vector<Task> still_due)
      : graph_(graph), state_(document), due_(std::move(still_due)) {
    for (const Task& task : due_) waiting_[task.node]++;
  }

  Result<void> leave(const std::string& node) {
    for (const std::string& target : TRY(graph_.successors(node, state_))) {
      // A node with parked tasks keeps its place: only its own loop may take up more items meanwhile.
      if (waiting_.contains(node) && target != node) continue;
      TRY(enter(target));
    }
    return {};
  }

  Result<void> enter(const std::string& target) {
    if (target == end_node || !entered_.insert(target).second) return {};
    const Node* node = graph_.node(target);
    if (!node->items) {
      if (std::ranges::find(due_, Task{target, {}}) == due_.end()) due_.push_back({target, {}});
      return {};
    }
    const std::size_t parked = waiting_.contains(target) ? waiting_.at(target) : 0;
    std::size_t added = 0;
    for (const std::string& item : node->items(state_)) {
      if (node->batch_max > 0 && added + parked >= static_cast<std::size_t>(node->batch_max)) break;
      const Task task{target, item};
      if (std::ranges::find(due_, task) != due_.end()) continue;
      due_.push_back(task);
      ++added;
    }
    if (added == 0 && parked == 0) return leave(target);
    return {};
  }

  [[nodiscard]] Json due() const {
    Json list = Json::array();
    for (const Task& task : due_) list.push_back(task_json(task));
    return list;
  }

 private:
  const ValidGraph& graph_;
  State state_;
  std::vector<Task> due_;
  std::map<std::string, std::size_t> waiting_;
  std::set<std::string> entered_;
};

}  // namespace

void forget_old_commands(const Json& document, Delta& delta) {
  const auto all = document.find(standard::commands.name);
  if (all == document.end() || all->size() <= commands_kept) return;
  std::vector<std::pair<std::int64_t, std::string>> by_seq;
  for (const auto& [id, command] : all->items()) by_seq.emplace_back(command.value("seq", std::int64_t{0}), id);
  std::ranges::sort(by_seq);
  for (std::size_t i = 0; i + commands_kept < by_seq.size(); ++i)
    delta.merge[standard::commands.name][by_seq[i].second] = Json();
}

Result<Delta> plan_start(const ValidGraph& graph, const Json& inputs, const Json& command) {
  const Json none = Json::object();
  Delta delta;
  if (!inputs.is_object()) return fail(ErrorKind::invalid, "inputs are not an object");
  for (const auto& [name, value] : inputs.items()) {
    if (graph.channel(name) == nullptr)
      return fail(ErrorKind::invalid, "input is no channel of this graph. input=" + name);
    delta.set[name] = value;
  }
  for (const ChannelSpec& spec : graph.channels()) {
    if (delta.set.contains(spec.name)) continue;
    if (spec.merge == Merge::merge || spec.merge == Merge::max) delta.set[spec.name] = Json::object();
    if (spec.merge == Merge::append) delta.set[spec.name] = Json::array();
  }
  if (!command.empty()) delta.set[standard::commands.name] = command;
  delta.meta = {{"graphFingerprint", graph.fingerprint()},
                {"nextNodes", Json::array({task_json({graph.entry(), {}})})},
                {"openEffects", Json::object()},
                {"doneTasks", Json::object()},
                {"interrupts", Json::object()}};
  return delta;
}

Result<void> add_note(const ValidGraph& graph, const std::vector<Write>& note, Delta& delta) {
  for (const Write& write : note) {
    const ChannelSpec* spec = graph.channel(write.channel);
    if (spec == nullptr || spec->merge != Merge::merge || !write.value.is_object())
      return fail(ErrorKind::invalid, "a note is a patch to a merge channel. channel=" + write.channel);
    Json& patch = delta.merge[write.channel];
    if (patch.is_null())
      patch = write.value;
    else
      patch.update(write.value, true);
  }
  return {};
}

Result<void> check_graph_fits(const Json& document, const ValidGraph& graph) {
  std::string missing;
  for (const Task& task : TRY(due_tasks(document)))
    if (graph.node(task.node) == nullptr) missing += (missing.empty() ? "" : ",") + task.node;
  if (missing.empty()) return {};
  return fail(ErrorKind::conflict, "the film's next nodes are not in this program's graph. nodes=" + missing);
}

namespace {

// Makes `target` due, unless something before it in the graph is anyway and will lead there.
Result<void> go_back_to(const ValidGraph& graph, const Json& document, const std::string& target, Delta& delta) {
  if (target.empty() || target == end_node) return {};
  if (graph.node(target) == nullptr) return fail(ErrorKind::invalid, "no such node. node=" + target);
  const std::size_t rank = node_rank(graph, target);
  for (const Task& task : TRY(due_tasks(document)))
    if (node_rank(graph, task.node) <= rank) return {};
  Router router(graph, document, {});
  TRY(router.enter(target));
  delta.meta["nextNodes"] = router.due();
  return {};
}

}  // namespace

Result<Delta> plan_takeover(const ValidGraph& graph, Json& document, const Finished& reconcile,
                            const BranchFunction& restart_at) {
  Merger merger(graph, document);
  for (const Write& write : reconcile.writes) TRY(merger.write(reconcile.task, write));
  Delta delta = merger.take();
  TRY(apply_channels(document, delta));
  if (restart_at) TRY(go_back_to(graph, document, restart_at(State(document)), delta));
  return delta;
}

Result<Delta> plan_command(const ValidGraph& graph, Json& document, const std::vector<Write>& writes,
                           const std::string& next_node) {
  Merger merger(graph, document);
  for (const Write& write : writes) {
    const ChannelSpec* spec = graph.channel(write.channel);
    if (spec == nullptr) return misfit("command", write.channel, "command writes a channel that does not exist");
    TRY(merger.merge("command", *spec, write.value));
  }
  if (document.contains(standard::halted.name))
    TRY(merger.merge("command", *graph.channel(standard::halted.name), Json()));
  Delta delta = merger.take();
  TRY(apply_channels(document, delta));
  TRY(go_back_to(graph, document, next_node, delta));
  return delta;
}

Result<Delta> plan_step(const ValidGraph& graph, Json& document, std::vector<Finished> finished) {
  const std::vector<Task> due = TRY(due_tasks(document));
  sort_for_merge(graph, due, finished);
  Merger merger(graph, document);
  Delta meta;
  std::vector<std::string> nodes;
  std::set<Task> ended;
  const std::vector<Interrupt> questions = TRY(interrupts(document));
  for (const Finished& one : finished) {
    for (const Write& write : one.writes) TRY(merger.write(one.task, write));
    TRY(account_effects(graph, document, one.task, merger, meta));
    meta.meta["doneTasks"][one.task.key()] = Json();
    for (const Interrupt& question : questions)
      if (question.task == one.task) meta.meta["interrupts"][question.id] = Json();
    if (std::ranges::find(nodes, one.task.node) == nodes.end()) nodes.push_back(one.task.node);
    ended.insert(one.task);
  }
  Delta delta = merger.take();
  TRY(apply_channels(document, delta));
  Delta cleanup;
  forget_old_commands(document, cleanup);
  for (const auto& [name, patch] : cleanup.merge.items()) {
    delta.merge[name].update(patch);
    merge_patch(document[name], patch);
  }
  std::vector<Task> still_due = due;
  std::erase_if(still_due, [&](const Task& task) { return ended.contains(task); });
  Router router(graph, document, still_due);
  for (const std::string& node : nodes) TRY(router.leave(node));
  delta.meta = std::move(meta.meta);
  delta.meta["nextNodes"] = router.due();
  return delta;
}

}  // namespace workprint::run
