#include "workprint/channel.h"

namespace workprint {

std::string_view to_string(Merge merge) {
  switch (merge) {
    case Merge::replace: return "replace";
    case Merge::once: return "once";
    case Merge::append: return "append";
    case Merge::merge: return "merge";
    case Merge::max: return "max";
    case Merge::custom: return "custom";
  }
  return "?";
}

const Json& State::raw(std::string_view name) const {
  static const Json absent;
  const auto found = channels_->find(std::string(name));
  return found == channels_->end() ? absent : *found;
}

}  // namespace workprint
