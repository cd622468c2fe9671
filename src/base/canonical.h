/// One string as canonical JSON (RFC 8785) writes it: for texts that are hashed often and have few members.
#pragma once

#include <string>
#include <string_view>

namespace workprint {

/// Appends `text` in quotes, escaped. REQUIRES: valid UTF-8.
void append_canonical_string(std::string& out, std::string_view text);

}  // namespace workprint
