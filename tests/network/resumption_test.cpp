// Uploads in pieces whose process is killed: the next one sends only what the service has not got, and never the wrong bytes.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "object/gcs_bucket.h"
#include "tests/support/large_file.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;
using conformance::value;
namespace fs = std::filesystem;

namespace {

/// One object that is uploaded in four pieces.
struct Upload {
  const Fake fake;
  const bool is_google;
  const std::uint64_t piece_bytes;
  LargeFile file;
  const ScratchFolder home;
  const fs::path folder = home.path() / "uploads";
  const std::string name = "f/final/movie.mp4";

  explicit Upload(const std::string& script)
      : fake(script),
        is_google(script == "fake_gcs.py"),
        piece_bytes(is_google ? 256u << 10 : 5u << 20),
        file(3 * piece_bytes + 10'000) {
    fake.control("settings", {{"bucket", "bucket"}, {"parts_page", 1}});
  }

  std::shared_ptr<ObjectStore> open() const {
    const ObjectStoreOptions options{.uploads_folder = folder};
    const HttpContext context = quick_context();
    if (is_google) {
      GcsOptions google{.bucket = "bucket", .prefix = {}, .endpoint = fake.origin()};
      google.one_request_bytes_max = 100'000;
      google.chunk_bytes = piece_bytes;
      return open_network_store(open_gcs_bucket(google, context, nullptr), "", context, options);
    }
    const auto bucket_options = s3_options(fake.origin(), "bucket");
    return open_network_store(open_s3_bucket(bucket_options, context, std::make_shared<TestKeys>()), "", context, options);
  }

  /// A request that carries a piece of the file.
  bool is_piece(const Json& entry) const {
    if (entry["method"] != "PUT" || entry["target"].get<std::string>().find(".probe-") != std::string::npos) return false;
    if (!is_google) return entry["target"].get<std::string>().find("partNumber=") != std::string::npos;
    return entry["headers"].value("content-range", "").starts_with("bytes ") && entry["headers"].value("content-range", "")[6] != '*';
  }
  Json at_piece(int number, const std::string& act) const {
    Json fault{{"act", act}, {"method", "PUT"}, {"times", 1}};
    if (is_google)
      fault["skip"] = number - 1;
    else
      fault["target"] = "partNumber=" + std::to_string(number);
    fault["target"] = fault.value("target", "upload_id=");
    return fault;
  }
  Json at_end(const std::string& act) const {
    if (is_google) return at_piece(4, act);
    return {{"act", act}, {"method", "POST"}, {"target", R"(movie\.mp4\?uploadId=)"}};
  }

  /// Another process uploads, and is killed when the service has got to `fault`.
  void kill_at(const Json& fault) const {
    fake.fail_with(fault);
    static_cast<void>(fake.log());
    const pid_t process = ::fork();
    if (process == 0) {
      static_cast<void>(open()->put_file(name, file.source, IfAbsent()));
      ::_exit(0);
    }
    for (bool is_there = false; !is_there;) {
      for (const Json& entry : fake.log()) is_there = is_there || entry["act"] == fault["act"];
      int status = 0;
      REQUIRE(::waitpid(process, &status, WNOHANG) == 0);
    }
    // The log is written before the object is made.
    while (fault["act"] == "commit_then_stall" && kind_of(open()->head(name)) != "ok") {
    }
    ::kill(process, SIGKILL);
    int status = 0;
    ::waitpid(process, &status, 0);
    fake.heal();
    static_cast<void>(fake.log());
  }

  /// Bytes of the file that came to the service since the last look.
  std::uint64_t bytes_sent() const {
    std::uint64_t sum = 0;
    for (const Json& entry : fake.log())
      if (is_piece(entry)) sum += std::stoull(entry["headers"]["content-length"].get<std::string>());
    return sum;
  }
  std::vector<fs::path> pages() const {
    std::vector<fs::path> found;
    if (fs::exists(folder))
      for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path());
    return found;
  }
  void is_right() const {
    const auto store = open();
    CHECK(value(store->verify(name)).sha256 == file.digest.sha256);
    CHECK(pages().empty());
    if (!is_google) CHECK(fake.control("settings", Json::object())["uploads"] == 0);
  }
};

const char* const scripts[] = {"fake_gcs.py", "fake_s3.py"};

}  // namespace

TEST_CASE("resumption: what a killed process has sent is not sent again") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    upload.kill_at(upload.at_piece(3, "stall"));
    REQUIRE(upload.pages().size() == 1);
    const auto info = upload.open()->put_file(upload.name, upload.file.source, IfAbsent());
    CHECK(kind_of(info) == "ok");
    CHECK(upload.bytes_sent() == upload.file.digest.size_bytes - 2 * upload.piece_bytes);
    if (info) CHECK(info->version == value(upload.open()->head(upload.name)).version);
    upload.is_right();
  }
}

TEST_CASE("resumption: so it is in the same process, after a call that gave up, and killed twice") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    upload.kill_at(upload.at_piece(2, "stall"));
    Json fault = upload.at_piece(3, "status");  // Google: after the question and a piece
    fault["times"] = 1000;
    upload.fake.fail_with(fault);
    const auto store = upload.open();
    CHECK(kind_of(store->put_file(upload.name, upload.file.source, IfAbsent())) == "unavailable");
    upload.fake.heal();
    static_cast<void>(upload.fake.log());
    upload.kill_at(upload.is_google ? upload.at_piece(3, "stall") : upload.at_piece(4, "stall"));
    CHECK(kind_of(store->put_file(upload.name, upload.file.source, IfAbsent())) == "ok");
    CHECK(upload.bytes_sent() == 10'000);
    upload.is_right();
  }
}

