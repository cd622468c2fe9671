#include "film/media/output.h"

#include <string>

#include "workprint/try.h"

namespace film::media {

using namespace workprint;

namespace {

int is_stopped(void* stop) { return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0; }

}  // namespace

void Output::Closer::operator()(AVFormatContext* format) const {
  if (format->pb) avio_closep(&format->pb);
  avformat_free_context(format);
}

Result<Output> Output::create(const std::filesystem::path& file, std::stop_token stop) {
  av::silence_log();
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return fail(ErrorKind::invalid, "the output file exists already. file=" + file.filename().string());
  Output output;
  output.stop_ = std::make_unique<std::stop_token>(std::move(stop));
  // "file:" keeps a name such as "http:x" a plain file name.
  const std::string url = "file:" + file.string();
  AVFormatContext* format = nullptr;
  int code = avformat_alloc_output_context2(&format, nullptr, "mp4", url.c_str());
  if (code < 0) return av::write_failed(code, file);
  output.format_.reset(format);
  format->interrupt_callback = {is_stopped, output.stop_.get()};
  format->flags |= AVFMT_FLAG_BITEXACT;  // no encoder name, no time of writing
  code = avio_open2(&format->pb, format->url, AVIO_FLAG_WRITE, &format->interrupt_callback, nullptr);
  if (code < 0) return av::write_failed(code, file);
  output.file_ = file;
  return output;
}

Output::~Output() {
  if (!format_) return;  // moved from
  format_.reset();
  std::error_code ignored;
  if (!file_.empty() && !is_finished_) std::filesystem::remove(file_, ignored);
}

AVStream& Output::add_stream() {
  AVStream* stream = avformat_new_stream(format_.get(), nullptr);
  check(stream != nullptr, "there is memory for a stream");
  return *stream;
}

Result<void> Output::begin(int ticks) {
  const std::string scale = std::to_string(ticks);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+faststart", 0);
  av_dict_set(&options, "video_track_timescale", scale.c_str(), 0);
  // Edit lists count in this scale: in milliseconds, the default, the end of the last frame would be rounded.
  av_dict_set(&options, "movie_timescale", scale.c_str(), 0);
  const int code = avformat_write_header(format_.get(), &options);
  av_dict_free(&options);
  if (code < 0) return av::write_failed(code, file_);
  return {};
}

Result<void> Output::write(AVPacket& packet) {
  if (stop_->stop_requested()) return av::write_failed(AVERROR_EXIT, file_);
  int code = av_interleaved_write_frame(format_.get(), &packet);
  if (code >= 0) code = format_->pb->error;
  if (code < 0) return av::write_failed(code, file_);
  return {};
}

Result<void> Output::finish() {
  int code = av_write_trailer(format_.get());
  avio_flush(format_->pb);
  if (code >= 0) code = format_->pb->error;
  const int closed = avio_closep(&format_->pb);
  if (code >= 0) code = closed;
  if (code < 0) return av::write_failed(code, file_);
  is_finished_ = true;
  return {};
}

}  // namespace film::media
