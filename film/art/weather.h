/// Rain, snow, fog, dust, leaves and embers between the scene and the lens.
#pragma once

#include "film/art/environment.h"
#include "film/art/stage.h"

namespace film::art {

enum class Weather { none, rain, snow, fog, dust, leaves, embers, motes };

[[nodiscard]] Weather weather_of(const Location* location, const Words& words, Place place);
void paint_weather(Stage& stage, Weather weather);

}  // namespace film::art
