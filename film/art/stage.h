/// The stand on which a shot is built: view, palette, camera and the layers painted so far, back to front.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "film/art/camera.h"
#include "film/art/layer.h"
#include "film/art/noise.h"
#include "film/art/palette.h"
#include "film/art/view.h"
#include "film/art/words.h"

namespace film::art {

struct Sheet {
  double detail = 1;          ///< of the output's resolution
  double texture = 0.07;
  double blur = -1;           ///< screen units; below 0: what the lens gives at this depth
  Blend blend = Blend::over;
  bool flat = false;          ///< do not turn with a dutch roll
};

class Stage {
 public:
  Stage(const Scene& of, const View& seen, const Palette& colours, const Camera& run, int lines, std::uint64_t place_key, std::uint64_t shot_key)
      : scene(&of), view(seen), palette(colours), camera(run), height(lines), place_seed(place_key), shot_seed(shot_key), paper_(texture_tile(hash_text("paper", shot_key))) {}

  const Scene* scene;
  View view;
  Palette palette;
  Camera camera;
  int height;                     ///< of the picture in pixels
  std::uint64_t place_seed;       ///< the same for each shot in one location
  std::uint64_t shot_seed;
  double facing = 1;              ///< of the main figure: +1 right, -1 left
  Words words;                    ///< of the scene and the take's prompt
  Words place_words;              ///< of the location
  std::vector<Layer> layers;
  double head_x = -1;             ///< screen x of the main figure's head; -1 without people
  double subject_contrast = -1;   ///< L* between the main figure and what is behind it; -1 without people

  using Painter = std::function<void(cairo_t*, const Rect&)>;
  /// Paints one layer over all before it. The painter gets the part of the screen it must cover.
  Layer& paint(double depth, const Sheet& sheet, const Painter& painter);
  /// Paints only inside `rect`; for things that move or are small.
  Layer& paint_in(const Rect& rect, double depth, const Sheet& sheet, const Painter& painter);
  /// One drawing of a cycle, to be put into Layer::sprites.
  [[nodiscard]] Surface draw(const Rect& rect, double depth, const Sheet& sheet, const Painter& painter) const;
  /// The picture so far, mirrored at screen row `y` and squashed, into `cr`.
  void mirror(cairo_t* cr, double y, double squash, double alpha) const;
  [[nodiscard]] Dice dice(std::string_view purpose) const { return {place_seed, purpose}; }

 private:
  std::vector<std::int16_t> paper_;
};

}  // namespace film::art
