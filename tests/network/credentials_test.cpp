// Where tokens and keys come from, against the fakes' token endpoint and metadata services.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>

#include "object/google_credentials.h"
#include "object/location.h"
#include "object/scratch_folder.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;
using conformance::value;

namespace {

using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  REQUIRE(::pclose(pipe) == 0);
  return text;
}

/// A fake that asks for tokens, each good for three requests.
struct GoogleFixture {
  Fake fake{"fake_gcs.py"};
  ScratchFolder scratch;
  std::shared_ptr<QuickClock> clock = std::make_shared<QuickClock>();

  GoogleFixture() { fake.control("settings", {{"bucket", "bucket"}, {"token_uses", 3}}); }
  Variables home() const { return {{"HOME", scratch.path()}, {"GCE_METADATA_HOST", "127.0.0.1:1"}}; }
  std::string file(const Json& credentials) const {
    const auto path = scratch.path() / "credentials.json";
    write(path, credentials.dump());
    return path;
  }
  std::unique_ptr<ObjectStore> open(Variables variables) const {
    HttpContext context = quick_context(clock);
    return value(open_object_store("gs://bucket/films?endpoint=" + fake.origin(), environment(std::move(variables)), context));
  }
  /// Six requests and more: some tokens are used up on the way.
  void works(Variables variables) const {
    const auto store = open(std::move(variables));
    static_cast<void>(fake.log());
    for (int i = 0; i < 6; ++i) value(store->put("f/" + std::to_string(i), "bytes", IfAbsent()));
    CHECK(value(store->list("f/")).size() == 6);
    int grants = 0;
    int others = 0;
    for (const Json& entry : fake.log()) {
      const bool is_grant = entry["target"].get<std::string>().starts_with("/token") ||
                            entry["target"].get<std::string>().starts_with("/computeMetadata");
      ++(is_grant ? grants : others);
    }
    CHECK(grants >= 2);
    CHECK(grants <= 4);
    CHECK(others <= 7 + grants);
  }
};

}  // namespace

TEST_CASE_FIXTURE(GoogleFixture, "Google: a service account signs for its tokens") {
  const std::string key = output_of("openssl genrsa 2048 2>/dev/null");
  write(scratch.path() / "key.pem", key);
  std::string modulus = output_of("openssl rsa -in " + (scratch.path() / "key.pem").string() + " -noout -modulus 2>/dev/null");
  modulus = modulus.substr(modulus.find('=') + 1);
  fake.control("settings", {{"public_key", {{"n", modulus.substr(0, modulus.find('\n'))}, {"e", 65537}}}});
  Variables variables = home();
  variables["GOOGLE_APPLICATION_CREDENTIALS"] = file({{"type", "service_account"},
                                                      {"client_email", "worker@films.example"},
                                                      {"private_key_id", "k1"},
                                                      {"private_key", key},
                                                      {"token_uri", fake.origin() + "/token"}});
  works(variables);
}

TEST_CASE_FIXTURE(GoogleFixture, "Google: a signed-in person's file is found where gcloud leaves it") {
  const Json credentials{{"type", "authorized_user"},
                         {"client_id", "id"},
                         {"client_secret", "the-client-secret"},
                         {"refresh_token", "the-refresh-token"},
                         {"token_uri", fake.origin() + "/token"}};
  write(scratch.path() / ".config/gcloud/application_default_credentials.json", credentials.dump());
  works(home());
  write(scratch.path() / "elsewhere/application_default_credentials.json", credentials.dump());
  Variables variables{{"CLOUDSDK_CONFIG", scratch.path() / "elsewhere"}};
  fake.control("settings", {{"expire_tokens", true}});
  CHECK(value(open(variables)->list("")).size() == 6);

  Json revoked = credentials;
  revoked["refresh_token"] = "the-revoked-token";
  Variables named = home();
  named["GOOGLE_APPLICATION_CREDENTIALS"] = file(revoked);
  static_cast<void>(fake.log());
  const auto refused = open(named)->list("");
  REQUIRE(kind_of(refused) == "unavailable");
  for (const char* secret : {"the-client-secret", "the-revoked-token"})
    CHECK(refused.error().message.find(secret) == std::string::npos);
  CHECK(refused.error().message.find("gcloud auth application-default login") != std::string::npos);
  CHECK(fake.log().size() <= 2);
}

