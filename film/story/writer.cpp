// The built-in writer: reading, arc, words, camera, one after the other.
#include "film/story/writer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "film/plan/tile.h"
#include "film/story/teller.h"
#include "film/story/text.h"
#include "workprint/result.h"

namespace film::story {
namespace {

// Everything the prompt gives, read once.
struct Material {
  PromptText text;
  Conditions conditions;
  std::vector<Person> people;
  std::vector<Setting> settings;
  std::vector<Event> events;
  std::size_t named_settings = 0;
};

std::size_t settings_for(const Brief& brief) {
  if (brief.analysis == nullptr) return 1;  // a short film stays where its prompt puts it
  return std::clamp<std::size_t>(brief.analysis->segments.size() / 8, 2, 6);
}

Material read_material(const Brief& brief) {
  Material material;
  material.text = read_prompt(brief.prompt);
  material.conditions = read_conditions(material.text.low, Dice(brief.seed, "conditions"));
  material.people = read_people(material.text, Dice(brief.seed, "people"));
  material.settings = read_settings(material.text, material.conditions, settings_for(brief));
  material.named_settings = static_cast<std::size_t>(std::ranges::count_if(material.settings, [](const Setting& one) { return one.at != std::string::npos; }));
  material.events = read_events(material.text, material.people, material.settings);
  return material;
}

std::size_t scene_count(const Brief& brief, const Material& material) {
  if (brief.analysis != nullptr && !brief.analysis->segments.empty()) return brief.analysis->segments.size();
  const std::size_t events = material.events.size();
  std::size_t wanted = std::clamp<std::size_t>(6 + events * 3 / 2, 8, 16);
  if (material.text.is_lyric) wanted = std::clamp<std::size_t>(material.text.sentences.size(), 8, 16);
  if (material.text.is_list && events >= 2) wanted = events >= 6 ? events : std::max<std::size_t>(6, events * 2);
  if (brief.scenes_max > 0) wanted = std::min(wanted, static_cast<std::size_t>(brief.scenes_max));
  return std::clamp<std::size_t>(wanted, 1, 1000);
}

bool performs(const Material& material) {
  for (const Person& person : material.people)
    if (has_any_word(person.noun, "singer vocalist rapper musician guitarist busker diva dancer ballerina pianist violinist drummer")) return true;
  return has_any_word(material.text.low, "sings sing singing song band concert music video");
}

std::string_view mood_of(const Mood& mood, Phase phase) {
  switch (phase) {
    case Phase::setup: return mood.opening;
    case Phase::development: return mood.rising;
    case Phase::turn: return mood.turning;
    case Phase::resolution: return mood.ending;
  }
  return mood.opening;
}

std::string composition_of(const Scene& scene, std::size_t index) {
  constexpr std::array wide{"low horizon, the subject on the left third, sky above", "strong diagonal from lower left, the subject small on the right third",
                            "framed by a dark shape near the edge, depth in three layers", "symmetrical, one vanishing point, the subject off centre"};
  constexpr std::array middle{"subject on the right third, looking room to the left", "subject on the left third, the place readable behind",
                              "over-the-shoulder depth, foreground soft", "clean silhouette against the brightest part of the picture"};
  constexpr std::array close{"tight on the eyes, background dissolved", "shallow depth, one hard highlight", "off-centre, half the picture left empty", "fills the frame, texture first"};
  if (scene.shot >= ShotType::mw) return wide[index % wide.size()];
  return scene.shot >= ShotType::mcu ? middle[index % middle.size()] : close[index % close.size()];
}

class Storyteller {
 public:
  explicit Storyteller(const Brief& brief)
      : brief_(brief), material_(read_material(brief)), dice_(brief.seed, "storyboard"),
        teller_(material_.people, material_.settings, material_.events, material_.conditions, Dice(brief.seed, "words")) {}

  Plan tell() {
    const auto slots = lay_arc({scene_count(brief_, material_), &material_.events, material_.settings.size(), material_.named_settings, material_.text.is_list,
                                performs(material_), material_.people.size() > 1, brief_.analysis != nullptr && !brief_.analysis->segments.empty() ? brief_.analysis : nullptr});
    light_the_end(slots);
    for (const Person& person : material_.people) plan_.characters.push_back(person.character);
    for (const Setting& setting : material_.settings) plan_.locations.push_back(setting.location);
    for (std::size_t i = 0; i < slots.size(); ++i) plan_.scenes.push_back(scene_of(i, slots));
    drop_unused_places();
    set_times(slots);
    set_metadata();
    return std::move(plan_);
  }

