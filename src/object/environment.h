/// The variables and files of a person's account, read through a door: tests have an account of their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "workprint/json.h"

namespace workprint {

/// Nothing when the variable is not set or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// A file of credentials, whole. Errors: not_found; unavailable (its text appears in no message).
Result<std::string> read_secret_file(const std::string& path);
/// The text of a member, or nothing.
[[nodiscard]] std::optional<std::string> text_member(const Json& object, std::string_view name);

}  // namespace workprint
