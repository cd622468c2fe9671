/// What happened to a film, in the words its clients know (film-domain 5), worked out of two states.
#pragma once

#include <string>
#include <vector>

#include "workprint/feed.h"

namespace film {

/// The events of one commit, in the order they are sent. Pure.
std::vector<workprint::FeedEvent> events_of(const workprint::CommitInfo& info, const workprint::Json& before,
                                            const workprint::Json& after);

}  // namespace film
