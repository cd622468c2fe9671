/// The object store in a folder of this machine (docs/protocols/fault-points.md has its crash points in order).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <mutex>

#include "base/fault.h"
#include "object/content.h"
#include "object/folder.h"
#include "object/sidecar.h"
#include "workprint/clock.h"
#include "workprint/json.h"
#include "workprint/object_name.h"
#include "workprint/object_store.h"
#include "workprint/try.h"

namespace workprint {
namespace {

using folder::Record;
using folder::Sidecar;
using folder::Temporary;
using folder::Verdict;

constexpr std::string_view identity_file = ".store.json";
constexpr std::size_t small_file_bytes_max = 64u << 10;

/// Errors of the layers below know no object name; people need one.
template <class T>
Result<T> about(std::string_view name, Result<T> result) {
  if (!result) result.error().message += fmt::format(". name={}", name);
  return result;
}

std::string folder_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : name.substr(0, slash));
}
std::string base_of(std::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }
/// The folder whose lock guards `name`: its film's, or the root.
std::string guard_of(std::string_view name) {
  const auto slash = name.find('/');
  return std::string(slash == std::string_view::npos ? "" : name.substr(0, slash));
}

struct OpenObject {
  File file;
  std::uint64_t size_bytes = 0;
};

Result<OpenObject> open_object(int folder, const std::string& base) {
  OpenObject object{.file = TRY(folder::open_below(folder, base, O_RDONLY | O_NONBLOCK))};
  struct stat status {};
  if (::fstat(object.file.get(), &status) != 0) return folder::system_failure("cannot look at the file", errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::not_found, "the name is of a folder");
  object.size_bytes = static_cast<std::uint64_t>(status.st_size);
  return object;
}

Result<Sidecar> read_sidecar(int folder, const std::string& base) {
  const auto text = folder::read_small_file(folder, folder::sidecar_name(base), small_file_bytes_max);
  if (text) return folder::decode_sidecar(*text);
  if (text.error().kind == ErrorKind::not_found) return Sidecar();
  if (text.error().kind == ErrorKind::corrupt) return Sidecar{.state = Sidecar::State::damaged, .records = {}};
  return std::unexpected(text.error());
}

/// Looks at an object once, without a lock. With a `sink` its bytes are read, given to it and judged.
/// The object is opened before its sidecar is read: a sidecar is never older than its object.
Result<Verdict> look(int folder, const std::string& base, const Sink* sink) {
  const OpenObject object = TRY(open_object(folder, base));
  const Sidecar sidecar = TRY(read_sidecar(folder, base));
  std::optional<FileDigest> digest;
  if (sink != nullptr) digest = TRY(stream(object.file.get(), *sink));
  auto verdict = folder::judge(digest ? digest->size_bytes : object.size_bytes, sidecar, digest);
  if (!verdict) {
    digest = TRY(stream(object.file.get(), {}));
    verdict = folder::judge(digest->size_bytes, sidecar, digest);
  }
  check(verdict.has_value(), "a digest decides every verdict");
  return *std::move(verdict);
}

Result<void> write_sidecar(int folder, const std::string& base, const std::vector<Record>& records) {
  Temporary file = TRY(Temporary::create(folder));
  TRY(write_all(file.fd(), folder::encode_sidecar(base, records)));
  TRY(file.finish());
  fault_point("object/sidecar_synced");
  TRY(file.publish_over(folder::sidecar_name(base)));
  fault_point("object/sidecar_published");
  return {};
}

class FolderStore final : public ObjectStore {
 public:
  explicit FolderStore(std::filesystem::path root) : root_(std::move(root)) {}

