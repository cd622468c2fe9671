/// Canonical JSON (RFC 8785) piece by piece: for texts that are made often, without the object that they are the text of.
#pragma once

#include <string>
#include <string_view>

#include "workprint/json.h"

namespace workprint {

/// Appends `text` in quotes, escaped. REQUIRES: valid UTF-8.
void append_canonical_string(std::string& out, std::string_view text);

/// Appends what canonical_json(value) is.
void append_canonical(std::string& out, const Json& value);

}  // namespace workprint
