#include "base/file.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace workprint {

int File::reset() {
  const int fd = std::exchange(fd_, -1);
  // Never closed twice, also not after EINTR: Linux has freed the descriptor by then.
  if (fd < 0 || ::close(fd) == 0 || errno == EINTR) return 0;
  return errno;
}

std::string describe_errno(int code) {
  switch (code) {
    case ENOSPC: return "the disk is full";
    case EDQUOT: return "the disk quota is used up";
    case EROFS: return "the file system is read-only";
    case EACCES:
    case EPERM: return "permission denied";
    case ELOOP: return "a symbolic link is in the way";
    case EIO: return "the disk reports an input/output error";
    default: return std::generic_category().message(code);
  }
}

Result<std::size_t> read_full(int fd, std::span<char> buffer) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t count = ::read(fd, buffer.data() + done, buffer.size() - done);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorKind::unavailable, "a read stopped: " + describe_errno(errno));
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorKind::unavailable, "a write stopped: " + describe_errno(errno));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace workprint
