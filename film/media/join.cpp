// The film: the segments' packets one after another, the song beside them.
#include <algorithm>
#include <string_view>

#include "film/media/encoder.h"
#include "film/media/song.h"
#include "film/media/video.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

constexpr int song_rate = 48'000;
constexpr int song_channels = 2;
constexpr std::int64_t song_bits_per_second = 192'000;

struct Part {
  std::filesystem::path file;
  std::int64_t frames = 0;
};

// Two tracks with the same bytes here continue each other.
std::string_view parameter_sets(const AVStream& stream) {
  const AVCodecParameters& codec = *stream.codecpar;
  return {reinterpret_cast<const char*>(codec.extradata), static_cast<std::size_t>(std::max(codec.extradata_size, 0))};
}

bool continues(const AVStream& stream, std::string_view first_sets, const Picture& picture) {
  return stream.codecpar->codec_id == AV_CODEC_ID_H264 && parameter_sets(stream) == first_sets &&
         av_cmp_q(stream.avg_frame_rate, AVRational{picture.fps, 1}) == 0;
}

Result<std::vector<Part>> count_frames(std::span<const std::filesystem::path> segments, const Picture& picture, std::stop_token stop) {
  std::vector<Part> parts;
  std::string sets;
  for (const std::filesystem::path& file : segments) {
    Input input = TRY(Input::open(file, Expect::mp4, Probe::header, stop));
    const AVStream* stream = input.select(AVMEDIA_TYPE_VIDEO);
    if (!stream || stream->nb_frames <= 0)
      return fail(ErrorKind::corrupt, "segment has no picture. file=" + file.filename().string());
    // The first is held against the encoder, which has to be opened for that; the others against the first.
    const bool is_ours = parts.empty() ? TRY(has_profile(input, *stream, picture)) : continues(*stream, sets, picture);
    if (!is_ours) return fail(ErrorKind::corrupt, "segment is not of this film's profile. file=" + file.filename().string());
    if (parts.empty()) sets = parameter_sets(*stream);
    parts.push_back({file, stream->nb_frames});
  }
  return parts;
}

// The song as AAC packets of exactly `samples` samples: cut at the end of the picture, or filled up with silence.
class SongTrack {
 public:
  static Result<SongTrack> create(Output& output, const std::filesystem::path& song, std::int64_t samples, std::stop_token stop) {
    SongTrack track(TRY(PcmReader::open(song, song_rate, song_channels, stop)), samples);
    const AVCodec* kind = avcodec_find_encoder(AV_CODEC_ID_AAC);
    if (kind == nullptr) return fail(ErrorKind::unavailable, "this build of libavcodec has no AAC encoder");
    track.codec_ = av::new_codec(kind);
    AVCodecContext& codec = *track.codec_;
    codec.sample_rate = song_rate;
    codec.sample_fmt = AV_SAMPLE_FMT_FLTP;
    av_channel_layout_default(&codec.ch_layout, song_channels);
    codec.bit_rate = song_bits_per_second;
    codec.time_base = AVRational{1, song_rate};
    codec.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    const int code = avcodec_open2(&codec, kind, nullptr);
    if (code < 0) return av::codec_failed(code, "the sound encoder does not open");
    track.stream_ = &output.add_stream();
    check(avcodec_parameters_from_context(track.stream_->codecpar, &codec) >= 0, "an open encoder describes its stream");
    track.stream_->time_base = AVRational{1, song_rate};
    return track;
  }

  /// Writes the sound up to `seconds` of film time.
  Result<void> write_until(double seconds, Output& output) {
    while (!flushed_ && static_cast<double>(sent_) < seconds * song_rate + codec_->frame_size) TRY(send_one(output));
    return {};
  }

  Result<void> finish(Output& output) {
    while (!flushed_) TRY(send_one(output));
    return {};
  }

 private:
  SongTrack(PcmReader song, std::int64_t samples) : song_(std::move(song)), total_(samples) {}

