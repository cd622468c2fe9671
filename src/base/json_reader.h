/// The two readers behind parse_json. simdjson reads a whole state several times as fast; what it takes and this header
/// allows is taken, and whatever it does not take is for the strict reader to judge, which also says why it refuses.
///
/// Thread-safety: free functions over values.
#pragma once

#include <cstdint>
#include <optional>

#include "workprint/json.h"

namespace workprint {

/// Every whole number up to here has a double of its own, so every reader of JSON agrees on it.
inline constexpr std::int64_t exact_integer_max = std::int64_t{1} << 53;

/// parse_json by nlohmann's parser alone.
Result<Json> read_strictly(std::string_view text, const JsonLimits& limits);

/// The value read_strictly would return, or nullopt: unknown, ask read_strictly. REQUIRES: at most limits.bytes_max bytes.
std::optional<Json> read_quickly(std::string_view text, int depth_max);

}  // namespace workprint
