// For tests in other languages: one act on an object store by its location.
//   object_tool <location> put <name> <file>     (must not exist)
//   object_tool <location> replace <name> <file> (whatever version is there)
//   object_tool <location> get <name> <file>
//   object_tool <location> list <prefix>
// Prints objects as lines of JSON. Exit status 1: the act failed, the reason is on standard error.
#include <cstdio>
#include <string>

#include "workprint/json.h"
#include "workprint/object_store.h"
#include "workprint/try.h"

namespace workprint {
namespace {

void print(const ObjectInfo& info) {
  const Json line{{"name", info.name},
                  {"size", info.size_bytes},
                  {"crc32c", info.crc32c},
                  {"sha256", info.sha256},
                  {"version", info.version}};
  std::printf("%s\n", canonical_json(line).c_str());
}

Result<void> act(const std::string& location, const std::string& verb, const std::string& name, const std::string& file) {
  const auto store = TRY(open_object_store(location));
  if (verb == "put") {
    print(TRY(store->put_file(name, file, IfAbsent())));
  } else if (verb == "replace") {
    const ObjectInfo there = TRY(store->head(name));
    print(TRY(store->put_file(name, file, IfVersion{there.version})));
  } else if (verb == "get") {
    print(TRY(store->get_file(name, file)));
  } else if (verb == "list") {
    for (const ObjectInfo& info : TRY(store->list(name))) print(info);
  } else {
    return fail(ErrorKind::invalid, "unknown act: " + verb);
  }
  return {};
}

}  // namespace
}  // namespace workprint

int main(int count, char** words) {
  if (count < 4) return 2;
  const auto done = workprint::act(words[1], words[2], words[3], count > 4 ? words[4] : "");
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", std::string(workprint::to_string(done.error().kind)).c_str(), done.error().message.c_str());
  return 1;
}
