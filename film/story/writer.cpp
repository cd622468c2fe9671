// The built-in writer: the prompt's own sentences become beats, beats become shots.
#include "film/story/writer.h"

#include <algorithm>
#include <array>
#include <set>

#include "film/plan/tile.h"
#include "film/story/place_table.h"
#include "film/story/prompt_text.h"
#include "film/story/role_table.h"
#include "film/story/text.h"

namespace film::story {
namespace {

// splitmix64: the same film for the same seed on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t count) {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<std::size_t>((z ^ (z >> 31)) % count);
  }

 private:
  std::uint64_t state_;
};

struct Daylight {
  const char* words;
  const char* time;
  const char* light;
  const char* temperature;
  std::array<const char*, 3> palette;
};

constexpr std::array daylights{
    Daylight{"night midnight neon stars moon moonlit darkness", "night", "pools of lamplight against deep blue", "Cool 7000K", {"#070b1f", "#27406e", "#ffb347"}},
    Daylight{"dawn sunrise daybreak morning", "dawn", "low rose light, long soft shadows", "Warm 3800K", {"#3c4a78", "#f6b7b2", "#f2786b"}},
    Daylight{"dusk sunset evening twilight golden", "dusk", "low sun through haze, warm rim", "Warm 3200K", {"#2b3a67", "#ffb26b", "#ff6b4a"}},
    Daylight{"noon midday heat summer desert", "noon", "hard overhead sun, short shadows", "Neutral 5600K", {"#4fa3d9", "#f3e0b5", "#1f8a8a"}},
    Daylight{"day afternoon", "afternoon", "broad soft daylight", "Neutral 5200K", {"#8b98a3", "#d9dcd8", "#c94f3d"}},
};

struct WordPair {
  const char* words;
  const char* value;
};

constexpr std::array weathers{WordPair{"fog foggy mist misty haze", "Fog"}, WordPair{"rain rainy storm stormy downpour drizzle", "Rain"},
                              WordPair{"snow snowy blizzard winter ice", "Snow"}, WordPair{"wind windy gale", "Wind"},
                              WordPair{"cloud clouds cloudy overcast grey", "Cloudy"}};
constexpr std::array moods{WordPair{"last lost lonely alone goodbye farewell empty miss grief", "longing"}, WordPair{"run chase escape fight hunt danger fear", "tension"},
                           WordPair{"love kiss dance laugh joy together home", "warmth"}, WordPair{"war ruin dark death storm", "dread"},
                           WordPair{"dream star stars wonder discover magic light", "wonder"}};

template <class Table>
std::string chosen(const Table& table, const std::string& low, const char* otherwise) {
  for (const auto& row : table)
    if (has_any_word(low, row.words)) return row.value;
  return otherwise;
}

const Daylight& daylight_of(const std::string& low) {
  for (const Daylight& one : daylights)
    if (has_any_word(low, one.words)) return one;
  return daylights[2];
}

std::vector<std::string> pieces(std::string_view joined) { return split(joined, '|'); }

std::vector<const PlaceKind*> places_in(const std::string& low) {
  std::vector<std::pair<std::size_t, const PlaceKind*>> found;
  for (const PlaceKind& kind : place_kinds())
    for (std::string word : split(kind.words, ' ')) {
      std::ranges::replace(word, '_', ' ');
      const std::size_t at = find_word(low, word);
      if (at == std::string::npos) continue;
      found.emplace_back(at, &kind);
      break;
    }
  std::ranges::sort(found);
  std::vector<const PlaceKind*> places;
  for (const auto& [at, kind] : found)
    if (places.size() < 4) places.push_back(kind);
  if (places.empty()) places.push_back(&place_kind("street"));
  return places;
}

std::vector<Character> people_in(const std::string& low, Dice& dice) {
  std::vector<Character> people;
  for (const RoleKind& role : role_kinds()) {
    for (std::string word : split(role.words, ' ')) {
      std::ranges::replace(word, '_', ' ');
      if (!has_word(low, word)) continue;
      Character one;
      one.id = "char_" + std::to_string(people.size() + 1);
      one.name = capital(word);
      one.description = sentence(capital(with_article(word)) + ", the film stays close to them");
      if (!role.age.empty()) one.age = std::string(role.age);
      one.traits = {role.hair.empty() ? "short dark hair" : std::string(role.hair), pieces(role.clothing), pieces(role.accessories), {}, std::string(role.build), std::nullopt};
      if (one.traits.build->empty()) one.traits.build = "average";
      people.push_back(std::move(one));
      break;
    }
    if (people.size() == 4) break;
  }
  if (people.empty()) {
    Character one;
    one.id = "char_1";
    one.name = "The traveller";
    one.description = "Somebody on the way, seen more than heard.";
    one.age = dice.below(2) == 0 ? "about 30" : "about 50";
    one.traits = {"dark hair", {"long dark coat", "ochre scarf"}, {"canvas bag"}, {}, "slim", std::nullopt};
    people.push_back(std::move(one));
  }
  return people;
}

