#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "film/media/av.h"
#include "film/media/video.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

constexpr std::int64_t pixels_max = std::int64_t{12000} * 12000;

std::uint8_t clamp_byte(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

// One row of chroma at full width: samples lie on the even columns, and between two rows of luma.
void widen_chroma(const std::uint8_t* near, const std::uint8_t* far, int half_width, int* out) {
  const auto at = [&](int x) { return 3 * near[x] + far[x]; };
  for (int x = 0; x < half_width; ++x) {
    out[2 * x] = 2 * at(x);
    out[2 * x + 1] = at(x) + at(std::min(x + 1, half_width - 1));
  }
}

// BT.709 limited range, 16 bit fractions; chroma comes with 8 times its value.
void convert_row(const std::uint8_t* luma, const int* u, const int* v, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x) {
    const int y = (luma[x] - 16) * 76309 + (1 << 15), cb = u[x] - 8 * 128, cr = v[x] - 8 * 128;
    rgb[3 * x] = clamp_byte((y + cr * 14686) >> 16);
    rgb[3 * x + 1] = clamp_byte((y - cb * 1747 - cr * 4366) >> 16);
    rgb[3 * x + 2] = clamp_byte((y + cb * 17305) >> 16);
  }
}

av::FramePtr frame_of(const RgbImage& image) {
  av::FramePtr frame = av::new_frame();
  frame->width = image.width;
  frame->height = image.height;
  frame->format = AV_PIX_FMT_RGB24;
  check(av_frame_get_buffer(frame.get(), 0) >= 0, "there is memory for a picture");
  const auto row_bytes = static_cast<std::size_t>(image.width) * 3;
  for (int row = 0; row < image.height; ++row)
    std::memcpy(frame->data[0] + std::ptrdiff_t{row} * frame->linesize[0],
                image.rgb.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes);
  return frame;
}

Result<void> check_image(const RgbImage& image) {
  const auto bytes = static_cast<std::int64_t>(image.width) * image.height * 3;
  if (image.width < 1 || image.height < 1 || bytes > pixels_max * 3 || bytes != static_cast<std::int64_t>(image.rgb.size()))
    return fail(ErrorKind::invalid, "not a picture. width=" + std::to_string(image.width) +
                                        " height=" + std::to_string(image.height) +
                                        " bytes=" + std::to_string(image.rgb.size()));
  return {};
}

// `full` is 1 for 0..255.
struct Colours {
  int coefficients = SWS_CS_ITU601;
  int is_full_range = 1;
};

Result<av::FramePtr> convert(const AVFrame& source, Colours from, AVPixelFormat format, Colours to) {
  const av::ScalerPtr scaler(sws_getContext(source.width, source.height, static_cast<AVPixelFormat>(source.format),
                                            source.width, source.height, format,
                                            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr,
                                            nullptr, nullptr));
  if (!scaler) return fail(ErrorKind::invalid, "the picture's format is not convertible");
  const int one = 1 << 16;
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(from.coefficients), from.is_full_range,
                           sws_getCoefficients(to.coefficients), to.is_full_range, 0, one, one);
  av::FramePtr target = av::new_frame();
  target->width = source.width;
  target->height = source.height;
  target->format = format;
  if (av_frame_get_buffer(target.get(), 0) < 0) return fail(ErrorKind::unavailable, "no memory for a picture");
  if (sws_scale(scaler.get(), source.data, source.linesize, 0, source.height, target->data, target->linesize) <= 0)
    return fail(ErrorKind::invalid, "the picture is not convertible");
  return target;
}

Result<std::string> encode_still(AVCodecContext& encoder, const AVFrame& frame) {
  encoder.width = frame.width;
  encoder.height = frame.height;
  encoder.pix_fmt = static_cast<AVPixelFormat>(frame.format);
  encoder.time_base = AVRational{1, 1};
  encoder.thread_count = 1;  // the bytes may depend on it
  encoder.flags |= AV_CODEC_FLAG_BITEXACT;
  int code = avcodec_open2(&encoder, encoder.codec, nullptr);
  if (code >= 0) code = avcodec_send_frame(&encoder, &frame);
  const av::PacketPtr packet = av::new_packet();
  if (code >= 0) code = avcodec_receive_packet(&encoder, packet.get());
  if (code == AVERROR(EAGAIN)) {
    avcodec_send_frame(&encoder, nullptr);
    code = avcodec_receive_packet(&encoder, packet.get());
  }
  if (code < 0) return av::codec_failed(code, "the picture does not encode");
  return std::string(reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size));
}

