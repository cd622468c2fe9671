/// What a folder store remembers about one object: the hidden file `.meta.<name>` beside it.
///
/// It holds one record, or two from the moment before an object is replaced: of the bytes that are there and of those
/// that are about to come. It is never cut back to one, because it need not be: which record counts is decided by the
/// bytes. So the two files need not change at one instant, and the states a crash can leave all read well:
///
///   sidecar       object     read as
///   none          any bytes  an object that a person copied in: its bytes are read and hashed, and believed
///   [new]         none       no object; the next write replaces the sidecar
///   [new]         new        new
///   [old, new]    old        old: the replacement did not happen
///   [old, new]    new        new
///   [old, new]    other      damaged
///   not readable  any bytes  damaged: nothing vouches for the bytes
///
/// Written before the object is published, and made durable before where another one may be on the disk: an object is never
/// newer than its sidecar. Removed after the object, and durably with it. Survives cp, tar and rsync of the folder: it depends on no inode or time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workprint/digest.h"
#include "workprint/object_store.h"

namespace workprint::folder {

struct Record {
  std::string version;
  FileDigest digest;
};

struct Sidecar {
  enum class State : std::uint8_t { missing, damaged, readable } state = State::missing;
  std::vector<Record> records;  ///< oldest first
};

[[nodiscard]] std::string sidecar_name(std::string_view object);
[[nodiscard]] std::string encode_sidecar(std::string_view object, const std::vector<Record>& records);
/// `missing` never comes from here; text that is not a sidecar is `damaged`.
[[nodiscard]] Sidecar decode_sidecar(std::string_view text);

/// What an object is, in the light of its sidecar.
struct Verdict {
  ObjectInfo info;      ///< `name` is left to the caller; sha256 is empty when the object is damaged
  bool damaged = false;
};
/// Judges by size alone where that is enough. Nothing: the bytes must be read, call again with their digest.
/// The version does not depend on whether a digest was given, so what head and list say is what a condition is
/// compared with.
[[nodiscard]] std::optional<Verdict> judge(std::uint64_t size_bytes, const Sidecar& sidecar,
                                           const std::optional<FileDigest>& digest);

}  // namespace workprint::folder
