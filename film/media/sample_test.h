/// What the tests of film/media share: a private folder, frames that say their number, a tone.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "film/media/video.h"

namespace film::media::test {

inline constexpr Picture tiny{320, 180, 24};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "film_media_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string read(const std::filesystem::path& file) {
  std::ifstream bytes(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(bytes), std::istreambuf_iterator<char>()};
}

inline void write(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// Neighbouring numbers are 11 levels apart, so that a frame is never taken for the one beside it.
inline int level_of(std::int64_t number) { return 30 + static_cast<int>(number * 11 % 187); }

inline void paint(Frame& frame, std::int64_t number) {
  std::fill(frame.y.begin(), frame.y.end(), static_cast<std::uint8_t>(level_of(number)));
  std::fill(frame.u.begin(), frame.u.end(), std::uint8_t{128});
  std::fill(frame.v.begin(), frame.v.end(), std::uint8_t{128});
}

inline double mean_level(const Frame& frame) {
  double sum = 0;
  for (const std::uint8_t value : frame.y) sum += value;
  return sum / static_cast<double>(frame.y.size());
}

/// A clip whose frames carry the numbers `first`, `first` + 1, ...
inline void encode_numbers(const std::filesystem::path& out, std::int64_t first, std::int64_t frames,
                           const Picture& picture = tiny, int threads = 1) {
  const FrameSource source = [&](std::int64_t index, Frame& frame) {
    paint(frame, first + index);
    return workprint::Result<void>();
  };
  const auto made = encode_clip(out, picture, frames, source, {threads}, nullptr, {});
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
}

/// The mean levels of the first `frames` frames.
inline std::vector<double> levels(const std::filesystem::path& file, std::int64_t frames) {
  std::vector<std::int64_t> indices;
  for (std::int64_t index = 0; index < frames; ++index) indices.push_back(index);
  const auto read = read_frames(file, indices, 0, 0, {});
  REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  std::vector<double> means;
  for (const Frame& frame : *read) means.push_back(mean_level(frame));
  return means;
}

inline VideoInfo verified(const std::filesystem::path& file) {
  const auto info = verify_video(file, {});
  REQUIRE_MESSAGE(info, (info ? "" : info.error().message));
  return *info;
}

inline void append_little_endian(std::string& bytes, std::uint32_t value, int count) {
  for (int index = 0; index < count; ++index) bytes.push_back(static_cast<char>(value >> (8 * index) & 0xFF));
}

/// A 16 bit mono WAV of a 440 Hz tone.
inline std::string tone_wav(int milliseconds, int sample_rate = 44100) {
  const auto samples = static_cast<std::uint32_t>(static_cast<std::int64_t>(milliseconds) * sample_rate / 1000);
  std::string bytes = "RIFF";
  append_little_endian(bytes, 36 + samples * 2, 4);
  bytes += "WAVEfmt ";
  append_little_endian(bytes, 16, 4);
  append_little_endian(bytes, 1, 2);
  append_little_endian(bytes, 1, 2);
  append_little_endian(bytes, static_cast<std::uint32_t>(sample_rate), 4);
  append_little_endian(bytes, static_cast<std::uint32_t>(sample_rate) * 2, 4);
  append_little_endian(bytes, 2, 2);
  append_little_endian(bytes, 16, 2);
  bytes += "data";
  append_little_endian(bytes, samples * 2, 4);
  for (std::uint32_t index = 0; index < samples; ++index) {
    const double value = 12000 * std::sin(2 * 3.14159265358979 * 440 * index / sample_rate);
    append_little_endian(bytes, static_cast<std::uint32_t>(static_cast<std::int32_t>(value)), 2);
  }
  return bytes;
}

}  // namespace film::media::test