constexpr std::string_view png_begin("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view png_end("IEND\xae\x42\x60\x82", 8);
constexpr std::string_view jpeg_begin("\xff\xd8\xff", 3);
constexpr std::string_view jpeg_end("\xff\xd9", 2);

// Decoders paint what is there and leave the rest grey: a picture without its end is not a picture.
Result<AVCodecID> recognise(std::string_view bytes) {
  if (bytes.empty()) return fail(ErrorKind::invalid, "the picture is empty");
  const bool is_png = bytes.starts_with(png_begin), is_jpeg = bytes.starts_with(jpeg_begin);
  if (!is_png && !is_jpeg) return fail(ErrorKind::invalid, "neither PNG nor JPEG");
  if (bytes.rfind(is_png ? png_end : jpeg_end) == std::string_view::npos)
    return fail(ErrorKind::invalid, "truncated: the picture's end is missing. bytes=" + std::to_string(bytes.size()));
  return is_png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG;
}

Result<av::FramePtr> decode_still(AVCodecID kind, std::string_view bytes) {
  const av::CodecPtr decoder = av::new_codec(avcodec_find_decoder(kind));
  decoder->thread_count = 1;
  decoder->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK;
  decoder->max_pixels = pixels_max;
  const av::PacketPtr packet = av::new_packet();
  int code = av_new_packet(packet.get(), static_cast<int>(bytes.size()));
  if (code < 0) return av::codec_failed(code, "no memory for a picture");
  std::memcpy(packet->data, bytes.data(), bytes.size());
  av::FramePtr frame = av::new_frame();
  code = avcodec_open2(decoder.get(), decoder->codec, nullptr);
  if (code >= 0) code = avcodec_send_packet(decoder.get(), packet.get());
  if (code >= 0) avcodec_send_packet(decoder.get(), nullptr);
  if (code >= 0) code = avcodec_receive_frame(decoder.get(), frame.get());
  if (code < 0 || frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT))
    return fail(ErrorKind::invalid, "the picture does not decode");
  return frame;
}

RgbImage image_of(const AVFrame& frame) {
  RgbImage image{frame.width, frame.height, {}};
  const auto row_bytes = static_cast<std::size_t>(frame.width) * 3;
  image.rgb.resize(row_bytes * static_cast<std::size_t>(frame.height));
  for (int row = 0; row < frame.height; ++row)
    std::memcpy(image.rgb.data() + static_cast<std::size_t>(row) * row_bytes,
                frame.data[0] + std::ptrdiff_t{row} * frame.linesize[0], row_bytes);
  return image;
}

}  // namespace

RgbImage to_rgb(const Frame& frame) {
  const int width = frame.width, height = frame.height, half_width = width / 2, half_height = height / 2;
  RgbImage image{width, height, {}};
  image.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  std::vector<int> u(static_cast<std::size_t>(width)), v(u.size());
  for (int row = 0; row < height; ++row) {
    const int near = row / 2, far = std::clamp(row % 2 == 0 ? near - 1 : near + 1, 0, half_height - 1);
    const auto chroma = [&](const std::vector<std::uint8_t>& plane, int at) { return plane.data() + std::ptrdiff_t{at} * half_width; };
    widen_chroma(chroma(frame.u, near), chroma(frame.u, far), half_width, u.data());
    widen_chroma(chroma(frame.v, near), chroma(frame.v, far), half_width, v.data());
    convert_row(frame.y.data() + std::ptrdiff_t{row} * width, u.data(), v.data(), width,
                image.rgb.data() + std::ptrdiff_t{row} * width * 3);
  }
  return image;
}

Result<std::string> encode_png(const RgbImage& image) {
  av::silence_log();
  TRY(check_image(image));
  const av::CodecPtr encoder = av::new_codec(avcodec_find_encoder(AV_CODEC_ID_PNG));
  encoder->compression_level = 5;
  return encode_still(*encoder, *frame_of(image));
}

Result<std::string> encode_jpeg(const RgbImage& image, int quality_1_to_100) {
  av::silence_log();
  TRY(check_image(image));
  // JPEG files are full range BT.601, whatever the size.
  const av::FramePtr frame = TRY(convert(*frame_of(image), {}, AV_PIX_FMT_YUVJ444P, {}));
  frame->color_range = AVCOL_RANGE_JPEG;
  const av::CodecPtr encoder = av::new_codec(avcodec_find_encoder(AV_CODEC_ID_MJPEG));
  // The encoder counts the other way: 1 is the best it can, 31 the worst.
  const int quality = std::clamp(quality_1_to_100, 1, 100);
  const int scale = std::clamp(1 + (100 - quality) * 30 / 99, 1, 31);
  encoder->flags |= AV_CODEC_FLAG_QSCALE;
  encoder->global_quality = FF_QP2LAMBDA * scale;
  encoder->color_range = AVCOL_RANGE_JPEG;
  encoder->qmin = 1;
  frame->quality = encoder->global_quality;
  return encode_still(*encoder, *frame);
}

Result<RgbImage> decode_image(std::string_view png_or_jpeg_bytes) {
  av::silence_log();
  const AVCodecID kind = TRY(recognise(png_or_jpeg_bytes));
  const av::FramePtr frame = TRY(decode_still(kind, png_or_jpeg_bytes));
  const av::FramePtr rgb = TRY(convert(*frame, {}, AV_PIX_FMT_RGB24, {}));
  return image_of(*rgb);
}

}  // namespace film::media
