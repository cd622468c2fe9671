#include "film/story/setting.h"

#include <algorithm>
#include <cctype>

#include "film/story/people.h"
#include "film/story/text.h"

namespace film::story {
namespace {

constexpr std::size_t named_max = 6;

// A place's word inside what somebody is called ("street musician") or owns says little about where we are.
bool is_part_of_a_person(const std::string& low, std::size_t end) {
  const auto next = split_words(std::string_view(low).substr(end, 30));
  if (next.empty() || low.compare(end, 1, " ") != 0) return false;
  return std::ranges::any_of(role_kinds(), [&](const RoleKind& role) { return has_any_word(next.front(), role.words); });
}

std::string label_of(const std::string& low, std::size_t at, const std::string& word) {
  if (has_any_word(word, "tokyo paris london york berlin")) return "the streets of " + capital(word == "york" ? "New York" : word);
  if (word == "mars") return "the surface of Mars";
  std::string before = describing_before(low, at, 2);
  const std::string first = before.empty() ? "" : split(before, ' ').front();
  if (has_any_word(first, "two three four five several many few")) before = before.substr(first.size() + 1);
  return "the " + before + word;
}

std::vector<Setting> named(const PromptText& text) {
  std::vector<Setting> settings;
  for (const PlaceKind& kind : place_kinds()) {
    Setting setting;
    setting.kind = &kind;
    setting.at = std::string::npos;
    std::string named_by;
    bool implied = false;
    for (std::string word : split(kind.words, ' ')) {
      const bool only_implies = word.starts_with('+');
      if (only_implies) word.erase(0, 1);
      std::ranges::replace(word, '_', ' ');
      const auto at = find_word(text.low, word);
      if (at == std::string::npos) continue;
      if (!only_implies && is_part_of_a_person(text.low, at + word.size()) && word != "lighthouse") continue;
      setting.words.push_back(word);
      if (at < setting.at) {
        setting.at = at;
        named_by = word;
        implied = only_implies;
      }
    }
    if (setting.words.empty()) continue;
    setting.label = kind.type == "lighthouse" || implied ? std::string(kind.label) : label_of(text.low, setting.at, named_by);
    settings.push_back(std::move(setting));
  }
  std::ranges::stable_sort(settings, {}, &Setting::at);
  return settings;
}

// "theme park" names the park; the "park" inside it must not also plant a forest.
void drop_contained(const PromptText& text, std::vector<Setting>& settings) {
  const auto inside = [&](const Setting& one, const Setting& other) {
    for (const std::string& word : one.words)
      for (const std::string& longer : other.words)
        if (longer.size() > word.size() && has_word(longer, word) && one.words.size() == 1 &&
            find_word(text.low, word) >= find_word(text.low, longer) && find_word(text.low, word) <= find_word(text.low, longer) + longer.size())
          return true;
    return false;
  };
  std::erase_if(settings, [&](const Setting& one) {
    return std::ranges::any_of(settings, [&](const Setting& other) { return one.kind != other.kind && inside(one, other); });
  });
}

void add_related(std::vector<Setting>& settings, std::size_t wanted) {
  for (std::size_t from = 0; from < settings.size() && settings.size() < wanted; ++from)
    for (const std::string& type : split(settings[from].kind->related, '|')) {
      if (settings.size() >= wanted) break;
      const PlaceKind& kind = place_kind(type);
      if (std::ranges::any_of(settings, [&](const Setting& one) { return one.kind == &kind; })) continue;
      Setting setting;
      setting.kind = &kind;
      setting.label = std::string(kind.label);
      setting.at = std::string::npos;
      settings.push_back(std::move(setting));
    }
}

Lighting lighting_of(const PlaceKind& kind, const Daylight& light, std::size_t index) {
  Lighting lighting;
  lighting.quality = std::string(kind.indoors ? light.inside : light.outside);
  lighting.color_temperature = kind.indoors && light.time == "night" ? "Warm 2900K" : std::string(light.temperature);
  lighting.motivated_sources = light.time == "night" || kind.indoors ? std::string(kind.lamp) : std::string(light.sources);
  lighting.direction = index % 2 == 0 ? "from the left" : "from the right";
  lighting.intensity = light.time == "night" || light.time == "blue hour" ? "Low" : light.time == "noon" ? "High" : "Medium";
  return lighting;
}

void describe(Setting& setting, std::size_t index, const Conditions& conditions, const Daylight& light) {
  const PlaceKind& kind = *setting.kind;
  Location& place = setting.location;
  setting.time = light.time;
  place.id = "loc_" + std::to_string(index + 1);
  const std::string plain = setting.label.starts_with("the ") ? setting.label.substr(4) : setting.label;
  place.name = capital(plain);
  place.type = std::string(kind.type);
  place.architecture = std::string(kind.architecture);
  place.ground_surface = std::string(kind.ground);
  place.sky_or_ceiling = std::string(kind.above);
  place.natural_elements = split(kind.nature, '|');
  place.man_made_objects = split(kind.objects, '|');
  std::vector<std::string> things(place.man_made_objects.begin(), place.man_made_objects.begin() + std::min<std::ptrdiff_t>(3, std::ssize(place.man_made_objects)));
  place.description = sentence(capital(std::string(kind.architecture)) + ", with " + list_of(things) + " over " + std::string(kind.ground) + ", under " + std::string(kind.above));
  place.lighting = lighting_of(kind, light, index);
  place.time_of_day = std::string(light.time);
  place.weather = kind.type == "space" || kind.indoors ? "Clear" : std::string(conditions.weather->name);
  place.mood = std::string(conditions.mood->opening);
  place.color_palette = split(light.palette, '|');
}

// "At dawn they reach the sea": the sentence that names a place may give it an hour of its own.
const Daylight& light_said(const PromptText& text, const Setting& setting, const Conditions& conditions) {
  for (const std::string& line : text.sentences) {
    const std::string low = lower(line);
    if (std::ranges::none_of(setting.words, [&](const std::string& word) { return has_word(low, word); })) continue;
    if (const Daylight* said = daylight_said(low)) return said->time == conditions.daylight->time ? *conditions.daylight : *said;
  }
  return *conditions.daylight;
}

}  // namespace

std::vector<Setting> read_settings(const PromptText& text, const Conditions& conditions, std::size_t wanted) {
  std::vector<Setting> settings = named(text);
  drop_contained(text, settings);
  if (settings.size() > named_max) settings.resize(named_max);
  if (settings.empty()) {
    Setting setting;
    setting.kind = &place_kind(has_any_word(text.low, "letter phone photograph piano kitchen sleep bed window") ? "room" : has_any_word(text.low, "car drive drives driving") ? "road" : has_any_word(text.low, "sing song band guitar dance dancer") ? "stage" : "street");
    setting.label = std::string(setting.kind->label);
    settings.push_back(std::move(setting));
  }
  add_related(settings, wanted);
  for (std::size_t i = 0; i < settings.size(); ++i) describe(settings[i], i, conditions, light_said(text, settings[i], conditions));
  return settings;
}

}  // namespace film::story
