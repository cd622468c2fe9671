#include <algorithm>
#include <optional>

#include "film/media/input.h"
#include "film/media/video.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

// What has come out of the decoders so far.
struct Count {
  std::int64_t packets = 0;
  std::int64_t frames = 0;
  std::int64_t first = AV_NOPTS_VALUE, end = 0;  // of the picture, in its stream's time base
  std::int64_t samples = 0;
};

void count_picture(const AVFrame& frame, Count& count) {
  ++count.frames;
  const std::int64_t begin = frame.best_effort_timestamp;
  if (begin == AV_NOPTS_VALUE) return;
  if (count.first == AV_NOPTS_VALUE) count.first = begin;
  count.end = std::max(count.end, begin + frame.pkt_duration);
}

// The last packet of a sound track may announce less than it decodes to: the rest is padding that nobody hears.
void count_sound(const AVFrame& frame, AVRational time_base, Count& count) {
  std::int64_t heard = frame.nb_samples;
  if (frame.pkt_duration > 0 && frame.sample_rate > 0)
    heard = std::min(heard, av_rescale_q(frame.pkt_duration, time_base, AVRational{1, frame.sample_rate}));
  count.samples += heard;
}

class Verification {
 public:
  static Result<Verification> open(const std::filesystem::path& file, std::stop_token stop) {
    Verification verification(TRY(Input::open(file, Expect::mp4, Probe::full, std::move(stop))));
    Input& input = verification.input_;
    AVStream* sound = input.select(AVMEDIA_TYPE_AUDIO);
    AVStream* picture = input.select(AVMEDIA_TYPE_VIDEO);
    if (!picture) return fail(ErrorKind::corrupt, "no video stream. file=" + file.filename().string());
    verification.picture_ = picture;
    verification.pictures_ = TRY(input.open_decoder(*picture, 0));
    if (!sound) return verification;
    sound->discard = AVDISCARD_DEFAULT;  // choosing the picture has switched it off
    verification.sound_ = sound;
    verification.sounds_ = TRY(input.open_decoder(*sound, 1));
    return verification;
  }

  Result<void> decode_all() {
    const av::PacketPtr packet = av::new_packet();
    while (TRY(input_.read(*packet))) TRY(take(*packet));
    TRY(feed(*pictures_, nullptr, *picture_));
    if (sound_) TRY(feed(*sounds_, nullptr, *sound_));
    const int announced = avformat_index_get_entries_count(picture_);
    if (count_.packets < announced)
      return fail(ErrorKind::corrupt, "truncated: pictures are missing. announced=" + std::to_string(announced) +
                                          " read=" + std::to_string(count_.packets));
    if (count_.frames == 0) return fail(ErrorKind::corrupt, "the video stream has no picture");
    return {};
  }

  [[nodiscard]] VideoInfo info() const {
    VideoInfo info;
    info.width = pictures_->width;
    info.height = pictures_->height;
    const AVRational rate = picture_->avg_frame_rate.num > 0 ? picture_->avg_frame_rate : picture_->r_frame_rate;
    info.fps_numerator = rate.num;
    info.fps_denominator = std::max(rate.den, 1);
    info.frames = count_.frames;
    const std::int64_t first = count_.first == AV_NOPTS_VALUE ? 0 : count_.first;
    info.duration_ms = av_rescale_q(count_.end - first, picture_->time_base, AVRational{1, 1000});
    info.has_audio = count_.samples > 0 && sounds_->sample_rate > 0;
    if (info.has_audio) info.audio_duration_ms = av_rescale(count_.samples, 1000, sounds_->sample_rate);
    return info;
  }

 private:
  explicit Verification(Input input) : input_(std::move(input)) {}

  Result<void> take(const AVPacket& packet) {
    if (packet.stream_index != picture_->index) return feed(*sounds_, &packet, *sound_);
    ++count_.packets;
    return feed(*pictures_, &packet, *picture_);
  }

  Result<void> feed(AVCodecContext& decoder, const AVPacket* packet, const AVStream& stream) {
    int code = avcodec_send_packet(&decoder, packet);
    if (code < 0) return input_.failed(code, "a packet does not decode");
    while (true) {
      code = avcodec_receive_frame(&decoder, frame_.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
      if (code < 0) return input_.failed(code, "a frame does not decode");
      if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT))
        return input_.failed(AVERROR_INVALIDDATA, "a frame is damaged");
      if (&stream == picture_)
        count_picture(*frame_, count_);
      else
        count_sound(*frame_, stream.time_base, count_);
    }
  }

  Input input_;
  AVStream* picture_ = nullptr;
  AVStream* sound_ = nullptr;
  av::CodecPtr pictures_, sounds_;
  av::FramePtr frame_ = av::new_frame();
  Count count_;
};

}  // namespace

Result<VideoInfo> verify_video(const std::filesystem::path& file, std::stop_token stop) {
  Verification verification = TRY(Verification::open(file, std::move(stop)));
  TRY(verification.decode_all());
  return verification.info();
}

}  // namespace film::media
