#include "film/media/song.h"

#include <algorithm>
#include <array>
#include <string_view>

extern "C" {
#include <libavutil/opt.h>
}

#include "workprint/try.h"

namespace film::media {

using namespace workprint;

Result<SongReader> SongReader::open(const std::filesystem::path& song, std::stop_token stop) {
  SongReader reader(TRY(Input::open(song, Expect::sound, Probe::full, std::move(stop))));
  reader.stream_ = reader.input_.select(AVMEDIA_TYPE_AUDIO);
  if (!reader.stream_) return fail(ErrorKind::invalid, "file has no sound. file=" + song.filename().string());
  reader.decoder_ = TRY(reader.input_.open_decoder(*reader.stream_, 1));
  return reader;
}

Result<void> SongReader::feed() {
  const auto more = input_.read(*packet_);
  // A file cut off in mid-air still has the sound before the cut.
  const bool is_cut_short = !more && more.error().kind == ErrorKind::invalid && has_sound_;
  if (!more && !is_cut_short) return std::unexpected(more.error());
  const int code = avcodec_send_packet(decoder_.get(), !is_cut_short && *more ? packet_.get() : nullptr);
  if (code == AVERROR(ENOMEM)) return input_.failed(code, "sound does not decode");
  return {};
}

// The last packet of an mp4's sound may announce less than it decodes to: the rest only fills the codec's block.
// Elsewhere times are too coarse to say so.
void SongReader::drop_padding() {
  const AVRational tick = stream_->time_base;
  const bool is_counted_in_samples = tick.num == 1 && tick.den == piece_->sample_rate;
  if (std::string_view(input_.format().iformat->name).starts_with("mov") && is_counted_in_samples && piece_->pkt_duration > 0)
    piece_->nb_samples = static_cast<int>(std::min<std::int64_t>(piece_->nb_samples, piece_->pkt_duration));
}

Result<const AVFrame*> SongReader::next() {
  for (;;) {
    const int code = avcodec_receive_frame(decoder_.get(), piece_.get());
    if (code == AVERROR_EOF) {
      if (!has_sound_) return input_.failed(AVERROR_INVALIDDATA, "no sound can be decoded");
      return nullptr;
    }
    if (code == AVERROR(ENOMEM)) return input_.failed(code, "sound does not decode");
    if (code < 0) {
      TRY(feed());
      continue;
    }
    if (piece_->nb_samples <= 0 || piece_->sample_rate <= 0 || piece_->ch_layout.nb_channels <= 0) continue;
    has_sound_ = true;
    drop_padding();
    return piece_.get();
  }
}

Result<PcmReader> PcmReader::open(const std::filesystem::path& song, int sample_rate, int channels, std::stop_token stop) {
  PcmReader reader(TRY(SongReader::open(song, std::move(stop))));
  reader.sample_rate_ = sample_rate;
  reader.channels_ = channels;
  return reader;
}

Result<void> PcmReader::set_up(const AVFrame& piece) {
  AVChannelLayout from{}, to{};
  // A layout without speaker names, or a strange one, is read as the usual one of as many channels.
  if (piece.ch_layout.order == AV_CHANNEL_ORDER_NATIVE)
    av_channel_layout_copy(&from, &piece.ch_layout);
  else
    av_channel_layout_default(&from, piece.ch_layout.nb_channels);
  av_channel_layout_default(&to, channels_);
  SwrContext* made = nullptr;
  int code = swr_alloc_set_opts2(&made, &to, AV_SAMPLE_FMT_FLT, sample_rate_, &from,
                                 static_cast<AVSampleFormat>(piece.format), piece.sample_rate, 0, nullptr);
  resampler_.reset(made);
  // Without a limit, floats mixed down from many channels leave full scale and are clipped below.
  if (code >= 0) code = av_opt_set_double(made, "rematrix_maxval", 1.0, 0);
  // By default one speaker is spread over two at -3 dB; a mono song plays as loud as it was made.
  const std::vector<double> same_everywhere(static_cast<std::size_t>(channels_), 1.0);
  if (code >= 0 && piece.ch_layout.nb_channels == 1) code = swr_set_matrix(made, same_everywhere.data(), 1);
  if (code >= 0) code = swr_init(made);
  av_channel_layout_uninit(&from);
  if (code < 0) return fail(ErrorKind::invalid, "sound has a form that cannot be converted. channels=" +
                                                    std::to_string(piece.ch_layout.nb_channels) +
                                                    " sample_rate=" + std::to_string(piece.sample_rate));
  from_rate_ = piece.sample_rate;
  from_format_ = piece.format;
  from_channels_ = piece.ch_layout.nb_channels;
  return {};
}

void PcmReader::convert(const AVFrame* piece, std::vector<float>& samples) {
  const int room = swr_get_out_samples(resampler_.get(), piece ? piece->nb_samples : 0);
  if (room <= 0) return;
  const std::size_t before = samples.size(), width = static_cast<std::size_t>(channels_);
  samples.resize(before + static_cast<std::size_t>(room) * width);
  auto* out = reinterpret_cast<std::uint8_t*>(samples.data() + before);
  const auto** in = piece ? const_cast<const std::uint8_t**>(piece->extended_data) : nullptr;
  const int made = swr_convert(resampler_.get(), &out, room, in, piece ? piece->nb_samples : 0);
  samples.resize(before + static_cast<std::size_t>(std::max(made, 0)) * width);
  // Lossy formats and resampling overshoot full scale, and floats in a file may be anything.
  for (std::size_t i = before; i < samples.size(); ++i)
    samples[i] = samples[i] >= -1.0F ? std::min(samples[i], 1.0F) : samples[i] < -1.0F ? -1.0F : 0.0F;
}

Result<bool> PcmReader::next(std::vector<float>& samples) {
  const AVFrame* piece = TRY(song_.next());
  if (!piece) {
    if (!resampler_) return false;
    convert(nullptr, samples);
    resampler_.reset();
    return true;
  }
  const bool is_same = resampler_ && piece->sample_rate == from_rate_ && piece->format == from_format_ &&
                       piece->ch_layout.nb_channels == from_channels_;
  if (!is_same) {
    if (resampler_) convert(nullptr, samples);
    TRY(set_up(*piece));
  }
  convert(piece, samples);
  return true;
}

}  // namespace film::media