Location location_of(const PlaceKind& kind, std::size_t index, const Daylight& day, const std::string& weather, const std::string& mood) {
  Location place;
  place.id = "loc_" + std::to_string(index + 1);
  place.name = capital(std::string(kind.label));
  place.type = std::string(kind.type);
  place.description = sentence(capital(std::string(kind.label)) + ": " + std::string(kind.architecture));
  place.lighting = {day.light, day.temperature, std::nullopt, std::string(kind.lamp), std::string("key from the left")};
  place.time_of_day = day.time;
  place.weather = kind.indoors ? "Clear" : weather;
  place.mood = mood;
  place.architecture = std::string(kind.architecture);
  place.ground_surface = std::string(kind.ground);
  place.sky_or_ceiling = std::string(kind.above);
  place.color_palette.assign(day.palette.begin(), day.palette.end());
  place.natural_elements = pieces(kind.nature);
  place.man_made_objects = pieces(kind.objects);
  return place;
}

constexpr std::array sizes{ShotType::vw, ShotType::ms, ShotType::cu, ShotType::ws, ShotType::mcu, ShotType::mw, ShotType::ecu, ShotType::ws};
constexpr std::array moves{CameraMovement::dolly_in, CameraMovement::track_right, CameraMovement::static_, CameraMovement::pan_left,
                           CameraMovement::dolly_out, CameraMovement::tilt_up, CameraMovement::crane_up, CameraMovement::handheld};

class Storyteller {
 public:
  Storyteller(const Brief& brief, const std::string& expanded)
      : brief_(brief), text_(read_prompt(brief.prompt)), low_(text_.low + " " + lower(expanded)), dice_(brief.seed ^ 0x57A7u) {}

  Plan tell() {
    const Daylight& day = daylight_of(text_.low);
    weather_ = chosen(weathers, text_.low, "Clear");
    mood_ = chosen(moods, text_.low, "quiet expectation");
    const auto kinds = places_in(text_.low);
    for (std::size_t i = 0; i < kinds.size(); ++i) plan_.locations.push_back(location_of(*kinds[i], i, day, weather_, mood_));
    plan_.characters = people_in(text_.low, dice_);
    const std::size_t count = scene_count();
    const auto beats = beats_for(count, kinds);
    for (std::size_t i = 0; i < count; ++i) plan_.scenes.push_back(scene_of(i, count, beats[i], kinds, day));
    set_times();
    plan_.metadata.title = title();
    plan_.metadata.logline = sentence(cut_at_word(text_.sentences.empty() ? text_.clean : text_.sentences.front(), 180));
    plan_.metadata.style = "designed animatic, five tones and one accent";
    plan_.metadata.mood = mood_;
    plan_.metadata.color_palette.assign(day.palette.begin(), day.palette.end());
    plan_.metadata.tags = {std::string(kinds.front()->type), day.time};
    return std::move(plan_);
  }

 private:
  struct Beat {
    std::string text;
    bool detail = false;
  };

  std::size_t scene_count() const {
    if (brief_.analysis != nullptr) return std::max<std::size_t>(1, brief_.analysis->segments.size());
    const std::size_t wanted = std::clamp<std::size_t>(text_.sentences.size() * 3, 6, 16);
    return brief_.scenes_max > 0 ? std::min<std::size_t>(wanted, static_cast<std::size_t>(brief_.scenes_max)) : wanted;
  }

