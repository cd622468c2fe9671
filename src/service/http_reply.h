/// The bytes of an answer's head. Pure, but for the time in `Date`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/http_message.h"
#include "workprint/clock.h"

namespace workprint::http {

enum class After : std::uint8_t { keep, close };

/// True when every header can be sent as it is: names are tokens, values hold no control characters, and none is one that
/// the server itself writes (Content-Length, Transfer-Encoding, Connection, Date).
[[nodiscard]] bool can_be_sent(const Fields& headers);

/// `length`: nothing for an answer that ends with the connection. Adds the security headers that are not there.
/// REQUIRES: can_be_sent(headers).
[[nodiscard]] std::string head_text(int status, const Fields& headers, std::optional<std::uint64_t> length, After after,
                                    WallTime now);

/// 1xx, 204 and 304 have no body.
[[nodiscard]] constexpr bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace workprint::http
