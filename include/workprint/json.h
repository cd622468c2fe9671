/// The dynamic value of channels, requests and reports, and the two ways it becomes bytes.
///
/// Thread-safety: free functions over values.
/// Exceptions: nlohmann::json throws on a wrong-type access; the functions here do not. A node that lets
/// one escape counts as a failed attempt.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "workprint/result.h"

namespace workprint {

using Json = nlohmann::json;

/// Limits that hold for every document read from outside. Deeper or larger input is `invalid`.
struct JsonLimits {
  std::size_t bytes_max = 64u << 20;
  int depth_max = 64;
};

/// Parses one JSON text (RFC 8259, UTF-8).
///
/// Errors: invalid, for anything nlohmann would refuse and also for a doubled member name, a number that
/// is not finite or an integer outside +-2^53 (it would not survive another reader), too deep, too large.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// RFC 8785 (JSON Canonicalization Scheme): members sorted by UTF-16 code units, no white space, numbers as
/// ECMAScript prints them. Equal values give equal bytes; the bytes that hashes and deltas are made of.
///
/// REQUIRES: strings are valid UTF-8, numbers finite (both hold for what parse_json returned).
[[nodiscard]] std::string canonical_json(const Json& value);

/// The same value for people: two spaces of indent, members in canonical order, a newline at the end.
[[nodiscard]] std::string pretty_json(const Json& value);

/// RFC 7396: applies `patch` to `target`. `null` removes a member.
void merge_patch(Json& target, const Json& patch);

/// The smallest merge patch that turns `source` into `target`; empty object when they are equal.
/// REQUIRES: both are objects and no member of `target` is null, at any depth outside arrays.
[[nodiscard]] Json merge_diff(const Json& source, const Json& target);

}  // namespace workprint
