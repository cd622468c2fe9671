#include "object/url.h"

#include <doctest/doctest.h>

namespace workprint {

TEST_CASE("url: encoding keeps what is unreserved, and decoding gives back any bytes") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("a b/c+d%\xc3\xa4") == "a%20b%2Fc%2Bd%25%C3%A4");
  CHECK(percent_encode("a b/c", Slash::keep) == "a%20b/c");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(*percent_decode(percent_encode(all)) == all);
  for (const char* wrong : {"%", "%2", "%zz", "a%f"}) CHECK_FALSE(percent_decode(wrong));
}

TEST_CASE("url: parts") {
  const Url url = *parse_url("HTTPS://Host.Example:8443/a/b%20c?x=1&y=%2F&z");
  CHECK(url.scheme == "https");
  CHECK(url.host == "host.example");
  CHECK(url.port == "8443");
  CHECK(url.path == "/a/b%20c");
  CHECK(url.query == Query{{"x", "1"}, {"y", "/"}, {"z", ""}});
  CHECK(url.origin() == "https://host.example:8443");
  CHECK(encode_query({{"a b", "1&2"}, {"c", ""}}) == "?a%20b=1%262&c=");
  for (const char* wrong : {"", "host", "://x", "http//x", "http://user:secret@host/", "http://ho st/", "http://h:8a/", "http://h/#x", "http://h/?a=%"}) {
    CAPTURE(std::string(wrong));
    const auto parsed = parse_url(wrong);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("url: this machine") {
  for (const char* here : {"http://127.0.0.1:1", "http://127.1.2.3", "http://localhost", "http://[::1]:80"})
    CHECK(parse_url(here)->is_loopback());
  for (const char* there : {"http://10.0.0.1", "http://127.evil.example", "http://localhost.example", "http://[::2]"})
    CHECK_FALSE(parse_url(there)->is_loopback());
}

}  // namespace workprint
