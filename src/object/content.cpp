#include "object/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;
/// From this size on the disk is asked for all the space before the first byte is written.
constexpr std::uint64_t reserve_from_bytes = 1u << 20;

Result<void> write_at(int fd, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorKind::unavailable, "a write stopped: " + describe_errno(errno));
    offset += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// Reads `fd` from its start, piece by piece.
Result<FileDigest> digest_pieces(int fd, const Sink& sink) {
  if (::lseek(fd, 0, SEEK_SET) != 0) return fail(ErrorKind::unavailable, "cannot read: " + describe_errno(errno));
  FileDigest digest;
  Sha256 sha;
  std::vector<char> buffer(piece_bytes);
  while (const std::size_t count = TRY(read_full(fd, buffer))) {
    const std::string_view piece(buffer.data(), count);
    if (sink) TRY(sink(digest.size_bytes, piece));
    sha.update(piece);
    digest.crc32c = crc32c(piece, digest.crc32c);
    digest.size_bytes += count;
  }
  digest.sha256 = sha.finish();
  return digest;
}

}  // namespace

Source from_bytes(std::string_view bytes) {
  Source source;
  source.size_bytes = bytes.size();
  source.bytes = bytes;
  return source;
}

Result<Source> open_source(const std::filesystem::path& path) {
  Source source;
  source.file = File(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!source.file.is_open()) {
    const bool is_absent = errno == ENOENT || errno == ENOTDIR;
    return fail(is_absent ? ErrorKind::invalid : ErrorKind::unavailable,
                "cannot open the file to store: " + describe_errno(errno) + ". file=" + path.string());
  }
  struct stat status {};
  if (::fstat(source.file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorKind::invalid, "only a regular file can be stored. file=" + path.string());
  source.size_bytes = static_cast<std::uint64_t>(status.st_size);
  return source;
}

Result<FileDigest> copy(const Source& source, int fd) {
  if (source.size_bytes >= reserve_from_bytes &&
      ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(source.size_bytes)) != 0 &&
      (errno == ENOSPC || errno == EDQUOT))
    return fail(ErrorKind::unavailable, "cannot write: " + describe_errno(errno));
  if (source.file.is_open())
    return digest_pieces(source.file.get(), [fd](std::uint64_t offset, std::string_view piece) {
      return write_at(fd, offset, piece);
    });
  TRY(write_at(fd, 0, source.bytes));
  return FileDigest{
      .size_bytes = source.bytes.size(), .crc32c = crc32c(source.bytes), .sha256 = sha256_hex(source.bytes)};
}

Result<FileDigest> stream(int fd, const Sink& sink) { return digest_pieces(fd, sink); }

Sink into_bytes(Bytes& bytes) {
  return [&bytes](std::uint64_t offset, std::string_view piece) -> Result<void> {
    bytes.resize(offset);
    bytes += piece;
    return {};
  };
}

Result<NewFile> NewFile::create(const std::filesystem::path& path) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file.is_open()) return NewFile(path, std::move(file));
  const bool is_wrong = errno == EEXIST || errno == ENOENT || errno == ENOTDIR;
  return fail(is_wrong ? ErrorKind::invalid : ErrorKind::unavailable,
              "cannot create the file: " + describe_errno(errno) + ". file=" + path.string());
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}

NewFile::~NewFile() {
  if (file_.is_open()) ::unlink(path_.c_str());
}

Sink NewFile::sink() const {
  return [fd = file_.get()](std::uint64_t offset, std::string_view piece) { return write_at(fd, offset, piece); };
}

Result<void> NewFile::keep(std::uint64_t size_bytes) {
  const bool is_cut = ::ftruncate(file_.get(), static_cast<off_t>(size_bytes)) == 0;
  const int cut_error = is_cut ? 0 : errno;
  const int close_error = file_.reset();
  if (is_cut && close_error == 0) return {};
  ::unlink(path_.c_str());
  return fail(ErrorKind::unavailable, "a write stopped: " + describe_errno(is_cut ? close_error : cut_error) +
                                          ". file=" + path_.string());
}

}  // namespace workprint
