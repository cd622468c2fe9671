/// How one change of a film becomes bytes and a hash (docs/formats/commit.md).
///
/// A delta names only what changed. It applies to the channels and to the engine's own record (`meta`); epoch, seq,
/// hashes, time and writer come from the CommitInfo, so equal seq means equal bytes.
#pragma once

#include <string>

#include "run/delta.h"
#include "workprint/checkpoint_store.h"

namespace workprint::record {

/// The newest format this program reads and the one it writes.
inline constexpr int document_format = 1;

/// On disk `{"set": ..., "merge": ..., "append": ..., "unset": ..., "meta": ...}`; absent members change nothing.
/// The value lives in the run layer, which makes deltas; this layer gives them bytes.
using run::Delta;

/// A whole number from 0 on.
[[nodiscard]] inline bool is_count(const Json& value) { return value.is_number_integer() && value.get<std::int64_t>() >= 0; }

[[nodiscard]] std::string encode(const Delta& delta);
/// Errors: corrupt.
Result<Delta> decode_delta(std::string_view text);

/// Applies `delta` to a document's channels and to its `$workprint` member, and stamps the latter with `info`.
/// Errors: corrupt (the delta does not fit the document).
Result<void> apply(Json& document, const Delta& delta, const FilmId& film, const CommitInfo& info);

/// Writes what `info` says into the document's `$workprint`: format, film, epoch, seq, previousHash, hash, kind, node,
/// item, writtenAt, writer, began, lineage. The last act of applying a commit.
void stamp(Json& document, const FilmId& film, const CommitInfo& info);

/// SHA-256 over the canonical JSON of all of `info` but the hash itself, and the delta's text.
[[nodiscard]] std::string commit_hash(const FilmId& film, const CommitInfo& info, std::string_view delta);

/// Seals `info.head.hash`.
void seal(const FilmId& film, Commit& commit);

/// One link of the chain: previous hash and own hash are right.
/// Errors: corrupt, naming film and seq.
Result<void> verify_link(const FilmId& film, const Commit& commit, const std::string& previous_hash);

/// Canonical bytes of a document with `contentHash` computed into `$workprint`; what state.json and a base hold.
[[nodiscard]] std::string encode_document(Json document);

/// Reads such bytes whole or not at all: JSON rules, format, film, contentHash, shape of `$workprint`.
/// A document without `$workprint` is `corrupt` here (snapshot/legacy reads those).
/// Returns found / corrupt / foreign (another film) / too_new, never absent or unreachable.
[[nodiscard]] Loaded<Checkpoint> decode_document(const FilmId& film, std::string_view bytes);

}  // namespace workprint::record
