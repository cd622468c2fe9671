/// The inbox in workprint.db; everybody but tests calls open_inbox.
#pragma once

#include "workprint/inbox.h"

namespace workprint::store {

std::unique_ptr<Inbox> open_sqlite_inbox(const std::string& path, std::shared_ptr<Clock> clock);

}  // namespace workprint::store
