// Generation rules: the list a film starts with, and what makes two rules the same one.
#include <algorithm>
#include <array>

#include "film/story/prompt.h"
#include "film/story/text.h"
#include "workprint/digest.h"

namespace film::story {
namespace {

constexpr std::size_t rules_max = 8;

constexpr std::array general{
    "Keep every character in the clothing of the reference image.",
    "One continuous move per shot; no cuts inside a shot.",
    "Faces, hands and held things keep their shape from the first frame to the last.",
    "Light keeps its direction and colour while the place stays the same.",
};

struct Worded {
  const char* words;  ///< any of these in the plan's descriptions calls for the rule
  const char* rule;
};

constexpr std::array by_words{
    Worded{"rain storm downpour drizzle", "Wet ground mirrors what stands on it, and clothes out in the rain look wet."},
    Worded{"night midnight moonlight neon", "Night stays readable: one clear source lights the face, shadows keep their detail."},
    Worded{"fog mist haze smoke", "Fog thins towards the viewer: near shapes stay dark and sharp, far ones pale."},
    Worded{"sea ocean waves harbor river lake", "Water keeps one level and one horizon through every shot of a place."},
    Worded{"crowd audience people dancers", "People in the background move less than the subject and never look at the viewer."},
    Worded{"car truck train bus motorcycle bicycle", "Vehicles keep their colour, their side of the road and their direction of travel."},
    Worded{"dog cat horse wolf fox bird robot", "Animals and machines keep their size and markings beside the people."},
    Worded{"sing sings singer guitar piano violin drummer", "Playing hands meet the instrument, and a singing mouth follows the words."},
    Worded{"snow ice blizzard frost", "Snow lies on what stands still and is broken where somebody walked."},
    Worded{"space spaceship astronaut orbit", "Without air light is hard, dust hangs and nothing blows."},
};

std::string words_of(const Plan& plan) {
  std::string all = plan.metadata.logline.value_or("");
  for (const Character& character : plan.characters) all += " " + character.description;
  for (const Location& location : plan.locations)
    all += " " + location.name + " " + location.description + " " + location.weather + " " + location.time_of_day;
  for (const Scene& scene : plan.scenes) all += " " + scene.description;
  return normal_form(all);
}

}  // namespace

std::vector<std::string> built_in_rules(const Plan& plan) {
  std::vector<std::string> rules(general.begin(), general.end());
  const std::string all = words_of(plan);
  for (const Worded& worded : by_words) {
    if (rules.size() == rules_max) break;
    if (has_any_word(all, worded.words)) rules.emplace_back(worded.rule);
  }
  return rules;
}

std::string normal_form(std::string_view rule) {
  std::string plain;
  bool gap = false;
  for (const char raw : rule) {
    const auto byte = static_cast<unsigned char>(raw);
    const char letter = raw >= 'A' && raw <= 'Z' ? static_cast<char>(raw - 'A' + 'a') : raw;
    // Bytes above ASCII are parts of letters of other scripts and stay as they are.
    const bool kept = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || byte >= 128;
    if (!kept) {
      gap = true;
      continue;
    }
    if (gap && !plain.empty()) plain += ' ';
    gap = false;
    plain += letter;
  }
  return plain;
}

std::string rule_id(std::string_view rule) { return workprint::sha256_hex(normal_form(rule)).substr(0, 12); }

}  // namespace film::story