TEST_CASE("resumption: the service kept less of a piece than was sent") {
  const Upload upload("fake_gcs.py");
  Json less = upload.at_piece(2, "keep_less");
  less["bytes"] = 100'000;
  upload.fake.fail_with(less);
  upload.kill_at(upload.at_piece(2, "stall"));  // a request that one fault strikes does not count for the other
  CHECK(kind_of(upload.open()->put_file(upload.name, upload.file.source, IfAbsent())) == "ok");
  CHECK(upload.bytes_sent() == upload.file.digest.size_bytes - upload.piece_bytes - 100'000);
  upload.is_right();
}

TEST_CASE("resumption: an object that was made before the process was killed is ours, and nothing is sent") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    upload.kill_at(upload.at_end("commit_then_stall"));
    REQUIRE(upload.pages().size() == 1);
    const auto info = upload.open()->put_file(upload.name, upload.file.source, IfAbsent());
    CHECK(kind_of(info) == "ok");
    CHECK(upload.bytes_sent() == 0);
    if (info) CHECK(info->version == value(upload.open()->head(upload.name)).version);
    upload.is_right();
    CHECK(kind_of(upload.open()->put_file(upload.name, upload.file.source, IfAbsent())) == "conflict");
  }
}

TEST_CASE("resumption: an object that was made and removed again is made anew, whatever its session says") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    upload.kill_at(upload.at_end("commit_then_stall"));
    REQUIRE(upload.pages().size() == 1);
    const auto store = upload.open();
    const std::string first = value(store->head(upload.name)).version;
    REQUIRE(store->remove(upload.name, first).has_value());
    const auto info = store->put_file(upload.name, upload.file.source, IfAbsent());
    CHECK(kind_of(info) == "ok");
    CHECK(upload.bytes_sent() == upload.file.digest.size_bytes);
    if (info) CHECK(info->version == value(store->head(upload.name)).version);
    upload.is_right();
    CHECK(upload.pages().empty());
  }
}

TEST_CASE("resumption: a session is for its own bytes, condition and time") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    for (const std::string why : {"other bytes", "other size", "expired", "other condition", "damaged", "readable by others", "a link"}) {
      CAPTURE(why);
      Upload upload(script);
      PutCondition condition = IfAbsent();
      upload.kill_at(upload.at_piece(3, "stall"));
      REQUIRE(upload.pages().size() == 1);
      const fs::path page = upload.pages().front();
      if (why == "other bytes") upload.file.write(upload.file.digest.size_bytes, 8);
      if (why == "other condition") condition = IfVersion{value(upload.open()->put(upload.name, "first", IfAbsent())).version};
      if (why == "other size") upload.file.write(upload.file.digest.size_bytes - 1, 7);
      if (why == "expired") upload.fake.control("settings", {{"expire_uploads", true}});
      if (why == "damaged") fs::resize_file(page, 40);
      if (why == "readable by others") fs::permissions(page, fs::perms::others_read, fs::perm_options::add);
      if (why == "a link") {
        fs::rename(page, upload.home.path() / "elsewhere");
        fs::create_symlink(upload.home.path() / "elsewhere", page);
      }
      const auto info = upload.open()->put_file(upload.name, upload.file.source, condition);
      CHECK(kind_of(info) == "ok");
      CHECK(upload.bytes_sent() == upload.file.digest.size_bytes);
      CHECK(value(upload.open()->verify(upload.name)).sha256 == upload.file.digest.sha256);
      CHECK(upload.pages().empty());
    }
  }
}

TEST_CASE("resumption: somebody else's object is not taken for ours, nor is it overwritten") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    upload.kill_at(upload.at_piece(3, "stall"));
    value(upload.open()->put(upload.name, "theirs", IfAbsent()));
    // Ours may have been there and been replaced; from the second call on that is known.
    CHECK(kind_of(upload.open()->put_file(upload.name, upload.file.source, IfAbsent())) == "unavailable");
    CHECK(kind_of(upload.open()->put_file(upload.name, upload.file.source, IfAbsent())) == "conflict");
    CHECK(conformance::bytes_at(*upload.open(), upload.name) == "theirs");
    CHECK(upload.pages().empty());
  }
}

TEST_CASE("resumption: nobody else can read the journal, and no message tells what is in it") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    upload.kill_at(upload.at_piece(2, "stall"));
    REQUIRE(upload.pages().size() == 1);
    struct stat status {};
    REQUIRE(::stat(upload.pages().front().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat(upload.folder.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    std::ifstream in(upload.pages().front());
    const Json page = Json::parse(in);
    Json fault{{"act", "status"}, {"status", 503}, {"method", upload.is_google ? "PUT" : "GET"}, {"times", 1000}};
    upload.fake.fail_with(fault);
    const auto failed = upload.open()->put_file(upload.name, upload.file.source, IfAbsent());
    REQUIRE(kind_of(failed) == "unavailable");
    CHECK(failed.error().message.find(page["session"].get<std::string>()) == std::string::npos);
    CHECK(failed.error().message.find("upload_id") == std::string::npos);
  }
}

TEST_CASE("resumption: a journal that cannot be written costs nothing but the second time") {
  for (const char* script : scripts) {
    CAPTURE(std::string(script));
    const Upload upload(script);
    std::ofstream(upload.folder) << "a file where the folder should be";
    CHECK(kind_of(upload.open()->put_file(upload.name, upload.file.source, IfAbsent())) == "ok");
    CHECK(value(upload.open()->verify(upload.name)).sha256 == upload.file.digest.sha256);
  }
}

}  // namespace workprint
