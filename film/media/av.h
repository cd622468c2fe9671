/// libav's C objects as C++ values, and its error codes as ours. Private to film/media.
///
/// Thread-safety: one object, one thread; the functions may run anywhere.
/// Process-wide: libav has one log sink. The first use takes it and keeps it silent.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "workprint/result.h"

namespace film::media::av {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* object) const {
    release(&object);
  }
};
struct ScalerReleaser {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

using FramePtr = std::unique_ptr<AVFrame, Releaser<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, Releaser<av_packet_free>>;
using CodecPtr = std::unique_ptr<AVCodecContext, Releaser<avcodec_free_context>>;
using ResamplerPtr = std::unique_ptr<SwrContext, Releaser<swr_free>>;
using ScalerPtr = std::unique_ptr<SwsContext, ScalerReleaser>;

/// Never null: without memory the program stops.
[[nodiscard]] FramePtr new_frame();
[[nodiscard]] PacketPtr new_packet();
[[nodiscard]] CodecPtr new_codec(const AVCodec* codec);

/// Takes libav's log: nothing reaches stderr, the last error of each thread goes into our messages.
void silence_log();

/// The error for a file that was read: cancelled when stopped, unavailable when the disk or the memory failed,
/// else `bad_bytes`: the file is not what it should be.
[[nodiscard]] std::unexpected<workprint::Error> read_failed(int code, std::string_view law,
                                                            const std::filesystem::path& file,
                                                            workprint::ErrorKind bad_bytes);
/// The error for a file that was written: cancelled when stopped, else unavailable.
[[nodiscard]] std::unexpected<workprint::Error> write_failed(int code, const std::filesystem::path& file);
/// The error of an encoder: unavailable, whatever it was, since its input is ours.
[[nodiscard]] std::unexpected<workprint::Error> codec_failed(int code, std::string_view what);

}  // namespace film::media::av
