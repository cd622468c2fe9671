#include "workprint/context.h"

namespace workprint {

Json to_json(const Asset& asset) {
  return {{"path", asset.path}, {"size", asset.size_bytes}, {"sha256", asset.sha256}};
}

Result<Asset> asset_from_json(const Json& json) {
  const auto wrong = [](const char* member) {
    return fail(ErrorKind::corrupt, std::string("an asset is not {path, size, sha256}. member=") + member);
  };
  if (!json.is_object()) return wrong("(not an object)");
  if (!json.contains("path") || !json["path"].is_string()) return wrong("path");
  if (!json.contains("size") || !json["size"].is_number_unsigned()) return wrong("size");
  if (!json.contains("sha256") || !json["sha256"].is_string() || json["sha256"].get_ref<const std::string&>().size() != 64)
    return wrong("sha256");
  return Asset{json["path"].get<std::string>(), json["size"].get<std::uint64_t>(), json["sha256"].get<std::string>()};
}

Asset to_asset(const ObjectInfo& info) { return {info.name, info.size_bytes, info.sha256}; }

}  // namespace workprint
