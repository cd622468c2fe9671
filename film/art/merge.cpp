#include "film/art/merge.h"

#include <algorithm>
#include <cmath>

#include "film/art/compositor.h"

namespace film::art {
namespace {

bool is_still(const Layer& layer) {
  const Motion& m = layer.motion;
  return layer.sprites.size() == 1 && !layer.wraps && !layer.lens && m.drift_x == 0 && m.drift_y == 0 && m.sway_x == 0 && m.sway_y == 0 && m.ripple == 0 && m.breathe == 0 && m.travel_x == 0;
}

// A lamp may go on flickering as a layer of its own only while it is small: a sheet costs what it covers.
bool is_worth_flicker(const Layer& layer, const View& view) {
  const Rect& rect = layer.sprites.front().rect;
  return layer.motion.flicker > 0.05 && rect.width() * rect.height() < 0.16 * view.aspect;
}

// The largest difference in pixels between two depths at the corners of the picture at any time of the move.
double parallax(const Stage& stage, const Layer& one, const Layer& other, std::int64_t frames) {
  double most = 0;
  for (int step = 0; step <= 4; ++step) {
    const CameraState state = stage.camera.at((frames - 1) * step / 4);
    const Camera::Place a = stage.camera.place(state, one.depth), b = stage.camera.place(state, other.depth);
    for (const Point corner : {Point{0, 0}, Point{stage.view.aspect, 1}}) {
      most = std::max(most, std::abs(corner.x * (a.scale - b.scale) + a.dx - b.dx));
      most = std::max(most, std::abs(corner.y * (a.scale - b.scale) + a.dy - b.dy));
    }
  }
  if (one.ground != other.ground) {
    const CameraState from = stage.camera.at(0), to = stage.camera.at(frames - 1);
    most = std::max(most, std::abs(to.x - from.x) / stage.view.camera_height * 0.5);
  }
  return most * stage.height;
}

Layer joined(const std::vector<Layer>& layers, std::size_t first, std::size_t last) {
  if (last - first == 1) return layers[first];
  Layer result = layers[first];
  Surface target;
  target.rect = layers[first].sprites.front().rect;
  for (std::size_t index = first; index < last; ++index) {
    const Surface& part = layers[index].sprites.front();
    target.rect = {std::min(target.rect.left, part.rect.left), std::min(target.rect.top, part.rect.top), std::max(target.rect.right, part.rect.right), std::max(target.rect.bottom, part.rect.bottom)};
    target.scale = index == first ? part.scale : std::max(target.scale, part.scale);
    if (std::isfinite(layers[index].depth)) result.depth = layers[index].depth;
    result.ground = result.ground && layers[index].ground;
  }
  target.width = static_cast<int>(std::ceil(target.rect.width() * target.scale));
  target.height = static_cast<int>(std::ceil(target.rect.height() * target.scale));
  // The compositor counts in picture heights: express the target as a picture of its own.
  const double unit = target.scale / target.height;
  std::vector<Surface> lights;
  std::vector<RowIndex> rows;
  std::vector<Placed> placed;
  lights.reserve(last - first);
  rows.reserve(last - first);
  for (std::size_t index = first; index < last; ++index) {
    const Layer& layer = layers[index];
    const Surface* surface = &layer.sprites.front();
    if (layer.blend == Blend::add) {
      // Light over a transparent sheet: premultiplied colour without alpha adds to whatever lies below.
      Surface& light = lights.emplace_back(*surface);
      for (std::uint32_t& pixel : light.pixels) pixel &= 0x00FFFFFFU;
      surface = &light;
    }
    rows.push_back(index_rows(*surface));
    Placed part;
    part.surface = surface;
    part.ax = part.ay = unit;
    part.bx = -target.rect.left * unit;
    part.by = -target.rect.top * unit;
    part.opacity = static_cast<int>(std::lround(256 * layer.opacity * (1 - layer.motion.flicker * 0.5)));
    placed.push_back(part);
  }
  for (std::size_t index = 0; index < placed.size(); ++index) placed[index].rows = &rows[index];
  Compositor compositor(target.width, target.height);
  compositor.overlay(placed, target.pixels);
  result.sprites.front() = std::move(target);
  result.blend = Blend::over;
  result.opacity = 1;
  result.motion = {};
  return result;
}

}  // namespace

void merge_layers(Stage& stage, std::int64_t frames) {
  constexpr double invisible = 3.0;  // pixels of a 720-line picture
  const double limit = invisible * std::max(stage.height, 360) / 720;
  std::vector<Layer> merged;
  std::size_t first = 0;
  while (first < stage.layers.size()) {
    std::size_t last = first + 1;
    const auto mergeable = [&](const Layer& layer) { return is_still(layer) && !is_worth_flicker(layer, stage.view); };
    if (mergeable(stage.layers[first]))
      while (last < stage.layers.size() && mergeable(stage.layers[last]) && parallax(stage, stage.layers[first], stage.layers[last], frames) < limit) ++last;
    merged.push_back(joined(stage.layers, first, last));
    first = last;
  }
  stage.layers = std::move(merged);
}

}  // namespace film::art
