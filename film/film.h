/// The film pipeline: a workflow like any other user's, written against the engine's public headers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "film/plan/plan.h"
#include "film/studio/studio.h"
#include "workprint/service.h"

namespace film {

struct FilmOptions {
  int parallel_scenes = 1;          ///< scenes of one step, 1..64
  int max_takes = 3;                ///< takes of one asset a round, 1..20
  bool quality_control = true;      ///< false: the first technically good take is circled unrated
  double accept_threshold = 0.95;   ///< the four thresholds lie in 0..1, in descending order
  double minor_issue_threshold = 0.90;
  double major_issue_threshold = 0.70;
  double fail_threshold = 0.40;
  int encoder_threads = 0;          ///< 0: all cores
};

/// The graph of DESIGN section 5 with the studio behind its nodes. `studio` outlives the workflow.
/// Errors: invalid (an option out of range: names it).
workprint::Result<workprint::Workflow> film_workflow(studio::Studio& studio, const FilmOptions& options);

struct FilmRequest {
  std::string prompt;                              ///< 1..20,000 bytes of UTF-8
  std::optional<std::filesystem::path> audio;      ///< 1 s .. 60 min of anything ffmpeg reads
  std::string song_object;                         ///< instead of `audio`: a song in the object store, `audio/<name>`
  Picture picture;
  std::uint64_t seed = 0;                          ///< 0..2^53
  int max_scenes = 0;                              ///< 0: the writer decides; else 1..1000
};

/// Checks the request, puts the song into the object store, and returns the inputs of START.
/// Errors: invalid, naming the field and the allowed values; unavailable (the store).
workprint::Result<workprint::Json> prepare_inputs(workprint::ObjectStore& objects, const FilmRequest& request,
                                                  std::stop_token stop);

/// `WxH@FPS` within the ranges of Picture. Errors: invalid, naming the part.
workprint::Result<Picture> parse_picture(std::string_view text);

/// Where a finished film lies: object name of the newest verified render; nothing when there is none.
[[nodiscard]] std::optional<std::string> rendered_object(const workprint::Json& state);

/// Puts a song into the object store and measures it: the value of channel `song`.
/// Errors: invalid (no audio that can be decoded; its length is out of range); unavailable.
workprint::Result<workprint::Json> store_song(workprint::ObjectStore& objects, const std::filesystem::path& file,
                                              const std::string& shown_name, std::stop_token stop);

/// The film's own commands (film-domain 3.4): REGENERATE_SCENE, REGENERATE_FRAME, UPDATE_SCENE_ASSET. Pure.
/// Errors: invalid (names the member and what is allowed); not_found (no such scene, take).
workprint::Result<workprint::CommandPlan> plan_command(const workprint::State& state, const std::string& type,
                                                       const workprint::Json& payload);

/// The seed of a film nobody named one for: the same prompt makes the same film.
[[nodiscard]] std::uint64_t seed_of_prompt(std::string_view prompt);

/// The inputs of a START_PIPELINE payload; null when it names none (then it resumes a film). `picture`: when the payload
/// does not say. Errors: as prepare_inputs.
workprint::Result<workprint::Json> inputs_of_start(workprint::ObjectStore& objects, const workprint::Json& payload,
                                                   const Picture& picture, std::stop_token stop);

/// One line of people's view of the takes registry.
struct TakeRow {
  std::string asset;
  int number = 0;
  std::string state, overall, object;
  std::optional<double> score;
  bool circled = false;
};
[[nodiscard]] std::vector<TakeRow> list_takes(const workprint::Json& state);

}  // namespace film
