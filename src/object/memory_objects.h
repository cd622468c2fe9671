/// The object store in memory, open to tests that copy, restore and damage what it holds; everybody else calls
/// open_memory_objects().
#pragma once

#include <map>
#include <mutex>

#include "workprint/object_store.h"

namespace workprint {

class MemoryObjects final : public ObjectStore {
 public:
  /// Bytes are shared and never changed, so a reader keeps what it got when the name is written again.
  struct Held {
    ObjectInfo info;
    std::shared_ptr<const Bytes> bytes;
  };
  struct Image {
    std::string incarnation;
    std::map<std::string, Held, std::less<>> objects;
    std::uint64_t writes = 0;
  };
  explicit MemoryObjects(std::string incarnation) : held_{std::move(incarnation), {}, 0} {}

  std::string describe() const override { return "memory"; }
  Result<std::string> incarnation() override { return held_.incarnation; }
  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override;
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file, const PutCondition& condition) override;
  Result<ObjectBytes> get(std::string_view name) override;
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override;
  Result<ObjectInfo> head(std::string_view name) override;
  Result<ObjectInfo> verify(std::string_view name) override;
  Result<ObjectBytes> get_as_is(std::string_view name) override;
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override;
  Result<void> remove(std::string_view name, const std::string& version) override;

  /// What an operator or an accident does to a bucket. Bytes that no longer have the CRC of their info read as damaged.
  [[nodiscard]] Image image() const;
  void replace(Image image);

 private:
  enum class Check : std::uint8_t { none, bytes };
  Result<Held> find(std::string_view name, Check check);

  mutable std::mutex mutex_;
  Image held_;
};

}  // namespace workprint
