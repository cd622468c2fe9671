/// open_object_store with its doors: for tests.
#pragma once

#include "object/environment.h"
#include "object/http_client.h"
#include "workprint/object_store.h"

namespace workprint {

Result<std::unique_ptr<ObjectStore>> open_object_store(std::string_view location, const Environment& environment,
                                                       const HttpContext& context, const ObjectStoreOptions& options = {});

}  // namespace workprint
