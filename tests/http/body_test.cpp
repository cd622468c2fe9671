// Bodies that are not held in memory: uploads to a file, and media from a source.
#include <fcntl.h>
#include <sys/file.h>

#include <fstream>

#include "service/http_range.h"
#include "service/http_spool.h"
#include "tests/http/raw_client.h"
#include "workprint/digest.h"

namespace workprint::http {

using namespace testing;

namespace {

struct BodyFixture : ServerFixture {
  std::string media = [] {
    std::string bytes;
    for (int i = 0; bytes.size() < 1'000'000; ++i) bytes += std::to_string(i) + "\n";
    return bytes;
  }();

  BodyFixture() {
    handlers.admit = [](Request& request) -> std::variant<Admission, Response> {
      return Admission{.body_bytes_max = 50u << 20, .to_file = request.path == "/upload"};
    };
    handlers.answer = [this](const Request& request) -> Answer {
      if (request.path == "/upload") return describe(request);
      if (request.path != "/media") return json_response(200, {});
      return Response{.headers = {{"ETag", "\"v1\""}, {"Content-Type", "video/mp4"}},
                      .source = BodySource{media.size(), [this](std::uint64_t offset, std::size_t bytes_max) -> Result<std::string> {
                                             return media.substr(offset, std::min<std::size_t>(bytes_max, 30'000));
                                           }}};
    };
  }
  static Response describe(const Request& request) {
    const auto digest = digest_file(request.body_file);
    if (!digest) return refuse(digest.error(), "E0001");
    return json_response(200, {{"sha256", digest->sha256}, {"size", digest->size_bytes}, {"body", request.body}});
  }
  std::size_t files() const {
    const std::filesystem::directory_iterator entries(scratch.path());
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
  RawAnswer get_media(const std::string& headers, const std::string& method = "GET") {
    return ask(method + " /media HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n", method == "HEAD" ? Expects::no_body : Expects::body);
  }
};

}  // namespace

TEST_CASE_FIXTURE(BodyFixture, "http body: an upload is a file while its handler runs, and gone after the answer") {
  const std::string song = media + media + media;
  RawClient asking = client();
  asking.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(song.size()) + "\r\n\r\n" + song);
  const Json answer = asking.read().json();
  CHECK(answer["sha256"] == sha256_hex(song));
  CHECK(answer["body"] == "");
  asking.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(asking.read().status == 200);
  CHECK(files() == 0);
}

TEST_CASE_FIXTURE(BodyFixture, "http body: an upload in chunks, and an empty one, are files too") {
  std::string chunks;
  for (std::size_t at = 0; at < media.size(); at += 0x3039) {
    const std::string piece = media.substr(at, 0x3039);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunks += size + piece + "\r\n";
  }
  CHECK(ask("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n").json()["sha256"] == sha256_hex(media));
  CHECK(ask("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").json()["size"] == 0);
  CHECK(ask("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").json()["size"] == 0);
  CHECK(ask("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 52428801\r\n\r\n").status == 413);
}

TEST_CASE_FIXTURE(BodyFixture, "http body: many uploads at once do not mix") {
  std::vector<std::unique_ptr<RawClient>> uploading;
  for (int i = 0; i < 16; ++i) {
    uploading.push_back(std::make_unique<RawClient>(client()));
    uploading.back()->send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n");
  }
  for (int round = 0; round < 40; ++round)
    for (int i = 0; i < 16; ++i) uploading[static_cast<std::size_t>(i)]->send(std::string(10'000, static_cast<char>('a' + i)));
  for (int i = 0; i < 16; ++i)
    CHECK(uploading[static_cast<std::size_t>(i)]->read().json()["sha256"] == sha256_hex(std::string(400'000, static_cast<char>('a' + i))));
  uploading.clear();
  CHECK(eventually([&] { return files() == 0; }));
}

TEST_CASE_FIXTURE(BodyFixture, "http body: a client that goes leaves no file") {
  {
    RawClient going = client();
    going.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + media.substr(0, 300'000));
    REQUIRE(eventually([&] { return files() == 1; }));
  }
  CHECK(eventually([&] { return files() == 0; }));
  CHECK(eventually([&] { return server->counters().connections_open == 0; }));
}

TEST_CASE_FIXTURE(BodyFixture, "http body: without a place for the file the answer says so") {
  serve();
  std::filesystem::remove_all(scratch.path());
  CHECK(ask("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").code() == row_of(Refusal::spool_failed).code);
  CHECK(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
}

TEST_CASE_FIXTURE(BodyFixture, "http body: what a dead process left is removed, what a living one writes is not") {
  std::ofstream(scratch.path() / "http_body_old") << "x";
  std::ofstream(scratch.path() / "something_else") << "x";
  const auto living = Spool::create(scratch.path());
  REQUIRE(living);
  serve();
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "http_body_old"));
  CHECK(std::filesystem::exists(scratch.path() / "something_else"));
  CHECK(std::filesystem::exists((*living)->path()));
}

TEST_CASE_FIXTURE(BodyFixture, "http body: a source is sent whole, in part, or not at all, as it is asked for") {
  const std::string size = std::to_string(media.size());
  const RawAnswer whole = get_media("");
  CHECK(whole.status == 200);
  CHECK(whole.body == media);
  CHECK(whole.headers.at("accept-ranges") == "bytes");
  const RawAnswer part = get_media("Range: bytes=1000-400000\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == media.substr(1000, 399'001));
  CHECK(part.headers.at("content-range") == "bytes 1000-400000/" + size);
  CHECK(part.headers.at("etag") == "\"v1\"");
  CHECK(get_media("Range: bytes=-5\r\n").body == media.substr(media.size() - 5));
  const RawAnswer past = get_media("Range: bytes=" + size + "-\r\n");
  CHECK(past.status == 416);
  CHECK(past.headers.at("content-range") == "bytes */" + size);
  CHECK(past.code() == row_of(Refusal::range_not_satisfiable).code);
  CHECK(get_media("Range: bytes=0-1\r\nIf-Range: \"v0\"\r\n").status == 200);
  CHECK(get_media("Range: bytes=0-1\r\nIf-Range: \"v1\"\r\n").status == 206);
  CHECK(get_media("If-None-Match: \"v1\"\r\n").status == 304);
  const RawAnswer head = get_media("Range: bytes=0-9\r\n", "HEAD");
  CHECK(head.status == 206);
  CHECK(head.headers.at("content-length") == "10");
  RawClient kept = client();
  kept.send("HEAD /media HTTP/1.1\r\nHost: a\r\n\r\nGET /media HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(kept.read(Expects::no_body).headers.at("content-length") == size);
  CHECK(kept.read().body == "0");
  CHECK(kept.read().status == 200);
}

TEST_CASE_FIXTURE(ServerFixture, "http body: a source that fails is an error, or a cut connection, never a short body") {
  std::function<Result<std::string>(std::uint64_t, std::size_t)> read;
  handlers.answer = [&](const Request&) -> Answer { return Response{.source = BodySource{1'000'000, read}}; };
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  client();
  read = [](std::uint64_t, std::size_t) -> Result<std::string> { return fail(ErrorKind::unavailable, "away"); };
  CHECK(ask(get).status == 503);
  read = [](std::uint64_t, std::size_t) -> Result<std::string> { return fail(ErrorKind::not_found, "gone"); };
  CHECK(ask(get).status == 404);
  read = [](std::uint64_t, std::size_t) -> Result<std::string> { return std::string(); };
  CHECK(ask(get).status == 500);
  read = [](std::uint64_t, std::size_t bytes_max) -> Result<std::string> { return std::string(bytes_max + 1, 'x'); };
  CHECK(ask(get).status == 500);
  read = [](std::uint64_t, std::size_t) -> Result<std::string> { throw std::runtime_error("broken"); };
  CHECK(ask(get).status == 500);
  read = [](std::uint64_t offset, std::size_t) -> Result<std::string> {
    if (offset > 0) return fail(ErrorKind::unavailable, "away");
    return std::string(1000, 'x');
  };
  RawClient cut = client();
  cut.send(get + get);
  const RawAnswer answer = cut.read();
  CHECK(answer.problem == "body cut off");
  CHECK(answer.body == std::string(1000, 'x'));
  CHECK(cut.is_ended());
}

TEST_CASE("http body: ranges as RFC 9110 reads them") {
  const auto part = [](const std::string& range, std::uint64_t size = 100, std::map<std::string, std::string> headers = {}, std::string method = "GET") {
    headers.emplace("range", range);
    const Selection selection = select_part({.method = std::move(method), .path = "/", .headers = std::move(headers)},
                                            {{"ETag", "\"v1\""}, {"Last-Modified", "Mon, 02 Mar 2026 09:11:36 GMT"}}, size);
    if (const auto* found = std::get_if<PartOfBody>(&selection)) return std::to_string(found->first) + "-" + std::to_string(found->last);
    return std::string(std::holds_alternative<WholeBody>(selection) ? "whole" : std::holds_alternative<NotModified>(selection) ? "same" : "none");
  };
  struct Row {
    const char *range, *outcome;
  };
  const Row rows[] = {
      {"bytes=0-0", "0-0"},     {"bytes=0-", "0-99"},       {"bytes=10-19", "10-19"},  {"bytes=99-", "99-99"},   {"bytes=50-1000", "50-99"}, {"bytes=-1", "99-99"},
      {"bytes=-1000", "0-99"},  {"Bytes=0-1", "0-1"},       {"bytes= 0-1", "0-1"},     {"bytes=100-", "none"},   {"bytes=100-200", "none"},  {"bytes=-0", "none"},
      {"bytes=5-4", "whole"},   {"bytes=0-1,3-4", "whole"}, {"bytes=", "whole"},       {"bytes=-", "whole"},     {"bytes=a-b", "whole"},     {"bytes=0x1-2", "whole"},
      {"bytes=+1-2", "whole"},  {"items=0-1", "whole"},     {"bytes=1", "whole"},      {"bytes=1--2", "whole"},  {"0-1", "whole"},           {"bytes=99999999999999999999-", "whole"},
      {"bytes=0-99999999999999999999", "whole"}, {"bytes=18446744073709551615-", "none"}, {"bytes=0-18446744073709551615", "0-99"}, {"bytes=-18446744073709551615", "0-99"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.range);
    CHECK(part(row.range) == row.outcome);
  }
  CHECK(part("bytes=0-", 0) == "none");
  CHECK(part("bytes=-1", 0) == "none");
  CHECK(part("bytes=0-1", 100, {}, "POST") == "whole");
  CHECK(part("bytes=0-1", 100, {{"if-range", "\"v1\""}}) == "0-1");
  CHECK(part("bytes=0-1", 100, {{"if-range", "W/\"v1\""}}) == "whole");
  CHECK(part("bytes=0-1", 100, {{"if-range", "\"v2\""}}) == "whole");
  CHECK(part("bytes=0-1", 100, {{"if-range", "Mon, 02 Mar 2026 09:11:36 GMT"}}) == "0-1");
  CHECK(part("bytes=0-1", 100, {{"if-range", "Mon, 02 Mar 2026 09:11:37 GMT"}}) == "whole");
  CHECK(part("bytes=0-1", 100, {{"if-none-match", "\"v0\", W/\"v1\""}}) == "same");
  CHECK(part("bytes=0-1", 100, {{"if-none-match", "*"}}) == "same");
  CHECK(part("bytes=0-1", 100, {{"if-none-match", "\"v0\""}}) == "0-1");
}

}  // namespace workprint::http
