/// The places a film can be in, and how each is built in layers behind and before the people.
#pragma once

#include "film/art/stage.h"

namespace film::art {

enum class Place {
  harbor, sea, forest, mountain, desert, field, snowfield, street, skyline, alley, bridge, station, room, corridor, cafe,
  stage_hall, workshop, church, hospital, vehicle, road, space, ship, lab, crowd, abstract_shapes
};

[[nodiscard]] Place place_of(const Location* location, const Scene* scene);
[[nodiscard]] bool is_indoors(Place place);
[[nodiscard]] const char* name_of(Place place);

/// Everything behind the people.
void paint_behind(Stage& stage, Place place);
/// What stands nearer than the people, and the framing.
void paint_before(Stage& stage, Place place);

// One function per family, each in its own file.
void paint_coast(Stage& stage, Place place);
void paint_land(Stage& stage, Place place);
void paint_city(Stage& stage, Place place);
void paint_interior(Stage& stage, Place place);
void paint_vessel(Stage& stage, Place place);
void paint_gathering(Stage& stage, Place place);

}  // namespace film::art
