#include "object/s3_signer.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>

#include "object/url.h"
#include "workprint/digest.h"

namespace workprint {
namespace {

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  check(made != nullptr, "HMAC-SHA256 is there");
  return {reinterpret_cast<const char*>(out), size};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// "a=1&b=" sorted by name, as the signature wants it; the pairs are encoded already.
std::string canonical_query(std::string_view query) {
  std::vector<std::string> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    pairs.push_back(std::string(pair) + (pair.find('=') == std::string_view::npos ? "=" : ""));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const std::string& pair : pairs) out += (out.empty() ? "" : "&") + pair;
  return out;
}

struct Address {
  std::string_view host, path, query;
};
Address take_apart(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  Address address{};
  const auto question = url.find('?');
  if (question != std::string_view::npos) address.query = url.substr(question + 1);
  url = url.substr(0, question);
  const auto slash = url.find('/');
  address.host = url.substr(0, slash);
  address.path = slash == std::string_view::npos ? "/" : url.substr(slash);
  return address;
}

}  // namespace

const std::string& empty_payload_sha256() {
  static const std::string hash = sha256_hex("");
  return hash;
}

void sign_s3(HttpRequest& request, const S3Keys& keys, std::string_view region, WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char stamp[20];
  std::strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
  const std::string date(stamp, 8);
  request.headers.push_back({"x-amz-date", stamp});
  if (!keys.session_token.empty()) request.headers.push_back({"x-amz-security-token", keys.session_token});

  const Address address = take_apart(request.url);
  std::vector<std::pair<std::string, std::string>> headers{{"host", std::string(address.host)}};
  std::string payload_sha256;
  for (const HttpHeader& header : request.headers) {
    headers.emplace_back(lower_case(header.name), header.value);
    if (headers.back().first == "x-amz-content-sha256") payload_sha256 = header.value;
  }
  check(!payload_sha256.empty(), "a request is signed with the hash of its payload");
  std::ranges::sort(headers);
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }

  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, address.path,
                                            canonical_query(address.query), lines, names, payload_sha256);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", date, region);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp, scope, sha256_hex(canonical));
  const std::string key =
      hmac(hmac(hmac(hmac("AWS4" + keys.secret_access_key, date), region), "s3"), "aws4_request");
  request.headers.push_back(
      {"Authorization", fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                    keys.access_key_id, scope, names, hex(hmac(key, to_sign)))});
}

}  // namespace workprint
