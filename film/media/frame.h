/// One picture in memory: planar YUV 4:2:0, BT.709, limited range (16..235 / 16..240), the encoder's own format.
#pragma once

#include <cstdint>
#include <vector>

namespace film::media {

struct Frame {
  int width = 0;   ///< even
  int height = 0;  ///< even
  std::vector<std::uint8_t> y, u, v;  ///< rows without padding: width*height, then (width/2)*(height/2) twice

  Frame() = default;
  Frame(int w, int h)
      : width(w), height(h), y(static_cast<std::size_t>(w) * static_cast<std::size_t>(h), std::uint8_t{16}),
        u(static_cast<std::size_t>(w / 2) * static_cast<std::size_t>(h / 2), std::uint8_t{128}),
        v(static_cast<std::size_t>(w / 2) * static_cast<std::size_t>(h / 2), std::uint8_t{128}) {}
};

}  // namespace film::media
