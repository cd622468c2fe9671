#include "film/story/conditions.h"

#include <array>

#include "film/story/text.h"

namespace film::story {
namespace {

constexpr std::array daylights{
    Daylight{"neon cyberpunk", "night", "dawn", "neon colours broken up by wet surfaces", "neon spilling in through the window", "Cool 7500K", "neon signs", "#0b0720|#7a1f6e|#19e3ff",
             "pink light crawls over everything that is wet|a sign changes colour and the whole picture follows|cyan rims every edge|magenta light pools on the ground|the shadows are violet, never black|a tube flickers twice and steadies"},
    Daylight{"midnight night nights nighttime moonlight moonlit moon stars starlit nocturnal darkness dark", "night", "dawn", "small pools of warm light in deep blue", "one warm lamp in a dark room", "Cool 7000K", "the moon", "#070b1f|#27406e|#ffb347",
             "everything past the first light is blue|moonlight draws one cold edge|the dark begins an arm's length away|stars show where the sky is clear|long shadows point away from the only lamp|the light picks out one cheek and leaves the rest"},
    Daylight{"blue_hour twilight gloaming", "blue hour", "night", "even blue light with the first lamps on", "blue windows and one early lamp", "Cool 8000K", "the last sky", "#10254a|#6d8fb8|#ffc857",
             "the sky holds the last blue|the first lamps look too warm|shapes turn to silhouettes|nothing has a hard shadow any more"},
    Daylight{"dawn sunrise daybreak first_light early_morning", "dawn", "morning", "low rose light with long soft shadows", "first grey-pink light at the window", "Warm 3800K", "the rising sun", "#3c4a78|#f6b7b2|#f2786b",
             "the first light finds the highest edges|rose light slides down the walls|long shadows reach towards us|the cold blue drains out of the shadows|every surface warms by one tone"},
    Daylight{"morning breakfast", "morning", "noon", "clear slanting light", "bright window light", "Neutral 5000K", "the morning sun", "#6fa3cf|#f4e4c8|#e0643c",
             "the light comes in clean and low|fresh shadows lie sharp on the ground|everything looks newly washed"},
    Daylight{"noon midday heat sunny sunshine", "noon", "afternoon", "hard overhead sun with short shadows", "a bright rectangle of sun on the floor", "Neutral 5600K", "the high sun", "#4fa3d9|#f3e0b5|#1f8a8a",
             "shadows hide under their owners|the light is almost white|heat makes the distance tremble|there is no shade to stand in"},
    Daylight{"afternoon summer day daytime daylight", "afternoon", "dusk", "broad warm daylight", "a long beam from the window", "Neutral 5200K", "the afternoon sun", "#4f86b8|#f6d9a6|#d65a3c",
             "the light has turned the colour of straw|shadows have begun to stretch|sun flares at the edge of the frame"},
    Daylight{"dusk sunset evening sundown golden_hour golden", "dusk", "night", "low sun through haze, warm rims", "amber light dying on the wall", "Warm 3200K", "the setting sun", "#2b3a67|#ffb26b|#ff6b4a",
             "the low sun puts a rim of copper on everything|shadows run the whole length of the ground|the last warm light climbs the walls and goes|the sky burns at its lower edge|half the picture is already blue"},
};

constexpr std::array weathers{
    Weather{"storm stormy thunder lightning tempest hurricane thunderstorm", "Storm", "the storm", "wind tears at everything loose|lightning shows the whole scene for one blink|rain comes in sideways|thunder rolls over and the picture seems to shake|gusts bend whatever will bend"},
    Weather{"rain rains raining rainy drizzle downpour shower rain-soaked", "Rain", "the rain", "rain jumps on the ground like a thousand small sparks|water runs in threads from every edge|drops race each other downward|the ground shines like black glass|rain thickens until the distance is gone"},
    Weather{"snow snowy snowfall blizzard winter frozen frost", "Snow", "the snow", "snow comes down straight and slow|flakes melt where there is warmth and stay where there is none|the snow takes the sound out of everything|breath stands white in the air|fresh snow softens every edge"},
    Weather{"fog foggy mist misty haze hazy", "Fog", "the fog", "fog closes behind each step|the far end of everything is gone|fog drifts through the light like smoke|shapes come forward out of the grey and turn solid|a band of fog lies knee-high"},
    Weather{"wind windy gale breeze windswept", "Wind", "the wind", "the wind gets under every loose edge|dust and leaves cross the picture low and fast|cloth snaps and goes slack|the wind drops, and for a second nothing moves"},
    Weather{"cloudy overcast grey gray clouds", "Cloudy", "the grey light", "the sky is one even sheet of grey|a break in the clouds opens and closes|colours look deeper without the sun"},
};
constexpr Weather clear{"", "Clear", "the still air", "nothing moves in the whole depth of the picture|a small breeze lifts what is light enough|the quiet is almost visible"};

constexpr std::array moods{
    Mood{"lonely alone loneliness solitude lost abandoned empty last goodbye farewell grief mourning sad sorrow melancholy misses longing", "lonely, waiting", "longing", "grief held back", "quiet release"},
    Mood{"chase chased escape flee fleeing hunt hunted danger fear thriller suspense detective gun crime murder horror haunted dark sinister", "uneasy", "tense", "fear", "breathless relief"},
    Mood{"war battle fight rage revenge anger angry rebellion riot", "brooding", "defiant", "fury", "exhausted calm"},
    Mood{"love lovers kiss romance romantic wedding tender embrace couple", "tender", "playful warmth", "doubt", "love, certain now"},
    Mood{"funny comedy silly clown prank party joyful happy joy celebrate celebration festival laugh", "cheerful", "playful", "comic panic", "joy"},
    Mood{"dream magic magical wonder discover explore discovers adventure mysterious mystery secret strange", "curious", "wonder", "awe with a little fear", "delight"},
    Mood{"race win winner training hero triumph dance dancing energy energetic neon", "restless", "urgent", "make or break", "triumph"},
    Mood{"memory remember nostalgia nostalgic childhood grandmother grandfather home letter photograph", "wistful", "nostalgic", "longing", "warm acceptance"},
};
constexpr std::array other_moods{
    Mood{"", "quiet expectation", "growing resolve", "doubt", "calm release"},
    Mood{"", "hushed", "searching", "tense stillness", "hope"},
    Mood{"", "contemplative", "stirring", "unrest", "serene"},
};

struct Style {
  std::string_view words, style;
};
constexpr std::array styles{
    Style{"noir detective", "film noir, hard light and deep shadow"},
    Style{"anime manga ghibli", "hand-drawn animation, clean line and painted backgrounds"},
    Style{"watercolor watercolour painted painterly", "watercolour, soft edges and paper grain"},
    Style{"black_and_white monochrome", "black and white with a full range of greys"},
    Style{"cyberpunk neon futuristic sci-fi", "neon-lit science fiction, wet surfaces, saturated rims"},
    Style{"documentary realistic", "documentary realism, natural light"},
    Style{"vintage retro 80s 70s super_8", "faded film stock, warm halation"},
    Style{"western", "wide-screen western, dust and low sun"},
    Style{"horror haunted", "low-key horror, long shadows"},
    Style{"fairy fairytale fantasy magic dragon", "storybook fantasy, rich colour and glowing light"},
};

}  // namespace

const Daylight& daylight(std::string_view time) {
  for (const Daylight& one : daylights)
    if (one.time == time && one.words.find("neon") == std::string_view::npos) return one;
  return daylights.back();
}

const Daylight* daylight_said(const std::string& low) {
  std::size_t first = std::string::npos;
  const Daylight* said = nullptr;
  for (const Daylight& one : daylights)
    for (std::string word : split(one.words, ' ')) {
      for (char& letter : word)
        if (letter == '_') letter = ' ';
      if (const auto at = find_word(low, word); at < first) {
        first = at;
        said = &one;
      }
    }
  return said;
}

bool is_condition(std::string_view word) {
  for (const Daylight& one : daylights)
    if (has_any_word(word, one.words)) return true;
  for (const Weather& one : weathers)
    if (has_any_word(word, one.words)) return true;
  return false;
}

Conditions read_conditions(const std::string& low, Dice dice) {
  Conditions conditions;
  conditions.daylight = daylight_said(low);
  conditions.says_time = conditions.daylight != nullptr;
  if (conditions.says_time && has_any_word(low, "neon cyberpunk")) conditions.daylight = daylights.data();
  for (const Weather& one : weathers)
    if (conditions.weather == nullptr && has_any_word(low, one.words)) conditions.weather = &one;
  if (conditions.weather == nullptr) conditions.weather = &clear;
  for (const Mood& one : moods)
    if (conditions.mood == nullptr && has_any_word(low, one.words)) conditions.mood = &one;
  if (conditions.mood == nullptr) conditions.mood = &other_moods[dice.below(other_moods.size())];
  constexpr std::array guesses{"dusk", "dawn", "night", "afternoon", "dusk"};
  if (conditions.daylight == nullptr) conditions.daylight = &daylight(guesses[dice.below(guesses.size())]);
  for (const Style& one : styles)
    if (conditions.style.empty() && has_any_word(low, one.words)) conditions.style = one.style;
  constexpr std::array defaults{"painterly realism, few tones and one strong accent", "graphic realism, strong silhouettes and soft haze", "quiet cinematic realism, natural light"};
  if (conditions.style.empty()) conditions.style = defaults[dice.below(defaults.size())];
  return conditions;
}

}  // namespace film::story
