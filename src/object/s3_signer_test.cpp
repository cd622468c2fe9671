#include "object/s3_signer.h"

#include <doctest/doctest.h>

namespace workprint {
namespace {

/// The four examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" in the
/// documentation of Amazon S3; keys and signatures are published there.
std::string signature_of(HttpRequest request) {
  const S3Keys keys{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                    .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    .session_token = {}};
  const WallTime may_24_2013{std::chrono::seconds(1369353600)};
  sign_s3(request, keys, "us-east-1", may_24_2013);
  const std::string& value = request.headers.back().value;
  return value.substr(value.rfind('=') + 1);
}

const std::string host = "https://examplebucket.s3.amazonaws.com";

}  // namespace

TEST_CASE("SigV4: get object") {
  CHECK(signature_of({.method = "GET",
                      .url = host + "/test.txt",
                      .headers = {{"Range", "bytes=0-9"}, {"x-amz-content-sha256", empty_payload_sha256()}}}) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("SigV4: put object") {
  CHECK(signature_of({.method = "PUT",
                      .url = host + "/test%24file.text",
                      .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                  {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                  {"x-amz-content-sha256", sha256_hex("Welcome to Amazon S3.")}}}) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("SigV4: a query without a value") {
  CHECK(signature_of({.method = "GET",
                      .url = host + "/?lifecycle",
                      .headers = {{"x-amz-content-sha256", empty_payload_sha256()}}}) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_CASE("SigV4: a query in any order") {
  for (const char* query : {"/?max-keys=2&prefix=J", "/?prefix=J&max-keys=2"})
    CHECK(signature_of({.method = "GET",
                        .url = host + query,
                        .headers = {{"x-amz-content-sha256", empty_payload_sha256()}}}) ==
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("SigV4: the secret itself is nowhere in the request") {
  HttpRequest request{.method = "GET", .url = host + "/", .headers = {{"x-amz-content-sha256", empty_payload_sha256()}}};
  sign_s3(request, {.access_key_id = "id", .secret_access_key = "the-secret", .session_token = "the-session"}, "eu", {});
  bool has_session = false;
  for (const HttpHeader& header : request.headers) {
    CHECK(header.value.find("the-secret") == std::string::npos);
    has_session = has_session || header.value == "the-session";
  }
  CHECK(has_session);
}

}  // namespace workprint
