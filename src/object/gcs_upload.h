/// A large object on its way into Google Cloud Storage, chunk by chunk, resumed after every break.
#pragma once

#include "object/bucket.h"
#include "object/http_client.h"

namespace workprint::gcs {

/// Smallest unit of a chunk that is not the last.
inline constexpr std::uint64_t chunk_quantum_bytes = 256u << 10;

struct Upload {
  std::string start_url;  ///< of the POST that opens the session, condition included
  std::uint64_t chunk_bytes;
};

/// How far the service has come is asked from the service, never assumed: it may keep less than was sent. A session that
/// is gone is opened again, twice at most. The session's address is a secret: it appears in no message. With a page of the
/// journal an upload goes on in the session that is written there.
WriteOutcome upload_resumably(HttpClient& client, const Upload& upload, const ObjectWrite& write);

}  // namespace workprint::gcs
