// A file out of a form's body, also when the body is hostile.
#include "service/http_multipart.h"

#include <doctest/doctest.h>

#include <fstream>

#include "object/scratch_folder.h"
#include "tests/fuzz/mutate.h"

namespace workprint::http {
namespace {

struct MultipartFixture {
  ScratchFolder scratch;
  std::filesystem::path file = scratch.path() / "body";
  std::string body;

  Result<FilePart> find(std::string text, std::string_view name = "audio") {
    body = std::move(text);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << body;
    return find_part(file, "XX", name);
  }
  /// The content of the part, or the kind of the error.
  std::string content(std::string text) {
    const auto part = find(std::move(text));
    return part ? body.substr(part->offset, part->size_bytes) : "!" + std::string(to_string(part.error().kind));
  }
};

const std::string head = "--XX\r\nContent-Disposition: form-data; name=\"audio\"; filename=\"a b.mp3\"\r\nContent-Type: Audio/MPEG\r\n\r\n";

}  // namespace

TEST_CASE("http multipart: the boundary is one that RFC 2046 allows") {
  const auto boundary = [](std::string_view type) { return multipart_boundary(type).value_or("!"); };
  CHECK(boundary("multipart/form-data; boundary=XX") == "XX");
  CHECK(boundary("Multipart/Form-Data;charset=utf-8 ; Boundary=\"a b:c\"") == "a b:c");
  CHECK(boundary("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW") == "----WebKitFormBoundary7MA4YWxkTrZu0gW");
  CHECK(boundary("multipart/form-data; boundary=" + std::string(70, 'a')) == std::string(70, 'a'));
  for (const std::string& type : {std::string("multipart/form-data"), std::string("multipart/mixed; boundary=XX"), std::string("multipart/form-data; boundary="),
                                 std::string("multipart/form-data; boundary=\"\""), std::string("multipart/form-data; boundary=\"a"), std::string("multipart/form-data; boundary=\"a \""),
                                 std::string("multipart/form-data; boundary=\"a\r\n\""), std::string("multipart/form-data; boundary=a; boundary=b"),
                                 std::string("multipart/form-data; boundary=a b"), "multipart/form-data; boundary=" + std::string(71, 'a'), std::string()}) {
    CAPTURE(type);
    CHECK(boundary(type) == "!");
  }
}

TEST_CASE_FIXTURE(MultipartFixture, "http multipart: the part is found with its name, type and place") {
  const auto part = find("--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n" + head + "song\r\n--XX--\r\n");
  REQUIRE(part);
  CHECK(part->file_name == "a b.mp3");
  CHECK(part->content_type == "audio/mpeg");
  CHECK(body.substr(part->offset, part->size_bytes) == "song");
}

TEST_CASE_FIXTURE(MultipartFixture, "http multipart: what a part holds is only ended by a whole boundary") {
  for (const std::string held : {"", "x", "\r\n", "\r\n\r\n", "--XX", "\r\n--X", "\r\n--Y--", "\r\r\n--", "a\r\n-", "\r\n--X\r\n--X\r\n--"}) {
    CAPTURE(held);
    CHECK(content(head + held + "\r\n--XX--\r\n") == held);
    CHECK(content(head + held + "\r\n--XX--") == held);
    CHECK(content(head + held + "\r\n--XX\r\nContent-Disposition: form-data; name=b\r\n\r\ny\r\n--XX--") == held);
  }
}

TEST_CASE_FIXTURE(MultipartFixture, "http multipart: a boundary is seen across the edges of what is read at once") {
  for (std::size_t size = (256u << 10) - 160; size < (256u << 10) - 60; ++size) REQUIRE(content(head + std::string(size, 'x') + "\r\n--XX--\r\n").size() == size);
  const std::string large(3'000'000, '\r');
  CHECK(content(head + large + "\r\n--XX--\r\n") == large);
}

TEST_CASE_FIXTURE(MultipartFixture, "http multipart: anything unusual is refused") {
  const std::string part = head + "song\r\n--XX";
  std::string many;
  for (int i = 0; i < 16; ++i) many += "--XX\r\nContent-Disposition: form-data; name=b\r\n\r\ny\r\n";
  const std::string rows[] = {
      "", "-", "--XX", "--XX--", "--XX--\r\n", "\r\n" + part + "--\r\n", "preamble\r\n" + part + "--\r\n", part, part + "-", part + "\r\n", part + "\n", part + " \r\n",
      part + "--\r\nepilogue", part + "--x", part + "Y--\r\n", head, head + "song", head + "song\r\n--X", "--YY\r\n\r\n--YY--",
      part + "\r\n" + head.substr(6) + "again\r\n--XX--", many + part + "--",
      "--XX\r\n\r\nsong\r\n--XX--", "--XX\r\nContent-Type: a\r\n\r\nsong\r\n--XX--",
      "--XX\r\nContent-Disposition: attachment; name=audio\r\n\r\nsong\r\n--XX--", "--XX\r\nContent-Disposition: form-data\r\n\r\nsong\r\n--XX--",
      "--XX\r\nContent-Disposition: form-data; name=\"audio\r\n\r\nsong\r\n--XX--", "--XX\r\nContent-Disposition: form-data; name=audio; name=b\r\n\r\nsong\r\n--XX--",
      "--XX\r\nContent-Disposition: form-data; name=audio\r\nContent-Disposition: form-data; name=audio\r\n\r\nsong\r\n--XX--",
      "--XX\r\nContent-Disposition: form-data; name=audio\r\nContent-Transfer-Encoding: base64\r\n\r\nsong\r\n--XX--",
      "--XX\r\nContent-Disposition : form-data; name=audio\r\n\r\nsong\r\n--XX--", "--XX\r\nContent-Disposition: form-data; name=audio\n\r\n\r\nsong\r\n--XX--",
      "--XX\r\n" + std::string(9000, 'x') + ": y\r\nContent-Disposition: form-data; name=audio\r\n\r\nsong\r\n--XX--",
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK(content(row) == "!invalid");
  }
  CHECK(content(head + "song\r\n--XX--\r\n") == "song");
  CHECK(find(head + "song\r\n--XX--\r\n", "video").error().message == "the multipart body has no part named video");
  CHECK(find_part(scratch.path() / "none", "XX", "audio").error().kind == ErrorKind::unavailable);
}

TEST_CASE_FIXTURE(MultipartFixture, "http multipart: names as browsers and curl write them") {
  const auto name_of = [&](const std::string& parameter) {
    const auto part = find("--XX\r\nContent-Disposition: form-data; name=audio; " + parameter + "\r\n\r\nsong\r\n--XX--");
    return part ? part->file_name : "!";
  };
  CHECK(name_of("filename=\"a%22b.mp3\"") == "a%22b.mp3");
  CHECK(name_of("filename=\"a\\\"b.mp3\"") == "a\"b.mp3");
  CHECK(name_of("filename=\"C:\\songs\\a.mp3\"") == "C:\\songs\\a.mp3");
  CHECK(name_of("filename=a.mp3") == "a.mp3");
  CHECK(name_of("filename=\"../../etc/passwd\"") == "../../etc/passwd");
  CHECK(name_of("filename=\"\xc3\xa9.mp3\"") == "\xc3\xa9.mp3");
  CHECK(name_of("filename=\"a\x01.mp3\"") == "!");
}

TEST_CASE_FIXTURE(MultipartFixture, "http multipart: whatever the bytes, a part lies inside them and between two boundaries") {
  const std::vector<std::string> corpus{
      head + "song\r\n--XX--\r\n", "--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n" + head + "song\r\n--X\r\n--XX--",
      head + "\r\n--XX\r\nContent-Disposition: form-data; name=b\r\n\r\ny\r\n--XX--", "\r\n--XX", "--XX--", "; name=\"audio\"; filename=\"\\\"\""};
  fuzz::Mutator mutator(20'260'303);
  int found = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto part = find(mutator.change(corpus));
    if (!part) {
      REQUIRE(part.error().kind == ErrorKind::invalid);
      continue;
    }
    ++found;
    REQUIRE(part->offset + part->size_bytes <= body.size());
    REQUIRE(body.substr(0, part->offset).ends_with("\r\n\r\n"));
    REQUIRE(body.substr(part->offset + part->size_bytes).starts_with("\r\n--XX"));
    REQUIRE(body.substr(part->offset, part->size_bytes).find("\r\n--XX") == std::string::npos);
  }
  CHECK(found > 400);
}

}  // namespace workprint::http
