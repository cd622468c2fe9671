#include "record/commit.h"

#include <algorithm>
#include <array>

#include "base/canonical.h"
#include "record/lineage.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::record {
namespace {

constexpr std::array kind_words{"command", "takeover", "intent", "handle", "result",  "task",
                                "step",    "interrupt", "answer", "fork",   "restored"};

// `{"drop": n, "values": [...]}`; drop may be left out.
bool is_append(const Json& change) {
  if (!change.is_object() || !change.contains("values") || !change["values"].is_array()) return false;
  return change.size() == (change.contains("drop") ? 2U : 1U) && (!change.contains("drop") || is_count(change["drop"]));
}

bool names_channels(const Json& unset) {
  return std::ranges::all_of(unset, [](const Json& name) { return name.is_string() && name != Json(run::meta_member); });
}

std::unexpected<Error> broken_delta(const std::string& member) {
  return fail(ErrorKind::corrupt, "delta member is not as it must be. member=" + member);
}

// The canonical JSON of an object of these nine members, written without the object: it is made several times a commit.
std::string commit_header(const FilmId& film, const CommitInfo& info) {
  std::string text;
  text.reserve(512);
  const auto put = [&](std::string_view before, std::string_view value) {
    text += before;
    append_canonical_string(text, value);
  };
  put("{\"at\":", to_rfc3339(info.at));
  text += ",\"epoch\":" + std::to_string(number(info.head.epoch));
  put(",\"film\":", film.value());
  put(",\"item\":", info.item);
  put(",\"kind\":", to_string(info.kind));
  put(",\"node\":", info.node);
  put(",\"previousHash\":", info.previous_hash);
  text += ",\"seq\":" + std::to_string(number(info.head.seq));
  put(",\"writer\":", info.writer);
  return text + "}";
}

}  // namespace

// The canonical JSON of an object of these members, so in the order of their names; making the object would copy them.
std::string encode(const Delta& delta) {
  std::string text;
  const auto put = [&](std::string_view name, const Json& value) {
    if (value.empty()) return;
    text += text.empty() ? "{" : ",";
    append_canonical_string(text, name);
    text += ":";
    append_canonical(text, value);
  };
  put("append", delta.append);
  put("merge", delta.merge);
  put("meta", delta.meta);
  put("set", delta.set);
  put("unset", delta.unset);
  return text.empty() ? "{}" : text + "}";
}

Result<Delta> decode_delta(std::string_view text) {
  auto json = parse_json(text);
  if (!json) return fail(ErrorKind::corrupt, "delta is not JSON: " + json.error().message);
  if (!json->is_object()) return fail(ErrorKind::corrupt, "delta is not a JSON object");
  Delta delta;
  const std::array<std::pair<std::string_view, Json*>, 5> members{
      {{"set", &delta.set}, {"merge", &delta.merge}, {"append", &delta.append}, {"unset", &delta.unset}, {"meta", &delta.meta}}};
  for (auto& [name, value] : json->items()) {
    const auto member = std::ranges::find(members, name, &std::pair<std::string_view, Json*>::first);
    // An empty member would not be written again: such a delta has two spellings, and only one of them is ours.
    if (member == members.end() || value.type() != member->second->type() || value.empty()) return broken_delta(name);
    if (name != "meta" && value.contains(run::meta_member)) return broken_delta(name);
    *member->second = std::move(value);
  }
  if (!std::ranges::all_of(delta.append, is_append)) return broken_delta("append");
  if (!names_channels(delta.unset)) return broken_delta("unset");
  // What a commit's own head says is stamped, never set; lineage is worked out from what was stamped before.
  constexpr std::string_view stamped[] = {"format", "film", "epoch", "seq", "previousHash", "hash", "kind", "node", "item", "writtenAt", "writer", "began", "lineage", "contentHash"};
  if (std::ranges::any_of(stamped, [&](std::string_view name) { return delta.meta.contains(name); })) return broken_delta("meta");
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
  if (!meta.is_object()) meta = Json::object();
  extend_lineage(meta, info.head);
  meta.erase("contentHash");  // it was of the state before; encode_document makes the new one
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
  Sha256 hash;
  hash.update(commit_header(film, info));
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

}  // namespace workprint::record

namespace workprint {

std::string_view to_string(CommitKind kind) { return record::kind_words[static_cast<std::size_t>(kind)]; }

std::optional<CommitKind> commit_kind(std::string_view word) {
  for (std::size_t i = 0; i < record::kind_words.size(); ++i)
    if (record::kind_words[i] == word) return static_cast<CommitKind>(i);
  return std::nullopt;
}

}  // namespace workprint
