/// A song's samples, decoded piece by piece. Private to film/media.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "film/media/input.h"

namespace film::media {

/// As the file has them. A packet that does not decode is left out, as players do; a file without a single good one
/// is invalid.
class SongReader {
 public:
  /// Errors: not_found, invalid, unavailable, cancelled: of every method.
  static workprint::Result<SongReader> open(const std::filesystem::path& song, std::stop_token stop);

  /// The next piece, valid until the next call; null at the end.
  workprint::Result<const AVFrame*> next();
  [[nodiscard]] const AVStream& stream() const { return *stream_; }
  [[nodiscard]] const AVFormatContext& format() const { return input_.format(); }

 private:
  explicit SongReader(Input input) : input_(std::move(input)) {}
  workprint::Result<void> feed();
  void drop_padding();

  Input input_;
  AVStream* stream_ = nullptr;
  av::CodecPtr decoder_;
  av::PacketPtr packet_ = av::new_packet();
  av::FramePtr piece_ = av::new_frame();
  bool has_sound_ = false;
};

/// The same at one rate and number of channels, whatever the file does.
class PcmReader {
 public:
  static workprint::Result<PcmReader> open(const std::filesystem::path& song, int sample_rate, int channels,
                                           std::stop_token stop);

  /// Appends the next samples, interleaved; false when there are no more.
  workprint::Result<bool> next(std::vector<float>& samples);

 private:
  explicit PcmReader(SongReader song) : song_(std::move(song)) {}
  workprint::Result<void> set_up(const AVFrame& piece);
  void convert(const AVFrame* piece, std::vector<float>& samples);

  SongReader song_;
  av::ResamplerPtr resampler_;
  int sample_rate_ = 0, channels_ = 0;
  int from_rate_ = 0, from_format_ = -1, from_channels_ = 0;
};

}  // namespace film::media
