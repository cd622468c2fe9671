/// Documents of the older system: whole JSON objects that say nothing about where they come from.
///
/// They have no lineage: no film, epoch, seq or hash. So they are never compared with a state of ours and never
/// committed degraded; recovery takes one only where nothing of known lineage is left (docs/formats/legacy.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "workprint/id.h"
#include "workprint/json.h"
#include "workprint/object_store.h"

namespace workprint::snapshot {

/// The document, when `bytes` are one whole JSON object without a `$workprint` member; nothing otherwise. A document
/// that has the member, however damaged, is one of ours. Pure.
[[nodiscard]] std::optional<Json> bare_document(std::string_view bytes);

/// Keeps a copy of a bare document that a person named, create-only, as `quarantine/named-<first 8 hex>.json`.
/// Returns where. Errors: unavailable.
Result<std::string> keep_bare(ObjectStore& objects, const FilmId& film, std::string_view bytes);

}  // namespace workprint::snapshot
