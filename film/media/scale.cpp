#include "film/media/scale.h"

#include <algorithm>
#include <array>
#include <cstring>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

// Bit-exact paths only: the fast ones differ from one processor to the next.
constexpr int scaling = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT;

struct Area {
  int x = 0, y = 0, width = 0, height = 0;
};

// A hundredth of distortion is not seen; bars two pixels wide are.
constexpr double shape_tolerance = 0.01;

Area area_for(const AVFrame& source, const Frame& target, Fit fit) {
  const Area all{0, 0, target.width, target.height};
  if (fit == Fit::stretch) return all;
  const AVRational pixel = source.sample_aspect_ratio;
  const double stretch = pixel.num > 0 && pixel.den > 0 ? av_q2d(pixel) : 1.0;
  const double shape = stretch * source.width / source.height;
  const double wanted = static_cast<double>(target.width) / target.height;
  if (std::abs(shape / wanted - 1) < shape_tolerance) return all;
  Area area = all;
  if (shape > wanted)
    area.height = std::max(2, static_cast<int>(target.width / shape / 2 + 0.5) * 2);
  else
    area.width = std::max(2, static_cast<int>(target.height * shape / 2 + 0.5) * 2);
  // Chroma has half the rows and columns: an odd origin would shift the colours.
  area.x = (target.width - area.width) / 2 & ~1;
  area.y = (target.height - area.height) / 2 & ~1;
  return area;
}

void blacken(Frame& frame) {
  std::ranges::fill(frame.y, std::uint8_t{16});
  std::ranges::fill(frame.u, std::uint8_t{128});
  std::ranges::fill(frame.v, std::uint8_t{128});
}

bool is_rgb(int format) {
  const AVPixFmtDescriptor* about = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  return about && (about->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

bool is_full_range(const AVFrame& source) {
  switch (source.format) {
    case AV_PIX_FMT_YUVJ420P: case AV_PIX_FMT_YUVJ422P: case AV_PIX_FMT_YUVJ444P: return true;
    default: return source.color_range == AVCOL_RANGE_JPEG || is_rgb(source.format);
  }
}

// Files without a tag are read as BT.709, as players read pictures of this size.
int colours_of(const AVFrame& source) {
  switch (source.colorspace) {
    case AVCOL_SPC_BT470BG: case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    case AVCOL_SPC_BT2020_NCL: case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    default: return SWS_CS_ITU709;
  }
}

void copy_rows(const std::uint8_t* source, int stride, std::vector<std::uint8_t>& target, int width, int height) {
  for (int row = 0; row < height; ++row)
    std::memcpy(target.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width),
                source + static_cast<std::ptrdiff_t>(row) * stride, static_cast<std::size_t>(width));
}

void copy_picture(const AVFrame& source, Frame& target) {
  copy_rows(source.data[0], source.linesize[0], target.y, target.width, target.height);
  copy_rows(source.data[1], source.linesize[1], target.u, target.width / 2, target.height / 2);
  copy_rows(source.data[2], source.linesize[2], target.v, target.width / 2, target.height / 2);
}

}  // namespace

Result<void> Scaler::convert(const AVFrame& source, Frame& target, Fit fit) {
  const int colours = colours_of(source), range = is_full_range(source) ? 1 : 0;
  const Area area = area_for(source, target, fit);
  const bool fills = area.width == target.width && area.height == target.height;
  if (fills && source.format == AV_PIX_FMT_YUV420P && source.width == target.width &&
      source.height == target.height && colours == SWS_CS_ITU709 && range == 0) {
    copy_picture(source, target);
    return {};
  }
  if (!scaler_ || width_ != source.width || height_ != source.height || format_ != source.format ||
      colours_ != colours || range_ != range || target_width_ != area.width || target_height_ != area.height) {
    scaler_.reset(sws_getContext(source.width, source.height, static_cast<AVPixelFormat>(source.format), area.width,
                                 area.height, AV_PIX_FMT_YUV420P, scaling, nullptr, nullptr, nullptr));
    if (!scaler_) return fail(ErrorKind::corrupt, "picture format cannot be converted. format=" + std::to_string(source.format));
    const int neutral = 1 << 16;
    sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(colours), range, sws_getCoefficients(SWS_CS_ITU709), 0,
                             0, neutral, neutral);
    width_ = source.width, height_ = source.height, format_ = source.format;
    colours_ = colours, range_ = range;
    target_width_ = area.width, target_height_ = area.height;
  }
  if (!fills) blacken(target);
  const auto offset = [&](int stride, int part) { return static_cast<std::ptrdiff_t>(area.y / part) * stride + area.x / part; };
  const int half = target.width / 2;
  std::array<std::uint8_t*, 4> planes = {target.y.data() + offset(target.width, 1), target.u.data() + offset(half, 2),
                                         target.v.data() + offset(half, 2), nullptr};
  const std::array<int, 4> strides = {target.width, half, half, 0};
  const int rows = sws_scale(scaler_.get(), source.data, source.linesize, 0, source.height, planes.data(), strides.data());
  if (rows <= 0) return fail(ErrorKind::corrupt, "picture cannot be converted. format=" + std::to_string(source.format));
  return {};
}

Result<void> fill_from_rgb(const RgbImage& image, Frame& frame) {
  const av::FramePtr source = av::new_frame();
  source->width = image.width;
  source->height = image.height;
  source->format = AV_PIX_FMT_RGB24;
  // libav's frames are not const; the scaler only reads.
  source->data[0] = const_cast<std::uint8_t*>(image.rgb.data());
  source->linesize[0] = image.width * 3;
  Scaler scaler;
  return scaler.convert(*source, frame, Fit::bars);
}

}  // namespace film::media
