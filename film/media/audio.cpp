#include "film/media/audio.h"

#include <array>
#include <cmath>
#include <string_view>

#include "film/media/song.h"
#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

constexpr double length_min_s = 1;
constexpr double length_max_s = 60 * 60;

struct Container {
  std::string_view name;  // a word of libavformat's list of names
  std::string_view content_type, extension;
};
constexpr std::array containers = {
    Container{"ogg", "audio/ogg", "ogg"},        Container{"mp3", "audio/mpeg", "mp3"},
    Container{"wav", "audio/wav", "wav"},        Container{"flac", "audio/flac", "flac"},
    Container{"mov", "audio/mp4", "m4a"},        Container{"aac", "audio/aac", "aac"},
    Container{"aiff", "audio/aiff", "aiff"},     Container{"matroska", "audio/webm", "webm"},
    Container{"ac3", "audio/ac3", "ac3"},        Container{"caf", "audio/x-caf", "caf"},
};
constexpr Container other_container{"", "application/octet-stream", "audio"};

Container container_of(std::string_view names) {
  const std::string_view first = names.substr(0, names.find(','));
  for (const Container& container : containers)
    if (container.name == first) return container;
  return other_container;
}

std::string seconds(double value) { return std::to_string(std::llround(value * 1000)) + " ms"; }

Result<void> check_not_longer(double length_s) {
  if (length_s <= length_max_s) return {};
  return fail(ErrorKind::invalid, "song is longer than 60 minutes");
}

Result<void> check_not_shorter(double length_s) {
  if (length_s >= length_min_s) return {};
  return fail(ErrorKind::invalid, "song is shorter than a second. length=" + seconds(length_s));
}

}  // namespace

Result<SongInfo> measure_song(const std::filesystem::path& song, std::stop_token stop) {
  SongReader reader = TRY(SongReader::open(song, std::move(stop)));
  const Container container = container_of(reader.format().iformat->name);
  SongInfo info{.content_type = std::string(container.content_type), .extension = std::string(container.extension)};
  double length_s = 0;
  while (const AVFrame* piece = TRY(reader.next())) {
    if (info.sample_rate == 0) {
      info.sample_rate = piece->sample_rate;
      info.channels = piece->ch_layout.nb_channels;
    }
    length_s += static_cast<double>(piece->nb_samples) / piece->sample_rate;
    TRY(check_not_longer(length_s));
  }
  TRY(check_not_shorter(length_s));
  info.duration_ms = std::llround(length_s * 1000);
  return info;
}

Result<Pcm> decode_song(const std::filesystem::path& song, int sample_rate, std::stop_token stop) {
  if (sample_rate < 1000 || sample_rate > 768'000)
    return fail(ErrorKind::invalid, "sample rate is out of range. sample_rate=" + std::to_string(sample_rate));
  PcmReader reader = TRY(PcmReader::open(song, sample_rate, 1, std::move(stop)));
  Pcm pcm{.sample_rate = sample_rate, .mono = {}};
  const auto length = [&] { return static_cast<double>(pcm.mono.size()) / sample_rate; };
  while (TRY(reader.next(pcm.mono))) TRY(check_not_longer(length()));
  TRY(check_not_shorter(length()));
  return pcm;
}

}  // namespace film::media
