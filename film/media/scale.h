/// Pictures of any size and format into our own. Private to film/media.
#pragma once

#include "film/media/av.h"
#include "film/media/frame.h"
#include "film/media/video.h"

namespace film::media {

enum class Fit {
  stretch,  ///< fill the target
  bars,     ///< keep the shape, black bars where it differs
};

/// Keeps its tables between calls: one per stream, one thread.
class Scaler {
 public:
  /// A picture that already is what `target` wants is copied row by row. Errors: corrupt (a format nobody can convert).
  workprint::Result<void> convert(const AVFrame& source, Frame& target, Fit fit);

 private:
  av::ScalerPtr scaler_;
  int width_ = 0, height_ = 0, format_ = -1, colours_ = -1, range_ = -1;  // of the source the tables are for
  int target_width_ = 0, target_height_ = 0;
};

/// An RGB still as a frame of exactly `frame`'s size, with black bars where the shape differs.
workprint::Result<void> fill_from_rgb(const RgbImage& image, Frame& frame);

}  // namespace film::media