TEST_CASE_FIXTURE(GoogleFixture, "Google: somebody else's token is exchanged, from a file or a URL") {
  write(scratch.path() / "subject", "the-subject-token");
  write(scratch.path() / "subject.json", R"({"id_token": "the-subject-token"})");
  Json credentials{{"type", "external_account"},
                   {"audience", "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"},
                   {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                   {"token_url", fake.origin() + "/token"}};
  Variables variables = home();
  credentials["credential_source"] = {{"file", scratch.path() / "subject"}};
  SUBCASE("a file") {}
  SUBCASE("a file of JSON") {
    credentials["credential_source"] = {{"file", scratch.path() / "subject.json"},
                                        {"format", {{"type", "json"}, {"subject_token_field_name", "id_token"}}}};
  }
  variables["GOOGLE_APPLICATION_CREDENTIALS"] = file(credentials);
  works(variables);
}

TEST_CASE_FIXTURE(GoogleFixture, "Google: the machine's metadata server") {
  Variables variables = home();
  variables["GCE_METADATA_HOST"] = fake.origin().substr(7);
  works(variables);
}

TEST_CASE_FIXTURE(GoogleFixture, "Google: a token is renewed before its end, and one thread asks for all") {
  fake.control("settings", {{"token_uses", 100000}});
  Variables variables = home();
  variables["GCE_METADATA_HOST"] = fake.origin().substr(7);
  const auto store = open(variables);
  const auto grants = [&] {
    int count = 0;
    for (const Json& entry : fake.log()) count += entry["target"].get<std::string>().starts_with("/computeMetadata") ? 1 : 0;
    return count;
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { static_cast<void>(store->list("")); });
  }
  CHECK(grants() == 1);
  clock->wait(std::chrono::seconds(2800), {});
  value(store->list(""));
  CHECK(grants() == 0);
  clock->wait(std::chrono::seconds(100), {});  // 80 % of an hour
  fake.fail_with({{{"act", "status"}, {"status", 404}, {"target", "computeMetadata"}, {"times", 1}}});
  value(store->list(""));  // the old one is still good
  value(store->list(""));
  CHECK(grants() == 1);
  clock->wait(std::chrono::seconds(30), {});
  value(store->list(""));
  value(store->list(""));
  CHECK(grants() == 1);
}

TEST_CASE_FIXTURE(GoogleFixture, "Google: without credentials a person is told what was looked for") {
  const auto nothing = open(home())->list("");
  REQUIRE(kind_of(nothing) == "unavailable");
  CHECK(nothing.error().message.find("GOOGLE_APPLICATION_CREDENTIALS") != std::string::npos);

  Variables variables = home();
  variables["GOOGLE_APPLICATION_CREDENTIALS"] = scratch.path() / "none.json";
  variables["GCE_METADATA_HOST"] = fake.origin().substr(7);
  CHECK(kind_of(open(variables)->list("")) == "unavailable");  // a named file that is missing is no reason to go on

  for (const Json& wrong : {Json{{"type", "unknown"}}, Json{{"type", "service_account"}}, Json::array(),
                            Json{{"type", "external_account"}, {"audience", "a"}, {"subject_token_type", "t"}, {"token_url", "http://evil.example/token"}}}) {
    variables["GOOGLE_APPLICATION_CREDENTIALS"] = file(wrong);
    CHECK(kind_of(open(variables)->list("")) == "unavailable");
  }
  CHECK(kind_of(sign_jwt(Json::object(), Json::object(), "no key")) == "unavailable");
}

namespace {

struct AmazonFixture {
  Fake fake{"fake_s3.py"};
  ScratchFolder scratch;
  AmazonFixture() { fake.control("settings", {{"bucket", "bucket"}}); }
  std::unique_ptr<ObjectStore> open(Variables variables) const {
    variables.emplace("HOME", scratch.path());
    variables.emplace("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    return value(open_object_store("s3://bucket/films?endpoint=" + fake.origin(), environment(variables), quick_context()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(AmazonFixture, "S3: keys from the environment, from the shared file and its profiles") {
  value(open({{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "SK"}})->put("f/1", "x", IfAbsent()));
  write(scratch.path() / ".aws/credentials",
        "# a comment\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = NO\n\n[default]\naws_access_key_id=AK\n"
        "aws_secret_access_key =  SK\n");
  value(open({})->put("f/2", "x", IfAbsent()));
  const auto refused = open({{"AWS_PROFILE", "other"}})->list("");
  REQUIRE(kind_of(refused) == "unavailable");
  CHECK(refused.error().message.find("InvalidAccessKeyId") != std::string::npos);
  CHECK(value(open({})->list("f/")).size() == 2);
}

TEST_CASE_FIXTURE(AmazonFixture, "S3: keys of a container and of an instance end, and others are asked for") {
  Variables variables;
  SUBCASE("container") {
    variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", fake.origin() + "/container/keys"},
                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token"}};
  }
  SUBCASE("instance") { variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", fake.origin()}}; }
  const auto store = open(variables);
  value(store->put("f/1", "x", IfAbsent()));
  fake.control("settings", {{"keys_expire", true}});
  value(store->put("f/2", "x", IfAbsent()));
  CHECK(value(store->list("f/")).size() == 2);
}

TEST_CASE_FIXTURE(AmazonFixture, "S3: without keys a person is told where was looked") {
  const auto nothing = open({})->list("");
  REQUIRE(kind_of(nothing) == "unavailable");
  for (const char* place : {"AWS_ACCESS_KEY_ID", ".aws/credentials", "container", "instance"})
    CHECK(nothing.error().message.find(place) != std::string::npos);
  const auto evil = open({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/keys"}})->list("");
  CHECK(kind_of(evil) == "unavailable");
}

}  // namespace workprint
