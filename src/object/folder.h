/// Folders and files below one root that no name can leave, and their durable changes.
///
/// Every path given here is relative, of parts that check_object_name accepted or that this backend made itself.
/// Symbolic links below the root are never followed. Errors unless said otherwise: not_found (no such file or folder:
/// proven); unavailable, with words for a full disk, a read-only file system, missing permission.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "workprint/result.h"

namespace workprint::folder {

/// Files and folders that begin so are no objects.
inline constexpr std::string_view temporary_prefix = ".tmp.";
inline constexpr std::string_view lock_file = ".lock";

/// The Error of the system call that just failed.
[[nodiscard]] std::unexpected<Error> system_failure(std::string_view action, int code);

/// Which folders this process has made sure are durable. Any thread.
class KnownFolders {
 public:
  [[nodiscard]] bool has(const std::string& path);
  void add(const std::string& path);
  void remove(const std::string& path);

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> paths_;
};

/// Opens the root, which may itself be reached through links.
Result<File> open_root(const std::filesystem::path& root);
/// Creates it, durably, when it is not there.
Result<File> make_root(const std::filesystem::path& root, KnownFolders& known);

/// Opens `path` (empty: `folder` itself) below `folder`.
Result<File> open_below(int folder, const std::string& path, int flags);
Result<File> open_folder(int folder, const std::string& path);

/// Creates `path` below `root` part by part, each entry fsynced in its parent before the next. A folder that exists may
/// come from a process that died before its own fsync, so the parents are synced once for each path in any case.
Result<File> make_folder(int root, const std::string& path, KnownFolders& known);

/// A lock on a folder for as long as the File lives; a killed process gives it back. The lock file is never deleted.
/// An open-file-description lock: threads of one process exclude each other too.
Result<File> lock_for_writing(int folder);
/// Waits until no writer is there. An empty File when there is no lock file to wait for.
Result<File> lock_for_reading(int folder);

/// Makes the entries of the folder durable. A failed fsync is never tried again: the pages would be marked clean.
Result<void> sync_folder(int folder);

/// A file of a name nobody else uses, removed again unless it was published.
class Temporary {
 public:
  static Result<Temporary> create(int folder);
  Temporary(Temporary&& other) noexcept;
  Temporary& operator=(Temporary&&) = delete;
  ~Temporary();

  [[nodiscard]] int fd() const { return file_.get(); }
  /// fsync and close; both may report a write that did not reach the disk.
  Result<void> finish();
  /// Renames it to `name` in its folder, over what is there. REQUIRES: finish() was ok.
  Result<void> publish_over(const std::string& name);
  /// The same when nothing is there. Errors: conflict (something is).
  Result<void> publish_new(const std::string& name);

 private:
  Temporary(int folder, std::string name, File file)
      : folder_(folder), name_(std::move(name)), file_(std::move(file)) {}
  Result<void> publish(const std::string& name, unsigned flags);

  int folder_;  ///< borrowed
  std::string name_;
  File file_;
};

/// Deletes temporary files that a killed process left and that are older than an hour by the file system's own clock,
/// read from `fresh`, a file just made there. Best effort.
void sweep_temporaries(int folder, int fresh);

enum class EntryKind : std::uint8_t { file, folder };
struct Entry {
  std::string name;
  EntryKind kind = EntryKind::file;
};
/// Regular files and folders whose name does not begin with a dot, by name.
Result<std::vector<Entry>> entries(int folder);

/// All of a small file. Errors also: corrupt (larger than `bytes_max`).
Result<std::string> read_small_file(int folder, const std::string& name, std::size_t bytes_max);

}  // namespace workprint::folder
