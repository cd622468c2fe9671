#include "film/story/teller.h"

#include <algorithm>
#include <array>

#include "film/story/text.h"

namespace film::story {
namespace {

bool is_plural(const std::string& noun) { return noun.ends_with("s") && !noun.ends_with("ss") && !noun.ends_with("lens") && !noun.ends_with("compass"); }

std::string the(const std::string& noun) { return noun.starts_with("the ") ? noun : "the " + noun; }

// Somewhere to come back to needs a thing one can hold or stand before: not "the night", not a person.
bool is_keepsake(const std::string& thing, const std::vector<Person>& people, const std::vector<Setting>& settings) {
  if (thing.empty() || split(thing, ' ').size() > 4 || is_plural(thing)) return false;
  if (has_any_word(thing, "time way world day night life end moment story sky sun moon rain snow wind sea ocean city town street road home house room dream love face hand eyes head "
                          "other crowd door future past truth song music sound voice light dark darkness silence journey place race fight game dawn sunrise sunset morning horizon window doorway planet view way_out fence edge middle distance ground floor")) return false;
  for (const Person& person : people)
    if (has_word(thing, person.noun) || has_word(thing, lower(person.character.name))) return false;
  for (const Setting& setting : settings)
    for (const std::string& word : setting.words)
      if (thing.ends_with(word)) return false;
  return true;
}

// What a hand can close around.
bool is_held(const std::string& thing) {
  return has_any_word(thing.substr(thing.rfind(' ') == std::string::npos ? 0 : thing.rfind(' ') + 1),
                      "lantern letter photograph photo picture book radio phone guitar violin key knife sword gun cigarette coin ring watch compass map camera umbrella hat scarf ball kite toy doll "
                      "box suitcase bag satchel cup bottle candle torch flashlight flower rose seed leaf shell stone pebble feather mask crown mirror notebook diary journal pen pencil brush paintbrush bell "
                      "microphone ticket necklace locket balloon bread apple egg helmet glove cap stick staff rope basket spoon hammer postcard note envelope paper drum trumpet flute pendant bracelet "
                      "medal lighter match newspaper teddy puppet record cassette tape card dice bird's-nest spyglass ribbon towel rucksack backpack goggles drumstick blanket jar lamp-key telegram") ||
         thing.ends_with("paper boat") || thing.ends_with("pocket watch") || thing.ends_with("walking stick") || thing.ends_with("oil lamp") || thing.ends_with("hand lamp");
}

int rank(ShotType shot) { return static_cast<int>(shot); }

bool far_apart(ShotType shot, std::optional<ShotType> before) { return !before || std::abs(rank(shot) - rank(*before)) >= 2; }

std::string light_noun(std::string_view time) {
  if (time == "night" || time == "blue hour") return "lamplight";
  if (time == "dawn" || time == "morning") return "early light";
  return time == "dusk" ? "low sunlight" : "sunlight";
}

std::string at_time(std::string_view time) {
  if (time == "morning" || time == "afternoon") return "in the " + std::string(time);
  return (time == "blue hour" ? "in the " : "at ") + std::string(time);
}

std::string uncapital(const std::string& text) {
  const auto first = split_words(text);
  const bool article = !first.empty() && has_any_word(lower(first.front()), "a an the one far two");
  return article || (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') ? lower(text.substr(0, 1)) + text.substr(1) : text;
}

void replace_all(std::string& text, std::string_view slot, const auto& value) {
  for (auto at = text.find(slot); at != std::string::npos; at = text.find(slot)) {
    const std::string word = value();
    text.replace(at, slot.size(), word);
  }
}

}  // namespace

Teller::Teller(const std::vector<Person>& people, const std::vector<Setting>& settings, const std::vector<Event>& events,
               const Conditions& conditions, Dice dice)
    : people_(people), settings_(settings), events_(events), conditions_(conditions), dice_(dice) {
  for (const Event& event : events) {
    if (!is_keepsake(event.thing, people, settings)) continue;
    if (sight_.empty()) sight_ = event.thing;
    if (thing_.empty() && is_held(event.thing)) thing_ = event.thing;
  }
  const auto& things = people.front().character.traits.accessories;
  if (thing_.empty() && !things.empty() && !is_plural(things.front()) && is_held(things.front())) thing_ = "the " + things.front();
  if (sight_.empty()) sight_ = thing_;
  keepsake_ = sight_;
  objects_ = dice_.below(5);
  natures_ = dice_.below(5);
}

std::string Teller::object(const Setting& setting, bool single) {
  const auto& things = setting.location.man_made_objects;
  for (std::size_t tried = 0; tried < things.size(); ++tried) {
    const std::string& thing = things[objects_++ % things.size()];
    if ((single && is_plural(thing)) || (!sight_.empty() && sight_.ends_with(thing))) continue;
    return thing.starts_with("a ") ? thing : "the " + thing;
  }
  return "the far wall";
}

std::string Teller::nature(const Setting& setting) {
  const auto& things = setting.location.natural_elements;
  return things.empty() ? "dust" : things[natures_++ % things.size()];
}

bool Teller::is_in_play(std::size_t person) const {
  for (std::size_t i = 0; i < events_.size(); ++i)
    if (std::ranges::find(events_[i].who, person) != events_[i].who.end()) return i < events_told_;
  return true;
}

Teller::Cast Teller::cast_for(const Slot& slot) {
  Cast cast;
  // The first person carries the film; the others get every third shot between them.
  const std::size_t turn = turn_++;
  std::vector<std::size_t> others;
  for (std::size_t i = 1; i < people_.size(); ++i)
    if (is_in_play(i)) others.push_back(i);
  const bool lead = others.empty() || slot.part == Part::resolve || turn % 3 != 2;
  if (!lead) cast.who_index = others[(turn / 3) % others.size()];
  if (lead && !others.empty()) cast.other_index = others[(turn / 2) % others.size()];
  cast.who = &people_[cast.who_index];
  if (cast.other_index != cast.who_index) cast.other = &people_[cast.other_index];
  return cast;
}

std::string Teller::filled(std::string_view text, const Slot& slot, const Cast& cast, const std::string& thing) {
  const Setting& setting = settings_[slot.setting];
  const PlaceKind& kind = *setting.kind;
  std::string words(text);
  const auto fixed = [](const std::string& word) { return [word] { return word; }; };
  replace_all(words, "{who}", fixed(cast.who->label));
  if (cast.other != nullptr) replace_all(words, "{other}", fixed(cast.other->label));
  replace_all(words, "{their}", fixed(cast.who->their));
  replace_all(words, "{them}", fixed(cast.who->them));
  replace_all(words, "{thing}", fixed(thing));
  replace_all(words, "{place}", fixed(setting.label));
  replace_all(words, "{path}", fixed(std::string(kind.path)));
  replace_all(words, "{spot}", fixed(std::string(kind.spot)));
  replace_all(words, "{ground}", fixed(the(std::string(kind.ground))));
  replace_all(words, "{lamp}", fixed(std::string(kind.lamp)));
  replace_all(words, "{light}", fixed(light_noun(setting.time)));
  replace_all(words, "{air}", fixed(std::string(conditions_.weather->noun)));
  replace_all(words, "{single}", [&] { return object(setting, true); });
  replace_all(words, "{object}", [&] { return object(setting, false); });
  replace_all(words, "{nature}", [&] { return nature(setting); });
  words = capital(words);
  for (auto at = words.find(": a "); at != std::string::npos; at = words.find(": a ", at + 1)) words[at + 2] = 'a';
  return words;
}

std::string Teller::tail(const Setting& setting) {
  const bool outside = !setting.kind->indoors && setting.location.weather != "Clear";
  std::vector<std::string> clauses;
  const Daylight& light = setting.time == conditions_.daylight->time ? *conditions_.daylight : daylight(setting.time);
  if (outside || !setting.kind->indoors) clauses = split(conditions_.weather->clauses, '|');
  for (std::string& clause : split(light.clauses, '|'))
    if (!setting.kind->indoors || !has_any_word(clause, "sky stars ground")) clauses.push_back(std::move(clause));
  const std::size_t start = dice_.below(clauses.size());
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const std::string& clause = clauses[(start + i) % clauses.size()];
    if (clauses_.insert(clause).second) return clause;
  }
  return {};
}

Told Teller::tell_event(const Slot& slot, std::optional<ShotType> before) {
  const Event& event = events_[*slot.event];
  events_told_ = *slot.event + 1;
  Told told;
  if (is_keepsake(event.thing, people_, settings_)) {
    sight_ = event.thing;
    if (is_held(event.thing)) thing_ = event.thing;
  }
  told.text = sentence(capital(event.text));
  if (dice_.chance(40))
    if (const std::string more = tail(settings_[slot.setting]); !more.empty()) told.text += " " + sentence(capital(more));
  told.who = event.who;
  told.thing = event.thing;
  constexpr std::array sizes{ShotType::mw, ShotType::ms, ShotType::ws, ShotType::mcu, ShotType::cu};
  const std::size_t start = dice_.below(3);
  told.shot = event.who.empty() ? ShotType::ws : sizes[start];
  for (std::size_t i = 0; i < sizes.size() && !far_apart(told.shot, before); ++i) told.shot = sizes[(start + i) % sizes.size()];
  constexpr std::array moves{CameraMovement::dolly_in, CameraMovement::static_, CameraMovement::track_right, CameraMovement::steadicam};
  told.movement = has_any_word(lower(event.text), "walks runs crosses climbs drives follows enters leaves rides chases wanders explore explores") ? CameraMovement::track_right : moves[dice_.below(moves.size())];
  if (event.shot) told.shot = *event.shot;
  if (event.movement) told.movement = *event.movement;
  told.angle = event.angle;
  told.size_is_said = event.shot.has_value();
  told.move_is_said = event.movement.has_value();
  return told;
}

Told Teller::tell_place(const Slot& slot) {
  const Setting& setting = settings_[slot.setting];
  Told told;
  const bool first = told_.empty();
  told.shot = first || dice_.chance(40) ? ShotType::vw : ShotType::ws;
  constexpr std::array outside{CameraMovement::crane_down, CameraMovement::pan_right, CameraMovement::drone, CameraMovement::dolly_in, CameraMovement::tilt_down};
  constexpr std::array inside{CameraMovement::dolly_in, CameraMovement::pan_right, CameraMovement::static_, CameraMovement::tilt_down};
  told.movement = setting.kind->indoors ? inside[dice_.below(inside.size())] : outside[dice_.below(outside.size())];
  const auto details = split(setting.kind->details, '|');
  const std::size_t start = dice_.below(details.size());
  for (std::size_t i = 0; i < details.size(); ++i) {
    const std::string& detail = details[(start + i) % details.size()];
    if (!clauses_.insert(detail).second) continue;
    std::string text = detail;
    if (slot.opens || first) text = capital(setting.label) + " " + at_time(setting.time) + ": " + uncapital(detail);
    if (const std::string more = slot.opens || first ? tail(setting) : std::string(); !more.empty()) text += " " + sentence(capital(more));
    if (keep(text)) {
      told.text = text;
      return told;
    }
  }
  const std::string more = tail(setting);
  told.text = sentence(capital(setting.label) + " without anybody in it: " + object(setting, false) + ", " + nature(setting) + (more.empty() ? "" : "; " + more));
  return told;
}

bool Teller::fits(const Beat& beat, const Slot& slot, const Cast& cast) const {
  const Setting& setting = settings_[slot.setting];
  for (const char need : beat.needs) {
    if ((need == 't' && thing_.empty()) || (need == 'g' && sight_.empty())) return false;
    if (need == 'd' && cast.other == nullptr) return false;
    if (need == 'o' && setting.kind->indoors) return false;
    if (need == 'i' && !setting.kind->indoors) return false;
    if (need == 'h' && cast.who->gender == Gender::creature && cast.who->noun != "robot" && cast.who->noun != "android") return false;
    if (need == 'b' && (conditions_.weather->name == "Clear" || setting.kind->indoors)) return false;
  }
  return true;
}

std::optional<Told> Teller::tell_from(const Slot& slot, Part part, std::optional<ShotType> before, bool again) {
  const Cast cast = cast_for(slot);
  std::vector<const Beat*> apart, near;
  for (const Beat& beat : beats())
    if (beat.part == part && fits(beat, slot, cast) && (again || !used_.contains(&beat))) (far_apart(beat.shot, before) ? apart : near).push_back(&beat);
  auto& choice = apart.empty() ? near : apart;
  if (choice.empty()) return std::nullopt;
  const Beat& beat = *choice[dice_.below(choice.size())];
  Told told;
  told.text = sentence(filled(beat.text, slot, cast, beat.needs.find('g') != std::string_view::npos ? sight_ : thing_));
  if (dice_.chance(again ? 90 : 18))
    if (const std::string more = tail(settings_[slot.setting]); !more.empty()) told.text += " " + sentence(capital(more));
  if (told_.contains(told.text)) return std::nullopt;
  used_.insert(&beat);
  told.shot = beat.shot;
  told.movement = beat.movement;
  const bool shows_who = beat.text.find("{who}") != std::string_view::npos || beat.needs.find('h') != std::string_view::npos;
  if (shows_who) told.who.push_back(cast.who_index);
  if (beat.text.find("{other}") != std::string_view::npos) told.who.push_back(cast.other_index);
  if (beat.needs.find('t') != std::string_view::npos) told.thing = thing_;
  return told;
}

Told Teller::tell_posture(const Slot& slot) {
  const Cast cast = cast_for(slot);
  Told told;
  const std::string words = "{who} " + std::string(postures()[dice_.below(postures().size())]) + " " + std::string(spots()[dice_.below(spots().size())]);
  told.text = sentence(filled(words, slot, cast, thing_));
  constexpr std::array sizes{ShotType::ms, ShotType::ws, ShotType::mcu, ShotType::mw, ShotType::cu, ShotType::vw};
  told.shot = sizes[dice_.below(sizes.size())];
  told.movement = dice_.chance(50) ? CameraMovement::static_ : CameraMovement::dolly_in;
  told.who.push_back(cast.who_index);
  return told;
}

Told Teller::tell_beat(const Slot& slot, std::optional<ShotType> before) {
  constexpr std::array others{Part::look, Part::insert, Part::act, Part::approach, Part::reaction, Part::memory, Part::obstacle, Part::decide, Part::doubt, Part::aftermath};
  if (auto told = tell_from(slot, slot.part, before, false)) return *told;
  // A part whose shots are all told gives way to its neighbours before anything is said again.
  const std::size_t start = dice_.below(others.size());
  for (std::size_t i = 0; i < others.size(); ++i) {
    const Part part = others[(start + i) % others.size()];
    if (slot.phase == Phase::setup && (part == Part::memory || part == Part::decide || part == Part::aftermath)) continue;
    if (auto told = tell_from(slot, part, before, false)) return *told;
  }
  for (int tries = 0; tries < 4; ++tries)
    if (auto told = tell_from(slot, slot.part, before, true)) return *told;
  return tell_posture(slot);
}

Told Teller::tell(const Slot& slot, std::optional<ShotType> before) {
  Told told = slot.event ? tell_event(slot, before) : slot.empty_place ? tell_place(slot) : tell_beat(slot, before);
  if (!slot.event && slot.empty_place && told_.contains(told.text))
    told.text += " " + sentence("We have stood here " + std::to_string(told_.size()) + " shots ago, and the light has moved on");
  for (int tries = 0; !keep(told.text); ++tries) {
    told = tell_posture(slot);
    if (tries >= 20) told.text += " " + sentence("It is the " + std::to_string(told_.size() + 1) + "th time we look, and something small has moved");
  }
  return told;
}

}  // namespace film::story