  std::string describe() const override { return "file:" + root_.string(); }
  Result<std::string> incarnation() override;

  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override {
    return about(name, put_from(name, from_bytes(bytes), condition));
  }
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file,
                              const PutCondition& condition) override {
    TRY(check_object_name(name));
    const Source source = TRY(open_source(file));
    return about(name, put_from(name, source, condition));
  }

  Result<ObjectBytes> get(std::string_view name) override;
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override;
  Result<ObjectInfo> head(std::string_view name) override { return about(name, intact(name, nullptr)); }
  Result<ObjectInfo> verify(std::string_view name) override {
    const Sink nowhere;
    return about(name, intact(name, &nowhere));
  }
  Result<ObjectBytes> get_as_is(std::string_view name) override { return about(name, read_as_is(name)); }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override;
  Result<void> remove(std::string_view name, const std::string& version) override {
    return about(name, remove_version(name, version));
  }

 private:
  Result<ObjectInfo> put_from(std::string_view name, const Source& source, const PutCondition& condition);
  Result<ObjectInfo> publish(int folder, std::string_view name, Temporary temporary, const FileDigest& digest,
                             const PutCondition& condition);
  Result<Verdict> inspect(std::string_view name, const Sink* sink);
  Result<ObjectInfo> intact(std::string_view name, const Sink* sink);
  Result<ObjectBytes> read_as_is(std::string_view name);
  Result<void> list_folder(int root, const std::string& prefix, std::vector<ObjectInfo>& found);
  Result<void> remove_version(std::string_view name, const std::string& version);
  Result<std::string> read_identity(int root);

  std::filesystem::path root_;
  folder::KnownFolders known_;
  folder::KnownFolders swept_;
  folder::KnownFolders unsettled_;  ///< an object was published in it, and then the folder could not be made durable
  std::shared_ptr<Random> random_ = system_random();
};

/// Fails early and in words, instead of after gigabytes. Another program may still take the space in between.
Result<void> check_space(int folder, std::uint64_t size_bytes) {
  struct statvfs status {};
  if (::fstatvfs(folder, &status) != 0) return {};
  const std::uint64_t free_bytes = std::uint64_t{status.f_bavail} * status.f_frsize;
  if (free_bytes >= size_bytes) return {};
  return fail(ErrorKind::unavailable,
              fmt::format("the disk is full: nothing was written. needed={} free={}", size_bytes, free_bytes));
}

Result<bool> exists(int folder, const std::string& base) {
  const auto object = open_object(folder, base);
  if (object) return true;
  if (object.error().kind == ErrorKind::not_found) return false;
  return std::unexpected(object.error());
}

/// A write has no "not found": what vanished under it says nothing about the write.
template <class T>
Result<T> as_write(Result<T> result) {
  if (!result && result.error().kind == ErrorKind::not_found) result.error().kind = ErrorKind::unavailable;
  return result;
}

Result<ObjectInfo> FolderStore::put_from(std::string_view name, const Source& source, const PutCondition& condition) {
  TRY(check_object_name(name));
  const File root = TRY(as_write(folder::make_root(root_, known_)));
  const File folder = TRY(as_write(folder::make_folder(root.get(), folder_of(name), known_)));
  // Asked again under the lock; here it spares writing a large file for nothing.
  if (std::holds_alternative<IfAbsent>(condition) && TRY(exists(folder.get(), base_of(name))))
    return fail(ErrorKind::conflict, "the object exists already");
  TRY(check_space(folder.get(), source.size_bytes));
  Temporary temporary = TRY(as_write(Temporary::create(folder.get())));
  if (!swept_.has(folder_of(name))) folder::sweep_temporaries(folder.get(), temporary.fd());
  swept_.add(folder_of(name));
  const FileDigest digest = TRY(copy(source, temporary.fd()));
  fault_point("object/temporary_written");
  TRY(as_write(temporary.finish()));
  fault_point("object/temporary_synced");

  const File guard_folder = TRY(as_write(folder::open_folder(root.get(), guard_of(name))));
  const File lock = TRY(as_write(folder::lock_for_writing(guard_folder.get())));
  return as_write(publish(folder.get(), name, std::move(temporary), digest, condition));
}

/// Nothing of this name is an object; but a folder, whose name no object can have here, may stand in its place.
Result<void> publish_first(int folder, const std::string& base, Temporary& temporary) {
  auto published = temporary.publish_new(base);
  if (!published && published.error().kind == ErrorKind::conflict && folder::open_folder(folder, base))
    return fail(ErrorKind::invalid, "a folder has the name of this object");
  return published;
}