  Result<void> send_one(Output& output) {
    const std::int64_t count = std::min<std::int64_t>(codec_->frame_size, total_ - sent_);
    if (count <= 0) {
      flushed_ = true;
      const int code = avcodec_send_frame(codec_.get(), nullptr);
      if (code < 0) return av::codec_failed(code, "the sound does not finish");
      return write_ready(output);
    }
    TRY(fill(static_cast<std::size_t>(count) * song_channels));
    const av::FramePtr frame = av::new_frame();
    frame->format = codec_->sample_fmt;
    frame->nb_samples = static_cast<int>(count);
    frame->sample_rate = song_rate;
    check(av_channel_layout_copy(&frame->ch_layout, &codec_->ch_layout) >= 0, "there is memory for a layout");
    const int made = av_frame_get_buffer(frame.get(), 0);
    if (made < 0) return av::codec_failed(made, "no memory for sound");
    for (int channel = 0; channel < song_channels; ++channel) {
      auto* to = reinterpret_cast<float*>(frame->data[channel]);
      for (std::int64_t i = 0; i < count; ++i) to[i] = waiting_[static_cast<std::size_t>(i) * song_channels + static_cast<std::size_t>(channel)];
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count) * song_channels);
    frame->pts = sent_;
    sent_ += count;
    const int code = avcodec_send_frame(codec_.get(), frame.get());
    if (code < 0) return av::codec_failed(code, "sound does not encode");
    return write_ready(output);
  }

  Result<void> fill(std::size_t wanted) {
    while (waiting_.size() < wanted && !song_ended_) {
      const bool more = TRY(song_.next(waiting_));
      song_ended_ = !more;
    }
    if (waiting_.size() < wanted) waiting_.resize(wanted, 0.0f);
    return {};
  }

  Result<void> write_ready(Output& output) {
    const av::PacketPtr packet = av::new_packet();
    while (true) {
      const int code = avcodec_receive_packet(codec_.get(), packet.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
      if (code < 0) return av::codec_failed(code, "sound does not encode");
      packet->stream_index = stream_->index;
      av_packet_rescale_ts(packet.get(), codec_->time_base, stream_->time_base);
      TRY(output.write(*packet));
    }
  }

  PcmReader song_;
  std::int64_t total_ = 0, sent_ = 0;
  av::CodecPtr codec_;
  AVStream* stream_ = nullptr;
  std::vector<float> waiting_;
  bool song_ended_ = false, flushed_ = false;
};

Result<AVStream*> describe_picture(Output& output, const Part& first, const Picture& picture, std::stop_token stop) {
  Input input = TRY(Input::open(first.file, Expect::mp4, Probe::header, stop));
  const AVStream* from = input.select(AVMEDIA_TYPE_VIDEO);
  check(from != nullptr, "a counted segment has a picture");
  return &add_copied_picture(output, *from, picture);
}

}  // namespace

Result<void> join_segments(const std::filesystem::path& out, std::span<const std::filesystem::path> segments,
                           const std::optional<std::filesystem::path>& song, const Picture& picture,
                           const Progress& progress, std::stop_token stop) {
  check(!segments.empty(), "a film has at least one segment");
  const std::vector<Part> parts = TRY(count_frames(segments, picture, stop));
  std::int64_t total = 0;
  for (const Part& part : parts) total += part.frames;
  Output output = TRY(Output::create(out, stop));
  const AVStream& stream = *TRY(describe_picture(output, parts.front(), picture, stop));
  std::optional<SongTrack> track;
  if (song) track.emplace(TRY(SongTrack::create(output, *song, (total * song_rate + picture.fps / 2) / picture.fps, stop)));
  TRY(output.begin(ticks_per_second(picture.fps)));
  const av::PacketPtr packet = av::new_packet();
  std::int64_t index = 0;
  for (const Part& part : parts) {
    Input input = TRY(Input::open(part.file, Expect::mp4, Probe::header, stop));
    check(input.select(AVMEDIA_TYPE_VIDEO) != nullptr, "a counted segment has a picture");
    for (std::int64_t frame = 0; frame < part.frames; ++frame, ++index) {
      const bool there = TRY(input.read(*packet));
      if (!there) return fail(ErrorKind::corrupt, "segment has fewer packets than it says. file=" + part.file.filename().string());
      if (track) TRY(track->write_until(static_cast<double>(index) / picture.fps, output));
      place_picture(*packet, stream, index);
      TRY(output.write(*packet));
    }
    if (progress) progress(index, total);
  }
  if (track) TRY(track->finish(output));
  return output.finish();
}

}  // namespace film::media
