#include "tests/sim/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/fault.h"
#include "workprint/result.h"

namespace workprint::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t sector_bytes = 512;

Disk* active_disk = nullptr;

ino_t inode_of(const fs::path& path) {
  struct stat status {};
  check(::lstat(path.c_str(), &status) == 0, "what is listed can be looked at");
  return status.st_ino;
}

// Of no use after a crash: SQLite's shared memory is made anew by whoever opens the database first.
bool is_memory(const std::string& name) { return name.ends_with("-shm"); }

}  // namespace

Disk* Disk::active() { return active_disk; }

Disk::Disk(fs::path root, fs::path after, std::uint64_t cut_at, Random& random)
    : root_(std::move(root)), after_(std::move(after)), left_(cut_at), random_(random) {
  remember(root_);
  active_disk = this;
  set_fault_handler([this](std::string_view) { instant(); });
}

Disk::~Disk() {
  active_disk = nullptr;
  set_fault_handler({});
}

void Disk::remember(const fs::path& folder) {
  Names names = names_in(folder);
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) remember(entry.path());
    else files_[inode_of(entry.path())] = now_in(inode_of(entry.path()));
  folders_[inode_of(folder)] = std::move(names);
}

void Disk::hold(ino_t file, const fs::path& path) {
  if (held_.contains(file)) return;
  File open(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  check(open.is_open(), "a file on the disk can be read");
  held_[file] = std::move(open);
}

Disk::Names Disk::names_in(const fs::path& folder) {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_memory(entry.path().filename().string())) continue;
    const ino_t inode = inode_of(entry.path());
    if (entry.is_regular_file()) hold(inode, entry.path());
    names[entry.path().filename().string()] = inode;
  }
  return names;
}

std::string Disk::now_in(ino_t file) const {
  const auto open = held_.find(file);
  if (open == held_.end()) return {};
  struct stat status {};
  check(::fstat(open->second.get(), &status) == 0, "an open file can be looked at");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t read = ::pread(open->second.get(), bytes.data(), bytes.size(), 0);
  bytes.resize(read < 0 ? 0 : static_cast<std::size_t>(read));
  return bytes;
}

void Disk::instant() {
  if (!is_cut_ && --left_ == 0) cut();
}

void Disk::synced(int fd) {
  instant();
  if (is_cut_) return;
  struct stat status {};
  check(::fstat(fd, &status) == 0, "what is synced is open");
  const fs::path path = "/proc/self/fd/" + std::to_string(fd);
  if (S_ISDIR(status.st_mode)) {
    folders_[status.st_ino] = names_in(fs::read_symlink(path));
  } else {
    hold(status.st_ino, path);
    files_[status.st_ino] = now_in(status.st_ino);
  }
  instant();
}

void Disk::cut() {
  if (is_cut_) return;
  is_cut_ = true;
  leave(root_, inode_of(root_), after_);
}

// Sector by sector what was durable or what came after; the length is of one or the other.
std::string Disk::left_of(ino_t file) {
  const std::string& durable = files_[file];
  const std::string now = now_in(file);
  if (now == durable) return durable;
  std::string left = durable;
  left.resize(toss() ? now.size() : durable.size(), '\0');
  for (std::size_t at = 0; at < left.size(); at += sector_bytes)
    if (toss() && at < now.size()) now.copy(left.data() + at, std::min({sector_bytes, left.size() - at, now.size() - at}), at);
  return left;
}

void Disk::leave(const fs::path& folder, ino_t inode, const fs::path& into) {
  const Names durable = folders_[inode];
  const Names now = fs::exists(folder) ? names_in(folder) : Names();
  Names all = durable;
  all.insert(now.begin(), now.end());
  for (const auto& [name, any] : all) {
    const auto was = durable.find(name), is = now.find(name);
    const bool is_old = is == now.end() || (was != durable.end() && was->second == is->second) || toss();
    if (is_old ? was == durable.end() : is == now.end()) continue;  // the name was not there
    const ino_t which = is_old ? was->second : is->second;
    if (is == now.end() && toss()) continue;                        // it was removed
    if (held_.contains(which)) {
      const std::string bytes = left_of(which);
      const File file(::open((into / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
      check(file.is_open() && write_all(file.get(), bytes).has_value(), "what is left can be written");
    } else {
      fs::create_directory(into / name);
      leave(folder / name, which, into / name);
    }
  }
}

}  // namespace workprint::sim

extern "C" int fsync(int fd) {
  workprint::sim::Disk* disk = workprint::sim::Disk::active();
  if (disk == nullptr) return static_cast<int>(::syscall(SYS_fsync, fd));
  disk->synced(fd);
  return 0;
}

extern "C" int fdatasync(int fd) {
  workprint::sim::Disk* disk = workprint::sim::Disk::active();
  if (disk == nullptr) return static_cast<int>(::syscall(SYS_fdatasync, fd));
  disk->synced(fd);
  return 0;
}
