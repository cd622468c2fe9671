/// Properties of the delta of a commit, for any bytes.
#pragma once

#include <string>
#include <string_view>

#include "record/commit.h"
#include "tests/fuzz/require.h"

namespace workprint::fuzz {

/// A document with a channel of each shape, so that every kind of change finds something to change.
inline const Json& delta_ground() {
  static const Json ground = {{"title", "Tide"}, {"clips", {{"0", {{"seconds", 8}}}}}, {"errors", {"a", "b", "c"}}, {"length", 13.5},
                              {"nothing", nullptr}, {"$workprint", {{"doneTasks", Json::object()}, {"openEffects", {{"clip_0/1", {{"state", "intent"}}}}}}}};
  return ground;
}

inline void try_delta(std::string_view bytes) {
  static const FilmId film = *parse_film_id("tide");
  const auto delta = record::decode_delta(bytes);
  if (!delta) return require(delta.error().kind == ErrorKind::corrupt, "a delta that is none is corrupt");
  const std::string written = record::encode(*delta);
  require(written == canonical_json(*parse_json(bytes)), "an accepted delta is re-encoded to its own canonical bytes");
  const auto again = record::decode_delta(written);
  require(again && record::encode(*again) == written, "a delta is the same the second time");

  CommitInfo info;
  info.head = {Epoch{2}, Seq{7}, std::string(64, 'a')};
  info.writer = "w";
  Json first = delta_ground();
  Json second = delta_ground();
  const auto applied = record::apply(first, *delta, film, info);
  const auto applied_again = record::apply(second, *again, film, info);
  require(applied.has_value() == applied_again.has_value(), "applying is the same the second time");
  if (!applied) return require(applied.error().kind == ErrorKind::corrupt, "a delta that does not fit is corrupt");
  require(first == second, "the same delta leads to the same document");
  require(first.is_object() && first.at(run::meta_member).at("seq") == 7, "a delta cannot undo what its commit stamps");
  const std::string document = record::encode_document(first);
  const auto read = parse_json(document);
  require(read && record::encode_document(*read) == document, "a changed document is written and read the same");
}

}  // namespace workprint::fuzz
