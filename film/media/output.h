/// An mp4 that is being written: faststart, bit-exact, removed again unless it was finished. Private to film/media.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>

#include "film/media/av.h"
#include "workprint/result.h"

namespace film::media {

class Output {
 public:
  /// Errors: invalid (the file exists); unavailable.
  static workprint::Result<Output> create(const std::filesystem::path& file, std::stop_token stop);
  Output(Output&&) = default;
  Output& operator=(Output&&) = delete;
  ~Output();

  [[nodiscard]] AVFormatContext& format() const { return *format_; }
  [[nodiscard]] AVStream& add_stream();
  /// Writes the header. `ticks`: parts of a second in which the film and its picture track are counted.
  workprint::Result<void> begin(int ticks);
  /// Takes the packet's content; its stream index and times are those of the output already.
  workprint::Result<void> write(AVPacket& packet);
  /// The file is complete and closed.
  workprint::Result<void> finish();

 private:
  struct Closer {
    void operator()(AVFormatContext* format) const;
  };

  Output() = default;

  std::unique_ptr<std::stop_token> stop_;  // libav keeps its address
  std::filesystem::path file_;
  std::unique_ptr<AVFormatContext, Closer> format_;
  bool is_finished_ = false;
};

}  // namespace film::media
