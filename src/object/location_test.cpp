#include "object/location.h"

#include <doctest/doctest.h>

#include <map>

#include "object/scratch_folder.h"
#include "tests/conformance/object_store_contract.h"

namespace workprint {
namespace {

using conformance::kind_of;
using conformance::value;

Environment environment(std::map<std::string, std::string> variables = {}) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

Result<std::unique_ptr<ObjectStore>> open(std::string_view location, Environment variables = environment()) {
  return open_object_store(location, variables, open_http_context());
}

}  // namespace

TEST_CASE("location: each form opens its store, without a look at disk or network") {
  const char* rows[][2] = {{"file:///no/such/folder", "file:/no/such/folder"},
                           {"file:films", "file:films"},
                           {"gs://my-films", "gs://my-films"},
                           {"gs://my.films_1/ada/2026/", "gs://my.films_1/ada/2026"},
                           {"gs://films?endpoint=http://127.0.0.1:9000", "gs://films"},
                           {"s3://films/ada?endpoint=http://10.0.0.1:9000/&region=eu-central-1&style=virtual", "s3://films/ada"},
                           {"s3://films?unfenced=allowed", "s3://films"}};
  for (const auto& [location, description] : rows) {
    CAPTURE(std::string(location));
    CHECK(value(open(location))->describe() == description);
  }
}

TEST_CASE("location: what is none is refused, with the forms that are") {
  for (const char* location :
       {"", "films", "/films", "http://bucket/x", "GS://x", "gs:bucket", "gs://", "gs://B", "gs://ab", "gs://bucket:80/x", "gs://bucket/../x",
        "gs://bucket/.hidden", "gs://bucket//x", "gs://bucket/a b", "gs://key:secret@bucket/x", "gs://bucket?region=eu", "gs://bucket?endpoint=ftp://x",
        "gs://bucket?endpoint=http://storage.example", "gs://bucket?endpoint=https://h/path", "s3://bucket?endpoint=host",
        "s3://bucket?style=odd", "s3://bucket?unfenced=yes", "s3://bucket?secret=x", "file:", "file://", "file://host/x"}) {
    CAPTURE(std::string(location));
    const auto opened = open(location);
    REQUIRE(kind_of(opened) == "invalid");
    CHECK(opened.error().message.find("Allowed: file:///absolute/folder") != std::string::npos);
    CHECK(opened.error().message.find("secret@") == std::string::npos);
  }
  CHECK(kind_of(open("gs://bucket/" + std::string(101, 'a'))) == "invalid");
}

TEST_CASE("location: an emulator is on this machine, or is none") {
  for (const char* host : {"127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000/"})
    CHECK(kind_of(open("gs://bucket", environment({{"STORAGE_EMULATOR_HOST", host}}))) == "ok");
  for (const char* host : {"10.0.0.1:9000", "http://storage.example"})
    CHECK(kind_of(open("gs://bucket", environment({{"STORAGE_EMULATOR_HOST", host}}))) == "invalid");
}

TEST_CASE("location: a folder is a store") {
  const ScratchFolder scratch;
  const auto store = value(open("file://" + scratch.path().string() + "/films"));
  value(store->put("f/x", "x", IfAbsent()));
  CHECK(std::filesystem::exists(scratch.path() / "films" / "f" / "x"));
  CHECK(store->write_interval() == Duration::zero());
}

}  // namespace workprint
