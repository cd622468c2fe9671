/// A whole document as bytes, and bytes as a document: whole or not at all.
#include <algorithm>

#include "record/commit.h"
#include "workprint/digest.h"

namespace workprint::record {
namespace {

constexpr const char* content_hash_member = "contentHash";

Loaded<Checkpoint> broken(std::string why) { return {Outcome::corrupt, std::nullopt, std::move(why)}; }

bool is_hash(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_hash_or_empty(const Json& value) { return value == Json("") || is_hash(value); }
bool is_text(const Json& value) { return value.is_string(); }

bool is_map_of_objects(const Json& value) {
  return value.is_object() && std::ranges::all_of(value, [](const Json& member) { return member.is_object(); });
}

bool is_kind(const Json& value) { return value.is_string() && commit_kind(value.get_ref<const std::string&>()); }

// The shape to_rfc3339 gives: 2026-03-02T09:11:36.431Z.
bool is_time(const Json& value) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return std::ranges::equal(text, shape, [](char c, char place) { return place == '0' ? c >= '0' && c <= '9' : c == place; });
}

bool is_task_list(const Json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const Json& task) {
    return task.is_object() && task.contains("node") && task["node"].is_string() &&
           (!task.contains("item") || task["item"].is_string());
  });
}

bool is_lineage(const Json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const Json& entry) {
    return entry.is_object() && entry.contains("epoch") && is_count(entry["epoch"]) && entry.contains("seq") &&
           is_count(entry["seq"]) && (!entry.contains("hash") || is_hash(entry["hash"])) &&
           (!entry.contains("began") || is_hash(entry["began"]));
  });
}

enum class Presence { required, optional };
struct Rule {
  const char* name;
  Presence presence;
  bool (*holds)(const Json&);
};

// `format` and `film` are judged before these: they decide what the rest means.
constexpr Rule rules[] = {
    {"epoch", Presence::required, is_count},
    {"seq", Presence::required, is_count},
    {"graphFingerprint", Presence::required, is_hash},
    {content_hash_member, Presence::required, is_hash},
    {"previousHash", Presence::required, is_hash_or_empty},
    {"hash", Presence::optional, is_hash},
    {"nextNodes", Presence::required, is_task_list},
    {"openEffects", Presence::required, is_map_of_objects},
    {"doneTasks", Presence::required, is_map_of_objects},
    {"interrupts", Presence::required, is_map_of_objects},
    {"writtenAt", Presence::required, is_time},
    {"writer", Presence::required, is_text},
    {"kind", Presence::optional, is_kind},
    {"node", Presence::optional, is_text},
    {"item", Presence::optional, is_text},
    {"store", Presence::optional, is_text},
    {"objects", Presence::optional, is_text},
    {"began", Presence::optional, is_hash},
    {"lineage", Presence::optional, is_lineage},
};

const char* wrong_member(const Json& meta) {
  for (const Rule& rule : rules) {
    const auto member = meta.find(rule.name);
    const bool is_there = member != meta.end();
    if (is_there ? !rule.holds(*member) : rule.presence == Presence::required) return rule.name;
  }
  return nullptr;
}

// Hash of the document without its contentHash, which is taken out for the time of the call.
std::string content_hash(Json& document) {
  Json& meta = document[run::meta_member];
  Json written = std::move(meta[content_hash_member]);
  meta.erase(content_hash_member);
  std::string hash = sha256_hex(canonical_json(document));
  meta[content_hash_member] = std::move(written);
  return hash;
}

// Format and film: what the other rules may be applied to. Nothing when they are right.
std::optional<Loaded<Checkpoint>> refuse_by_format(const Json& meta) {
  const auto format = meta.find("format");
  if (format == meta.end() || !is_count(*format) || *format == Json(0)) return broken("$workprint.format is not a number from 1");
  if (format->get<std::int64_t>() <= document_format) return std::nullopt;
  return Loaded<Checkpoint>{Outcome::too_new, std::nullopt,
                            "document needs a program that reads format " + std::to_string(format->get<std::int64_t>()) +
                                "; this one reads up to " + std::to_string(document_format)};
}

}  // namespace

std::string encode_document(Json document) {
  check(document.is_object(), "a document is an object");
  Json& meta = document[run::meta_member];
  check(meta.is_object() || meta.is_null(), "$workprint is an object");
  std::string hash = content_hash(document);
  document[run::meta_member][content_hash_member] = std::move(hash);
  return canonical_json(document);
}

Loaded<Checkpoint> decode_document(const FilmId& film, std::string_view bytes) {
  auto json = parse_json(bytes);
  if (!json) return broken("not a whole JSON document: " + json.error().message);
  if (!json->is_object() || !json->contains(run::meta_member) || !(*json)[run::meta_member].is_object())
    return broken("document has no $workprint member");
  const Json& meta = (*json)[run::meta_member];
  if (auto refused = refuse_by_format(meta)) return *std::move(refused);
  if (const char* name = wrong_member(meta)) return broken("$workprint." + std::string(name) + " is not as it must be");
  const std::string written = meta[content_hash_member].get<std::string>();
  if (content_hash(*json) != written) return broken("contentHash does not fit the bytes");
  if (!meta.contains("film") || !meta["film"].is_string()) return broken("$workprint.film is not as it must be");
  if (meta["film"] != Json(film.value()))
    return {Outcome::foreign, std::nullopt, "document is of another film. film=" + film.value() + " found=" + canonical_json(meta["film"])};
  // The first writers of this format had no chain hash: there the content names the commit.
  Head head{Epoch{meta["epoch"].get<std::uint64_t>()}, Seq{meta["seq"].get<std::uint64_t>()}, meta.value("hash", written)};
  return {Outcome::found, Checkpoint{std::move(head), *std::move(json)}, {}};
}

}  // namespace workprint::record