 private:
  // Time passes: where the prompt leaves it open, a long film ends in the light that follows the one it began in.
  void light_the_end(const std::vector<Slot>&) {
    constexpr std::size_t long_film = 20;
    if (brief_.analysis == nullptr || brief_.analysis->segments.size() < long_film || material_.conditions.says_time) return;
    Setting& last = material_.settings.back();
    const Daylight& next = daylight(material_.conditions.daylight->next_time);
    if (material_.settings.size() < 3) return;
    last.time = next.time;
    last.location.time_of_day = std::string(next.time);
    last.location.lighting.quality = std::string(last.kind->indoors ? next.inside : next.outside);
    last.location.color_palette = split(next.palette, '|');
  }

  Scene scene_of(std::size_t index, const std::vector<Slot>& slots) {
    const Slot& slot = slots[index];
    Told told = teller_.tell(slot, index > 0 ? std::optional(plan_.scenes.back().shot) : std::nullopt);
    Scene scene;
    scene.id = static_cast<int>(index);
    scene.description = std::move(told.text);
    scene.mood = std::string(mood_of(*material_.conditions.mood, slot.phase));
    scene.location_id = material_.settings[slot.setting].location.id;
    for (const std::size_t who : told.who)
      if (const std::string& id = material_.people[who].character.id; std::ranges::find(scene.characters, id) == scene.characters.end()) scene.characters.push_back(id);
    scene.lighting = material_.settings[slot.setting].location.lighting;
    if (slot.phase == Phase::turn) scene.lighting.quality += ", deeper shadows";
    if (slot.phase == Phase::resolution) scene.lighting.quality += ", a little softer";
    scene.intensity = slot.intensity;
    frame(scene, told, slot);
    scene.composition = composition_of(scene, index + brief_.seed % 7);
    scene.transition = transition_after(index, slots);
    add_notes(scene, slot);
    if (material_.text.is_lyric) scene.lyrics = lyric_at(index, slots.size());
    return scene;
  }

  // The user's lines, spread over the film in their order; each is sung once.
  [[nodiscard]] std::string lyric_at(std::size_t index, std::size_t count) const {
    const auto& lines = material_.text.sentences;
    const std::size_t line = index * lines.size() / count, before = index == 0 ? lines.size() : (index - 1) * lines.size() / count;
    if (line == before || line >= lines.size()) return {};
    return lines[line];
  }

  void frame(Scene& scene, const Told& told, const Slot& slot) const {
    scene.shot = told.shot;
    scene.movement = told.movement;
    scene.angle = told.angle ? told.angle : CameraAngle::eye_level;
    if (plan_.scenes.empty()) return;
    const Scene& before = plan_.scenes.back();
    const bool near = std::abs(static_cast<int>(scene.shot) - static_cast<int>(before.shot)) < 2;
    if (near && !told.angle && scene.angle == before.angle)
      scene.angle = before.angle != CameraAngle::eye_level ? CameraAngle::eye_level : slot.part == Part::doubt || slot.part == Part::obstacle || slot.empty_place ? CameraAngle::high_angle : CameraAngle::low_angle;
    if (scene.movement == before.movement && scene.movement != CameraMovement::static_ && !told.move_is_said) scene.movement = CameraMovement::static_;
    else if (scene.movement == CameraMovement::static_ && before.movement == CameraMovement::static_ && plan_.scenes.size() > 1 &&
             plan_.scenes[plan_.scenes.size() - 2].movement == CameraMovement::static_ && !told.move_is_said)
      scene.movement = CameraMovement::dolly_in;
  }

  [[nodiscard]] static Transition transition_after(std::size_t index, const std::vector<Slot>& slots) {
    if (index + 1 == slots.size()) return Transition::fade_to_black;
    const Slot &now = slots[index], &next = slots[index + 1];
    const bool memory_border = (now.part == Part::memory) != (next.part == Part::memory) && !now.event && !next.event && !now.empty_place && !next.empty_place;
    if (memory_border) return Transition::dissolve;
    if (next.opens && next.setting != now.setting) return Transition::dissolve;
    if (next.opens && next.intensity >= Intensity::high && now.intensity <= Intensity::low) return Transition::smash_cut;
    return Transition::cut;
  }

