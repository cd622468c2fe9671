#include "object/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/fault.h"
#include "workprint/clock.h"
#include "workprint/try.h"

namespace workprint::folder {
namespace {

/// Makes one folder and its entry durable. Errors: not_found (the parent is missing).
Result<void> make_one(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return system_failure("cannot create the root folder", errno);
  const auto parent = path.parent_path();
  const File above(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above.is_open()) return system_failure("cannot open the folder above the root", errno);
  return sync_folder(above.get());
}

Result<void> make_with_parents(const std::filesystem::path& path) {
  auto made = make_one(path);
  if (made || made.error().kind != ErrorKind::not_found || !path.has_relative_path()) return made;
  TRY(make_with_parents(path.parent_path()));
  return make_one(path);
}

Result<File> lock(File file, short type) {
  struct flock whole {};
  whole.l_type = type;
  whole.l_whence = SEEK_SET;
  while (::fcntl(file.get(), F_OFD_SETLKW, &whole) != 0)
    if (errno != EINTR) return system_failure("cannot lock the folder", errno);
  return file;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

/// A second handle, because reading a folder moves its descriptor's position.
OpenFolder open_for_listing(int folder) {
  const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return nullptr;
  DIR* open = ::fdopendir(again);
  if (open == nullptr) ::close(again);
  return OpenFolder(open);
}

}  // namespace

std::unexpected<Error> system_failure(std::string_view action, int code) {
  const bool is_absence = code == ENOENT || code == ENOTDIR;
  return fail(is_absence ? ErrorKind::not_found : ErrorKind::unavailable,
              fmt::format("{}: {}", action, describe_errno(code)));
}

Result<File> open_root(const std::filesystem::path& root) {
  File file(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open()) return system_failure("cannot open the root folder", errno);
  return file;
}

Result<File> make_root(const std::filesystem::path& root, KnownFolders& known) {
  const auto whole = root.has_filename() ? root : root.parent_path();  // without a slash at its end
  auto there = open_root(root);
  if (there && known.has("")) return there;
  if (!there && there.error().kind != ErrorKind::not_found) return there;
  const auto made = make_with_parents(whole);
  // A root that is there may lie in a folder we may not open, and then its entry is not ours to sync.
  if (!made && !there) return std::unexpected(made.error());
  known.add("");
  return open_root(root);
}

Result<File> open_below(int folder, const std::string& path, int flags) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const char* target = path.empty() ? "." : path.c_str();
  for (;;) {
    File file(static_cast<int>(::syscall(SYS_openat2, folder, target, &how, sizeof how)));
    if (file.is_open()) return file;
    // EAGAIN: something was renamed while the kernel walked the path.
    if (errno != EINTR && errno != EAGAIN) return system_failure("cannot open", errno);
  }
}

Result<File> open_folder(int folder, const std::string& path) {
  return open_below(folder, path, O_RDONLY | O_DIRECTORY);
}

bool KnownFolders::has(const std::string& path) {
  const std::lock_guard guard(mutex_);
  return paths_.contains(path);
}

void KnownFolders::add(const std::string& path) {
  const std::lock_guard guard(mutex_);
  paths_.insert(path);
}

void KnownFolders::remove(const std::string& path) {
  const std::lock_guard guard(mutex_);
  paths_.erase(path);
}

Result<File> make_folder(int root, const std::string& path, KnownFolders& known) {
  File current = TRY(open_folder(root, ""));
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const bool is_made = ::mkdirat(current.get(), part.c_str(), 0755) == 0;
    if (!is_made && errno != EEXIST) return system_failure("cannot create a folder", errno);
    if (is_made) fault_point("object/folder_made");
    if (is_made || !known.has(path.substr(0, end))) TRY(sync_folder(current.get()));
    known.add(path.substr(0, end));
    if (is_made) fault_point("object/folder_durable");
    auto inner = open_folder(current.get(), part);
    if (!inner && inner.error().kind == ErrorKind::not_found && !is_made)
      return fail(ErrorKind::invalid, "an object has the name of a folder above this one");
    current = TRY(std::move(inner));
    begin = end + 1;
  }
  return current;
}

