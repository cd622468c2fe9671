/// What the head of a request must keep so that no two readers of it can disagree. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "service/http_error.h"
#include "service/http_message.h"

namespace workprint::http {

struct HeadLimits {
  std::size_t head_bytes_max = 16u << 10;
  std::size_t target_bytes_max = 8u << 10;
  std::size_t fields_max = 100;
};

/// Finds the end of a head that comes in pieces, and refuses bytes that some readers take for a line end and others do not:
/// a bare CR or LF, NUL and other controls, folded lines.
class HeadScanner {
 public:
  explicit HeadScanner(HeadLimits limits) : limits_(limits) {}
  struct Incomplete {};
  struct Complete {
    std::size_t bytes;  ///< of the head, with its blank line
  };
  using Outcome = std::variant<Incomplete, Complete, Refusal>;
  /// `buffer`: all bytes of the request so far; only what is new is looked at.
  Outcome scan(std::string_view buffer);

 private:
  [[nodiscard]] Refusal too_large() const;

  HeadLimits limits_;
  std::size_t at_ = 0;
  std::size_t line_began_at_ = 0;
  std::size_t lines_ = 0;
  bool was_cr_ = false;
};

/// A head as the parser took it apart.
struct ParsedHead {
  std::string method;
  std::string target;
  int version = 11;  ///< 10 * major + minor
  Fields fields;     ///< names in lower case, in order
  bool keeps_connection = true;
};

/// A head that holds.
struct Head {
  Request request;
  std::uint64_t length = 0;  ///< of the body, unless chunked
  bool is_chunked = false;
  bool expects_continue = false;
  bool keeps_connection = true;
  [[nodiscard]] bool has_body() const { return is_chunked || length > 0; }
};

/// Conflicting lengths, targets that are not a plain path, doubled headers that must be single: refused.
std::variant<Head, Refusal> judge_head(const ParsedHead& parsed);

/// Decodes "a=1&b=x%20y"; '+' is a space. Errors: invalid (an escape that is none, NUL, a name given twice).
Result<std::map<std::string, std::string>> parse_query(std::string_view text);

[[nodiscard]] std::string lower(std::string_view text);
/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// A character of names in headers (RFC 9110, 5.6.2).
[[nodiscard]] bool is_token_character(char c);
/// Digits only, 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view digits);

}  // namespace workprint::http
