#include "film/media/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "film/media/boxes.h"
#include "workprint/try.h"

namespace film::media {

using namespace workprint;

namespace {

constexpr int buffer_bytes = 64 * 1024;

int threads_or_cores(int threads) {
  if (threads > 0) return std::min(threads, 4);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 4);
}

}  // namespace

struct Input::Source {
  std::filesystem::path path;
  std::stop_token stop;
  Expect expect = Expect::mp4;
  int descriptor = -1;
  std::int64_t size = 0;
  int error = 0;  // a container that meets an unreadable sector may call it the end of the file
  AVIOContext* io = nullptr;

  static int read(void* self, std::uint8_t* buffer, int size);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);
  static int is_stopped(void* self) { return static_cast<Source*>(self)->stop.stop_requested() ? 1 : 0; }
  static int refuse(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EACCES); }
};

int Input::Source::read(void* self, std::uint8_t* buffer, int size) {
  auto& source = *static_cast<Source*>(self);
  if (source.stop.stop_requested()) return AVERROR_EXIT;
  ssize_t got = 0;
  do got = ::read(source.descriptor, buffer, static_cast<std::size_t>(size));
  while (got < 0 && errno == EINTR);
  if (got == 0) return AVERROR_EOF;
  if (got < 0) return source.error = AVERROR(errno);
  return static_cast<int>(got);
}

std::int64_t Input::Source::seek(void* self, std::int64_t offset, int whence) {
  auto& source = *static_cast<Source*>(self);
  if (whence == AVSEEK_SIZE) return source.size;
  const off_t at = ::lseek(source.descriptor, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

void Input::SourceCloser::operator()(Source* source) const {
  if (source->io) {
    av_freep(&source->io->buffer);
    avio_context_free(&source->io);
  }
  if (source->descriptor >= 0) ::close(source->descriptor);
  delete source;
}

Result<Input> Input::open(const std::filesystem::path& file, Expect expect, Probe probe, std::stop_token stop) {
  av::silence_log();
  const ErrorKind bad = expect == Expect::mp4 ? ErrorKind::corrupt : ErrorKind::invalid;
  const std::string name = ". file=" + file.filename().string();
  Input input;
  input.source_.reset(new Source{file, std::move(stop), expect});
  Source& source = *input.source_;

  // Non-blocking, so that a pipe under this name cannot hold us; it means nothing for a regular file.
  source.descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (source.descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(ErrorKind::not_found, "file does not exist" + name);
    return av::read_failed(AVERROR(errno), "file cannot be opened", file, bad);
  }
  struct stat status {};
  if (::fstat(source.descriptor, &status) != 0) return av::read_failed(AVERROR(errno), "file cannot be opened", file, bad);
  if (S_ISDIR(status.st_mode)) return fail(bad, "a folder was given instead of a file" + name);
  if (!S_ISREG(status.st_mode)) return fail(bad, "not a regular file" + name);
  if (status.st_size == 0) return fail(bad, "file is empty" + name);
  source.size = status.st_size;
  if (expect == Expect::mp4) TRY(walk_boxes(source.descriptor, source.size, file));

  source.io = avio_alloc_context(static_cast<unsigned char*>(av_malloc(buffer_bytes)), buffer_bytes, 0, &source,
                                 Source::read, nullptr, Source::seek);
  AVFormatContext* format = avformat_alloc_context();
  check(source.io && format, "there is memory for a file");
  format->pb = source.io;
  format->flags |= AVFMT_FLAG_CUSTOM_IO;
  format->interrupt_callback = {Source::is_stopped, &source};
  format->io_open = Source::refuse;
  const AVInputFormat* container = expect == Expect::mp4 ? av_find_input_format("mov") : nullptr;
  int code = avformat_open_input(&format, "", container, nullptr);  // frees and clears `format` when it fails
  input.format_.reset(format);
  if (code >= 0 && probe == Probe::full) code = avformat_find_stream_info(format, nullptr);
  if (code < 0) return input.failed(code, expect == Expect::mp4 ? "not a readable mp4" : "not a sound file");
  return input;
}

const std::filesystem::path& Input::path() const { return source_->path; }

ErrorKind Input::bad_bytes() const { return source_->expect == Expect::mp4 ? ErrorKind::corrupt : ErrorKind::invalid; }

AVStream* Input::select(AVMediaType type) {
  const int best = av_find_best_stream(format_.get(), type, -1, -1, nullptr, 0);
  for (unsigned i = 0; i < format_->nb_streams; ++i)
    format_->streams[i]->discard = static_cast<int>(i) == best ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  return best < 0 ? nullptr : format_->streams[best];
}

Result<bool> Input::read(AVPacket& packet) {
  for (;;) {
    av_packet_unref(&packet);
    if (source_->stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    const int code = av_read_frame(format_.get(), &packet);
    if (source_->error) return failed(source_->error, "file cannot be read");
    if (code == AVERROR_EOF) return false;
    if (code < 0) return failed(code, "file is damaged");
    if (format_->streams[packet.stream_index]->discard == AVDISCARD_ALL) continue;
    if (source_->expect == Expect::mp4 && (packet.flags & AV_PKT_FLAG_CORRUPT))
      return failed(AVERROR_INVALIDDATA, "file is cut short");
    return true;
  }
}

Result<av::CodecPtr> Input::open_decoder(const AVStream& stream, int threads) const {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (!codec) return failed(AVERROR_DECODER_NOT_FOUND, "codec is unknown");
  av::CodecPtr decoder = av::new_codec(codec);
  int code = avcodec_parameters_to_context(decoder.get(), stream.codecpar);
  decoder->pkt_timebase = stream.time_base;
  decoder->thread_count = threads_or_cores(threads);
  // Damage must be an error here; by default a decoder paints over it.
  if (source_->expect == Expect::mp4) decoder->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_EXPLODE;
  if (code >= 0) code = avcodec_open2(decoder.get(), codec, nullptr);
  if (code < 0) return failed(code, "stream cannot be decoded");
  return decoder;
}

std::unexpected<Error> Input::failed(int code, std::string_view law) const {
  if (source_->stop.stop_requested()) return av::read_failed(AVERROR_EXIT, law, source_->path, bad_bytes());
  if (source_->error) return av::read_failed(source_->error, law, source_->path, bad_bytes());
  // Our disk answered, so an "I/O error" is a playlist's refused reference, and memory that "ran out" is a size field
  // nobody could serve: both are the file's fault, and a retry would meet them again.
  const bool is_the_files_fault = code == AVERROR(EIO) || code == AVERROR(ENOMEM);
  return av::read_failed(is_the_files_fault ? AVERROR_INVALIDDATA : code, law, source_->path, bad_bytes());
}

}  // namespace film::media
