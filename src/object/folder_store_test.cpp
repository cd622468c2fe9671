#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <utime.h>

#include <map>
#include <set>

#include "base/fault.h"
#include "object/folder.h"
#include "object/scratch_folder.h"
#include "object/sidecar.h"
#include "tests/conformance/object_store_contract.h"

namespace workprint {
namespace {

using conformance::bytes_at;
using conformance::kind_of;
using conformance::value;
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

int temporaries_in(const fs::path& folder) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().filename().string().starts_with(folder::temporary_prefix)) ++count;
  return count;
}

struct FolderFixture {
  ScratchFolder scratch;
  fs::path root = scratch.path() / "films";
  std::unique_ptr<ObjectStore> store = open_folder_store(root);
};

}  // namespace

TEST_CASE("a folder store keeps the contract of object stores") {
  ScratchFolder scratch;
  conformance::keeps_the_contract([&] {
    scratch.empty();
    const fs::path root = scratch.path() / "not" / "yet" / "there";
    return conformance::ObjectBackend{
        .scratch = scratch.path(),
        .open = [root] { return std::shared_ptr<ObjectStore>(open_folder_store(root)); },
        .damage =
            [root](const std::string& name, const std::function<void(Bytes&)>& change) {
              Bytes bytes = read_file(root / name);
              change(bytes);
              write_file(root / name, bytes);
            },
        .add_hidden_files =
            [root](const std::string& folder) {
              for (const char* name : {".tmp.1.2", ".meta.gone", ".DS_Store", ".hidden/x"})
                write_file(root / folder / name, "?");
            },
        .is_seen_by_processes = true};
  });
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: a killed writer leaves the old or the new bytes, and what was acknowledged") {
  struct Acknowledged {
    std::atomic<bool> identity = false, replaced = false, rewritten = false, created = false, removed = false;
  };
  void* memory = ::mmap(nullptr, sizeof(Acknowledged), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  std::set<std::string> crossed;
  bool is_finished = false;
  int kill_at = 1;
  for (; !is_finished; ++kill_at) {
    CAPTURE(kill_at);
    scratch.empty();
    auto* acknowledged = new (memory) Acknowledged;
    value(store->put("f/state.json", "old!", IfAbsent()));
    value(store->put("f/same.json", "same", IfAbsent()));
    value(store->put("f/gone", "gone", IfAbsent()));

    const pid_t child = ::fork();
    if (child == 0) {
      int crossings = 0;
      set_fault_handler([&](std::string_view) {
        if (++crossings == kill_at) ::kill(::getpid(), SIGKILL);
      });
      const auto writer = open_folder_store(root);
      const auto version = [&](const char* name) { return IfVersion{writer->head(name)->version}; };
      acknowledged->identity = writer->incarnation().has_value();
      acknowledged->replaced = writer->put("f/state.json", "new!", version("f/state.json")).has_value();
      acknowledged->rewritten = writer->put("f/same.json", "same", version("f/same.json")).has_value();
      acknowledged->created = writer->put("f/scenes/clip", "clip", IfAbsent()).has_value();
      acknowledged->removed = writer->remove("f/gone", version("f/gone").version).has_value();
      ::_exit(7);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    is_finished = WIFEXITED(status) && WEXITSTATUS(status) == 7;
    REQUIRE((is_finished || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)));

    const auto reader = open_folder_store(root);
    const std::string state = bytes_at(*reader, "f/state.json");
    CHECK((state == "new!" || (state == "old!" && !acknowledged->replaced)));
    CHECK(bytes_at(*reader, "f/same.json") == "same");
    const auto clip = reader->get("f/scenes/clip");
    CHECK((clip ? clip->bytes == "clip" : clip.error().kind == ErrorKind::not_found && !acknowledged->created));
    const auto gone = reader->get("f/gone");
    CHECK((gone ? gone->bytes == "gone" && !acknowledged->removed : gone.error().kind == ErrorKind::not_found));
    const std::string id = value(reader->incarnation());
    CHECK(id.size() == 32);

    for (const ObjectInfo& info : value(reader->list(""))) {
      CHECK_FALSE(info.sha256.empty());
      CHECK(value(reader->head(info.name)).version == info.version);
      CHECK(value(reader->verify(info.name)).version == info.version);
      value(reader->put(info.name, "life goes on", IfVersion{info.version}));
      CHECK(bytes_at(*reader, info.name) == "life goes on");
    }
    if (is_finished)
      CHECK((acknowledged->identity && acknowledged->replaced && acknowledged->rewritten && acknowledged->created &&
             acknowledged->removed));
  }
  MESSAGE("killed at each of ", kill_at - 2, " crossings");
  CHECK(kill_at - 2 > 20);
  ::munmap(memory, sizeof(Acknowledged));
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: each state of sidecar and object reads as the table in sidecar.h says") {
  value(store->put("f/x", "old", IfAbsent()));
  const std::string old_version = value(store->head("f/x")).version;
  const std::string old_sidecar = read_file(root / "f/.meta.x");
  const std::string new_version = value(store->put("f/x", "NEW", IfVersion{old_version})).version;
  const std::string both = read_file(root / "f/.meta.x");
  const auto seen = [&](std::string_view bytes, std::string_view sidecar) {
    write_file(root / "f/x", bytes);
    write_file(root / "f/.meta.x", sidecar);
    const auto object = store->get("f/x");
    if (!object) return kind_of(object);
    CHECK(value(store->head("f/x")).version == object->info.version);
    CHECK(value(store->list("f/")).front().version == object->info.version);
    return object->info.version;
  };
  CHECK(seen("old", old_sidecar) == old_version);
  CHECK(seen("old", both) == old_version);
  CHECK(seen("NEW", both) == new_version);
  CHECK(seen("???", both) == "corrupt");
  CHECK(seen("longer", both) == "corrupt");
  for (const char* sidecar : {"", "{", "{}", "[]", "7", "{\"format\":2,\"records\":[]}", "{\"format\":1,\"records\":[]}",
                              "{\"format\":1,\"records\":[{}]}", "{\"format\":1,\"records\":7}"})
    CHECK_MESSAGE(seen("old", sidecar) == "corrupt", sidecar);

  fs::remove(root / "f/x");
  CHECK(kind_of(store->head("f/x")) == "not_found");
  CHECK(value(store->list("f/")).empty());
  CHECK(kind_of(store->put("f/x", "fresh", IfAbsent())) == "ok");
  CHECK(bytes_at(*store, "f/x") == "fresh");
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: a file that a person copied in is an object like any other") {
  write_file(root / "f/images/mine.png", "mine");
  const ObjectInfo info = value(store->head("f/images/mine.png"));
  CHECK(info.sha256 == sha256_hex("mine"));
  CHECK(value(store->list("f/")).front().version == info.version);
  CHECK(kind_of(store->put("f/images/mine.png", "x", IfAbsent())) == "conflict");
  write_file(root / "f/images/mine.png", "edited by hand");
  CHECK(kind_of(store->put("f/images/mine.png", "x", IfVersion{info.version})) == "conflict");
  value(store->put("f/images/mine.png", "x", IfVersion{value(store->head("f/images/mine.png")).version}));
  CHECK(bytes_at(*store, "f/images/mine.png") == "x");
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: versions survive a copy of the folder") {
  value(store->put("f/a", "1", IfAbsent()));
  value(store->put("f/a", "2", IfVersion{value(store->head("f/a")).version}));
  const std::string id = value(store->incarnation());
  fs::copy(root, scratch.path() / "copy", fs::copy_options::recursive);
  const auto copy = open_folder_store(scratch.path() / "copy");
  CHECK(value(copy->head("f/a")).version == value(store->head("f/a")).version);
  CHECK(value(copy->incarnation()) == id);
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: no link leads out of the folder") {
  write_file(scratch.path() / "outside/secret", "secret");
  value(store->put("f/x", "x", IfAbsent()));
  fs::create_directory_symlink(scratch.path() / "outside", root / "g");
  fs::create_directory_symlink(scratch.path() / "outside", root / "f/inner");
  fs::create_symlink(scratch.path() / "outside/secret", root / "f/link");
  for (const char* name : {"g/secret", "f/inner/secret", "f/link"}) {
    CHECK(kind_of(store->get(name)) == "unavailable");
    CHECK(kind_of(store->put(name, "overwritten", IfAbsent())) == "unavailable");
    CHECK(store->get(name).error().message.find("symbolic link") != std::string::npos);
  }
  CHECK(kind_of(store->put("g/new", "x", IfAbsent())) == "unavailable");
  CHECK(read_file(scratch.path() / "outside/secret") == "secret");
  CHECK(std::distance(fs::directory_iterator(scratch.path() / "outside"), {}) == 1);
  CHECK(value(store->list("")).size() == 1);
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: a folder and an object cannot have one name") {
  value(store->put("f/a", "1", IfAbsent()));
  CHECK(kind_of(store->put("f/a/b", "2", IfAbsent())) == "invalid");
  value(store->put("f/c/d", "3", IfAbsent()));
  CHECK(kind_of(store->put("f/c", "4", IfAbsent())) == "invalid");
  CHECK(kind_of(store->get("f/c")) == "not_found");
  CHECK(kind_of(store->get("f/a/b")) == "not_found");
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: old temporary files are swept at the first write, young ones are left") {
  write_file(root / "f/.tmp.1.old", "x");
  write_file(root / "f/.tmp.1.young", "x");
  const utimbuf two_hours_ago{.actime = ::time(nullptr) - 7200, .modtime = ::time(nullptr) - 7200};
  REQUIRE(::utime((root / "f/.tmp.1.old").c_str(), &two_hours_ago) == 0);
  value(store->put("f/x", "x", IfAbsent()));
  CHECK_FALSE(fs::exists(root / "f/.tmp.1.old"));
  CHECK(fs::exists(root / "f/.tmp.1.young"));
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: a conflict and a failed write leave no temporary file") {
  const ObjectInfo info = value(store->put("f/x", "x", IfAbsent()));
  CHECK(kind_of(store->put("f/x", "y", IfVersion{"another"})) == "conflict");
  CHECK(kind_of(store->put("f/x", "y", IfAbsent())) == "conflict");
  CHECK(temporaries_in(root) == 0);
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: what a person can mend is said in words") {
  write_file(scratch.path() / "file", "x");
  const auto in_a_file = open_folder_store(scratch.path() / "file" / "films");
  CHECK(kind_of(in_a_file->put("f/x", "x", IfAbsent())) == "unavailable");
  const auto full = open_folder_store("/dev/full");
  CHECK(kind_of(full->put("f/x", "x", IfAbsent())) == "unavailable");
  CHECK(describe_errno(ENOSPC) == "the disk is full");
  CHECK(describe_errno(EROFS) == "the file system is read-only");
  CHECK(describe_errno(EACCES) == "permission denied");
  if (::geteuid() == 0) return;  // root may write anywhere
  value(store->put("f/x", "x", IfAbsent()));
  fs::permissions(root / "f", fs::perms::owner_read | fs::perms::owner_exec);
  const auto refused = store->put("f/y", "y", IfAbsent());
  CHECK(kind_of(refused) == "unavailable");
  CHECK(refused.error().message.find("permission denied") != std::string::npos);
  CHECK(bytes_at(*store, "f/x") == "x");
  fs::permissions(root / "f", fs::perms::owner_all);
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: files and folders honour the umask") {
  const mode_t before = ::umask(0027);
  value(store->put("f/x", "x", IfAbsent()));
  ::umask(before);
  const auto mode = [&](const char* path) {
    struct stat status {};
    REQUIRE(::stat((root / path).c_str(), &status) == 0);
    return status.st_mode & 0777;
  };
  CHECK(mode("f") == 0750);
  CHECK(mode("f/x") == 0640);
  CHECK(mode("f/.meta.x") == 0640);
}

TEST_CASE_FIXTURE(FolderFixture, "folder store: a damaged record of its own identity is corrupt, not a new store") {
  value(store->incarnation());
  write_file(root / ".store.json", "{");
  CHECK(kind_of(store->incarnation()) == "corrupt");
}

}  // namespace workprint
