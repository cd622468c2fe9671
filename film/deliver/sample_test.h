/// A small film to deliver in tests: drawn stills and a plan that has every kind of part.
#pragma once

#include <cmath>
#include <string>

#include "film/deliver/deliver.h"
#include "film/deliver/paint.h"

namespace film::deliver::sample {

/// Ridges, a sun and a figure, in one of four lights.
inline media::RgbImage landscape(int variant, int width, int height) {
  struct Light {
    Colour sky, horizon, far, ink, accent;
  };
  static const Light lights[] = {
      {{0.17, 0.23, 0.40}, {1.00, 0.70, 0.42}, {0.54, 0.43, 0.56}, {0.10, 0.09, 0.15}, {1.00, 0.42, 0.29}},
      {{0.03, 0.04, 0.12}, {0.15, 0.25, 0.43}, {0.16, 0.23, 0.39}, {0.02, 0.02, 0.06}, {1.00, 0.70, 0.28}},
      {{0.04, 0.03, 0.12}, {0.48, 0.12, 0.43}, {0.23, 0.11, 0.37}, {0.03, 0.01, 0.06}, {0.10, 0.89, 1.00}},
      {{0.55, 0.60, 0.64}, {0.85, 0.86, 0.85}, {0.60, 0.65, 0.66}, {0.14, 0.16, 0.18}, {0.79, 0.31, 0.24}}};
  const Light& light = lights[variant % 4];
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  const Context context(cairo_create(surface.get()));
  cairo_t* cr = context.get();
  cairo_scale(cr, height, height);
  const double wide = static_cast<double>(width) / height;
  fill(cr, {0, 0, wide, 1}, light.sky);
  shade_down(cr, {0, 0, wide, 0.66}, light.horizon, 0, 1);
  fill(cr, {0, 0.65, wide, 0.35}, light.horizon);
  const double sun = wide * (0.3 + 0.13 * (variant % 5));
  set_colour(cr, light.accent);
  cairo_arc(cr, sun, 0.42, 0.07, 0, 6.2832);
  cairo_fill(cr);
  for (int layer = 0; layer < 4; ++layer) {
    const double base = 0.52 + 0.11 * layer;
    set_colour(cr, mix(light.far, light.ink, layer / 3.0));
    cairo_move_to(cr, 0, 1);
    for (double x = 0; x <= wide + 0.02; x += 0.02)
      cairo_line_to(cr, x, base + 0.05 * std::sin(x * (3 + layer * 2) + variant * 1.7 + layer) +
                               0.012 * std::sin(x * 23 + variant * 3 + layer * 5));
    cairo_line_to(cr, wide, 1);
    cairo_fill(cr);
  }
  const double size = 0.25 + 0.11 * (variant % 3);
  const double x = wide * (variant % 2 ? 0.33 : 0.66);
  set_colour(cr, mix(light.ink, {0, 0, 0}, 0.6));
  cairo_arc(cr, x, 0.86 - size, size * 0.12, 0, 6.2832);
  cairo_fill(cr);
  cairo_move_to(cr, x - size * 0.2, 0.9);
  cairo_curve_to(cr, x - size * 0.2, 0.86 - size * 0.7, x - size * 0.1, 0.86 - size * 0.9, x, 0.86 - size * 0.9);
  cairo_curve_to(cr, x + size * 0.1, 0.86 - size * 0.9, x + size * 0.22, 0.86 - size * 0.7, x + size * 0.2, 0.9);
  cairo_fill(cr);
  return to_rgb_image(surface.get());
}

inline Scene scene(int id, std::int64_t start_ms, std::int64_t end_ms) {
  static const char* stories[] = {
      "Mara walks the quay with a lantern while fog rolls in from the sea. She exits right.",
      "Close on her hands: the match catches, trembles, holds. Behind her the harbor is already blue.",
      "The lamp turns once. Its beam crosses the water, the moored boats, the shuttered cannery, and finds nothing that "
      "answers.",
      "She climbs the last stairs. Each landing has a window; in each window the sea is darker."};
  static const ShotType shots[] = {ShotType::ws, ShotType::cu, ShotType::vw, ShotType::mcu, ShotType::ms, ShotType::ecu};
  static const CameraMovement moves[] = {CameraMovement::track_right, CameraMovement::static_, CameraMovement::pan_left,
                                         CameraMovement::dolly_in, CameraMovement::crane_up, CameraMovement::orbit,
                                         CameraMovement::handheld, CameraMovement::zoom_out};
  static const Transition ways[] = {Transition::dissolve, Transition::cut, Transition::cut, Transition::smash_cut,
                                    Transition::cross_fade, Transition::fade_to_black};
  Scene scene;
  scene.id = id;
  scene.start_ms = start_ms;
  scene.end_ms = end_ms;
  scene.description = stories[id % 4];
  scene.mood = "longing";
  scene.musical_description = "slow piano over surf";
  if (id % 2) scene.music_change = "strings enter";
  if (id % 3 == 1) scene.lyrics = "Carry the light, carry the light,\nno one is waiting, carry it anyway";
  if (id % 5) scene.characters = {"char_1"};
  scene.location_id = id % 2 ? "loc_2" : "loc_1";
  scene.lighting.quality = "low sun through fog";
  scene.shot = shots[id % 6];
  scene.movement = moves[id % 8];
  if (id % 3 == 0) scene.angle = CameraAngle::low_angle;
  scene.transition = ways[id % 6];
  scene.intensity = static_cast<Intensity>(id % 4);
  if (id % 7 == 6) scene.kind = SceneKind::climax;
  return scene;
}

inline Plan plan(int scenes) {
  Plan plan;
  plan.metadata.title = "The Last Light of the Harbor";
  plan.metadata.logline =
      "A lighthouse keeper carries the last light of the harbor through the fog; at the lamp, her signal is answered from "
      "the sea.";
  plan.metadata.style = "painterly realism";
  plan.metadata.mood = "longing, then relief";
  plan.metadata.color_palette = {"#2b3a67", "#ffb26b", "#ffe2a8", "#8a6f8f", "#1b1726", "#ff6b4a"};
  Character mara;
  mara.id = "char_1";
  mara.name = "Mara";
  mara.description = "Lighthouse keeper, patient, stubborn; she talks to the lamp when nobody is there.";
  mara.age = "about 60";
  mara.traits.hair = "short grey hair";
  mara.traits.clothing = {"yellow oilskin", "wool cap"};
  mara.traits.accessories = {"brass lantern"};
  Character boy = mara;
  boy.id = "char_2";
  boy.name = "The ferry boy";
  boy.age = "12";
  boy.description = "Waits on the last boat and does not say for whom.";
  plan.characters = {mara, boy};
  Location quay;
  quay.id = "loc_1";
  quay.name = "Old harbor";
  quay.description = "Stone quay with one lamp and moored boats.";
  quay.type = "harbor";
  quay.time_of_day = "dusk";
  quay.weather = "Fog";
  quay.lighting.quality = "low sun";
  Location tower = quay;
  tower.id = "loc_2";
  tower.name = "Lighthouse stairs";
  tower.description = "A spiral of iron steps around a well of dark air; windows on each landing.";
  tower.type = "interior";
  plan.locations = {quay, tower};
  std::int64_t time = 0;
  for (int id = 0; id < scenes; ++id) {
    const std::int64_t length = 2500 + 917 * (id * 7 % 6);
    plan.scenes.push_back(scene(id, time, time + length));
    time += length;
  }
  plan.metadata.duration_ms = time;
  plan.metadata.total_scenes = scenes;
  return plan;
}

/// Everything around the plan. Stills are `width` wide.
inline Delivery delivery(const Plan& plan, int width) {
  Delivery delivery;
  delivery.plan = &plan;
  delivery.film = {"harbor-lights", 2, {"harbor-lights/final/movie_02.mp4", 5123456, std::string(64, 'a')},
                   film_frames(plan.metadata.duration_ms, 24), "2026-03-02T09:31:00.000Z"};
  for (const Scene& scene : plan.scenes) {
    SceneEntry entry;
    entry.takes = 1 + scene.id % 2;
    entry.provenance = {"builtin", "animatic-1", "Wide shot of scene " + std::to_string(scene.id), entry.takes, 640000};
    entry.clip = Asset{"harbor-lights/scenes/scene_" + std::to_string(scene.id) + ".mp4", 5388120, std::string(64, 'b')};
    entry.clip_frames = scene_frames(plan, static_cast<std::size_t>(scene.id), 24) + 7;
    entry.score = 0.933;
    entry.overall = "ACCEPT_WITH_NOTES";
    if (const auto png = media::encode_png(landscape(scene.id, width, width * 9 / 16 / 2 * 2))) entry.start_still = *png;
    if (scene.id == 4) {
      entry.start_still.clear();
      entry.clip.reset();
      entry.placeholder = "skipped by a person";
    }
    delivery.scenes.push_back(std::move(entry));
  }
  delivery.song = SongEntry{{"audio/63f7.ogg", 214518, std::string(64, 'c')}, "tide.ogg", "audio/ogg",
                            plan.metadata.duration_ms};
  delivery.assets.push_back({{"harbor-lights/images/characters/char_1_reference_01.png", 1184233, std::string(64, 'd')},
                             "character_image_char_1",
                             {"google", "gemini-3.1-flash-image", "Reference sheet of Mara", 1, 67000}});
  return delivery;
}

}  // namespace film::deliver::sample