/// Under the film's lock: compare, then sidecar, object, folder, in this order.
Result<ObjectInfo> FolderStore::publish(int folder, std::string_view name, Temporary temporary,
                                        const FileDigest& digest, const PutCondition& condition) {
  const std::string base = base_of(name);
  const auto current = look(folder, base, nullptr);
  if (!current && current.error().kind != ErrorKind::not_found) return std::unexpected(current.error());
  const auto* expected = std::get_if<IfVersion>(&condition);
  if (expected == nullptr && current) return fail(ErrorKind::conflict, "the object exists already");
  if (expected != nullptr && !current) return fail(ErrorKind::conflict, "there is no object to replace");
  if (expected != nullptr && current->info.version != expected->version)
    return fail(ErrorKind::conflict,
                fmt::format("the object moved on. expected={} actual={}", expected->version, current->info.version));

  const Record coming{.version = fmt::format("{:016x}{:016x}", random_->next(), random_->next()), .digest = digest};
  std::vector<Record> records;
  // Nothing may vouch for damaged bytes, so those get no record of their own.
  if (current && !current->damaged)
    records.push_back({.version = current->info.version,
                       .digest = {.size_bytes = current->info.size_bytes,
                                  .crc32c = current->info.crc32c,
                                  .sha256 = current->info.sha256}});
  records.push_back(coming);
  // One without its object is left where the power failed under a removal.
  const bool has_sidecar = ::faccessat(folder, folder::sidecar_name(base).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  TRY(write_sidecar(folder, base, records));
  if (current || has_sidecar) {
    // Else a power cut could keep the new object and the old sidecar, and valid bytes would look damaged.
    TRY(folder::sync_folder(folder));
    fault_point("object/sidecar_durable");
  }
  if (current)
    TRY(temporary.publish_over(base));
  else
    TRY(publish_first(folder, base, temporary));
  fault_point("object/published");
  if (auto durable = folder::sync_folder(folder); !durable) {
    unsettled_.add(folder_of(name));
    return std::unexpected(std::move(durable).error());
  }
  fault_point("object/durable");
  return ObjectInfo{.name = std::string(name),
                    .size_bytes = digest.size_bytes,
                    .crc32c = digest.crc32c,
                    .sha256 = digest.sha256,
                    .version = coming.version};
}

/// Looks, and looks again under the lock before it says anything bad: a replacement may have come between the two files.
Result<Verdict> FolderStore::inspect(std::string_view name, const Sink* sink) {
  TRY(check_object_name(name));
  const File root = TRY(folder::open_root(root_));
  const File folder = TRY(folder::open_folder(root.get(), folder_of(name)));
  // Whoever is told that an object is there builds on it: a lost answer is settled by head.
  if (unsettled_.has(folder_of(name))) {
    TRY(folder::sync_folder(folder.get()));
    unsettled_.remove(folder_of(name));
  }
  auto verdict = TRY(look(folder.get(), base_of(name), sink));
  const bool is_recorded = !verdict.info.version.starts_with("bytes-");
  if (is_recorded && !verdict.damaged) return verdict;
  const File guard_folder = TRY(folder::open_folder(root.get(), guard_of(name)));
  const File lock = TRY(folder::lock_for_reading(guard_folder.get()));
  return look(folder.get(), base_of(name), sink);
}

Result<ObjectInfo> FolderStore::intact(std::string_view name, const Sink* sink) {
  auto verdict = TRY(inspect(name, sink));
  if (verdict.damaged)
    return fail(ErrorKind::corrupt, fmt::format("the bytes and their record disagree. size={}", verdict.info.size_bytes));
  verdict.info.name = name;
  return std::move(verdict.info);
}

Result<ObjectBytes> FolderStore::get(std::string_view name) {
  ObjectBytes object;
  const Sink sink = into_bytes(object.bytes);
  auto info = about(name, intact(name, &sink));
  if (!info) return std::unexpected(info.error());
  object.info = *std::move(info);
  object.bytes.resize(object.info.size_bytes);
  return object;
}

Result<ObjectInfo> FolderStore::get_file(std::string_view name, const std::filesystem::path& file) {
  // Bytes are copied, not linked: a reader that writes into a link would damage the object.
  TRY(check_object_name(name));
  NewFile target = TRY(NewFile::create(file));
  const Sink sink = target.sink();
  auto info = about(name, intact(name, &sink));
  if (info) TRY(target.keep(info->size_bytes));
  return info;
}

Result<ObjectBytes> FolderStore::read_as_is(std::string_view name) {
  ObjectBytes object;
  const Sink sink = into_bytes(object.bytes);
  object.info = TRY(inspect(name, &sink)).info;
  object.info.name = name;
  object.info.crc32c = crc32c(object.bytes);
  object.info.sha256 = sha256_hex(object.bytes);
  object.info.size_bytes = object.bytes.size();
  return object;
}

Result<std::vector<ObjectInfo>> FolderStore::list(std::string_view prefix) {
  TRY(check_object_prefix(prefix));
  std::vector<ObjectInfo> found;
  const auto root = folder::open_root(root_);
  if (!root && root.error().kind == ErrorKind::not_found) return found;
  if (!root) return std::unexpected(root.error());
  TRY(about(prefix, list_folder(root->get(), std::string(prefix), found)));
  std::ranges::sort(found, {}, &ObjectInfo::name);
  return found;
}

Result<void> FolderStore::list_folder(int root, const std::string& prefix, std::vector<ObjectInfo>& found) {
  const auto folder = folder::open_folder(root, folder_of(prefix));
  if (!folder && folder.error().kind == ErrorKind::not_found) return {};
  if (!folder) return std::unexpected(folder.error());
  for (const auto& entry : TRY(folder::entries(folder->get()))) {
    const std::string name = prefix + entry.name;
    if (!check_object_name(name)) continue;  // a person's file that no object can be called
    if (entry.kind == folder::EntryKind::folder) {
      TRY(list_folder(root, name + "/", found));
      continue;
    }
    auto verdict = inspect(name, nullptr);
    if (!verdict && verdict.error().kind == ErrorKind::not_found) continue;  // removed meanwhile
    if (!verdict) return std::unexpected(verdict.error());
    verdict->info.name = name;
    found.push_back(std::move(verdict->info));
  }
  return {};
}

Result<void> FolderStore::remove_version(std::string_view name, const std::string& version) {
  TRY(check_object_name(name));
  const auto root = folder::open_root(root_);
  const auto absent_is_fine = [](const Error& error) -> Result<void> {
    if (error.kind == ErrorKind::not_found) return {};
    return std::unexpected(error);
  };
  if (!root) return absent_is_fine(root.error());
  const auto folder = folder::open_folder(root->get(), folder_of(name));
  if (!folder) return absent_is_fine(folder.error());
  const File guard_folder = TRY(as_write(folder::open_folder(root->get(), guard_of(name))));
  const File lock = TRY(as_write(folder::lock_for_writing(guard_folder.get())));
  const std::string base = base_of(name);
  const auto current = look(folder->get(), base, nullptr);
  if (!current) return absent_is_fine(current.error());
  if (current->info.version != version)
    return fail(ErrorKind::conflict,
                fmt::format("the object moved on. expected={} actual={}", version, current->info.version));
  if (::unlinkat(folder->get(), base.c_str(), 0) != 0)
    return as_write(Result<void>(folder::system_failure("cannot remove the file", errno)));
  fault_point("object/removed");
  // Durable with the removal: a sidecar that came back after a power cut would speak of the next object of this name.
  ::unlinkat(folder->get(), folder::sidecar_name(base).c_str(), 0);
  TRY(folder::sync_folder(folder->get()));
  fault_point("object/removal_durable");
  return {};
}

Result<std::string> FolderStore::read_identity(int root) {
  const std::string text = TRY(folder::read_small_file(root, std::string(identity_file), small_file_bytes_max));
  const auto value = parse_json(text);
  const Json id = value && value->is_object() ? value->value("incarnation", Json()) : Json();
  if (!id.is_string() || id.get_ref<const std::string&>().empty())
    return fail(ErrorKind::corrupt, fmt::format("the store's own record is damaged. file={}", identity_file));
  return id.get<std::string>();
}

Result<std::string> FolderStore::incarnation() {
  const File root = TRY(as_write(folder::make_root(root_, known_)));
  // The process that made it may have died before it was durable, and its id is about to be remembered elsewhere.
  // On a file system that cannot be written nothing is lost either.
  ::fsync(root.get());
  auto known = read_identity(root.get());
  if (known || known.error().kind != ErrorKind::not_found) return known;
  Temporary file = TRY(as_write(Temporary::create(root.get())));
  const std::string id = fmt::format("{:016x}{:016x}", random_->next(), random_->next());
  TRY(write_all(file.fd(), pretty_json({{"format", 1}, {"incarnation", id}})));
  TRY(file.finish());
  fault_point("object/identity_synced");
  const auto published = file.publish_new(std::string(identity_file));
  if (!published && published.error().kind != ErrorKind::conflict) return std::unexpected(published.error());
  fault_point("object/identity_published");
  TRY(folder::sync_folder(root.get()));
  return as_write(read_identity(root.get()));  // of whoever was first
}

}  // namespace

std::unique_ptr<ObjectStore> open_folder_store(const std::filesystem::path& root) {
  return std::make_unique<FolderStore>(root);
}

}  // namespace workprint
