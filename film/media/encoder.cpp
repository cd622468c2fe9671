#include "film/media/encoder.h"

#include <cstring>
#include <string_view>
#include <vector>

#include "film/media/ahead.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

// x264 limits motion vectors by its thread count, so the count is part of the bytes and the same on every machine.
// Two overlap with the drawing of the next frames; what runs in parallel beyond that is scenes.
constexpr int encoder_threads = 2;
constexpr int frames_per_group = 48;
// stitchable: the parameter sets do not depend on the content, so all clips of one picture share them.
constexpr const char* x264_parameters = "stitchable=1:open-gop=0:force-cfr=1:lookahead-threads=1";

void describe(AVCodecContext& codec, const Picture& picture) {
  codec.width = picture.width;
  codec.height = picture.height;
  codec.pix_fmt = AV_PIX_FMT_YUV420P;
  codec.time_base = AVRational{1, picture.fps};
  codec.framerate = AVRational{picture.fps, 1};
  codec.sample_aspect_ratio = AVRational{1, 1};
  codec.gop_size = frames_per_group;
  codec.max_b_frames = 0;  // a clip may be cut behind any packet, and frames decode in the order they are shown
  codec.color_range = AVCOL_RANGE_MPEG;
  codec.colorspace = AVCOL_SPC_BT709;
  codec.color_primaries = AVCOL_PRI_BT709;
  codec.color_trc = AVCOL_TRC_BT709;
  codec.chroma_sample_location = AVCHROMA_LOC_LEFT;
  codec.thread_count = encoder_threads;
  codec.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_CLOSED_GOP;
}

Result<av::CodecPtr> open_encoder(const Picture& picture) {
  const AVCodec* kind = avcodec_find_encoder_by_name("libx264");
  if (!kind) return fail(ErrorKind::unavailable, "this build of libavcodec has no libx264");
  av::CodecPtr codec = av::new_codec(kind);
  describe(*codec, picture);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", "veryfast", 0);
  av_dict_set(&options, "crf", "20", 0);
  av_dict_set(&options, "x264-params", x264_parameters, 0);
  const int code = avcodec_open2(codec.get(), kind, &options);
  av_dict_free(&options);
  if (code < 0) return av::codec_failed(code, "the encoder does not open");
  return codec;
}

std::string_view text_of(const std::uint8_t* bytes, int size) {
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size > 0 ? size : 0)};
}

// The parameter sets of start-code form, one by one: an mp4 holds the same bytes in another wrapping.
std::vector<std::string_view> parameter_sets(std::string_view bytes) {
  static constexpr std::string_view start("\0\0\1", 3);
  std::vector<std::string_view> sets;
  std::size_t begin = bytes.find(start);
  while (begin != std::string_view::npos) {
    begin += start.size();
    const std::size_t next = bytes.find(start, begin);
    std::string_view set = bytes.substr(begin, next == std::string_view::npos ? next : next - begin);
    while (!set.empty() && set.back() == '\0') set.remove_suffix(1);
    sets.push_back(set);
    begin = next;
  }
  return sets;
}

void copy_plane(const std::vector<std::uint8_t>& plane, int width, int height, std::uint8_t* to, int stride) {
  const auto row_bytes = static_cast<std::size_t>(width);
  for (int row = 0; row < height; ++row)
    std::memcpy(to + std::ptrdiff_t{row} * stride, plane.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes);
}

class ClipEncoder {
 public:
  static Result<ClipEncoder> create(const std::filesystem::path& out, const Picture& picture, std::stop_token stop) {
    Output output = TRY(Output::create(out, std::move(stop)));
    av::CodecPtr codec = TRY(open_encoder(picture));
    AVStream& stream = output.add_stream();
    const int code = avcodec_parameters_from_context(stream.codecpar, codec.get());
    check(code >= 0, "an open encoder describes its stream");
    stream.avg_frame_rate = codec->framerate;
    stream.time_base = AVRational{1, ticks_per_second(picture.fps)};
    mark_profile(output);
    TRY(output.begin(ticks_per_second(picture.fps)));
    return ClipEncoder(std::move(output), std::move(codec), stream);
  }

