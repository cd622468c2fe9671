#include "film/story/prompt.h"

#include <algorithm>

#include "film/plan/plan_json.h"
#include "film/story/continuity.h"
#include "film/story/text.h"
#include "workprint/result.h"

namespace film::story {
namespace {

using workprint::check;

std::string size_words(ShotType shot) {
  switch (shot) {
    case ShotType::ecu: return "Extreme close-up";
    case ShotType::cu: return "Close-up";
    case ShotType::mcu: return "Medium close-up";
    case ShotType::ms: return "Medium shot";
    case ShotType::mw: return "Medium wide shot";
    case ShotType::ws: return "Wide shot";
    case ShotType::vw: return "Extreme wide shot";
  }
  return "Medium shot";
}

std::string movement_words(CameraMovement movement) {
  switch (movement) {
    case CameraMovement::static_: return "locked off";
    case CameraMovement::pan: return "slow pan";
    case CameraMovement::pan_left: return "panning left";
    case CameraMovement::pan_right: return "panning right";
    case CameraMovement::tilt: return "slow tilt";
    case CameraMovement::tilt_up: return "tilting up";
    case CameraMovement::tilt_down: return "tilting down";
    case CameraMovement::track: return "tracking";
    case CameraMovement::track_left: return "tracking left";
    case CameraMovement::track_right: return "tracking right";
    case CameraMovement::crane: return "craning";
    case CameraMovement::crane_up: return "craning up";
    case CameraMovement::crane_down: return "craning down";
    case CameraMovement::dolly_in: return "dollying in";
    case CameraMovement::dolly_out: return "dollying out";
    case CameraMovement::zoom_in: return "zooming in";
    case CameraMovement::zoom_out: return "zooming out";
    case CameraMovement::handheld: return "handheld";
    case CameraMovement::steadicam: return "gliding steadicam";
    case CameraMovement::drone: return "gliding from above";
    case CameraMovement::aerial: return "flying over";
    case CameraMovement::orbit: return "orbiting";
  }
  return "locked off";
}

// How the last frame differs from the first by the move alone.
std::string framing_at_end(CameraMovement movement) {
  switch (movement) {
    case CameraMovement::dolly_in: case CameraMovement::zoom_in: return "The framing has closed in on the subject.";
    case CameraMovement::dolly_out: case CameraMovement::zoom_out: return "The framing has opened and shows more of the place.";
    case CameraMovement::pan_left: case CameraMovement::track_left: return "The view has travelled left.";
    case CameraMovement::pan_right: case CameraMovement::track_right: return "The view has travelled right.";
    case CameraMovement::tilt_up: case CameraMovement::crane_up: return "The view has risen.";
    case CameraMovement::tilt_down: case CameraMovement::crane_down: return "The view has sunk.";
    case CameraMovement::orbit: return "The view has come a quarter turn around the subject.";
    case CameraMovement::drone: case CameraMovement::aerial: return "The view has passed on over the place.";
    case CameraMovement::static_: case CameraMovement::pan: case CameraMovement::tilt: case CameraMovement::track:
    case CameraMovement::crane: case CameraMovement::handheld: case CameraMovement::steadicam: return "The framing has hardly changed.";
  }
  return {};
}

std::string framing(const Scene& scene) {
  std::string text = size_words(scene.shot);
  if (scene.angle) text += ", " + lower(word(*scene.angle));
  return text;
}

const Location* location_of(const Plan& plan, const Scene& scene) {
  for (const Location& location : plan.locations)
    if (location.id == scene.location_id) return &location;
  return nullptr;
}

std::string looks(const Character& character) {
  const PhysicalTraits& traits = character.traits;
  std::string text = character.name;
  if (character.age) text += ", " + *character.age;
  text += ": " + traits.hair;
  if (!traits.clothing.empty()) text += ", " + list_of(traits.clothing);
  if (!traits.accessories.empty()) text += ", with " + list_of(traits.accessories);
  return sentence(text);
}

std::string light_words(const Lighting& lighting) {
  std::string text = "Light: " + lighting.quality;
  if (lighting.motivated_sources) text += ", from " + *lighting.motivated_sources;
  if (lighting.direction) text += ", " + *lighting.direction;
  if (lighting.color_temperature) text += ", " + *lighting.color_temperature;
  if (lighting.intensity) text += ", " + lower(*lighting.intensity);
  return sentence(text);
}

std::string place_words(const Location& location) {
  std::string text = location.name + " at " + lower(location.time_of_day) + ", " + lower(location.weather) + ": " + location.description;
  return sentence(text);
}

void add_style(const Plan& plan, Paragraph& prompt) {
  if (plan.metadata.style) prompt.add(sentence("Style: " + *plan.metadata.style));
  if (!plan.metadata.color_palette.empty()) prompt.add(sentence("Colours: " + list_of(plan.metadata.color_palette)));
}

// Rules and learned texts come last: they bend a shot, they do not say what it is.
void add_rules(const std::vector<std::string>& rules, Paragraph& prompt) {
  for (const std::string& rule : rules) prompt.add(sentence(rule));
}

void add_scene(const Plan& plan, std::size_t index, Paragraph& prompt) {
  const Scene& scene = plan.scenes[index];
  if (scene.composition) prompt.add(sentence("Composition: " + *scene.composition));
  for (const std::string& id : scene.characters)
    for (const Character& character : plan.characters)
      if (character.id == id) prompt.add(looks(character));
  if (const Location* location = location_of(plan, scene)) prompt.add(place_words(*location));
  prompt.add(light_words(scene.lighting));
  prompt.add(sentence("Mood: " + scene.mood));
  prompt.add(continuity_words(plan, index));
  for (const std::string& note : scene.continuity_notes) prompt.add(sentence(capital(note)));
}

}  // namespace

std::string character_prompt(const Plan& plan, std::size_t index) {
  check(index < plan.characters.size(), "character index lies inside the plan");
  const Character& character = plan.characters[index];
  const PhysicalTraits& traits = character.traits;
  Paragraph prompt(prompt_bytes_max);
  prompt.add(sentence("Reference sheet of " + character.name + ": " + character.description));
  if (character.age) prompt.add(sentence("Age: " + *character.age));
  prompt.add(sentence("Hair: " + traits.hair));
  if (!traits.clothing.empty()) prompt.add(sentence("Wears " + list_of(traits.clothing)));
  if (!traits.accessories.empty()) prompt.add(sentence("Carries " + list_of(traits.accessories)));
  if (!traits.distinctive_features.empty()) prompt.add(sentence("Marks: " + list_of(traits.distinctive_features)));
  if (traits.build) prompt.add(sentence("Build: " + *traits.build));
  if (traits.ethnicity) prompt.add(sentence("Ethnicity: " + *traits.ethnicity));
  for (const std::string& note : character.appearance_notes) prompt.add(sentence(note));
  prompt.add("Full figure in front, three-quarter and profile view on a plain ground, even soft light, one neutral standing pose.");
  add_style(plan, prompt);
  return prompt.text();
}

std::string location_prompt(const Plan& plan, std::size_t index) {
  check(index < plan.locations.size(), "location index lies inside the plan");
  const Location& location = plan.locations[index];
  Paragraph prompt(prompt_bytes_max);
  prompt.add(sentence("Establishing view of an empty place: " + place_words(location)));
  if (location.type) prompt.add(sentence("Type: " + *location.type));
  if (location.architecture) prompt.add(sentence("Architecture: " + *location.architecture));
  if (location.ground_surface) prompt.add(sentence("Ground: " + *location.ground_surface));
  if (location.sky_or_ceiling) prompt.add(sentence("Above: " + *location.sky_or_ceiling));
  if (!location.natural_elements.empty()) prompt.add(sentence("Nature: " + list_of(location.natural_elements)));
  if (!location.man_made_objects.empty()) prompt.add(sentence("Made things: " + list_of(location.man_made_objects)));
  prompt.add(light_words(location.lighting));
  if (location.mood) prompt.add(sentence("Mood: " + *location.mood));
  if (!location.color_palette.empty()) prompt.add(sentence("Colours: " + list_of(location.color_palette)));
  if (plan.metadata.style) prompt.add(sentence("Style: " + *plan.metadata.style));
  return prompt.text();
}

std::string frame_prompt(const Plan& plan, std::size_t index, Which which, const std::vector<std::string>& rules) {
  check(index < plan.scenes.size(), "scene index lies inside the plan");
  const Scene& scene = plan.scenes[index];
  const bool start = which == Which::start;
  Paragraph prompt(prompt_bytes_max);
  prompt.add(sentence((start ? "First frame. " : "Last frame. ") + framing(scene) + ": " + scene.description));
  prompt.add(start ? "The moment just before the action, everything still readable." : "The moment the action has come to its end.");
  if (!start) prompt.add(framing_at_end(scene.movement));
  add_scene(plan, index, prompt);
  add_style(plan, prompt);
  add_rules(rules, prompt);
  return prompt.text();
}

std::string clip_prompt(const Plan& plan, std::size_t index, const std::vector<std::string>& rules) {
  check(index < plan.scenes.size(), "scene index lies inside the plan");
  const Scene& scene = plan.scenes[index];
  Paragraph prompt(prompt_bytes_max);
  prompt.add(sentence(framing(scene) + ", " + movement_words(scene.movement) + ": " + scene.description));
  add_scene(plan, index, prompt);
  if (!scene.musical_description.empty()) prompt.add(sentence("Music: " + scene.musical_description));
  add_style(plan, prompt);
  add_rules(rules, prompt);
  return prompt.text();
}

}  // namespace film::story
