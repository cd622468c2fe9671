/// Tier 2's ground: named, immutable-or-versioned bytes. Assets, snapshots and the storyboard live here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "workprint/clock.h"
#include "workprint/digest.h"
#include "workprint/result.h"

namespace workprint {

struct ObjectInfo {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
  std::string sha256;   ///< 64 lower-case hex digits
  std::string version;  ///< opaque; changes with every write of the name; compare for equality only
};

struct IfAbsent {};
struct IfVersion {
  std::string version;
};
/// Every write is conditional: that is what makes it both fenced and safe to repeat.
using PutCondition = std::variant<IfAbsent, IfVersion>;

struct ObjectBytes {
  ObjectInfo info;
  Bytes bytes;
};

/// What a store on the network tells of itself, beyond what using it shows.
struct StoreFacts {
  /// How far its clock is ahead of this machine's, to a second; nothing: it has no other one.
  std::optional<Duration> clock_ahead;
  /// Whether it gives the rest of an object after a break; nothing: its reads do not break.
  std::optional<bool> resumes_reads;
  /// Whether it compares conditions itself. If not, we look before we write, and only one worker may run.
  bool is_fenced = true;
};

/// Names: parts joined by `/`, each 1..200 bytes of `[A-Za-z0-9._~-]`, not beginning with `.`, at most 8 parts and
/// 900 bytes; anything else is `invalid` before any I/O, so no name leaves the store's root.
///
/// A write has three outcomes: ok; `conflict` (the condition does not hold; nothing was written); `unavailable`
/// (UNKNOWN: it may have been written; head and compare sha256 before any second try).
/// Thread-safety: every method may be called from any thread and process at the same time.
/// Durability: what put returned as ok survives the loss of this process and power.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// For people: "file:/home/ada/films", without secrets.
  [[nodiscard]] virtual std::string describe() const = 0;

  /// Id of this store, made at random at its first use. Errors: unavailable; corrupt.
  virtual Result<std::string> incarnation() = 0;

  /// Errors: invalid (name); conflict; unavailable (unknown; a full disk or read-only folder says so in the message).
  virtual Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) = 0;
  /// The same from a file, in constant memory.
  virtual Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file,
                                      const PutCondition& condition) = 0;

  /// The whole object, its bytes checked against size and SHA-256.
  /// Errors: invalid; not_found (proven); unavailable; corrupt (bytes and their record disagree).
  virtual Result<ObjectBytes> get(std::string_view name) = 0;
  /// The same into a file that must not exist, in constant memory; may be a hard link: treat it as read-only.
  virtual Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) = 0;

  /// What is recorded about the object; the bytes are not read.
  /// Errors: as get; corrupt when the size differs from the record.
  virtual Result<ObjectInfo> head(std::string_view name) = 0;
  /// What the object's bytes really are: reads and hashes them all. Errors: as get.
  virtual Result<ObjectInfo> verify(std::string_view name) = 0;

  /// The bytes as they lie there, checked against nothing: for setting damaged objects aside. `info` describes these
  /// very bytes; its version is the one that IfVersion and remove take. A backend without another way reads as get does.
  /// Errors: invalid; not_found; unavailable.
  virtual Result<ObjectBytes> get_as_is(std::string_view name) { return get(name); }

  /// All objects whose name begins with `prefix` (which ends in `/` or is empty), by name. Temporary, lock and sidecar
  /// files of a backend are no objects. An object whose record is damaged is listed with an empty sha256.
  /// Errors: invalid; unavailable.
  virtual Result<std::vector<ObjectInfo>> list(std::string_view prefix) = 0;

  /// Removes exactly this version. Removing what is not there is ok. Errors: invalid; conflict; unavailable.
  virtual Result<void> remove(std::string_view name, const std::string& version) = 0;

  /// Asks for an object that is there, of two bytes at least. Errors: as head.
  virtual Result<StoreFacts> facts(std::string_view name) {
    const auto there = head(name);
    return there ? Result<StoreFacts>(StoreFacts()) : std::unexpected(there.error());
  }

  /// The least time between two writes of one name that this store asks for. Faster ones may be refused for a while.
  [[nodiscard]] virtual Duration write_interval() const { return Duration::zero(); }
};

/// A folder of this machine (ext4, xfs, tmpfs, overlayfs), made durable by temp file + fsync + rename/link +
/// fsync(folder) under an open-file-description lock. `root` is created at the first write.
std::unique_ptr<ObjectStore> open_folder_store(const std::filesystem::path& root);

/// How far an object is on its way.
struct ObjectTransfer {
  enum class Way : std::uint8_t { up, down };
  std::string name;
  Way way = Way::up;
  std::uint64_t done_bytes = 0;
  std::uint64_t size_bytes = 0;
};

/// For stores on the network; a folder needs none of it.
struct ObjectStoreOptions {
  /// Where uploads in pieces are written down, so that the next process goes on where a killed one stopped. What is
  /// written there is secret (mode 0600). Made when it is needed. Empty: nothing is written down.
  std::filesystem::path uploads_folder{};
  /// Ends every call within a moment, and every later one at once: unavailable ("interrupted"), unknown for writes.
  std::stop_token stop{};
  /// How long one call may take, with all its tries, beyond what its bytes take at 64 KiB/s; a listing has it anew for
  /// each page and object. After that: unavailable.
  Duration deadline = std::chrono::minutes(3);
  /// Told of objects of 8 MiB and more: a few times a second, and at the end. Any thread; must return quickly.
  std::function<void(const ObjectTransfer&)> on_transfer{};
};

/// The store at a location:
///   file:///absolute/folder   file:relative/folder
///   gs://bucket/prefix        Google Cloud Storage; credentials as Google's own clients find them
///   s3://bucket/prefix?endpoint=https://host&region=name   S3 and what speaks like it
/// Touches neither disk nor network: what is wrong there is said by the first call. More: docs/protocols/object-network.md.
/// Errors: invalid, naming the forms above.
Result<std::unique_ptr<ObjectStore>> open_object_store(std::string_view location, const ObjectStoreOptions& options = {});

/// A store in this process's memory: for tests.
std::unique_ptr<ObjectStore> open_memory_objects();

/// Creates `name`, or accepts what is there: the same bytes are success, other bytes are kept and their info returned
/// with `was_there` set (create-only names are never overwritten). A lost answer is settled by head.
/// Errors: invalid; unavailable; corrupt.
struct Created {
  ObjectInfo info;
  bool was_there = false;
};
Result<Created> create_or_keep(ObjectStore& store, std::string_view name, std::string_view bytes);
Result<Created> create_or_keep_file(ObjectStore& store, std::string_view name, const std::filesystem::path& file);

}  // namespace workprint
