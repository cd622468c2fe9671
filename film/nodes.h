/// The film's nodes, one function each (graph: film/graph.cpp). Private to the pipeline.
#pragma once

#include "film/film.h"

namespace film {

/// What every node was built with.
struct Workshop {
  studio::Studio* studio = nullptr;
  FilmOptions options;
};

using workprint::Context;
using workprint::Result;
using workprint::State;
using workprint::Writes;

Result<Writes> sync_state(const Workshop&, const State&, Context&);
Result<Writes> expand_creative_prompt(const Workshop&, const State&, Context&);
Result<Writes> create_scenes_from_audio(const Workshop&, const State&, Context&);
/// Both storyboard nodes: with a song's analysis (`enrich_...`) or from the prompt alone (`generate_...`).
Result<Writes> write_storyboard(const Workshop&, const State&, Context&);
Result<Writes> generate_character_assets(const Workshop&, const State&, Context&);
Result<Writes> generate_location_assets(const Workshop&, const State&, Context&);
Result<Writes> generate_scene_assets(const Workshop&, const State&, Context&);
Result<Writes> process_scene(const Workshop&, const State&, Context&);
Result<Writes> skip_scene(const Workshop&, const State&, Context&);
Result<Writes> render_video(const Workshop&, const State&, Context&);
Result<Writes> finalize(const Workshop&, const State&, Context&);

// --- what several nodes read ---------------------------------------------------------------------------------------

/// Errors: corrupt (the stored plan breaks its rules); not_found (there is none yet).
Result<Plan> plan_of(const State& state);
Result<Picture> picture_of(const State& state);
[[nodiscard]] std::uint64_t seed_of(const State& state);
[[nodiscard]] int max_scenes_of(const State& state);
[[nodiscard]] bool is_forced(const State& state, int scene, const char* part);
/// What a person wants the next take's prompt to be; empty: as composed. `part`: clip, startFrame, endFrame.
[[nodiscard]] std::string prompt_override(const State& state, int scene, const char* part);
/// The scene needs no clip: circled and not forced, or a slug stands for it.
[[nodiscard]] bool is_settled(const State& state, int scene);
/// Scene ids still to do: forced ones first, then play order.
[[nodiscard]] std::vector<std::string> unsettled_scenes(const State& state);
[[nodiscard]] std::vector<std::string> rules_of(const State& state);

/// First node whose work is not there, by what the state holds (film-domain section 3).
[[nodiscard]] std::string first_missing_node(const State& state);

/// `scenes/storyboard.json`: written when the plan changes, read when nothing else is left.
Result<void> save_storyboard(const State& state, const workprint::Json& plan, const std::string& creative_prompt,
                             Context& context);
workprint::Loaded<workprint::Json> inputs_from_storyboard(const workprint::FilmId& film, std::string_view bytes);

/// A file of the object store at a private path of this task.
Result<std::filesystem::path> fetch(Context& context, const workprint::Asset& asset, const std::string& name);

}  // namespace film
