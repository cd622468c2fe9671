/// A disk that forgets what was not synced.
///
/// Stores make their real system calls in a real folder; fsync and fdatasync of the whole program are replaced while a Disk
/// lives, and note what became durable: the bytes of a file, the names in a folder. Each sync and each fault point is an
/// instant at which the power may fail. What a machine finds afterwards is then written to another folder: of every name
/// that was not synced since it changed either what it was or what it is, of every file the durable bytes mixed with
/// later ones. The program goes on as if nothing had happened; what it does from there on is nobody's.
///
/// One at a time, one thread. POSIX promises no more than this; real file systems keep more.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>

#include "base/file.h"
#include "workprint/clock.h"

namespace workprint::sim {

class Disk {
 public:
  /// All that lies in `root` is durable. The power fails at the `cut_at`-th instant, and `after` is what is left then.
  Disk(std::filesystem::path root, std::filesystem::path after, std::uint64_t cut_at, Random& random);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  /// Now, unless it was before.
  void cut();
  [[nodiscard]] bool is_cut() const { return is_cut_; }

  void instant();
  void synced(int fd);
  [[nodiscard]] static Disk* active();

 private:
  using Names = std::map<std::string, ino_t>;

  void remember(const std::filesystem::path& folder);
  void hold(ino_t file, const std::filesystem::path& path);
  [[nodiscard]] std::string now_in(ino_t file) const;
  [[nodiscard]] std::string left_of(ino_t file);
  [[nodiscard]] Names names_in(const std::filesystem::path& folder);
  void leave(const std::filesystem::path& folder, ino_t inode, const std::filesystem::path& into);
  [[nodiscard]] bool toss() { return random_.next() % 2 == 0; }

  const std::filesystem::path root_, after_;
  std::uint64_t left_;
  Random& random_;
  bool is_cut_ = false;
  std::map<ino_t, File> held_;  // open for as long as the disk lives: a number is of one file only
  std::map<ino_t, std::string> files_;
  std::map<ino_t, Names> folders_;
};

}  // namespace workprint::sim
