#include "object/base64.h"

#include <doctest/doctest.h>

#include "workprint/digest.h"

namespace workprint {

TEST_CASE("base64: the examples of RFC 4648, there and back") {
  const char* rows[][2] = {{"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},         {"foo", "Zm9v"},
                           {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    CHECK(base64(plain) == encoded);
    CHECK(from_base64(encoded) == plain);
  }
  CHECK(base64_url("\xff\xfe\xfd?") == "__79Pw");
  for (const char* wrong : {"Zg", "Z===", "Zm9*", "Zg=="  "x"}) CHECK_FALSE(from_base64(wrong));
}

TEST_CASE("base64: a CRC32C as the services write it") {
  CHECK(crc32c_text(crc32c("123456789")) == "4waSgw==");
  CHECK(parse_crc32c_text("4waSgw==") == 0xe3069283u);
  CHECK(crc32c_text(0x80000000u) == "gAAAAA==");
  CHECK_FALSE(parse_crc32c_text("4waS"));
  CHECK_FALSE(parse_crc32c_text(""));
}

}  // namespace workprint
