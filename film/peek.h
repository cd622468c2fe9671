/// Looking into JSON that may be anything: what is not there, or of another type, is null or empty.
#pragma once

#include <string>

#include "workprint/json.h"

namespace film {

/// Lives as long as `object`: a film's whole state is looked into here at every commit, and is too large to copy.
[[nodiscard]] inline const workprint::Json& member(const workprint::Json& object, const std::string& name) {
  static const workprint::Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}
const workprint::Json& member(const workprint::Json&&, const std::string&) = delete;  // would be gone with the statement

[[nodiscard]] inline std::string text(const workprint::Json& object, const std::string& name) {
  const workprint::Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace film
