#include "film/media/av.h"

#include <cerrno>
#include <cstdarg>
#include <mutex>

namespace film::media::av {
namespace {

using namespace workprint;

// Only what libav logs on the calling thread ends here: a decoder's own threads keep theirs.
thread_local std::string last_log;

void keep_last_error(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char line[256];
  int print_prefix = 0;
  av_log_format_line2(object, level, format, arguments, line, sizeof line, &print_prefix);
  last_log = line;
  while (!last_log.empty() && (last_log.back() == '\n' || last_log.back() == '.')) last_log.pop_back();
}

std::string words(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

std::string cause(int code) {
  std::string text = " cause=" + words(code);
  if (!last_log.empty()) text += ", " + std::exchange(last_log, {});
  for (char& letter : text)
    if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
  return text;
}

bool is_the_machines_fault(int code) {
  return code == AVERROR(EIO) || code == AVERROR(ENOMEM) || code == AVERROR(EMFILE) || code == AVERROR(ENFILE) ||
         code == AVERROR(ESTALE) || code == AVERROR(ETIMEDOUT);
}

}  // namespace

FramePtr new_frame() {
  FramePtr frame(av_frame_alloc());
  check(frame != nullptr, "there is memory for a frame");
  return frame;
}

PacketPtr new_packet() {
  PacketPtr packet(av_packet_alloc());
  check(packet != nullptr, "there is memory for a packet");
  return packet;
}

CodecPtr new_codec(const AVCodec* codec) {
  CodecPtr context(avcodec_alloc_context3(codec));
  check(context != nullptr, "there is memory for a codec");
  return context;
}

void silence_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(keep_last_error); });
}

std::unexpected<Error> read_failed(int code, std::string_view law, const std::filesystem::path& file,
                                   ErrorKind bad_bytes) {
  if (code == AVERROR_EXIT) return fail(ErrorKind::cancelled, "stopped");
  const std::string end = ". file=" + file.filename().string() + cause(code);
  if (is_the_machines_fault(code)) return fail(ErrorKind::unavailable, "reading did not work" + end);
  return fail(bad_bytes, std::string(law) + end);
}

std::unexpected<Error> write_failed(int code, const std::filesystem::path& file) {
  if (code == AVERROR_EXIT) return fail(ErrorKind::cancelled, "stopped");
  return fail(ErrorKind::unavailable, "file could not be written. file=" + file.filename().string() + cause(code));
}

std::unexpected<Error> codec_failed(int code, std::string_view what) {
  return fail(ErrorKind::unavailable, std::string(what) + "." + cause(code));
}

}  // namespace film::media::av
