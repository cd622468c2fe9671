/// Documents of the system this pipeline replaced: read whole into channels of this graph, or refused by name
/// (docs/formats/legacy.md). Private to the pipeline.
///
/// Thread-safety: free functions; they read objects and write none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "film/film.h"
#include "film/studio/score.h"
#include "workprint/object_name.h"

namespace film {

/// A bare state document, or a bare storyboard alone.
/// Returns found (detail: what was left out, one line each), corrupt (detail: why it is refused), unreachable.
workprint::Loaded<workprint::Json> channels_from_legacy(const workprint::FilmId& film, const workprint::Json& document,
                                                        workprint::ObjectStore& objects, const FilmOptions& options);

namespace legacy {

/// What a reading left out or mended, one line each.
using Lines = std::vector<std::string>;

/// The storyboard as an author's work, and what was made for it taken apart.
struct Storyboard {
  Plan plan;
  workprint::Json source;               ///< the document's storyboard, production members included
  std::vector<std::size_t> scene_items; ///< plan.scenes[i] stands in source.scenes[scene_items[i]]; copies stand nowhere
};

/// Nothing when `json` holds no scene with a description.
[[nodiscard]] std::optional<Storyboard> read_storyboard(const workprint::Json& json,
                                                        const std::optional<std::int64_t>& song_ms, Lines& lines);
/// Scenes that tell nothing but times and sound: the song's analysis. Nothing when `json` holds none.
[[nodiscard]] std::optional<AudioAnalysis> read_segments(const workprint::Json& json, std::int64_t song_ms, Lines& lines);

/// The song a document names, as the channel `song` has it. Nothing when no address in it leads to a song that exists
/// and decodes. Errors: unavailable.
workprint::Result<std::optional<workprint::Json>> find_song(const workprint::Json& document, workprint::ObjectStore& objects,
                                                            Lines& lines);

struct Takes {
  workprint::Json takes = workprint::Json::object();       ///< registry: what exists and decodes, adopted and circled
  workprint::Json production = workprint::Json::object();  ///< storyboardState
  workprint::Json attempts = workprint::Json::object();
  Picture picture;                                         ///< of the clips; the default when there are none
};
/// Errors: unavailable.
workprint::Result<Takes> find_takes(const workprint::FilmId& film, const Storyboard& storyboard,
                                    workprint::ObjectStore& objects, const studio::Thresholds& thresholds, Lines& lines);

/// The object of this film (of no film: a song) that an address ends in, however it begins.
struct Named {
  std::string object;
  workprint::ObjectName name;
};
[[nodiscard]] std::optional<Named> object_in(const workprint::Json& address, const std::string& film);

}  // namespace legacy
}  // namespace film
