#include "tests/sim/film.h"

#include "tests/sim/oracle.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::sim {
namespace {

const Channel<Json> item_count{"itemCount", Merge::once};
const Channel<Json> plan{"plan", Merge::replace};
const Channel<Json> clips{"clips", Merge::merge};
const Channel<Json> made{"made", Merge::merge};
const Channel<Json> report{"report", Merge::replace};

constexpr int takes_max = 40;

std::vector<std::string> open_items(const State& state) {
  std::vector<std::string> items;
  const int count = state.raw("itemCount").get<int>();
  for (int i = 0; i < count; ++i)
    if (!state.raw("made").is_object() || !state.raw("made").contains(std::to_string(i))) items.push_back(std::to_string(i));
  return items;
}

// How the provider treats item i. Even ones dedupe by key; two of three give a handle and are polled.
bool dedupes(int item) { return item % 2 == 0; }
bool has_handle(int item) { return item % 3 != 2; }

// What the state says was made and is not there, whole, is to be made again.
Result<Writes> look_at_clips(const State& state, Context& context) {
  Writes writes;
  const Json& all = state.raw("clips");
  for (const auto& [item, clip] : all.items()) {
    const Asset asset = TRY(asset_from_json(clip));
    const auto there = context.objects().verify(asset.path);
    if (there && there->sha256 == asset.sha256 && there->size_bytes == asset.size_bytes) continue;
    if (!there && there.error().kind == ErrorKind::unavailable) return std::unexpected(there.error());
    writes.patch(clips, {{item, Json()}});
    writes.patch(made, {{item, Json()}});
  }
  return writes;
}

class Maker {
 public:
  Maker(World& world, Worker& worker) : world_(world), worker_(worker) {}

  Result<Writes> write_plan(Context& context) const {
    const int first = context.first_number("write_plan");
    for (int n = first; n < first + takes_max; ++n) {
      EffectRequest request;
      request.key = "write_plan/" + std::to_string(n);
      request.provider = "sim";
      request.model = "text";
      request.dedupes = Dedupes::yes;
      const EffectResult text = TRY(context.effect(request, [&](EffectCall& call) { return write_text(call); }));
      if (text.state != EffectState::done) continue;
      Writes writes;
      writes.set(plan, Json("a plan"));
      return writes;
    }
    return fail(ErrorKind::invalid, "no plan in " + std::to_string(takes_max) + " tries");
  }

  Result<Writes> make_clip(Context& context) const {
    const int item = std::stoi(context.item());
    const std::string base = "clip_" + context.item();
    const int first = context.first_number(base);
    for (int n = first; n < first + takes_max; ++n) {
      EffectRequest request;
      request.key = base + "/" + std::to_string(n);
      request.provider = "sim";
      request.model = "clip";
      request.estimate_usd_micros = 1000;
      request.object = TRY(clip_name(context.film(), static_cast<std::uint32_t>(item), static_cast<std::uint32_t>(n)));
      request.adopt_existing = true;
      request.dedupes = dedupes(item) ? Dedupes::yes : Dedupes::no;
      const EffectResult clip = TRY(context.effect(request, [&](EffectCall& call) { return generate(context, call, item, n, *request.object); }));
      if (clip.state != EffectState::done) continue;
      Writes writes;
      writes.patch(clips, {{context.item(), to_json(*clip.object)}});
      writes.patch(made, {{context.item(), true}});
      return writes;
    }
    return fail(ErrorKind::invalid, "no clip in " + std::to_string(takes_max) + " takes");
  }

 private:
  Result<EffectResult> write_text(EffectCall& call) const {
    TRY(submit(call, "write_plan", 1, true));
    EffectResult result;
    result.value = {{"text", "a plan"}};
    return result;
  }

  Result<void> submit(EffectCall& call, const std::string& what, int number, bool free_again) const {
    world_.event(worker_, "submit " + call.idempotency_key());
    if (auto error = world_.fails_before(worker_, Target::provider, "submit")) return std::unexpected(*error);
    const int times = ++world_.operations[call.idempotency_key()].submissions;
    world_.oracle->submitted(worker_, what, number, free_again, times);
    if (auto error = world_.fails_after(worker_, "submit")) return std::unexpected(*error);
    return {};
  }

  Result<EffectResult> generate(Context& context, EffectCall& call, int item, int n, const std::string& object) const {
    const std::string what = "clip_" + std::to_string(item);
    if (!call.handle()) {
      TRY(submit(call, what, n, dedupes(item)));
      if (has_handle(item)) {
        TRY(call.submitted("operations/" + call.idempotency_key()));
        world_.oracle->handle_recorded(worker_, what, n);
      }
    }
    if (has_handle(item)) {
      if (!context.clock().wait(std::chrono::seconds(1 + static_cast<int>(world_.random(25))), call.stop())) return fail(ErrorKind::cancelled, "stopped");
      world_.event(worker_, "poll");
      if (auto error = world_.fails_before(worker_, Target::provider, "poll")) return std::unexpected(*error);
      world_.oracle->received(what, n);
    }
    const Created clip = TRY(create_or_keep(context.objects(), object, "clip " + object));
    EffectResult result;
    result.object = to_asset(clip.info);
    result.usd_micros = 1000;
    return result;
  }

  World& world_;
  Worker& worker_;
};

}  // namespace

Workflow film_workflow(World& world, Worker& worker) {
  const Maker maker(world, worker);
  const RetryPolicy retry{4, std::chrono::seconds(2), std::chrono::seconds(10), {ErrorKind::unavailable}};
  Graph graph("sim/v1");
  graph.channel(item_count).channel(plan).channel(clips).channel(made).channel(report);
  graph.add({.name = "look", .run = look_at_clips, .writes = {"clips", "made"}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  graph.add({.name = "write_plan", .run = [maker](const State&, Context& context) { return maker.write_plan(context); }, .writes = {"plan"}, .items = {}, .batch_max = 0, .retry = retry, .timeout = {}, .skip = {}});
  graph.add({.name = "make", .run = [maker](const State&, Context& context) { return maker.make_clip(context); }, .writes = {"clips", "made"}, .items = open_items, .batch_max = 2, .retry = retry, .timeout = {}, .skip = {}});
  graph.add({.name = "finish", .run = [](const State& state, Context&) -> Result<Writes> {
               Writes writes;
               writes.set(report, Json(state.raw("made").size()));
               return writes;
             }, .writes = {"report"}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  graph.entry("look").edge("look", "write_plan").edge("write_plan", "make").edge("finish", std::string(end_node));
  graph.branch("make", {"make", "finish"}, [](const State& state) { return open_items(state).empty() ? "finish" : "make"; });
  auto valid = graph.validate();
  check(valid.has_value(), valid ? "" : valid.error().message);
  Workflow workflow;
  workflow.graph = *valid;
  workflow.restart_at = [](const State& state) -> std::string { return state.raw("report").is_null() || open_items(state).empty() ? "" : "make"; };
  return workflow;
}

Json film_inputs(const Weather& weather) { return {{"itemCount", weather.items}}; }

Json outcome_of(const Json& document) {
  Json outcome = Json::object();
  for (const char* name : {"itemCount", "plan", "made", "report"}) outcome[name] = document.value(name, Json());
  return outcome;
}

Json expected_outcome(const Weather& weather) {
  Json items = Json::object();
  for (int i = 0; i < weather.items; ++i) items[std::to_string(i)] = true;
  return {{"itemCount", weather.items}, {"plan", "a plan"}, {"made", items}, {"report", weather.items}};
}

}  // namespace workprint::sim
