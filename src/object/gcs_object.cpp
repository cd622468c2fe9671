#include "object/gcs_object.h"

#include <charconv>

#include "object/base64.h"
#include "workprint/try.h"

namespace workprint::gcs {
namespace {

std::string text_of(const Json& resource, std::string_view member) {
  const auto found = resource.find(member);
  return found != resource.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<Found> parse_object(const Json& resource) {
  const auto strange = [] { return fail(ErrorKind::unavailable, "the answer is no object resource of the service"); };
  if (!resource.is_object()) return strange();
  Found found{.key = text_of(resource, "name"),
              .size_bytes = 0,
              .version = text_of(resource, "generation"),
              .crc32c = parse_crc32c_text(text_of(resource, "crc32c")),
              .record = {}};
  const std::string size = text_of(resource, "size");
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), found.size_bytes);
  if (found.key.empty() || found.version.empty() || size.empty() || error != std::errc() ||
      end != size.data() + size.size())
    return strange();
  if (const auto metadata = resource.find("metadata"); metadata != resource.end() && metadata->is_object())
    found.record = parse_record([&](std::string_view key) { return text_of(*metadata, key); });
  return found;
}

Result<Found> parse_object_text(std::string_view text) {
  const auto resource = parse_json(text);
  return parse_object(resource ? *resource : Json());
}

std::string describe_upload(const ObjectWrite& write) {
  Json metadata = Json::object();
  for (const auto& [key, value] : to_metadata(write.record())) metadata[key] = value;
  return canonical_json({{"name", write.key},
                         {"contentType", write.content_type},
                         {"cacheControl", write.cache_control},
                         {"crc32c", crc32c_text(write.digest.crc32c)},
                         {"metadata", std::move(metadata)}});
}

}  // namespace workprint::gcs
