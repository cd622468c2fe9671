/// The storyboard as typed values: what an author (the built-in writer, a model, a person) decides about a film.
///
/// Times are integer milliseconds of film time in memory, seconds with at most 3 decimals in JSON
/// (reference: docs/formats/storyboard.md). Enumerated words are closed menus; `plan_json.h` reads and
/// validates them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace film {

/// The picture every clip, segment and render of one film has. Fixed at START.
struct Picture {
  int width = 1280;   ///< 320..3840, even
  int height = 720;   ///< 180..2160, even
  int fps = 24;       ///< 12..60
  friend bool operator==(const Picture&, const Picture&) = default;
};

enum class ShotType { ecu, cu, mcu, ms, mw, ws, vw };
enum class CameraAngle { eye_level, high_angle, low_angle, birds_eye, dutch_angle };
enum class CameraMovement {
  static_, pan, pan_left, pan_right, tilt, tilt_up, tilt_down, track, track_left, track_right, crane, crane_up,
  crane_down, dolly_in, dolly_out, zoom_in, zoom_out, handheld, steadicam, drone, aerial, orbit
};
enum class Transition {
  cut, hard_cut, jump_cut, smash_cut, dissolve, cross_fade, fade, fade_to_black, wipe, iris_in, iris_out, push, slide
};
enum class SceneKind { lyrical, instrumental, transition, breakdown, solo, climax };
enum class Intensity { low, medium, high, extreme };
enum class Tempo { slow, moderate, fast, very_fast };
enum class AudioSync { lip_sync, mood_sync, beat_sync };

struct Lighting {
  std::string quality;  ///< never empty
  std::optional<std::string> color_temperature, intensity, motivated_sources, direction;
};

struct PhysicalTraits {
  std::string hair;
  std::vector<std::string> clothing, accessories, distinctive_features;
  std::optional<std::string> build, ethnicity;
};

struct Character {
  std::string id, name, description;
  std::vector<std::string> aliases, appearance_notes;
  std::optional<std::string> age;
  PhysicalTraits traits;
};

struct Location {
  std::string id, name, description;
  std::optional<std::string> type, mood, architecture, ground_surface, sky_or_ceiling;
  Lighting lighting;
  std::string time_of_day;         ///< free words: "dusk", "night", ...
  std::string weather = "Clear";   ///< free words: "Fog", "Rain", ...
  std::vector<std::string> color_palette, natural_elements, man_made_objects;
};

struct Scene {
  int id = 0;                       ///< position in play order
  std::int64_t start_ms = 0;        ///< film time; scenes tile the film without gap
  std::int64_t end_ms = 0;
  int duration_s = 4;               ///< 4, 6 or 8: the clip length that is paid for (>= end - start)
  std::string description, mood, lyrics, musical_description, music_change;
  std::vector<std::string> continuity_notes;
  std::vector<std::string> characters;  ///< character ids, most important first
  std::string location_id;
  Lighting lighting;
  std::optional<std::string> composition;
  SceneKind kind = SceneKind::instrumental;
  Intensity intensity = Intensity::medium;
  Tempo tempo = Tempo::moderate;
  std::optional<AudioSync> audio_sync;
  ShotType shot = ShotType::ms;
  std::optional<CameraAngle> angle;
  CameraMovement movement = CameraMovement::static_;
  Transition transition = Transition::cut;  ///< into the next scene
};

struct Metadata {
  std::string title;
  std::optional<std::string> logline, style, mood;
  std::vector<std::string> color_palette, tags;
  std::int64_t duration_ms = 0;
  int total_scenes = 0;
};

struct Plan {
  Metadata metadata;
  std::vector<Character> characters;
  std::vector<Location> locations;
  std::vector<Scene> scenes;
};

/// One piece of the song, as the analysis found it.
struct AudioSegment {
  std::int64_t start_ms = 0, end_ms = 0;
  SceneKind kind = SceneKind::instrumental;
  Intensity intensity = Intensity::medium;
  Tempo tempo = Tempo::moderate;
  std::string lyrics, musical_description, music_change, mood;
  Transition transition = Transition::cut;
};

struct AudioAnalysis {
  std::int64_t duration_ms = 0;          ///< by decoding, never by the header
  std::vector<AudioSegment> segments;    ///< time order; they tile 0..duration
};

/// First and past-the-last frame of [start, end): round(t*fps) of absolute times, so no error adds up.
[[nodiscard]] std::int64_t frame_at(std::int64_t time_ms, int fps);
/// Frames of the whole film: ceil(length*fps).
[[nodiscard]] std::int64_t film_frames(std::int64_t length_ms, int fps);
/// Frames scene `index` is shown: the last scene runs to the film's end.
[[nodiscard]] std::int64_t scene_frames(const Plan& plan, std::size_t index, int fps);

}  // namespace film
