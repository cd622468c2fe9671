// What scenes do to places.
#include <algorithm>
#include <array>

#include "film/story/text.h"
#include "film/story/world.h"

namespace film::story {
namespace {

struct Named {
  const char *forms, *name;
};

constexpr std::array weathers{Named{"storm storms stormy thunderstorm downpour", "storm"}, Named{"rain rains raining rainy drizzle", "rain"}, Named{"snow snows snowing snowy blizzard", "snow"},
                              Named{"fog foggy mist misty haze hazy", "fog"}, Named{"wind winds windy gale", "wind"}, Named{"cloudy overcast clouds", "cloudy"}, Named{"clear", "clear"}};
constexpr std::array times{Named{"midnight", "midnight"}, Named{"dawn sunrise daybreak", "dawn"}, Named{"morning", "morning"}, Named{"noon midday", "noon"}, Named{"afternoon", "afternoon"},
                           Named{"dusk sunset", "dusk"}, Named{"evening", "evening"}, Named{"night", "night"}};
constexpr std::array effects{Named{"smoke", "smoke"}, Named{"steam", "steam"}, Named{"dust dusty", "dust"}, Named{"fog", "fog"}, Named{"embers", "embers"}};
constexpr std::array breaks{Named{"break breaks breaking broke broken", "broken"}, Named{"smash smashes smashing smashed", "smashed"}, Named{"shatter shatters shattering shattered", "shattered"},
                            Named{"destroy destroys destroying destroyed", "destroyed"}, Named{"collapse collapses collapsing collapsed", "collapsed"}};

template <class Table>
std::string first_of(const Table& table, const CueSentence& sentence) {
  std::size_t best = std::string::npos;
  std::string name;
  for (const Named& row : table)
    if (const std::size_t at = sentence.at(row.forms); at < best) {
      best = at;
      name = row.name;
    }
  return name;
}

void change(std::string& now, std::vector<std::string>& history, const std::string& next) {
  if (next.empty() || next == now) return;
  now = next;
  history.push_back(next);
}

std::string visibility_in(const CueSentence& one) {
  if (one.says("smoke blizzard")) return "obscured";
  if (one.says("fog foggy")) return "foggy";
  if (one.says("haze hazy")) return "hazy";
  return one.says("mist misty") ? "slight_haze" : "";
}

void break_things(Surroundings& place, const Scene& scene, const Location& location, const CueSentence& one) {
  const std::string how = first_of(breaks, one);
  if (how.empty()) return;
  for (const std::string& object : location.man_made_objects) {
    const bool known = std::ranges::any_of(place.broken, [&](const BrokenObject& broken) { return broken.object == object; });
    if (!known && has_word(one.text(), lower(object))) place.broken.push_back({object, how, scene.id});
  }
}

void mark_ground(Surroundings& place, const CueSentence& one) {
  if (one.says("shatter shatters shattered explode explodes exploded crash crashes crashed")) place.debris.push_back(one.which("glass wood stone metal bricks") .empty() ? "debris" : one.which("glass wood stone metal bricks"));
  for (const Named& mark : {Named{"crater craters", "crater"}, Named{"scorch scorches scorched", "scorch"}, Named{"crack cracks cracked", "crack"}})
    if (one.says(mark.forms)) place.ground_damage.emplace_back(mark.name);
  for (const char* sign : {"frost", "ice", "breath", "shimmer"})
    if (one.says(sign) && std::ranges::find(place.temperature, sign) == place.temperature.end()) place.temperature.emplace_back(sign);
}

std::string season_in(const CueSentence& one) {
  for (const char* season : {"spring", "summer", "winter"})
    if (one.says(season)) return season;
  const std::size_t at = one.at("fall autumn");
  if (at == std::string::npos) return {};
  // "fall" is a season only behind these; otherwise somebody falls.
  if (one.words()[at] == "autumn" || (at > 0 && has_any_word("in the of", one.words()[at - 1]))) return "fall";
  return {};
}

void add_effects(Surroundings& place, const Scene& scene, const CueSentence& one) {
  for (const Named& row : effects) {
    if (!one.says(row.forms)) continue;
    const int intensity = one.says("thick heavy dense") ? 2 : one.says("thin light faint") ? 0 : 1;
    std::erase_if(place.effects, [&](const Effect& old) { return old.type == row.name; });
    place.effects.push_back({row.name, intensity, scene.id, 0});
  }
}

}  // namespace

std::string weather_in(const CueSentence& sentence) { return first_of(weathers, sentence); }
std::string time_in(const CueSentence& sentence) { return first_of(times, sentence); }

std::string precipitation_of(const CueSentence& one) {
  if (one.says("downpour storm storms stormy thunderstorm blizzard")) return "heavy";
  if (one.says("rain rains raining rainy snow snows snowing snowy")) return "moderate";
  return one.says("drizzle drizzles") ? "light" : "";
}

void pass_over(Surroundings& place, const Scene& scene, const Location& location, const std::vector<CueSentence>& sentences) {
  // Ages first: what this scene brings up has not been used yet.
  for (Effect& effect : place.effects) ++effect.uses;
  std::erase_if(place.effects, [](const Effect& effect) { return effect.uses > 5; });
  place.last_used = scene.id;
  change(place.light, place.lights, scene.lighting.quality);
  for (const CueSentence& one : sentences) {
    change(place.time, place.times, time_in(one));
    if (const std::string weather = weather_in(one); !weather.empty()) {
      change(place.weather, place.weathers, weather);
      const std::string falls = precipitation_of(one);
      place.precipitation = falls.empty() ? "none" : falls;
      const std::string seen = visibility_in(one);
      place.visibility = seen.empty() ? "clear" : seen;
    } else if (const std::string seen = visibility_in(one); !seen.empty()) {
      place.visibility = seen;
    }
    if (const std::string season = season_in(one); !season.empty()) place.season = season;
    break_things(place, scene, location, one);
    mark_ground(place, one);
    add_effects(place, scene, one);
  }
  const bool floods = std::ranges::any_of(sentences, [](const CueSentence& one) { return one.says("flood floods flooded flooding"); });
  const bool falls = place.precipitation != "none";
  place.ground = floods ? 4 : falls ? std::min(std::max(place.ground, 0) + 1, std::max(3, place.ground)) : std::max(0, place.ground - 1);
}

}  // namespace film::story
