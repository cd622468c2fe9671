/// One media file opened for reading: its bytes, its container, a decoder. Private to film/media.
///
/// Only the file named is ever read: playlists and references to other files or addresses are refused.
/// The container is found by content; the file's name says nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>

#include "film/media/av.h"
#include "workprint/result.h"

namespace film::media {

enum class Expect {
  mp4,    ///< errors of kind corrupt; all top-level boxes must end inside the file
  sound,  ///< errors of kind invalid; any container
};
enum class Probe {
  header,  ///< what the container says, nothing decoded
  full,    ///< also what the first packets say
};

class Input {
 public:
  /// Errors: not_found; invalid or corrupt (by `expect`); unavailable; cancelled.
  static workprint::Result<Input> open(const std::filesystem::path& file, Expect expect, Probe probe,
                                       std::stop_token stop);

  [[nodiscard]] AVFormatContext& format() const { return *format_; }
  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] workprint::ErrorKind bad_bytes() const;

  /// The best stream of this type, all others switched off; null when there is none.
  [[nodiscard]] AVStream* select(AVMediaType type);
  /// False at the end of the file. A packet cut short or unreadable is an error.
  workprint::Result<bool> read(AVPacket& packet);
  /// `threads` of 0: as many as there are cores, at most 4.
  workprint::Result<av::CodecPtr> open_decoder(const AVStream& stream, int threads) const;
  [[nodiscard]] std::unexpected<workprint::Error> failed(int code, std::string_view law) const;

 private:
  struct Source;
  struct SourceCloser {
    void operator()(Source* source) const;
  };
  struct Closer {
    void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  };

  std::unique_ptr<Source, SourceCloser> source_;  // outlives format_, which reads from it
  std::unique_ptr<AVFormatContext, Closer> format_;
};

}  // namespace film::media