  Result<void> add(const Frame& frame, std::int64_t index) {
    // The encoder may still read the buffer of the frame before.
    int code = frame_->buf[0] ? av_frame_make_writable(frame_.get()) : av_frame_get_buffer(frame_.get(), 0);
    if (code < 0) return av::codec_failed(code, "no memory for a frame");
    copy_plane(frame.y, frame.width, frame.height, frame_->data[0], frame_->linesize[0]);
    copy_plane(frame.u, frame.width / 2, frame.height / 2, frame_->data[1], frame_->linesize[1]);
    copy_plane(frame.v, frame.width / 2, frame.height / 2, frame_->data[2], frame_->linesize[2]);
    frame_->pts = index;
    code = avcodec_send_frame(codec_.get(), frame_.get());
    if (code < 0) return av::codec_failed(code, "a frame does not encode");
    return write_ready();
  }

  Result<void> finish() {
    const int code = avcodec_send_frame(codec_.get(), nullptr);
    if (code < 0) return av::codec_failed(code, "the encoder does not finish");
    TRY(write_ready());
    return output_.finish();
  }

 private:
  ClipEncoder(Output output, av::CodecPtr codec, AVStream& stream)
      : output_(std::move(output)), codec_(std::move(codec)), stream_(&stream), frame_(av::new_frame()),
        packet_(av::new_packet()) {
    frame_->format = codec_->pix_fmt;
    frame_->width = codec_->width;
    frame_->height = codec_->height;
  }

  Result<void> write_ready() {
    while (true) {
      const int code = avcodec_receive_packet(codec_.get(), packet_.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
      if (code < 0) return av::codec_failed(code, "a packet does not encode");
      packet_->duration = 1;
      packet_->stream_index = stream_->index;
      av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
      TRY(output_.write(*packet_));
    }
  }

  Output output_;
  av::CodecPtr codec_;
  AVStream* stream_;
  av::FramePtr frame_;
  av::PacketPtr packet_;
};

}  // namespace

void mark_profile(Output& output) { av_dict_set(&output.format().metadata, "comment", encoder_profile, 0); }

AVStream& add_copied_picture(Output& output, const AVStream& source, const Picture& picture) {
  AVStream& stream = output.add_stream();
  check(avcodec_parameters_copy(stream.codecpar, source.codecpar) >= 0, "there is memory for a stream");
  stream.codecpar->codec_tag = 0;
  stream.codecpar->sample_aspect_ratio = AVRational{1, 1};  // nobody has read it from the packets
  stream.avg_frame_rate = AVRational{picture.fps, 1};
  stream.time_base = AVRational{1, ticks_per_second(picture.fps)};
  mark_profile(output);
  return stream;
}

void place_picture(AVPacket& packet, const AVStream& target, std::int64_t index) {
  const AVRational per_frame = av_inv_q(target.avg_frame_rate);
  packet.stream_index = target.index;
  packet.pos = -1;
  packet.pts = packet.dts = av_rescale_q(index, per_frame, target.time_base);
  packet.duration = av_rescale_q(1, per_frame, target.time_base);
}

Result<bool> has_profile(const Input& clip, const AVStream& stream, const Picture& picture) {
  const AVDictionaryEntry* comment = av_dict_get(clip.format().metadata, "comment", nullptr, 0);
  const AVCodecParameters& parameters = *stream.codecpar;
  if (!comment || std::string_view(comment->value) != encoder_profile) return false;
  if (parameters.codec_id != AV_CODEC_ID_H264 || parameters.video_delay != 0) return false;
  if (parameters.width != picture.width || parameters.height != picture.height) return false;
  if (av_cmp_q(stream.avg_frame_rate, AVRational{picture.fps, 1}) != 0) return false;
  const av::CodecPtr codec = TRY(open_encoder(picture));
  const std::string_view found = text_of(parameters.extradata, parameters.extradata_size);
  for (const std::string_view set : parameter_sets(text_of(codec->extradata, codec->extradata_size)))
    if (found.find(set) == std::string_view::npos) return false;
  return true;
}

Result<void> encode_clip(const std::filesystem::path& out, const Picture& picture, std::int64_t frames,
                         const FrameSource& source, const EncodeOptions&, const Progress& progress,
                         std::stop_token stop) {
  check(frames > 0, "a clip has at least one frame");
  ClipEncoder encoder = TRY(ClipEncoder::create(out, picture, stop));
  Ahead ahead(picture, frames, source);
  for (std::int64_t index = 0; index < frames; ++index) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    const Frame& frame = *TRY(ahead.next());
    check(frame.width == picture.width && frame.height == picture.height, "a frame source keeps the picture's size");
    TRY(encoder.add(frame, index));
    if (progress) progress(index + 1, frames);
  }
  return encoder.finish();
}

}  // namespace film::media
