/// Properties of JSON and of state documents, for any bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "record/commit.h"
#include "tests/fuzz/require.h"

namespace workprint::fuzz {

/// What was accepted is written as canonical bytes, and these are read as the same and written the same again.
inline void try_accepted_document(const FilmId& film, std::string_view bytes) {
  const auto first = record::decode_document(film, bytes);
  require(first.outcome != Outcome::absent && first.outcome != Outcome::unreachable, "bytes are never absent or unreachable");
  require((first.outcome == Outcome::found) == first.value.has_value(), "found and nothing else has a value");
  if (!first.value) return require(!first.detail.empty(), "a refusal says why");
  const std::string written = record::encode_document(first.value->document);
  require(written == canonical_json(*parse_json(bytes)), "an accepted document is re-encoded to its own canonical bytes");
  const auto second = record::decode_document(film, written);
  require(second.value.has_value(), "what we wrote is read");
  require(second.value->head == first.value->head, "the head is the same the second time");
  require(second.value->document == first.value->document, "the document is the same the second time");
}

/// What the quick reader takes, the strict one takes as the same value.
inline void try_readers(std::string_view bytes) {
  const auto quick = read_quickly(bytes, JsonLimits().depth_max);
  if (!quick) return;
  const auto strict = read_strictly(bytes, {});
  require(strict.has_value(), "the strict reader takes what the quick one took");
  require(*strict == *quick && canonical_json(*strict) == canonical_json(*quick), "both readers read the same");
}

inline void try_document(std::string_view bytes) {
  try_readers(bytes);
  static const FilmId film = *parse_film_id("tide");
  try_accepted_document(film, bytes);
  const auto json = parse_json(bytes);
  if (!json) return;
  const std::string canonical = canonical_json(*json);
  const auto again = parse_json(canonical);
  require(again.has_value(), "canonical JSON is read");
  require(canonical_json(*again) == canonical, "canonical JSON is written the same");
  const auto pretty = parse_json(pretty_json(*json));
  require(pretty && canonical_json(*pretty) == canonical, "the layout carries nothing");
  // Almost no bytes have their contentHash; with it made right, the rules behind it are reached.
  if (!json->is_object() || !json->contains(run::meta_member) || !(*json)[run::meta_member].is_object()) return;
  try_accepted_document(film, record::encode_document(*json));
}

}  // namespace workprint::fuzz
