/// TRY(expression): yields the value of a Result, or returns its error from the enclosing function.
///
/// The project's only macro with control flow. One TRY per statement (a nested one does not compile
/// under -Wshadow -Werror). Not usable inside a coroutine; there are none here, on purpose.
#pragma once

#include "workprint/result.h"

namespace workprint::detail {

template <class T>
T take(std::expected<T, Error>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace workprint::detail

#define TRY(...)                                             \
  (__extension__({                                           \
    auto try_result = (__VA_ARGS__);                         \
    if (!try_result) [[unlikely]]                            \
      return std::unexpected(std::move(try_result).error()); \
    ::workprint::detail::take(std::move(try_result));        \
  }))
