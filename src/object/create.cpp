/// "Create, or keep what is there": how create-only objects are written, also when the answer to the write was lost.
#include <functional>

#include "workprint/object_store.h"
#include "workprint/try.h"

namespace workprint {
namespace {

/// The name is taken: by the bytes we wanted, or by others that are kept. Either way they are used from here on, so
/// they are read, not believed.
Result<Created> accept_what_is_there(ObjectStore& store, std::string_view name) {
  auto there = store.verify(name);
  if (there) return Created{.info = *std::move(there), .was_there = true};
  if (there.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::unavailable, "the object was there and is gone: try again. name=" + std::string(name));
  return std::unexpected(there.error());
}

Result<Created> settle(ObjectStore& store, std::string_view name, Result<ObjectInfo> written,
                       const std::function<Result<std::string>()>& wanted_sha256) {
  if (written) return Created{.info = *std::move(written), .was_there = false};
  if (written.error().kind == ErrorKind::conflict) return accept_what_is_there(store, name);
  if (written.error().kind != ErrorKind::unavailable) return std::unexpected(written.error());

  auto there = store.head(name);
  if (!there) return std::unexpected(written.error());
  if (there->sha256 == TRY(wanted_sha256())) return Created{.info = *std::move(there), .was_there = false};
  return accept_what_is_there(store, name);
}

}  // namespace

Result<Created> create_or_keep(ObjectStore& store, std::string_view name, std::string_view bytes) {
  return settle(store, name, store.put(name, bytes, IfAbsent()),
                [&]() -> Result<std::string> { return sha256_hex(bytes); });
}

Result<Created> create_or_keep_file(ObjectStore& store, std::string_view name, const std::filesystem::path& file) {
  return settle(store, name, store.put_file(name, file, IfAbsent()), [&]() -> Result<std::string> {
    const FileDigest digest = TRY(digest_file(file));
    return digest.sha256;
  });
}

}  // namespace workprint
