#include "run/delta.h"

namespace workprint::run {
namespace {

Result<void> append_values(Json& channel, const Json& change, const std::string& name) {
  if (channel.is_null()) channel = Json::array();
  const auto values = change.find("values");
  if (!channel.is_array() || values == change.end() || !values->is_array())
    return fail(ErrorKind::corrupt, "append does not fit the channel. channel=" + name);
  const auto dropped = change.find("drop");
  if (dropped != change.end() && !dropped->is_number_integer())
    return fail(ErrorKind::corrupt, "append drops no number. channel=" + name);
  const auto drop = dropped == change.end() ? std::size_t{0} : dropped->get<std::size_t>();  // a negative one: too many
  if (drop > channel.size()) return fail(ErrorKind::corrupt, "append drops more than there is. channel=" + name);
  channel.erase(channel.begin(), channel.begin() + static_cast<Json::difference_type>(drop));
  for (const Json& value : *values) channel.push_back(value);
  return {};
}

}  // namespace

Result<void> apply_channels(Json& document, const Delta& delta) {
  if (!document.is_object()) return fail(ErrorKind::corrupt, "document is not an object");
  for (const auto& name : delta.unset) {
    if (!name.is_string()) return fail(ErrorKind::corrupt, "unset names no channel");
    document.erase(name.get_ref<const std::string&>());
  }
  for (const auto& [name, value] : delta.set.items()) document[name] = value;
  for (const auto& [name, patch] : delta.merge.items()) {
    Json& channel = document[name];
    if (channel.is_null()) channel = Json::object();
    merge_patch(channel, patch);
  }
  for (const auto& [name, change] : delta.append.items())
    if (auto done = append_values(document[name], change, name); !done) return done;
  return {};
}

void apply_meta(Json& document, const Delta& delta) {
  Json& meta = document[meta_member];
  if (meta.is_null()) meta = Json::object();
  merge_patch(meta, delta.meta);
}

}  // namespace workprint::run
