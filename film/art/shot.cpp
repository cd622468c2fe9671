#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "film/art/art.h"
#include "film/art/build.h"
#include "film/art/cast.h"
#include "film/art/compositor.h"
#include "film/art/environment.h"
#include "film/art/lettering.h"
#include "film/art/merge.h"
#include "film/art/png.h"
#include "film/art/prop.h"
#include "film/art/weather.h"
#include "workprint/try.h"

namespace film::art {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Result;

namespace {

const Location* location_of(const Plan& plan, const Scene& scene) {
  for (const Location& location : plan.locations)
    if (location.id == scene.location_id) return &location;
  return nullptr;
}

Words scene_words(const Scene& scene, const std::string& prompt) {
  Words words{scene.description};
  words.add(scene.composition.value_or(""));
  words.add(prompt);
  return words;
}

Words place_words(const Location* location) {
  if (location == nullptr) return {};
  Words words{location->name};
  words.add(location->description);
  words.add(location->type.value_or(""));
  words.add(location->time_of_day);
  words.add(location->weather);
  words.add(location->ground_surface.value_or(""));
  for (const auto* list : {&location->man_made_objects, &location->natural_elements})
    for (const std::string& thing : *list) words.add(thing);
  return words;
}

}  // namespace

Stage build_stage(const ShotRequest& request) {
  const Plan& plan = *request.plan;
  const Scene& scene = plan.scenes[request.scene];
  const Location* location = location_of(plan, scene);
  const Place place = place_of(location, &scene);
  const std::uint64_t place_seed = hash_text(location != nullptr ? location->id : scene.description, request.seed);
  const std::uint64_t shot_seed = hash_text("shot", request.seed ^ mix_bits(request.scene + 1)) + static_cast<std::uint64_t>(request.take) * 7919;
  const Words words = scene_words(scene, request.prompt);
  const double facing = facing_of(scene, words, shot_seed, request.take);
  const View view = view_for(scene, request.picture, static_cast<int>(scene.characters.size()), facing, shot_seed, request.take);
  const Palette palette = palette_for(plan, &scene, location, request.prompt, is_indoors(place), place_seed);
  Stage stage(scene, view, palette, Camera(scene, view, request.frames, request.picture.fps, shot_seed, request.take), request.picture.height, place_seed, shot_seed);
  stage.facing = facing;
  stage.words = words;
  stage.place_words = place_words(location);
  paint_behind(stage, place);
  paint_near_props(stage, scene.characters.empty());
  paint_cast(stage, plan, facing, place == Place::vehicle, request.seed);
  paint_before(stage, place);
  paint_weather(stage, weather_of(location, words, place));
  merge_layers(stage, request.frames);
  return stage;
}

struct Shot::Layers {
  Layers(const ShotRequest& request, Stage built)
      : stage(std::move(built)), compositor(request.picture.width, request.picture.height), picture(request.picture), frames(request.frames),
        first_frame(frame_at(request.plan->scenes[request.scene].start_ms, request.picture.fps)), seed(stage.shot_seed) {
    const Scene& scene = *stage.scene;
    if (request.burn_in)
      bar.emplace(picture.width, picture.height, fmt::format("SC{:03}  {} · {}", scene.id, short_name(scene.shot), short_name(scene.movement)));
    for (const Layer& layer : stage.layers) {
      auto& list = rows.emplace_back();
      for (const Surface& sprite : layer.sprites) list.push_back(index_rows(sprite));
    }
  }

  Stage stage;
  std::vector<std::vector<RowIndex>> rows;
  Compositor compositor;
  Picture picture;
  std::int64_t frames, first_frame;
  std::uint64_t seed;
  std::optional<BurnIn> bar;

