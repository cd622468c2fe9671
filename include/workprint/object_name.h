/// Every object name of the product: how it is made and how it is read back. No other file spells one.
///
/// Thread-safety: free functions over values.
/// A builder checks what it is given, so a name it returns lies under `<film>/` (a song: under `audio/`) and fits the
/// rules of object_store.h. Numbers are padded (scene 3 digits, take and render 2, epoch 8, seq 20); larger ones use
/// more digits and are read so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "workprint/id.h"
#include "workprint/result.h"

namespace workprint {

/// What an object is. Not persisted: the name says it.
enum class ObjectType : std::uint8_t {
  state,                ///< <film>/state.json
  snapshot,             ///< <film>/state/EEEEEEEE-SSSSSSSSSSSSSSSSSSSS.json
  lease,                ///< <film>/lease.json
  quarantine,           ///< <film>/quarantine/<version>-<8 hex>.json
  storyboard,           ///< <film>/scenes/storyboard.json
  character_reference,  ///< <film>/images/characters/<id>_reference_NN.png; read also without _NN: take 1
  location_reference,   ///< <film>/images/locations/<id>_reference_NN.png; the same
  frame,                ///< <film>/images/frames/scene_SSS_frame_<start|end>_NN.png
  frame_evaluation,     ///< <film>/images/frames/scene_SSS_frame_<start|end>_evaluation_NN.json
  clip,                 ///< <film>/scenes/scene_SSS_NN.mp4
  clip_evaluation,      ///< <film>/scenes/scene_SSS_evaluation_NN.json
  text,                 ///< <film>/texts/<effect key, "/" as "~">.json
  incoming,             ///< <film>/incoming/<idempotency key>/<file>
  segment,              ///< <film>/final/segments/<key>.mp4
  render,               ///< <film>/final/movie_NN.mp4
  latest_render,        ///< <film>/final/movie.mp4
  final_output,         ///< <film>/final/final_output.json
  deliver,              ///< <film>/deliver/NN/<file>
  command,              ///< <film>/commands/<command id>.json
  song,                 ///< audio/<first 32 hex of its hash>.<extension>; read also: any audio/<name>
};
[[nodiscard]] std::string_view to_string(ObjectType type);

/// Is it replaced by compare-and-set? All others are create-only.
[[nodiscard]] bool is_mutable(ObjectType type);

/// Which of a scene's two frames.
enum class Which : std::uint8_t { start, end };
[[nodiscard]] std::string_view to_string(Which which);

/// A name taken apart. Members that the type does not have keep their defaults, so equality is equality of names.
struct ObjectName {
  ObjectType type = ObjectType::state;
  std::string film{};       ///< a valid film id; empty for a song
  Epoch epoch{};            ///< snapshot
  Seq seq{};                ///< snapshot
  std::uint32_t scene = 0;  ///< frame, clip and their evaluations
  Which which = Which::start;
  std::uint32_t number = 0;  ///< take (from 1) or render (from 1)
  /// Character, location or command id; effect key with "/"; idempotency key; segment key; version of what was
  /// quarantined; of a song the first 32 hex digits of its hash, or the whole file name when it is not made by us.
  std::string key{};
  /// incoming and deliver: path below; quarantine: the 8 hex digits; song of ours: extension.
  std::string file{};
  friend bool operator==(const ObjectName&, const ObjectName&) = default;
};

/// Errors of this and of every builder: invalid, naming the member.
Result<std::string> object_name(const ObjectName& parts);

/// Reads a name that a store listed. Nothing when it is none of ours (a padded number wider than it need be included).
/// parse_object_name(object_name(x)) == x; the other way round holds but for references without a number.
[[nodiscard]] std::optional<ObjectName> parse_object_name(std::string_view name);

/// "<film>/": what listing a film needs. A sister film whose id begins alike is not below it.
[[nodiscard]] std::string film_prefix(const FilmId& film);

Result<std::string> state_name(const FilmId& film);
Result<std::string> snapshot_name(const FilmId& film, Epoch epoch, Seq seq);
Result<std::string> lease_name(const FilmId& film);
/// `version` is ObjectInfo::version; `sha256` the hash of the damaged bytes, of which 8 digits are used.
Result<std::string> quarantine_name(const FilmId& film, std::string_view version, std::string_view sha256);
Result<std::string> storyboard_name(const FilmId& film);
Result<std::string> character_reference_name(const FilmId& film, std::string_view id, std::uint32_t take);
Result<std::string> location_reference_name(const FilmId& film, std::string_view id, std::uint32_t take);
Result<std::string> frame_name(const FilmId& film, std::uint32_t scene, Which which, std::uint32_t take);
Result<std::string> frame_evaluation_name(const FilmId& film, std::uint32_t scene, Which which, std::uint32_t take);
Result<std::string> clip_name(const FilmId& film, std::uint32_t scene, std::uint32_t take);
Result<std::string> clip_evaluation_name(const FilmId& film, std::uint32_t scene, std::uint32_t take);
/// `effect_key` as in the state, e.g. "enrich_storyboard_and_scenes/scenes-0/1": parts of [A-Za-z0-9._-] joined by "/".
Result<std::string> text_name(const FilmId& film, std::string_view effect_key);
/// `file` is a relative path of at most 5 parts.
Result<std::string> incoming_name(const FilmId& film, std::string_view idempotency_key, std::string_view file);
/// `key` is 32 hex digits.
Result<std::string> segment_name(const FilmId& film, std::string_view key);
Result<std::string> render_name(const FilmId& film, std::uint32_t render);
Result<std::string> latest_render_name(const FilmId& film);
Result<std::string> final_output_name(const FilmId& film);
/// `file` is a relative path of at most 5 parts.
Result<std::string> deliver_name(const FilmId& film, std::uint32_t render, std::string_view file);
Result<std::string> command_name(const FilmId& film, std::string_view command_id);
/// `sha256` is 64 hex digits; `extension` has no dot: [a-z0-9]{1,8}.
Result<std::string> song_name(std::string_view sha256, std::string_view extension);

/// The rules of object_store.h for any name, before any I/O. Errors: invalid.
Result<void> check_object_name(std::string_view name);
/// The same for the prefix of a listing: empty, or whole parts each followed by "/". Errors: invalid.
Result<void> check_object_prefix(std::string_view prefix);

/// By extension; "application/octet-stream" when it is not known.
[[nodiscard]] std::string_view content_type(std::string_view name);

}  // namespace workprint