  // The user's sentences in order, spread over the shots; details of the places and looks between them.
  std::vector<Beat> beats_for(std::size_t count, const std::vector<const PlaceKind*>& kinds) {
    std::vector<std::string> own = text_.sentences;
    if (own.empty()) own.push_back(text_.clean.empty() ? "A quiet place waits" : text_.clean);
    std::vector<Beat> beats;
    std::set<std::string> used;
    std::size_t told = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t due = (i * own.size()) / count;
      Beat beat;
      if (due >= told && told < own.size()) {
        beat.text = sentence(capital(cut_at_word(own[told++], 400)));
      } else {
        beat = between(i, kinds);
      }
      for (int again = 2; !used.insert(beat.text).second; ++again) {
        beat = between(i + static_cast<std::size_t>(again) * 7, kinds);
        if (again > 40) beat.text = sentence("The moment holds, and the light has moved on, shot " + std::to_string(i + 1));
      }
      beats.push_back(std::move(beat));
    }
    return beats;
  }

  Beat between(std::size_t i, const std::vector<const PlaceKind*>& kinds) {
    const PlaceKind& kind = *kinds[i % kinds.size()];
    const auto details = pieces(kind.details);
    if (i % 2 == 0 && !details.empty()) return {sentence(details[(i / 2) % details.size()]), true};
    const Character& who = plan_.characters[i % plan_.characters.size()];
    constexpr std::array doings{"pauses and looks back", "walks on", "listens, standing still", "turns toward the light", "looks up", "reaches out a hand"};
    const std::string where = i % 4 == 1 ? std::string(kind.path) : std::string(kind.spot);
    return {sentence(who.name + " " + doings[(i / 2 + dice_.below(2)) % doings.size()] + " " + where), false};
  }

  Scene scene_of(std::size_t i, std::size_t count, const Beat& beat, const std::vector<const PlaceKind*>& kinds, const Daylight& day) {
    Scene scene;
    scene.id = static_cast<int>(i);
    scene.description = beat.text;
    scene.mood = i + 1 == count ? "release" : mood_;
    const std::size_t place = std::min(kinds.size() - 1, i * kinds.size() / count);
    scene.location_id = plan_.locations[place].id;
    const std::string low = lower(beat.text);
    for (const Character& one : plan_.characters)
      if (!beat.detail && has_word(low, lower(one.name))) scene.characters.push_back(one.id);
    if (!beat.detail && scene.characters.empty()) scene.characters.push_back(plan_.characters.front().id);
    scene.shot = i == 0 ? ShotType::vw : beat.detail ? ShotType::ws : sizes[(i + brief_.seed) % sizes.size()];
    scene.movement = moves[(i * 3 + brief_.seed) % moves.size()];
    if (i % 5 == 3) scene.angle = CameraAngle::low_angle;
    if (i % 7 == 4) scene.angle = CameraAngle::high_angle;
    scene.lighting = {day.light, day.temperature, std::nullopt, std::nullopt, std::string("key from the left")};
    scene.transition = i + 1 == count ? Transition::fade_to_black
                       : std::min(kinds.size() - 1, (i + 1) * kinds.size() / count) != place ? Transition::dissolve
                                                                                             : Transition::cut;
    scene.intensity = i * 10 < count * 6 ? Intensity::medium : i * 10 < count * 9 ? Intensity::high : Intensity::low;
    scene.duration_s = i == 0 || i + 1 == count ? 6 : 4;
    if (!scene.characters.empty() && i > 0) scene.continuity_notes.push_back("same clothing as before");
    return scene;
  }

  void set_times() {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < plan_.scenes.size(); ++i) {
      Scene& scene = plan_.scenes[i];
      scene.start_ms = at;
      scene.end_ms = at + scene.duration_s * 1000;
      if (brief_.analysis != nullptr && i < brief_.analysis->segments.size()) {
        const AudioSegment& segment = brief_.analysis->segments[i];
        scene.start_ms = segment.start_ms;
        scene.end_ms = segment.end_ms;
        scene.duration_s = clip_seconds(segment.end_ms - segment.start_ms);
        scene.kind = segment.kind;
        scene.intensity = segment.intensity;
        scene.tempo = segment.tempo;
        scene.transition = segment.transition;
        scene.musical_description = segment.musical_description;
        scene.music_change = segment.music_change;
      }
      at = scene.end_ms;
    }
    plan_.metadata.duration_ms = at;
    plan_.metadata.total_scenes = static_cast<int>(plan_.scenes.size());
  }

  std::string title() const {
    std::vector<std::string> words;
    for (const std::string& word : split_words(text_.clean))
      if (word.size() > 3 && words.size() < 3) words.push_back(capital(lower(word)));
    std::string joined;
    for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
    return joined.empty() ? "Untitled" : cut_at_word(joined, 120);
  }

  const Brief& brief_;
  PromptText text_;
  std::string low_, weather_, mood_;
  Dice dice_;
  Plan plan_;
};

}  // namespace

std::string expand_prompt(const Brief& brief) {
  const PromptText text = read_prompt(brief.prompt);
  const Daylight& day = daylight_of(text.low);
  const auto places = places_in(text.low);
  Paragraph paragraph(4000);
  paragraph.add(sentence(cut_at_word(text.clean.empty() ? "A quiet place" : text.clean, 3000)));
  paragraph.add(sentence("The film opens wide on " + std::string(places.front()->label) + ", in " + day.light));
  paragraph.add(sentence("It stays near its people, finds the small things around them, and ends on one image that answers the first"));
  return paragraph.text();
}

Plan write_storyboard(const Brief& brief, const std::string& expanded_prompt) { return Storyteller(brief, expanded_prompt).tell(); }

}  // namespace film::story
