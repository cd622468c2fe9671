/// Looking into JSON that may be anything: what is not there, or of another type, is null or empty.
#pragma once

#include <string>

#include "workprint/json.h"

namespace film {

[[nodiscard]] inline workprint::Json member(const workprint::Json& object, const std::string& name) {
  if (!object.is_object()) return workprint::Json();
  const auto found = object.find(name);
  return found == object.end() ? workprint::Json() : *found;
}

[[nodiscard]] inline std::string text(const workprint::Json& object, const std::string& name) {
  const workprint::Json value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace film
