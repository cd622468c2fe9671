// What scenes do to people.
#include <algorithm>
#include <array>

#include "film/story/text.h"
#include "film/story/world.h"

namespace film::story {
namespace {

constexpr std::string_view body_parts = "head face forehead cheek eye lip neck shoulder arm elbow wrist hand finger chest back rib side leg knee ankle foot";
constexpr std::string_view garments = "coat jacket shirt dress trousers sleeve sweater hoodie robe cloak skirt suit uniform scarf hat cap glove gloves boots shoes apron vest gown oilskin raincoat";

bool any_says(const std::vector<CueSentence>& sentences, std::string_view forms) {
  return std::ranges::any_of(sentences, [&](const CueSentence& one) { return one.says(forms); });
}

void step(int& level, bool up, bool down, int most) {
  if (up) level = std::min(level + 1, most);
  else if (down) level = std::max(level - 1, 0);
}

// A direction within 4 words of a verb of leaving.
void leave(Body& body, const std::vector<CueSentence>& sentences) {
  body.exit = "none";
  for (const CueSentence& one : sentences) {
    const std::size_t verb = one.at("exit exits exiting exited leave leaves leaving left walk walks walking walked run runs running ran ride rides riding rode drive drives driving drove climb climbs climbing climbed");
    if (verb == std::string::npos) continue;
    for (std::size_t i = verb + 1; i < std::min(one.words().size(), verb + 5); ++i)
      if (has_any_word("left right up down", one.words()[i])) {
        body.exit = one.words()[i];
        break;
      }
  }
}

void stand(Body& body, const std::vector<CueSentence>& sentences) {
  for (const CueSentence& one : sentences) {
    if (one.says("left") && !one.says("leaves leaving")) body.side = "left";
    if (one.says("right")) body.side = "right";
    if (one.says("center centre middle")) body.side = "center";
    if (one.says("background")) body.depth = "background";
    if (one.says("foreground")) body.depth = "foreground";
  }
}

void hurt(Body& body, const Scene& scene, const std::vector<CueSentence>& sentences) {
  struct Kind {
    const char *forms, *name;
    int severity;
  };
  constexpr std::array kinds{Kind{"bruise bruises bruised", "bruise", 0}, Kind{"scratch scratches scratched", "scratch", 0}, Kind{"cut cuts", "cut", 0},
                             Kind{"burn burns burned burnt", "burn", 1}, Kind{"sprain sprains sprained", "sprain", 1}, Kind{"bleed bleeds bleeding", "bleeding", 1},
                             Kind{"stab stabs stabbed", "stab", 2}, Kind{"fracture fractures fractured", "fracture", 2}, Kind{"wound wounds wounded", "wound", 2}};
  for (const CueSentence& one : sentences) {
    const std::string part = one.which(body_parts);
    if (part.empty()) continue;  // "she cuts the rope" is no injury
    for (const Kind& kind : kinds)
      if (one.says(kind.forms)) body.injuries.push_back({kind.name, part, kind.severity, scene.id});
  }
  if (any_says(sentences, "heal heals healed bandage bandages bandaged")) {
    for (Injury& injury : body.injuries) --injury.severity;
    std::erase_if(body.injuries, [](const Injury& injury) { return injury.severity < 0; });
  }
}

void wear_out(Body& body, const std::vector<CueSentence>& sentences) {
  const auto add = [](std::vector<std::string>& list, const std::string& what) {
    if (std::ranges::find(list, what) == list.end()) list.push_back(what);
  };
  for (const CueSentence& one : sentences) {
    const std::string garment = one.which(garments);
    if (garment.empty()) continue;
    if (one.says("tear tears torn tore rip rips ripped")) add(body.tears, garment);
    for (const char* stain : {"blood", "mud", "oil", "paint"})
      if (one.says(stain)) add(body.stains, std::string(stain) + " on " + garment);
    if (one.says("burn burns burned burnt scorch scorches scorched")) add(body.damage, "scorched " + garment);
  }
}

}  // namespace

void live_through(Body& body, const Scene& scene, const std::vector<CueSentence>& about, bool wet_weather, bool wild_weather) {
  constexpr std::string_view running = "run runs running ran chase chases chasing chased fight fights fighting fought climb climbs climbing climbed";
  body.last_seen = scene.id;
  body.emotion = scene.mood;
  body.emotions.push_back(scene.mood);
  stand(body, about);
  leave(body, about);
  if (any_says(about, "wash washes washing washed bathe bathes bathing bathed shower showers showering showered")) body.dirt = 0;
  else step(body.dirt, any_says(about, "mud muddy dirt dirty dust dusty soot crawl crawls crawling crawled dig digs digging dug tumble tumbles tumbling tumbled"), false, 4);
  const bool effort = any_says(about, running) || any_says(about, "swim swims swimming swam struggle struggles struggling struggled");
  step(body.exhaustion, effort, any_says(about, "rest rests resting rested sit sits sitting sat sleep sleeps sleeping slept"), 4);
  const bool sweats = any_says(about, running) || any_says(about, "dance dances dancing danced heat");
  step(body.sweat, sweats, !sweats, 4);
  const bool soaks = any_says(about, "swim swims swimming swam dive dives diving dived dove");
  const bool wets = wet_weather || any_says(about, "rain rains storm splash splashes splashing splashed");
  for (int* wetness : {&body.wetness, &body.hair_wetness}) {
    if (soaks) *wetness = 3;
    else step(*wetness, wets, !wets, 3);
  }
  if (any_says(about, "comb combs combing combed brush brushes brushing brushed")) body.hair_mess = 0;
  else step(body.hair_mess, wild_weather || any_says(about, "wind windy run runs running ran fight fights fighting fought storm"), false, 4);
  hurt(body, scene, about);
  wear_out(body, about);
}

void reset(Body& body) {
  Body fresh;
  fresh.last_seen = body.last_seen;
  fresh.emotion = body.emotion;
  fresh.emotions = body.emotions;
  std::ranges::copy_if(body.injuries, std::back_inserter(fresh.injuries), [](const Injury& one) { return one.severity >= 2; });
  body = std::move(fresh);
}

}  // namespace film::story
