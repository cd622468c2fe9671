#include "film/deliver/shot_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "film/deliver/names.h"
#include "film/deliver/timecode.h"
#include "film/plan/plan_json.h"

namespace film::deliver {

namespace {

std::string row(const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t index = 0; index < fields.size(); ++index) {
    if (index > 0) text += ',';
    text += csv_field(fields[index]);
  }
  return text + "\r\n";
}

std::string number(std::int64_t value) { return std::to_string(value); }

std::vector<std::string> scene_row(const Delivery& delivery, std::size_t index, std::int64_t begin) {
  const Plan& plan = *delivery.plan;
  const Scene& scene = plan.scenes[index];
  const SceneEntry& entry = delivery.scenes[index];
  const int fps = delivery.picture.fps;
  const std::int64_t frames = scene_frames(plan, index, fps);
  return {scene_label(scene.id),
          timecode(begin, fps),
          timecode(begin + frames, fps),
          number(frames),
          length_text(frames, fps),
          std::string(word(scene.shot)),
          scene.angle ? std::string(word(*scene.angle)) : "",
          std::string(word(scene.movement)),
          std::string(word(scene.transition)),
          location_name(plan, scene),
          character_names(plan, scene),
          scene.description,
          scene.lyrics,
          entry.clip ? number(entry.provenance.take) : "",
          number(entry.takes),
          entry.score ? fmt::format("{:.3f}", *entry.score) : "",
          entry.overall,
          entry.placeholder,
          entry.clip ? entry.clip->path : "",
          entry.clip ? entry.clip->sha256 : ""};
}

}  // namespace

std::string csv_field(std::string_view text) {
  std::string field(text);
  if (!field.empty() && std::string_view("=+-@\t\r").contains(field.front())) field.insert(0, 1, '\'');
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string shot_list_csv(const Delivery& delivery) {
  std::string text =
      row({"scene", "timecode_in", "timecode_out", "frames", "length", "size", "angle", "move", "transition", "location",
           "characters", "description", "lyrics", "circled_take", "takes", "score", "verdict", "placeholder", "clip",
           "sha256"});
  std::int64_t begin = 0;
  for (std::size_t index = 0; index < delivery.plan->scenes.size(); ++index) {
    text += row(scene_row(delivery, index, begin));
    begin += scene_frames(*delivery.plan, index, delivery.picture.fps);
  }
  return text;
}

}  // namespace film::deliver
