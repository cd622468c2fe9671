// The film's graph: DESIGN section 5, as code.
#include "film/channels.h"
#include "film/legacy.h"
#include "film/nodes.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;
using NodeOf = Result<Writes> (*)(const Workshop&, const State&, Context&);

NodeFunction with(const Workshop& shop, NodeOf function) {
  return [shop, function](const State& state, Context& context) { return function(shop, state, context); };
}

// Local work that fails for outside reasons (a full disk, a store that is away) is tried a few times, then a person is.
RetryPolicy patient() { return {3, std::chrono::milliseconds(500), std::chrono::seconds(10), {ErrorKind::unavailable}}; }

Node node(const Workshop& shop, const char* name, NodeOf function, std::vector<std::string> writes) {
  Node node;
  node.name = name;
  node.run = with(shop, function);
  node.writes = std::move(writes);
  node.retry = patient();
  return node;
}

void add_channels(Graph& graph) {
  using namespace channels;
  graph.channel(original_prompt).channel(has_audio).channel(song).channel(picture).channel(settings);
  graph.channel(creative_prompt).channel(audio_analysis).channel(storyboard).channel(production).channel(takes);
  graph.channel(current_scene_index).channel(forced).channel(overrides).channel(rules).channel(metrics);
  graph.channel(rendered_video).channel(film_report);
}

void add_nodes(Graph& graph, const Workshop& shop) {
  using namespace channels;
  graph.add(node(shop, "sync_state", sync_state, {takes.name, production.name, rendered_video.name, film_report.name}));
  graph.add(node(shop, "expand_creative_prompt", expand_creative_prompt, {creative_prompt.name}));
  graph.add(node(shop, "create_scenes_from_audio", create_scenes_from_audio, {audio_analysis.name}));
  graph.add(node(shop, "enrich_storyboard_and_scenes", write_storyboard, {storyboard.name}));
  graph.add(node(shop, "generate_storyboard_exclusively_from_prompt", write_storyboard, {storyboard.name}));
  graph.add(node(shop, "generate_character_assets", generate_character_assets, {takes.name, production.name, rules.name}));
  graph.add(node(shop, "generate_location_assets", generate_location_assets, {takes.name, production.name}));
  graph.add(node(shop, "generate_scene_assets", generate_scene_assets, {takes.name, production.name, forced.name}));
  Node scenes = node(shop, "process_scene", process_scene,
                     {takes.name, production.name, metrics.name, rules.name, current_scene_index.name, forced.name, overrides.name});
  scenes.items = unsettled_scenes;
  scenes.batch_max = shop.options.parallel_scenes;
  scenes.skip = with(shop, skip_scene);
  graph.add(std::move(scenes));
  graph.add(node(shop, "render_video", render_video, {rendered_video.name, takes.name, production.name}));
  graph.add(node(shop, "finalize", finalize, {film_report.name}));
}

void add_ways(Graph& graph) {
  graph.entry("sync_state");
  graph.branch("sync_state",
               {"expand_creative_prompt", "generate_character_assets", "generate_location_assets", "generate_scene_assets",
                "process_scene", "render_video", "finalize", std::string(end_node)},
               [](const State& state) {
                 const std::string node = first_missing_node(state);
                 return node.empty() ? std::string(end_node) : node;
               });
  graph.branch("expand_creative_prompt", {"create_scenes_from_audio", "generate_storyboard_exclusively_from_prompt"},
               [](const State& state) {
                 const auto has_audio = state.get_or(channels::has_audio, false);
                 return has_audio && *has_audio ? "create_scenes_from_audio" : "generate_storyboard_exclusively_from_prompt";
               });
  graph.edge("create_scenes_from_audio", "enrich_storyboard_and_scenes");
  graph.edge("enrich_storyboard_and_scenes", "generate_character_assets");
  graph.edge("generate_storyboard_exclusively_from_prompt", "generate_character_assets");
  graph.edge("generate_character_assets", "generate_location_assets");
  graph.edge("generate_location_assets", "generate_scene_assets");
  graph.edge("generate_scene_assets", "process_scene");
  graph.branch("process_scene", {"process_scene", "render_video"}, [](const State& state) {
    return unsettled_scenes(state).empty() ? "render_video" : "process_scene";
  });
  graph.edge("render_video", "finalize");
  graph.edge("finalize", std::string(end_node));
}

Result<void> check_options(const FilmOptions& o) {
  if (o.parallel_scenes < 1 || o.parallel_scenes > 64) return fail(ErrorKind::invalid, "jobs must be 1..64. jobs=" + std::to_string(o.parallel_scenes));
  if (o.max_takes < 1 || o.max_takes > 20) return fail(ErrorKind::invalid, "max_takes must be 1..20. max_takes=" + std::to_string(o.max_takes));
  const bool ordered = o.accept_threshold <= 1 && o.accept_threshold >= o.minor_issue_threshold &&
                       o.minor_issue_threshold >= o.major_issue_threshold && o.major_issue_threshold >= o.fail_threshold &&
                       o.fail_threshold >= 0;
  if (!ordered) return fail(ErrorKind::invalid, "thresholds must be 0..1 and descend: accept, minor, major, fail");
  return {};
}

}  // namespace

Result<Workflow> film_workflow(studio::Studio& studio, const FilmOptions& options) {
  TRY(check_options(options));
  const Workshop shop{&studio, options};
  Graph graph("film/v1");
  add_channels(graph);
  add_nodes(graph, shop);
  add_ways(graph);
  Workflow workflow;
  workflow.graph = TRY(graph.validate());
  workflow.restart_at = first_missing_node;
  workflow.command = plan_command;
  workflow.channels_from_storyboard = inputs_from_storyboard;
  workflow.channels_from_legacy = [options](const FilmId& film, const Json& document, ObjectStore& objects) {
    return channels_from_legacy(film, document, objects, options);
  };
  return workflow;
}

}  // namespace film
