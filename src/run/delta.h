/// What one commit changes, as a value: the only way state moves.
#pragma once

#include "workprint/json.h"
#include "workprint/result.h"

namespace workprint::run {

/// `set` replaces whole channels, `merge` holds one merge patch a channel, `append` `{"drop": n, "values": [...]}` a
/// channel, `unset` removes channels, `meta` is a merge patch on the engine's own record (`$workprint`).
struct Delta {
  Json set = Json::object();
  Json merge = Json::object();
  Json append = Json::object();
  Json unset = Json::array();
  Json meta = Json::object();
};

/// The member of a document that is the engine's and not a channel.
inline constexpr const char* meta_member = "$workprint";

/// Applies the channel parts (`set`, `merge`, `append`, `unset`) to a document. O(delta).
/// Errors: corrupt (the delta does not fit the document).
Result<void> apply_channels(Json& document, const Delta& delta);

/// Applies `meta` to the document's `$workprint`, which is created when it is not there.
void apply_meta(Json& document, const Delta& delta);

}  // namespace workprint::run
