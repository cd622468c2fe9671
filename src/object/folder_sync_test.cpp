/// A disk whose folders cannot be made durable for a while. fsync is replaced for the whole test program.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "object/scratch_folder.h"
#include "tests/conformance/object_store_contract.h"

namespace {
std::atomic<bool> folders_fail = false;
}

extern "C" int fsync(int fd) {
  struct stat status {};
  if (folders_fail && ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace workprint {

using conformance::kind_of;
using conformance::value;

TEST_CASE("folder store: what could not be made durable is not believed to be there until it is") {
  const ScratchFolder scratch;
  const auto store = open_folder_store(scratch.path());
  value(store->put("f/first", "makes the folder", IfAbsent()));
  folders_fail = true;
  CHECK(kind_of(create_or_keep(*store, "f/x", "wanted")) == "unavailable");
  CHECK(kind_of(create_or_keep(*store, "f/x", "wanted")) == "unavailable");
  CHECK(kind_of(store->verify("f/x")) == "unavailable");
  folders_fail = false;
  const Created created = value(create_or_keep(*store, "f/x", "wanted"));
  CHECK(created.info.sha256 == sha256_hex("wanted"));
  folders_fail = true;
  CHECK(value(store->get("f/x")).bytes == "wanted");
  folders_fail = false;
}

}  // namespace workprint
