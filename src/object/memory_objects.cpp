#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "object/content.h"
#include "workprint/clock.h"
#include "workprint/object_name.h"
#include "workprint/object_store.h"
#include "workprint/try.h"

namespace workprint {
namespace {

/// Bytes are shared and never changed, so a reader keeps what it got when the name is written again.
struct Held {
  ObjectInfo info;
  std::shared_ptr<const Bytes> bytes;
};

class MemoryObjects final : public ObjectStore {
 public:
  std::string describe() const override { return "memory"; }
  Result<std::string> incarnation() override { return incarnation_; }

  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override {
    TRY(check_object_name(name));
    ObjectInfo info{.name = std::string(name),
                    .size_bytes = bytes.size(),
                    .crc32c = crc32c(bytes),
                    .sha256 = sha256_hex(bytes),
                    .version = {}};
    auto copy = std::make_shared<const Bytes>(bytes);
    const std::lock_guard guard(mutex_);
    const auto there = objects_.find(name);
    TRY(check_condition(name, there == objects_.end() ? nullptr : &there->second, condition));
    info.version = fmt::format("memory-{}", ++writes_);
    objects_.insert_or_assign(info.name, Held{info, std::move(copy)});
    return info;
  }

  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file,
                              const PutCondition& condition) override {
    TRY(check_object_name(name));
    const Source source = TRY(open_source(file));
    Bytes bytes;
    TRY(stream(source.file.get(), into_bytes(bytes)));
    return put(name, bytes, condition);
  }

  Result<ObjectBytes> get(std::string_view name) override {
    const Held held = TRY(find(name));
    return ObjectBytes{held.info, *held.bytes};
  }

  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override {
    const Held held = TRY(find(name));
    NewFile target = TRY(NewFile::create(file));
    TRY(target.sink()(0, *held.bytes));
    TRY(target.keep(held.info.size_bytes));
    return held.info;
  }

  Result<ObjectInfo> head(std::string_view name) override { return TRY(find(name)).info; }
  Result<ObjectInfo> verify(std::string_view name) override { return head(name); }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
    TRY(check_object_prefix(prefix));
    const std::lock_guard guard(mutex_);
    std::vector<ObjectInfo> found;
    for (auto held = objects_.lower_bound(prefix); held != objects_.end() && held->first.starts_with(prefix); ++held)
      found.push_back(held->second.info);
    return found;
  }

  Result<void> remove(std::string_view name, const std::string& version) override {
    TRY(check_object_name(name));
    const std::lock_guard guard(mutex_);
    const auto there = objects_.find(name);
    if (there == objects_.end()) return {};
    TRY(check_condition(name, &there->second, IfVersion{version}));
    objects_.erase(there);
    return {};
  }

 private:
  static Result<void> check_condition(std::string_view name, const Held* there, const PutCondition& condition) {
    const auto* expected = std::get_if<IfVersion>(&condition);
    if (expected == nullptr && there == nullptr) return {};
    if (expected != nullptr && there != nullptr && expected->version == there->info.version) return {};
    return fail(ErrorKind::conflict, fmt::format("the condition does not hold. name={} actual={}", name,
                                                 there == nullptr ? "none" : there->info.version));
  }

  Result<Held> find(std::string_view name) {
    TRY(check_object_name(name));
    const std::lock_guard guard(mutex_);
    const auto there = objects_.find(name);
    if (there == objects_.end()) return fail(ErrorKind::not_found, fmt::format("no such object. name={}", name));
    return there->second;
  }

  std::mutex mutex_;
  std::map<std::string, Held, std::less<>> objects_;  ///< guarded by mutex_
  std::uint64_t writes_ = 0;                          ///< guarded by mutex_
  std::string incarnation_ = fmt::format("{:016x}", system_random()->next());
};

}  // namespace

std::unique_ptr<ObjectStore> open_memory_objects() { return std::make_unique<MemoryObjects>(); }

}  // namespace workprint
