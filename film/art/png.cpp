#include "film/art/png.h"

#include <algorithm>
#include <cmath>

namespace film::art {

using workprint::ErrorKind;
using workprint::fail;
using workprint::Result;

Result<std::string> png_of(const Surface& surface) {
  auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(surface.pixels.data()));
  cairo_surface_t* image = cairo_image_surface_create_for_data(data, CAIRO_FORMAT_RGB24, surface.width, surface.height, surface.width * 4);
  std::string bytes;
  const cairo_status_t status = cairo_surface_write_to_png_stream(
      image,
      [](void* closure, const unsigned char* part, unsigned length) {
        static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(part), length);
        return CAIRO_STATUS_SUCCESS;
      },
      &bytes);
  cairo_surface_destroy(image);
  if (status != CAIRO_STATUS_SUCCESS) return fail(ErrorKind::unavailable, std::string("png writer stopped: ") + cairo_status_to_string(status));
  return bytes;
}

Result<std::string> png_of(const media::Frame& frame) {
  Surface surface;
  surface.width = frame.width;
  surface.height = frame.height;
  surface.pixels.resize(frame.y.size());
  const auto byte = [](double value) { return static_cast<std::uint32_t>(std::clamp(std::lround(value), 0L, 255L)); };
  for (int row = 0; row < frame.height; ++row)
    for (int column = 0; column < frame.width; ++column) {
      const auto at = static_cast<std::size_t>(row) * static_cast<std::size_t>(frame.width) + static_cast<std::size_t>(column);
      const auto half = static_cast<std::size_t>(row / 2) * static_cast<std::size_t>(frame.width / 2) + static_cast<std::size_t>(column / 2);
      const double y = (frame.y[at] - 16) * 255.0 / 219, u = (frame.u[half] - 128) * 255.0 / 224, v = (frame.v[half] - 128) * 255.0 / 224;
      surface.pixels[at] = 0xFF000000U | byte(y + 1.5748 * v) << 16 | byte(y - 0.1873 * u - 0.4681 * v) << 8 | byte(y + 1.8556 * u);
    }
  return png_of(surface);
}

}  // namespace film::art
