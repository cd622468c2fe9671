/// How a call says that it did not work: `Result<T>`, an `Error` of one of seven kinds, and `check`.
///
/// Thread-safety: plain values.
/// Each kind is a different next step for the caller; what went wrong inside is the message.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace workprint {

/// Persisted by number in interrupts and errors: do not renumber.
enum class ErrorKind : std::uint8_t {
  invalid = 0,      ///< The request is wrong. Never retry it unchanged.
  not_found = 1,    ///< The named thing is proven not to exist.
  conflict = 2,     ///< Somebody else moved the version. Re-read, then decide again.
  fenced = 3,       ///< A newer owner exists. Drop all state held in memory; never retry.
  unavailable = 4,  ///< A dependency is down or slow; the outcome is unknown. Re-read, then retry.
  cancelled = 5,    ///< The operator or the caller asked to stop.
  corrupt = 6,      ///< Stored bytes break their own rules. Stop and call a person.
};

/// The word used for `kind` in JSON, logs and HTTP bodies.
[[nodiscard]] std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string message;  ///< For people: one line, lower case, variables last as key=value. Not an API.
  std::source_location where = std::source_location::current();
};

/// std::expected with two promises added: a Result that is dropped does not compile, and its error is
/// always an Error. (libstdc++ 12 does not mark std::expected [[nodiscard]].)
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

[[nodiscard]] inline std::unexpected<Error> fail(
    ErrorKind kind, std::string message,
    std::source_location where = std::source_location::current()) {
  return std::unexpected(Error{kind, std::move(message), where});
}

/// Stops the process when a law of the program is broken. Always on, also in release builds:
/// recovery from a crash is the product, recovery from a lie is not.
inline void check(bool holds, std::string_view law,
                  std::source_location where = std::source_location::current()) {
  if (holds) [[likely]] return;
  std::fprintf(stderr, "%s:%u: broken law: %.*s\n", where.file_name(),
               static_cast<unsigned>(where.line()), static_cast<int>(law.size()), law.data());
  std::abort();
}

}  // namespace workprint
