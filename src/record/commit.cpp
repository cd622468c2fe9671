#include "record/commit.h"

#include <array>

#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::record {
namespace {

constexpr std::array kind_words{"command", "takeover", "intent", "handle", "result",  "task",
                                "step",    "interrupt", "answer", "fork",   "restored"};

Loaded<Checkpoint> broken(const std::string& why) { return {Outcome::corrupt, std::nullopt, why}; }

bool is_hash(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_count(const Json& value) { return value.is_number_integer() && value.get<std::int64_t>() >= 0; }

std::string content_hash(const Json& document) {
  Json copy = document;
  copy[run::meta_member].erase("contentHash");
  return sha256_hex(canonical_json(copy));
}

// Every member of `$workprint` has its type, or the member is named.
std::optional<std::string> wrong_member(const Json& meta) {
  for (const char* name : {"epoch", "seq"})
    if (!meta.contains(name) || !is_count(meta[name])) return name;
  for (const char* name : {"graphFingerprint", "contentHash"})
    if (!meta.contains(name) || !is_hash(meta[name])) return name;
  if (meta.contains("hash") && !is_hash(meta["hash"])) return "hash";
  if (!meta.contains("previousHash") || !meta["previousHash"].is_string() ||
      (meta["previousHash"] != Json("") && !is_hash(meta["previousHash"])))
    return "previousHash";
  if (!meta.contains("nextNodes") || !meta["nextNodes"].is_array()) return "nextNodes";
  for (const char* name : {"openEffects", "doneTasks", "interrupts"})
    if (!meta.contains(name) || !meta[name].is_object()) return name;
  for (const char* name : {"writtenAt", "writer"})
    if (!meta.contains(name) || !meta[name].is_string()) return name;
  for (const char* name : {"kind", "node", "item", "store"})
    if (meta.contains(name) && !meta[name].is_string()) return name;
  return std::nullopt;
}

}  // namespace

std::string encode(const Delta& delta) {
  Json json = Json::object();
  if (!delta.set.empty()) json["set"] = delta.set;
  if (!delta.merge.empty()) json["merge"] = delta.merge;
  if (!delta.append.empty()) json["append"] = delta.append;
  if (!delta.unset.empty()) json["unset"] = delta.unset;
  if (!delta.meta.empty()) json["meta"] = delta.meta;
  return canonical_json(json);
}

Result<Delta> decode_delta(std::string_view text) {
  auto json = parse_json(text);
  if (!json || !json->is_object()) return fail(ErrorKind::corrupt, "delta is not a JSON object");
  Delta delta;
  for (const auto& [name, value] : json->items()) {
    if (name == "unset" && value.is_array())
      delta.unset = value;
    else if (!value.is_object())
      return fail(ErrorKind::corrupt, "delta member has another type. member=" + name);
    else if (name == "set")
      delta.set = value;
    else if (name == "merge")
      delta.merge = value;
    else if (name == "append")
      delta.append = value;
    else if (name == "meta")
      delta.meta = value;
    else
      return fail(ErrorKind::corrupt, "delta has an unknown member. member=" + name);
  }
  return delta;
}

Result<void> apply(Json& document, const Delta& delta, const FilmId& film, const CommitInfo& info) {
  TRY(run::apply_channels(document, delta));
  run::apply_meta(document, delta);
  stamp(document, film, info);
  return {};
}

void stamp(Json& document, const FilmId& film, const CommitInfo& info) {
  Json& meta = document[run::meta_member];
  if (meta.is_null()) meta = Json::object();
  meta["format"] = document_format;
  meta["film"] = film.value();
  meta["epoch"] = number(info.head.epoch);
  meta["seq"] = number(info.head.seq);
  meta["previousHash"] = info.previous_hash;
  meta["hash"] = info.head.hash;
  meta["writtenAt"] = to_rfc3339(info.at);
  meta["writer"] = info.writer;
  meta["kind"] = to_string(info.kind);
  const auto name = [&](const char* member, const std::string& value) {
    if (value.empty())
      meta.erase(member);
    else
      meta[member] = value;
  };
  name("node", info.node);
  name("item", info.item);
}

std::string commit_hash(const FilmId& film, const CommitInfo& info, std::string_view delta) {
  const Json header = {{"film", film.value()},
                       {"epoch", number(info.head.epoch)},
                       {"seq", number(info.head.seq)},
                       {"previousHash", info.previous_hash},
                       {"kind", to_string(info.kind)},
                       {"node", info.node},
                       {"item", info.item},
                       {"at", to_rfc3339(info.at)},
                       {"writer", info.writer}};
  Sha256 hash;
  hash.update(canonical_json(header));
  hash.update("\n");
  hash.update(delta);
  return hash.finish();
}

void seal(const FilmId& film, Commit& commit) { commit.info.head.hash = commit_hash(film, commit.info, commit.delta); }

Result<void> verify_link(const FilmId& film, const Commit& commit, const std::string& previous_hash) {
  const std::string at = " film=" + film.value() + " seq=" + std::to_string(number(commit.info.head.seq));
  if (commit.info.previous_hash != previous_hash) return fail(ErrorKind::corrupt, "commit does not follow the one before it." + at);
  if (commit.info.head.hash != commit_hash(film, commit.info, commit.delta))
    return fail(ErrorKind::corrupt, "commit's bytes do not have its hash." + at);
  return {};
}

std::string encode_document(Json document) {
  document[run::meta_member]["contentHash"] = content_hash(document);
  return canonical_json(document);
}

Loaded<Checkpoint> decode_document(const FilmId& film, std::string_view bytes) {
  auto json = parse_json(bytes);
  if (!json) return broken("not a whole JSON document: " + json.error().message);
  if (!json->is_object() || !json->contains(run::meta_member) || !(*json)[run::meta_member].is_object())
    return broken("document has no $workprint member");
  const Json& meta = (*json)[run::meta_member];
  if (!meta.contains("format") || !is_count(meta["format"])) return broken("$workprint.format is not a number");
  if (meta["format"].get<std::int64_t>() > document_format)
    return {Outcome::too_new, std::nullopt, "document needs a program that reads format " + std::to_string(meta["format"].get<std::int64_t>()) +
                                                "; this one reads up to " + std::to_string(document_format)};
  if (const auto wrong = wrong_member(meta)) return broken("$workprint." + *wrong + " is not as it must be");
  if (meta["contentHash"] != Json(content_hash(*json))) return broken("contentHash does not fit the bytes");
  if (!meta.contains("film") || meta["film"] != Json(film.value()))
    return {Outcome::foreign, std::nullopt, "document is of another film"};
  Checkpoint checkpoint;
  checkpoint.head = {Epoch{meta["epoch"].get<std::uint64_t>()}, Seq{meta["seq"].get<std::uint64_t>()},
                     meta.value("hash", meta["contentHash"].get<std::string>())};
  checkpoint.document = *std::move(json);
  return {Outcome::found, std::move(checkpoint), {}};
}

}  // namespace workprint::record

namespace workprint {

std::string_view to_string(CommitKind kind) { return record::kind_words[static_cast<std::size_t>(kind)]; }

std::optional<CommitKind> commit_kind(std::string_view word) {
  for (std::size_t i = 0; i < record::kind_words.size(); ++i)
    if (record::kind_words[i] == word) return static_cast<CommitKind>(i);
  return std::nullopt;
}

}  // namespace workprint
