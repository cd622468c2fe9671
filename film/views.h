/// Views of a film's state for clients: computed when they are read, never stored (film-domain 1.3, 6.2).
#pragma once

#include <string>

#include "workprint/json.h"

namespace film {

/// ready, analyzing, generating, evaluating, paused, complete, error.
[[nodiscard]] std::string film_status(const workprint::Json& state);
[[nodiscard]] std::string film_title(const workprint::Json& state);

/// The state as older clients know it: plan, circled takes and production joined into arrays.
[[nodiscard]] workprint::Json old_shape(const workprint::Json& state);
/// The takes registry; of one scene when `scene` is not empty. Each take with its address, each scene with `stale`.
[[nodiscard]] workprint::Json takes_view(const workprint::Json& state, const std::string& scene);
/// {totalUsdMicros, openUsdMicros, byNode, byScene, perFinishedSecond?, mayBePaidTwice}.
[[nodiscard]] workprint::Json cost_view(const workprint::Json& state);
[[nodiscard]] std::int64_t cost_total(const workprint::Json& state);

/// `$workprint.interrupts[id]` as an event and the page show it.
[[nodiscard]] workprint::Json question_view(const std::string& id, const workprint::Json& question);

/// Where an asset is served: `/api/objects/<path>`; empty when there is none.
[[nodiscard]] std::string public_uri(const workprint::Json& asset);
[[nodiscard]] workprint::Json with_uris(workprint::Json asset);

}  // namespace film
