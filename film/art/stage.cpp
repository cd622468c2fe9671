#include "film/art/stage.h"

#include <algorithm>
#include <cmath>

namespace film::art {
namespace {

// The part of `rect` that can ever be in the picture. What a layer does by itself stays within the margin: half of the
// longest way a figure walks. A large thing close to the lens would otherwise be painted hundreds of screens wide.
Rect within_reach(const Rect& rect, const Rect& seen) {
  constexpr double margin = 0.3;
  const double left = std::clamp(rect.left, seen.left - margin, seen.right + margin), right = std::clamp(rect.right, left, seen.right + margin);
  const double top = std::clamp(rect.top, seen.top - margin, seen.bottom + margin), bottom = std::clamp(rect.bottom, top, seen.bottom + margin);
  return {left, top, right, bottom};
}

}  // namespace

Surface Stage::draw(const Rect& wanted, double depth, const Sheet& sheet, const Painter& painter) const {
  const Rect rect = within_reach(wanted, camera.extent(depth));
  const double defocus = (sheet.blur >= 0 ? sheet.blur : std::isfinite(depth) ? view.defocus(depth) : view.blur_far) * height;
  double detail = sheet.detail;
  if (defocus > 3) detail = std::min(detail, defocus > 8 ? 0.25 : 0.5);
  const double scale = height * detail * std::max(1.0, camera.magnification(depth));
  // On the pixel grid: a sheet that does not move then needs no resampling and stays sharp.
  const Rect snapped{std::floor(rect.left * scale) / scale, std::floor(rect.top * scale) / scale, rect.right, rect.bottom};
  Canvas canvas(snapped, scale);
  Rect seen = rect;
  if (view.roll != 0 && !sheet.flat) {
    const double reach = std::abs(std::sin(view.roll));
    seen = {rect.left - rect.height() * reach, rect.top - rect.width() * reach, rect.right + rect.height() * reach, rect.bottom + rect.width() * reach};
    cairo_translate(canvas.cr(), view.aspect / 2, 0.5);
    cairo_rotate(canvas.cr(), view.roll);
    cairo_translate(canvas.cr(), -view.aspect / 2, -0.5);
  }
  painter(canvas.cr(), seen);
  Surface& surface = canvas.flush();
  if (sheet.texture > 0 && defocus < 3) texture(surface, paper_, sheet.texture);
  if (defocus > 0) blur(surface, defocus * detail * std::max(1.0, camera.magnification(depth)));
  return canvas.take();
}

Layer& Stage::paint_in(const Rect& rect, double depth, const Sheet& sheet, const Painter& painter) {
  Layer layer;
  layer.depth = depth;
  layer.blend = sheet.blend;
  layer.sprites.push_back(draw(rect, depth, sheet, painter));
  layers.push_back(std::move(layer));
  return layers.back();
}

Layer& Stage::paint(double depth, const Sheet& sheet, const Painter& painter) {
  // Planes that run towards the lens shear under a sideways move: their near end needs more paper.
  const bool runs_near = depth <= view.distance * 1.31;
  Rect rect = camera.extent(depth);
  if (runs_near) {
    const Rect wide = camera.extent(depth * 0.55);
    rect.left = std::max(std::min(rect.left, wide.left), -0.6);
    rect.right = std::min(std::max(rect.right, wide.right), view.aspect + 0.6);
  }
  return paint_in(rect, depth, sheet, painter);
}

void Stage::mirror(cairo_t* cr, double y, double squash, double alpha) const {
  for (const Layer& layer : layers) {
    if (layer.wraps || layer.sprites.empty()) continue;
    const Surface& surface = layer.sprites.front();
    // cairo wants a writable pointer although a source is only read.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(surface.pixels.data()));
    cairo_surface_t* image = cairo_image_surface_create_for_data(data, CAIRO_FORMAT_ARGB32, surface.width, surface.height, surface.width * 4);
    cairo_save(cr);
    cairo_translate(cr, 0, y);
    cairo_scale(cr, 1, -squash);
    cairo_translate(cr, 0, -y);
    cairo_translate(cr, surface.rect.left, surface.rect.top);
    cairo_scale(cr, 1 / surface.scale, 1 / surface.scale);
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
    if (layer.blend == Blend::add) cairo_set_operator(cr, CAIRO_OPERATOR_ADD);
    cairo_paint_with_alpha(cr, alpha * layer.opacity);
    cairo_restore(cr);
    cairo_surface_destroy(image);
  }
}

}  // namespace film::art
