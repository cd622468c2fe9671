#include "object/memory_objects.h"

#include <fmt/format.h>
#include <unistd.h>

#include "object/content.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint {
namespace {

Result<void> check_condition(std::string_view name, const MemoryObjects::Held* there, const PutCondition& condition) {
  const auto* expected = std::get_if<IfVersion>(&condition);
  if (expected == nullptr && there == nullptr) return {};
  if (expected != nullptr && there != nullptr && expected->version == there->info.version) return {};
  return fail(ErrorKind::conflict, fmt::format("the condition does not hold. name={} actual={}", name,
                                               there == nullptr ? "none" : there->info.version));
}

}  // namespace

Result<ObjectInfo> MemoryObjects::put(std::string_view name, std::string_view bytes, const PutCondition& condition) {
  TRY(check_object_name(name));
  ObjectInfo info{.name = std::string(name),
                  .size_bytes = bytes.size(),
                  .crc32c = crc32c(bytes),
                  .sha256 = sha256_hex(bytes),
                  .version = {}};
  auto copy = std::make_shared<const Bytes>(bytes);
  const std::lock_guard guard(mutex_);
  const auto there = held_.objects.find(name);
  TRY(check_condition(name, there == held_.objects.end() ? nullptr : &there->second, condition));
  info.version = fmt::format("memory-{}", ++held_.writes);
  held_.objects.insert_or_assign(info.name, Held{info, std::move(copy)});
  return info;
}

Result<ObjectInfo> MemoryObjects::put_file(std::string_view name, const std::filesystem::path& file,
                            const PutCondition& condition) {
  TRY(check_object_name(name));
  const Source source = TRY(open_source(file));
  Bytes bytes;
  TRY(stream(source.file.get(), into_bytes(bytes)));
  return put(name, bytes, condition);
}

Result<ObjectBytes> MemoryObjects::get(std::string_view name) {
  const Held held = TRY(find(name, Check::bytes));
  return ObjectBytes{held.info, *held.bytes};
}

Result<ObjectInfo> MemoryObjects::get_file(std::string_view name, const std::filesystem::path& file) {
  const Held held = TRY(find(name, Check::bytes));
  NewFile target = TRY(NewFile::create(file));
  TRY(target.sink()(0, *held.bytes));
  TRY(target.keep(held.info.size_bytes));
  return held.info;
}

Result<ObjectInfo> MemoryObjects::head(std::string_view name) { return TRY(find(name, Check::none)).info; }
Result<ObjectInfo> MemoryObjects::verify(std::string_view name) { return TRY(find(name, Check::bytes)).info; }

Result<ObjectBytes> MemoryObjects::get_as_is(std::string_view name) {
  const Held held = TRY(find(name, Check::none));
  return ObjectBytes{held.info, *held.bytes};
}

Result<std::vector<ObjectInfo>> MemoryObjects::list(std::string_view prefix) {
  TRY(check_object_prefix(prefix));
  const std::lock_guard guard(mutex_);
  std::vector<ObjectInfo> found;
  for (auto held = held_.objects.lower_bound(prefix); held != held_.objects.end() && held->first.starts_with(prefix); ++held)
    found.push_back(held->second.info);
  return found;
}

Result<void> MemoryObjects::remove(std::string_view name, const std::string& version) {
  TRY(check_object_name(name));
  const std::lock_guard guard(mutex_);
  const auto there = held_.objects.find(name);
  if (there == held_.objects.end()) return {};
  TRY(check_condition(name, &there->second, IfVersion{version}));
  held_.objects.erase(there);
  return {};
}

Result<MemoryObjects::Held> MemoryObjects::find(std::string_view name, Check check) {
  TRY(check_object_name(name));
  const std::lock_guard guard(mutex_);
  const auto there = held_.objects.find(name);
  if (there == held_.objects.end()) return fail(ErrorKind::not_found, fmt::format("no such object. name={}", name));
  const Held& held = there->second;
  if (check == Check::bytes && (held.bytes->size() != held.info.size_bytes || crc32c(*held.bytes) != held.info.crc32c))
    return fail(ErrorKind::corrupt, fmt::format("the object's bytes do not have their checksum. name={}", name));
  return held;
}

MemoryObjects::Image MemoryObjects::image() const {
  const std::lock_guard guard(mutex_);
  return held_;
}

void MemoryObjects::replace(Image image) {
  const std::lock_guard guard(mutex_);
  held_ = std::move(image);
}

std::unique_ptr<ObjectStore> open_memory_objects() {
  return std::make_unique<MemoryObjects>(fmt::format("{:016x}", system_random()->next()));
}

}  // namespace workprint
