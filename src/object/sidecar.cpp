#include "object/sidecar.h"

#include <fmt/format.h>

#include <charconv>

#include "workprint/json.h"
#include "workprint/object_name.h"

namespace workprint::folder {
namespace {

constexpr int sidecar_format = 1;

/// A version for bytes that no record names: it changes when they do.
std::string version_of_bytes(std::string_view prefix, const FileDigest& digest) {
  return std::string(prefix) + digest.sha256.substr(0, 32);
}

Verdict intact(std::string version, const FileDigest& digest) {
  return {.info = {.name = {},
                   .size_bytes = digest.size_bytes,
                   .crc32c = digest.crc32c,
                   .sha256 = digest.sha256,
                   .version = std::move(version)}};
}

Verdict damaged(std::string version, std::uint64_t size_bytes) {
  return {.info = {.name = {}, .size_bytes = size_bytes, .crc32c = 0, .sha256 = {}, .version = std::move(version)},
          .damaged = true};
}

bool is_crc(const std::string& text, std::uint32_t& crc) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), crc, 16);
  return error == std::errc() && end == text.data() + text.size() && text.size() == 8;
}

/// False: the value is no record.
bool decode_record(const Json& value, Record& record) {
  try {  // a missing member or a wrong type makes nlohmann throw
    record.version = value.at("version").get_ref<const std::string&>();
    record.digest.size_bytes = value.at("size").get<std::uint64_t>();
    record.digest.sha256 = value.at("sha256").get_ref<const std::string&>();
    return is_crc(value.at("crc32c").get_ref<const std::string&>(), record.digest.crc32c) &&
           record.digest.sha256.size() == 64 && !record.version.empty();
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

std::string sidecar_name(std::string_view object) { return ".meta." + std::string(object); }

std::string encode_sidecar(std::string_view object, const std::vector<Record>& records) {
  Json list = Json::array();
  for (const Record& record : records)
    list.push_back({{"version", record.version},
                    {"size", record.digest.size_bytes},
                    {"crc32c", fmt::format("{:08x}", record.digest.crc32c)},
                    {"sha256", record.digest.sha256}});
  return pretty_json({{"format", sidecar_format}, {"contentType", content_type(object)}, {"records", std::move(list)}});
}

Sidecar decode_sidecar(std::string_view text) {
  const Sidecar damaged_sidecar{.state = Sidecar::State::damaged, .records = {}};
  const auto value = parse_json(text);
  if (!value || !value->is_object() || value->value("format", Json()) != sidecar_format) return damaged_sidecar;
  Sidecar sidecar{.state = Sidecar::State::readable, .records = {}};
  for (const Json& item : value->value("records", Json::array())) {
    if (!decode_record(item, sidecar.records.emplace_back())) return damaged_sidecar;
  }
  return sidecar.records.empty() ? damaged_sidecar : sidecar;
}

std::optional<Verdict> judge(std::uint64_t size_bytes, const Sidecar& sidecar,
                             const std::optional<FileDigest>& digest) {
  if (sidecar.state == Sidecar::State::missing) {
    if (!digest) return std::nullopt;
    return intact(version_of_bytes("bytes-", *digest), *digest);
  }
  const Record* fitting = nullptr;  // the newest record of this size
  bool is_only = true;              // all records of this size are of the same bytes
  for (const Record& record : sidecar.records) {
    if (record.digest.size_bytes != size_bytes) continue;
    if (fitting != nullptr && fitting->digest.sha256 != record.digest.sha256) is_only = false;
    fitting = &record;
  }
  if (fitting != nullptr && is_only) {
    if (digest && digest->sha256 != fitting->digest.sha256) return damaged(fitting->version, size_bytes);
    return intact(fitting->version, fitting->digest);
  }
  if (!digest) return std::nullopt;
  for (auto record = sidecar.records.rbegin(); record != sidecar.records.rend(); ++record)
    if (record->digest.sha256 == digest->sha256) return intact(record->version, *digest);
  return damaged(version_of_bytes("damaged-", *digest), size_bytes);
}

}  // namespace workprint::folder