  void add_notes(Scene& scene, const Slot& slot) const {
    if (scene.characters.empty()) return;
    const auto found = std::ranges::find(plan_.characters, scene.characters.front(), &Character::id);
    if (found == plan_.characters.end()) return;
    if (!found->traits.clothing.empty()) scene.continuity_notes.push_back(found->name + " wears the " + found->traits.clothing.front());
    if (slot.part == Part::approach || slot.part == Part::act) scene.continuity_notes.emplace_back("movement goes from left to right");
    if (has_any_word(lower(scene.description), "memory")) scene.continuity_notes.emplace_back("another time: softer focus, paler colours");
  }

  // A place no shot stands in would be drawn, and paid for, for nothing.
  void drop_unused_places() {
    std::erase_if(plan_.locations, [&](const Location& place) {
      return std::ranges::none_of(plan_.scenes, [&](const Scene& scene) { return scene.location_id == place.id; });
    });
  }

  [[nodiscard]] int length_of(const Slot& slot, const Scene& scene, std::size_t index) const {
    if (slot.part == Part::resolve && !slot.event) return 8;
    if (index == 0) return 6;
    if (scene.shot <= ShotType::cu) return 4;
    if (slot.event) return scene.description.size() > 110 ? 8 : 6;
    if (slot.intensity >= Intensity::high) return 4;
    return slot.empty_place || slot.part == Part::aftermath || slot.part == Part::memory ? 6 : index % 3 == 0 ? 6 : 4;
  }

  void set_times(const std::vector<Slot>& slots) {
    std::int64_t now = 0;
    for (std::size_t i = 0; i < plan_.scenes.size(); ++i) {
      Scene& scene = plan_.scenes[i];
      if (brief_.analysis != nullptr && i < brief_.analysis->segments.size()) {
        follow_music(scene, brief_.analysis->segments[i]);
        now = scene.end_ms;
        continue;
      }
      scene.duration_s = length_of(slots[i], scene, i);
      const bool fourth_equal = i >= 3 && plan_.scenes[i - 1].duration_s == scene.duration_s && plan_.scenes[i - 2].duration_s == scene.duration_s && plan_.scenes[i - 3].duration_s == scene.duration_s;
      if (fourth_equal) scene.duration_s = scene.duration_s == 4 ? 6 : 4;
      scene.tempo = scene.intensity >= Intensity::high ? Tempo::fast : scene.intensity == Intensity::low ? Tempo::slow : Tempo::moderate;
      scene.start_ms = now;
      now += std::int64_t{1000} * scene.duration_s;
      scene.end_ms = now;
    }
    plan_.metadata.duration_ms = now;
    plan_.metadata.total_scenes = static_cast<int>(plan_.scenes.size());
  }

  void follow_music(Scene& scene, const AudioSegment& segment) const {
    scene.start_ms = segment.start_ms;
    scene.end_ms = segment.end_ms;
    scene.duration_s = clip_seconds(segment.end_ms - segment.start_ms);
    scene.kind = segment.kind;
    scene.intensity = segment.intensity;
    scene.tempo = segment.tempo;
    scene.transition = segment.transition;
    if (!segment.lyrics.empty()) scene.lyrics = segment.lyrics;
    scene.musical_description = segment.musical_description;
    scene.music_change = segment.music_change;
    if (!segment.mood.empty() && scene.mood.find(segment.mood) == std::string::npos) scene.mood += ", " + segment.mood;
    const bool sings = has_any_word(lower(scene.description), "sings sing mouth") && !scene.characters.empty();
    scene.audio_sync = sings && segment.kind == SceneKind::lyrical ? AudioSync::lip_sync : segment.intensity >= Intensity::high ? AudioSync::beat_sync : AudioSync::mood_sync;
  }

  void set_metadata() {
    Metadata& metadata = plan_.metadata;
    metadata.title = title();
    metadata.logline = logline();
    metadata.style = material_.conditions.style;
    const Mood& mood = *material_.conditions.mood;
    metadata.mood = std::string(mood.opening) + ", then " + std::string(mood.turning) + ", at last " + std::string(mood.ending);
    metadata.color_palette = split(material_.conditions.daylight->palette, '|');
    metadata.tags = {std::string(material_.settings.front().kind->type), std::string(material_.conditions.daylight->time)};
    if (!material_.people.front().noun.empty()) metadata.tags.push_back(material_.people.front().noun);
  }

