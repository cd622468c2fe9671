/// What leaves the house with a render: storyboard, contact sheet, poster, captions, shot list and the manifest.
///
/// Deterministic: equal input gives equal bytes in every file (no clock, no locale, no thread order). Needs the fonts
/// Inter and Courier Prime (packages fonts-inter, fonts-courier-prime).
/// Thread-safety: calls with different folders may run at the same time.
/// Durability: none. The files are private until the caller has uploaded them, manifest.json last.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "film/plan/plan.h"
#include "workprint/result.h"

namespace film::deliver {

/// An object of the store: path from the store's root, bytes, SHA-256.
struct Asset {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::string sha256;
};

/// Where a picture, clip or text came from, and what it cost.
struct Provenance {
  std::string provider, model, prompt;
  int take = 0;                       ///< 0: not a numbered take
  std::int64_t cost_usd_micros = 0;   ///< of this take, its judge included
};

/// One scene as it stands in the cut.
struct SceneEntry {
  std::optional<Asset> clip;          ///< the circled take; absent: a slug stands here
  Provenance provenance;              ///< of the clip; `take` is the circled number
  int takes = 0;                      ///< made in all
  std::int64_t clip_frames = 0;       ///< measured, handle included
  std::optional<double> score;        ///< absent: not rated
  std::string overall;                ///< the judge's verdict; empty: not rated
  std::string placeholder;            ///< why a slug stands here; empty: no placeholder
  std::string start_still, end_still; ///< PNG or JPEG bytes, without burn-in; empty: drawn as a slug card
};

struct SongEntry {
  Asset asset;
  std::string name, content_type;
  std::int64_t duration_ms = 0;
};

/// Any further object the state names: references, frames, segments, evaluations, other takes.
struct OtherAsset {
  Asset asset;
  std::string role;  ///< the asset key, or "segment", "evaluation", "text", ...
  Provenance provenance;
};

struct FilmEntry {
  std::string id;          ///< film id
  int render = 0;          ///< RR
  Asset movie;
  std::int64_t frames = 0; ///< measured
  std::string rendered_at; ///< RFC 3339, of the render's commit; empty: no date is written anywhere
};

struct Delivery {
  const Plan* plan = nullptr;      ///< outlives the call
  Picture picture;
  FilmEntry film;
  std::vector<SceneEntry> scenes;  ///< one per plan scene, in play order
  std::optional<SongEntry> song;
  std::vector<OtherAsset> assets;
};

struct Deliverables {
  std::vector<std::string> names;  ///< files in the folder, in the order to upload; manifest.json is the last
  std::vector<std::string> notes;  ///< what a person may want to know: a still that did not decode, captions too fast
};

/// Writes every deliverable into `folder`, which exists and is empty. On failure its contents are the caller's to remove.
/// Errors: invalid (scenes do not match the plan; no scenes); unavailable (a file could not be written); cancelled.
workprint::Result<Deliverables> write_deliverables(const Delivery& delivery, const std::filesystem::path& folder,
                                                   std::stop_token stop);

}  // namespace film::deliver