Result<File> lock_for_writing(int folder) {
  File file(::openat(folder, lock_file.data(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.is_open()) return system_failure("cannot open the lock file", errno);
  return lock(std::move(file), F_WRLCK);
}

Result<File> lock_for_reading(int folder) {
  File file(::openat(folder, lock_file.data(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open() && errno == ENOENT) return File();
  if (!file.is_open()) return system_failure("cannot open the lock file", errno);
  return lock(std::move(file), F_RDLCK);
}

Result<void> sync_folder(int folder) {
  if (::fsync(folder) != 0) return system_failure("cannot make the folder durable", errno);
  return {};
}

Result<Temporary> Temporary::create(int folder) {
  static const auto random = system_random();
  std::string name = fmt::format("{}{}.{:016x}", temporary_prefix, ::getpid(), random->next());
  File file(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.is_open()) return system_failure("cannot create a file", errno);
  return Temporary(folder, std::move(name), std::move(file));
}

Temporary::Temporary(Temporary&& other) noexcept
    : folder_(other.folder_), name_(std::exchange(other.name_, {})), file_(std::move(other.file_)) {}

Temporary::~Temporary() {
  if (!name_.empty()) ::unlinkat(folder_, name_.c_str(), 0);
}

Result<void> Temporary::finish() {
  if (::fsync(file_.get()) != 0) return system_failure("cannot make the file durable", errno);
  if (const int code = file_.reset(); code != 0) return system_failure("cannot close the file", code);
  return {};
}

Result<void> Temporary::publish_over(const std::string& name) { return publish(name, 0); }
Result<void> Temporary::publish_new(const std::string& name) { return publish(name, RENAME_NOREPLACE); }

Result<void> Temporary::publish(const std::string& name, unsigned flags) {
  check(!file_.is_open(), "a temporary file is finished before it is published");
  if (::renameat2(folder_, name_.c_str(), folder_, name.c_str(), flags) != 0) {
    if (errno == EEXIST) return fail(ErrorKind::conflict, "the name is taken");
    return system_failure("cannot publish the file", errno);
  }
  name_.clear();
  return {};
}

void sweep_temporaries(int folder, int fresh) {
  constexpr time_t age_max = 3600;
  struct stat now {};
  const OpenFolder open = open_for_listing(folder);
  if (open == nullptr || ::fstat(fresh, &now) != 0) return;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    struct stat found {};
    if (!name.starts_with(temporary_prefix) || ::fstatat(folder, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISREG(found.st_mode) && found.st_mtime + age_max < now.st_mtime) ::unlinkat(folder, entry->d_name, 0);
  }
}

Result<std::vector<Entry>> entries(int folder) {
  const OpenFolder open = open_for_listing(folder);
  if (open == nullptr) return system_failure("cannot list the folder", errno);
  std::vector<Entry> found;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr && errno != 0) return system_failure("cannot list the folder", errno);
    if (entry == nullptr) break;
    struct stat status {};
    if (entry->d_name[0] == '.' || ::fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) found.push_back({entry->d_name, EntryKind::file});
    if (S_ISDIR(status.st_mode)) found.push_back({entry->d_name, EntryKind::folder});
  }
  std::ranges::sort(found, {}, &Entry::name);
  return found;
}

Result<std::string> read_small_file(int folder, const std::string& name, std::size_t bytes_max) {
  const File file = TRY(open_below(folder, name, O_RDONLY | O_NONBLOCK));
  std::string bytes(bytes_max + 1, '\0');
  bytes.resize(TRY(read_full(file.get(), bytes)));
  if (bytes.size() > bytes_max) return fail(ErrorKind::corrupt, "a record is larger than any record. file=" + name);
  return bytes;
}

}  // namespace workprint::folder
