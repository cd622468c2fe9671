/// Takes: numbered attempts at one asset, made, judged and circled by one loop (film-domain 7.2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "film/film.h"
#include "workprint/context.h"

namespace film {

/// How one kind of asset makes and judges a take. `number` is the take's.
struct TakeMaker {
  std::string asset_key;                   ///< "scene_video_3", ...
  std::string prompt;
  std::vector<std::string> from;           ///< "<asset key>/<take>" it is made from
  std::int64_t estimate_usd_micros = 0;
  std::function<workprint::Result<std::string>(int number)> object_name;
  /// Makes the take as a file in `folder` and checks it technically. Errors corrupt: it failed its check.
  std::function<workprint::Result<std::filesystem::path>(int number, const std::filesystem::path& folder,
                                                         std::stop_token stop)> make;
  /// Absent: the take gets the technical check only.
  std::function<workprint::Result<workprint::Json>(int number, const workprint::Asset& take)> judge;
  std::function<workprint::Result<std::string>(int number)> evaluation_name;
  /// Checks an object found in the store before it counts as a take.
  std::function<workprint::Result<void>(const workprint::Asset& take)> accept;
  std::vector<workprint::Write> note;       ///< for eyes, with each intent
};

struct TakesOutcome {
  workprint::Json patch = workprint::Json::object();  ///< to the registry entry of this asset
  std::optional<int> circled;
  std::optional<workprint::Asset> asset;              ///< of the circled take
  std::optional<double> score;
  int takes_made = 0;                                 ///< by this task
  std::optional<std::string> warning;                 ///< why a take below the threshold was circled
  workprint::Json evaluation;                         ///< of the circled take; null when unrated
};

/// Accepts an existing unrated take, or makes takes until one is accepted or `max_takes` are used up in each round a
/// person granted. `forced`: an existing circled take does not count.
/// Errors: cancelled (a question is open, or stop); those of Context::effect.
workprint::Result<TakesOutcome> circle_a_take(const TakeMaker& maker, const workprint::State& state,
                                              workprint::Context& context, const studio::Studio& studio,
                                              const FilmOptions& options, bool forced);

/// The circled take of an asset, when it is `made` or `adopted`.
struct Circled {
  int number = 0;
  workprint::Asset asset;
};
[[nodiscard]] std::optional<Circled> circled_take(const workprint::State& state, const std::string& asset_key);
[[nodiscard]] bool is_skipped(const workprint::State& state, const std::string& asset_key);

[[nodiscard]] std::string scene_key(const char* kind, int scene);  ///< "scene_video", 3 -> "scene_video_3"

}  // namespace film
