#include "base/quote.h"

#include <fmt/format.h>

namespace workprint {

std::string in_quotes(std::string_view text) {
  constexpr std::size_t bytes_max = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, bytes_max)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > bytes_max) out += "...";
  return out + '"';
}

}  // namespace workprint
