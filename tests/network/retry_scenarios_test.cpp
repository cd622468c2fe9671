// The scenarios of Google's conformance data for storage clients, by their numbers there; the table with what applies is in
// docs/protocols/object-network.md.
#include <doctest/doctest.h>

#include <fstream>

#include "object/gcs_bucket.h"
#include "object/google_credentials.h"
#include "object/scratch_folder.h"
#include "tests/conformance/object_store_contract.h"
#include "tests/support/server_process.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;
using conformance::value;

namespace {

struct Method {
  const char* name;
  const char* http;
  const char* target;
  std::function<std::string(ObjectStore&, const ObjectInfo& there, const std::filesystem::path& file)> call;
};

const Method methods[] = {
    {"storage.objects.get", "GET", "/o/f%2Fthere\\?fields", [](auto& store, auto&, auto&) { return kind_of(store.head("f/there")); }},
    {"storage.objects.get alt=media", "GET", "alt=media", [](auto& store, auto&, auto&) { return kind_of(store.get("f/there")); }},
    {"storage.objects.list", "GET", "/o\\?", [](auto& store, auto&, auto&) { return kind_of(store.list("f/")); }},
    {"storage.objects.insert", "POST", "uploadType=multipart",
     [](auto& store, auto& there, auto&) { return kind_of(store.put("f/there", "new", IfVersion{there.version})); }},
    {"storage.objects.insert resumable", "P(OS|U)T", "uploadType=resumable",
     [](auto& store, auto&, auto& file) { return kind_of(store.put_file("f/large", file, IfAbsent())); }},
    {"storage.objects.delete", "DELETE", "",
     [](auto& store, auto& there, auto&) { return kind_of(store.remove("f/there", there.version)); }},
};

Json instruction(const std::string& name, const Method& method) {
  Json fault{{"target", method.target}};
  if (std::string(method.http).size() < 7) fault["method"] = method.http;
  if (name == "return-reset-connection") fault["act"] = "reset_after_request";
  if (name.starts_with("return-4") || name.starts_with("return-5")) fault["act"] = "status";
  if (fault["act"] == "status") fault["status"] = std::stoi(name.substr(7));
  return fault;
}

/// Runs one method under instructions that are met one after the other.
std::string run(const Fake& fake, const Method& method, const std::vector<std::string>& instructions) {
  const ScratchFolder scratch;
  static int number = 0;
  const std::string bucket = "bucket-" + std::to_string(++number);
  fake.heal();
  fake.control("settings", {{"bucket", bucket}, {"token_uses", 1000}});
  std::ofstream(scratch.path() / "large", std::ios::binary) << std::string(600'000, 'x');
  const HttpContext context = quick_context();
  const auto host = fake.origin().substr(7);
  const auto credentials = open_google_credentials(
      [host](const std::string& name) { return name == "GCE_METADATA_HOST" ? std::optional(host) : std::nullopt; }, context);
  GcsOptions options{.bucket = bucket, .prefix = {}, .endpoint = fake.origin()};
  options.one_request_bytes_max = 100'000;
  options.chunk_bytes = 256u << 10;
  const auto store = open_network_store(open_gcs_bucket(options, context, credentials), "", context);
  const ObjectInfo there = value(store->put("f/there", std::string(1000, 't'), IfAbsent()));
  static_cast<void>(fake.log());
  for (const std::string& name : instructions) fake.fail_with(instruction(name, method));
  const std::string kind = method.call(*store, there, scratch.path() / "large");
  std::size_t struck = 0;
  for (const Json& entry : fake.log()) {
    struck += entry["act"] != "" ? 1u : 0u;
    const std::string target = entry["target"];
    const bool is_mutation = entry["method"] == "DELETE" || (entry["method"] == "POST" && target.find("/upload/") != std::string::npos);
    if (is_mutation) CHECK(target.find("ifGenerationMatch=") != std::string::npos);  // scenario 3 cannot come up
  }
  CHECK(struck >= 1);
  return kind;
}

}  // namespace

TEST_CASE("Google's scenarios 1, 2, 7: retried when idempotent, or by a precondition") {
  const std::vector<std::string> cases[] = {{"return-503", "return-503"},
                                            {"return-reset-connection", "return-reset-connection"},
                                            {"return-reset-connection", "return-503"}};
  const Fake fake("fake_gcs.py");
  for (const Method& method : methods)
    for (const auto& instructions : cases) {
      CAPTURE(std::string(method.name));
      CAPTURE(instructions.back());
      CHECK(run(fake, method, instructions) == "ok");
    }
}

TEST_CASE("Google's scenarios 5 and 6: other errors end it") {
  const std::vector<std::string> cases[] = {
      {"return-400", "return-400"}, {"return-401", "return-401"}, {"return-503", "return-400"}, {"return-reset-connection", "return-400", "return-400"}};
  const Fake fake("fake_gcs.py");
  for (const Method& method : methods)
    for (const auto& instructions : cases) {
      CAPTURE(std::string(method.name));
      CAPTURE(instructions.front());
      const std::string kind = run(fake, method, instructions);
      CHECK((kind == "invalid" || kind == "unavailable"));
    }
}

TEST_CASE("Google's scenarios 7 and 8: after 256 KiB") {
  const Fake fake("fake_gcs.py");
  const ScratchFolder scratch;
  fake.control("settings", {{"bucket", "bucket"}});
  const std::string bytes(1 << 20, 'm');
  std::ofstream(scratch.path() / "file", std::ios::binary) << bytes;
  GcsOptions options{.bucket = "bucket", .prefix = {}, .endpoint = fake.origin()};
  options.one_request_bytes_max = 0;
  const auto store = open_network_store(open_gcs_bucket(options, quick_context(), nullptr), "", quick_context());
  for (const Json& fault : {Json{{"act", "reset_mid_request"}, {"bytes", 256 << 10}, {"method", "PUT"}},
                            Json{{"act", "keep_less"}, {"bytes", 256 << 10}, {"method", "PUT"}}}) {
    fake.fail_with(fault);
    const std::string name = "f/" + fault["act"].get<std::string>();
    value(store->put_file(name, scratch.path() / "file", IfAbsent()));
    CHECK(value(store->verify(name)).sha256 == sha256_hex(bytes));
  }
  for (const char* act : {"truncate", "reset_mid_answer"}) {
    fake.fail_with({{"act", act}, {"bytes", 256 << 10}, {"target", "alt=media"}});
    CHECK(conformance::bytes_at(*store, "f/keep_less") == bytes);
  }
}

}  // namespace workprint
