#include <doctest/doctest.h>

#include "object/scratch_folder.h"
#include "tests/conformance/object_store_contract.h"

namespace workprint {
namespace {

using conformance::kind_of;
using conformance::value;

/// A store whose answer to the next write is lost, after what `before_answer` did to it.
class LostAnswer final : public ObjectStore {
 public:
  explicit LostAnswer(std::function<void(ObjectStore&, std::string_view)> before_answer)
      : before_answer_(std::move(before_answer)) {}

  std::string describe() const override { return "lost answer"; }
  Result<std::string> incarnation() override { return store_->incarnation(); }
  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition&) override {
    before_answer_(*store_, bytes);
    return fail(ErrorKind::unavailable, "no answer. name=" + std::string(name));
  }
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path&, const PutCondition& c) override {
    return put(name, "wanted", c);
  }
  Result<ObjectBytes> get(std::string_view name) override { return store_->get(name); }
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override {
    return store_->get_file(name, file);
  }
  Result<ObjectInfo> head(std::string_view name) override { return store_->head(name); }
  Result<ObjectInfo> verify(std::string_view name) override { return store_->verify(name); }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override { return store_->list(prefix); }
  Result<void> remove(std::string_view name, const std::string& version) override {
    return store_->remove(name, version);
  }

 private:
  std::unique_ptr<ObjectStore> store_ = open_memory_objects();
  std::function<void(ObjectStore&, std::string_view)> before_answer_;
};

}  // namespace

TEST_CASE("create or keep: a write whose answer was lost counts when the bytes are there") {
  LostAnswer store([](ObjectStore& inner, std::string_view bytes) { value(inner.put("f/x", bytes, IfAbsent())); });
  const Created created = value(create_or_keep(store, "f/x", "wanted"));
  CHECK(created.info.sha256 == sha256_hex("wanted"));
  CHECK_FALSE(created.was_there);
}

TEST_CASE("create or keep: a write that never arrived stays unavailable") {
  LostAnswer store([](ObjectStore&, std::string_view) {});
  CHECK(kind_of(create_or_keep(store, "f/x", "wanted")) == "unavailable");
}

TEST_CASE("create or keep: another writer's bytes are kept, also when our answer was lost") {
  LostAnswer store([](ObjectStore& inner, std::string_view) { value(inner.put("f/x", "theirs", IfAbsent())); });
  const ScratchFolder scratch;
  std::ofstream(scratch.path() / "file") << "wanted";
  const Created created = value(create_or_keep_file(store, "f/x", scratch.path() / "file"));
  CHECK(created.was_there);
  CHECK(created.info.sha256 == sha256_hex("theirs"));
}

}  // namespace workprint