  // The first thing somebody does, in the user's words; a list's first line is often only a view.
  [[nodiscard]] std::string logline() const {
    if (!material_.text.is_list && !material_.text.sentences.empty()) return sentence(capital(cut_at_word(material_.text.sentences.front(), 200)));
    const Event* fullest = nullptr;
    for (const Event& event : material_.events)
      if (!event.who.empty() && (fullest == nullptr || event.text.size() > fullest->text.size())) fullest = &event;
    if (fullest != nullptr) return sentence(capital(cut_at_word(fullest->text, 200)));
    return sentence(capital(cut_at_word(material_.text.clean, 200)));
  }

  [[nodiscard]] bool is_in_our_script() const {
    return std::ranges::count_if(material_.text.clean, [](char c) { return static_cast<unsigned char>(c) >= 128; }) * 3 < std::ssize(material_.text.clean);
  }

  [[nodiscard]] std::string title() const {
    if (std::ranges::none_of(material_.text.clean, is_word_letter)) return "Something Without Words";
    if (!is_in_our_script()) return cut_at_word(material_.text.clean, 60);
    const auto large = [](const std::string& phrase) {
      std::string title;
      for (const std::string& word : split(phrase, ' ')) title += (title.empty() ? "" : " ") + (title.empty() || !has_any_word(word, "of in the a at on and with") ? capital(word) : word);
      return title;
    };
    const std::string place = material_.named_settings > 0 && split(material_.settings.front().label, ' ').size() > 2 ? material_.settings.front().label : "";
    bool own = false;  // a thing of the user's story, not of the wardrobe
    for (const Event& event : material_.events) own = own || event.thing == teller_.keepsake();
    if (own && teller_.keepsake().starts_with("the ") && dice_copy_.chance(70)) return cut_at_word(large(teller_.keepsake()), 120);
    if (!place.empty()) return cut_at_word(large(place), 120);
    const Person& hero = material_.people.front();
    if (hero.noun == "wanderer") return cut_at_word(capital(trimmed(cut_at_word(material_.text.clean, 48))), 120);
    return cut_at_word(hero.label.starts_with("the ") ? large("the " + lower(hero.character.name)) : hero.character.name + (material_.named_settings > 0 ? " and " + large(material_.settings.front().label).replace(0, 1, "t") : ""), 120);
  }

  const Brief& brief_;
  Material material_;
  Dice dice_;
  mutable Dice dice_copy_{brief_.seed, "title"};
  Teller teller_;
  Plan plan_;
};

std::string person_sentence(const Person& person) {
  const Character& who = person.character;
  std::string text = sentence(who.description);
  text.pop_back();
  text += ": " + who.traits.hair;
  if (!who.traits.clothing.empty()) text += ", " + list_of(who.traits.clothing);
  if (!who.traits.accessories.empty()) text += ", and " + with_article(who.traits.accessories.front());
  return sentence(text);
}

}  // namespace

std::string expand_prompt(const Brief& brief) {
  const Material material = read_material(brief);
  const Mood& mood = *material.conditions.mood;
  const Setting& first = material.settings.front();
  Paragraph paragraph(4000);
  paragraph.add(sentence(cut_at_word(material.text.clean, 2400)));
  paragraph.add(sentence("We open on " + first.label + ", " + std::string(first.location.time_of_day) + ", in " + first.location.lighting.quality + ": " + lower(first.location.description.substr(0, 1)) + first.location.description.substr(1)));
  for (const Person& person : material.people) paragraph.add(person_sentence(person));
  if (material.conditions.weather->name != "Clear") paragraph.add(sentence(capital(std::string(material.conditions.weather->noun)) + " is in every picture: " + split(material.conditions.weather->clauses, '|').front()));
  if (material.settings.size() > 1) paragraph.add(sentence("From there the story goes on to " + material.settings[1].label + ", with " + list_of(material.settings[1].location.natural_elements)));
  paragraph.add(sentence("It begins " + std::string(mood.opening) + ", moves through " + std::string(mood.rising) + " to " + std::string(mood.turning) + ", and ends in " + std::string(mood.ending)));
  paragraph.add(sentence("The look is " + material.conditions.style + ", held in " + list_of(split(material.conditions.daylight->palette, '|'))));
  return paragraph.text();
}

Plan write_storyboard(const Brief& brief, const std::string&) { return Storyteller(brief).tell(); }

}  // namespace film::story
