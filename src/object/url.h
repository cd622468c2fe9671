/// Addresses: percent-encoding, and taking them apart.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workprint/result.h"

namespace workprint {

/// Of ASCII letters; all else stays.
[[nodiscard]] std::string lower_case(std::string_view text);

enum class Slash : std::uint8_t { encode, keep };

/// RFC 3986: all but letters, digits, - . _ ~ as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text, Slash slash = Slash::encode);
/// Errors: invalid (a % without two hex digits).
Result<std::string> percent_decode(std::string_view text);

using Query = std::vector<std::pair<std::string, std::string>>;  ///< decoded
/// "?a=1&b=2", or nothing.
[[nodiscard]] std::string encode_query(const Query& query);

struct Url {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case; of IPv6 with its brackets
  std::string port;    ///< empty: the scheme's own
  std::string path;    ///< as written, "/..." or empty
  Query query;
  [[nodiscard]] std::string host_and_port() const { return port.empty() ? host : host + ":" + port; }
  [[nodiscard]] std::string origin() const { return scheme + "://" + host_and_port(); }
  /// 127.0.0.0/8, ::1, localhost.
  [[nodiscard]] bool is_loopback() const;
};
/// Any scheme with "//". Errors: invalid (also: user names and passwords in it).
Result<Url> parse_url(std::string_view text);

}  // namespace workprint
