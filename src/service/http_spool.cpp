#include "service/http_spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace workprint::http {
namespace {

constexpr std::string_view name_begin = "http_body_";

// Another server may use the same folder; a file whose owner lives is locked.
bool remove_if_left(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) return errno == ENOENT;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return true;
  return ::unlink(path.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

Result<std::shared_ptr<Spool>> Spool::create(const std::filesystem::path& folder) {
  std::string name = (folder / name_begin).string() + "XXXXXX";
  File file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open())
    return fail(ErrorKind::unavailable, "cannot make a file: " + describe_errno(errno) + ". folder=" + folder.string());
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::unavailable, "cannot lock a new file: " + describe_errno(errno) + ". file=" + name);
  return std::shared_ptr<Spool>(new Spool(name, std::move(file)));
}

Result<void> Spool::sweep(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (!entries->path().filename().string().starts_with(name_begin)) continue;
    if (!remove_if_left(entries->path()))
      return fail(ErrorKind::unavailable,
                  "an old body cannot be removed: " + describe_errno(errno) + ". file=" + entries->path().string());
  }
  if (error)
    return fail(ErrorKind::unavailable,
                "the scratch folder cannot be used: " + error.message() + ". folder=" + folder.string());
  return {};
}

Spool::~Spool() { ::unlink(path_.c_str()); }

}  // namespace workprint::http
