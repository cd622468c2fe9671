/// Text from outside, made safe for a message or a log line.
#pragma once

#include <string>
#include <string_view>

namespace workprint {

/// `text` in double quotes: bytes outside printable ASCII as \xNN, cut (with "...") after 80 bytes of it.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace workprint