  [[nodiscard]] std::size_t sprite_at(const Layer& layer, std::int64_t frame) const;
  [[nodiscard]] Placed place(const Layer& layer, std::size_t index, std::int64_t frame, const CameraState& state) const;
};

std::size_t Shot::Layers::sprite_at(const Layer& layer, std::int64_t frame) const {
  const std::size_t count = layer.sprites.size();
  if (count == 1) return 0;
  // Hold times are counted at 24 frames a second, so that a walk keeps its pace at other rates.
  const std::int64_t step = frame * 24 / picture.fps;
  const auto held = static_cast<std::size_t>(step / layer.motion.sprites_hold);
  if (!layer.motion.blinks) return held % count;
  const std::int64_t second = step / 52;
  const std::int64_t blink_at = 12 + static_cast<std::int64_t>(mix_bits(seed + static_cast<std::uint64_t>(second)) % 34);
  if (const std::int64_t into = step % 52 - blink_at; into >= 0 && into < 3) return count - 1;
  return held % (count - 1);
}

Placed Shot::Layers::place(const Layer& layer, std::size_t index, std::int64_t frame, const CameraState& state) const {
  const Motion& motion = layer.motion;
  const double seconds = static_cast<double>(frame) / picture.fps, turn = 2 * std::numbers::pi;
  const std::size_t sprite = sprite_at(layer, frame);
  const Camera::Place camera = layer.lens ? Camera::Place{1, state.pan_x, state.pan_y} : stage.camera.place(state, layer.depth);
  const double swing = std::sin(turn * motion.sway_hz * seconds + motion.sway_phase), slow = std::sin(turn * motion.sway_hz * 0.5 * seconds + motion.sway_phase + 1);
  const double done = frames > 1 ? static_cast<double>(frame) / static_cast<double>(frames - 1) - 0.5 : 0;
  const double x = motion.drift_x * seconds + motion.sway_x * slow + motion.travel_x * done;
  const double y = motion.drift_y * seconds + motion.sway_y * swing;
  const double breath = motion.breathe * (0.5 + 0.5 * std::sin(turn * 0.27 * seconds));
  Placed placed;
  placed.surface = &layer.sprites[sprite];
  placed.rows = &rows[index][sprite];
  placed.ax = camera.scale;
  placed.ay = camera.scale * (1 + breath);
  placed.bx = camera.dx + camera.scale * x;
  placed.by = camera.dy + camera.scale * (y - motion.anchor.y * breath);
  placed.shear = -state.roll;
  if (layer.ground) {
    placed.shear_origin = camera.scale * stage.view.ground(stage.view.distance) + camera.dy;
    placed.shear += std::clamp(-state.x / stage.view.camera_height, -0.25, 0.25);
  }
  if (motion.ripple != 0) {
    if (!layer.ground) placed.shear_origin = camera.scale * stage.view.horizon + camera.dy;
    placed.ripple = motion.ripple;
    placed.ripple_phase = seconds * 2.1;
  }
  const double flame = 0.5 + 0.5 * noise(seconds * 7, seed + index) ;
  placed.opacity = static_cast<int>(std::lround(256 * layer.opacity * (1 - motion.flicker * flame)));
  placed.blend = layer.blend;
  placed.wraps = layer.wraps;
  return placed;
}

Shot::Shot(std::unique_ptr<Layers> layers) : layers_(std::move(layers)) {}
Shot::Shot(Shot&&) noexcept = default;
Shot& Shot::operator=(Shot&&) noexcept = default;
Shot::~Shot() = default;

Result<Shot> Shot::open(const ShotRequest& request) {
  if (request.plan == nullptr || request.scene >= request.plan->scenes.size())
    return fail(ErrorKind::invalid, fmt::format("no such scene. scene={}", request.scene));
  const Picture& picture = request.picture;
  if (picture.width < 16 || picture.height < 16 || picture.width % 2 != 0 || picture.height % 2 != 0 || picture.width > 8192 || picture.height > 8192 || picture.fps < 1)
    return fail(ErrorKind::invalid, fmt::format("picture is not drawable. width={} height={} fps={}", picture.width, picture.height, picture.fps));
  if (request.frames < 1) return fail(ErrorKind::invalid, fmt::format("a shot has at least one frame. frames={}", request.frames));
  return Shot(std::make_unique<Layers>(request, build_stage(request)));
}

Result<void> Shot::draw(std::int64_t index, media::Frame& frame) {
  Layers& shot = *layers_;
  if (index < 0 || index >= shot.frames) return fail(ErrorKind::invalid, fmt::format("frame outside the shot. frame={} frames={}", index, shot.frames));
  const CameraState state = shot.stage.camera.at(index);
  std::vector<Placed> placed;
  placed.reserve(shot.stage.layers.size());
  for (std::size_t layer = 0; layer < shot.stage.layers.size(); ++layer) placed.push_back(shot.place(shot.stage.layers[layer], layer, index, state));
  Finish finish;
  finish.grain = mix_bits(shot.seed + static_cast<std::uint64_t>(index) * 31);
  if (shot.bar) finish.bar = &shot.bar->at(shot.first_frame + index, shot.picture.fps);
  shot.compositor.draw(placed, finish, frame);
  return {};
}

Result<std::string> Shot::png(std::int64_t index) {
  media::Frame frame;
  TRY(draw(index, frame));
  return png_of(frame);
}

}  // namespace film::art
