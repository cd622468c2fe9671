/// A bucket of some service on the network, as small as a NetworkStore needs it: Google Cloud Storage, S3.
///
/// Keys are whole: prefix and name. Every call tries again by itself within its limits (http_client.h) and judges what
/// it was answered; what a lost answer means is left to the NetworkStore.
/// Thread-safety: every method may be called from any thread at the same time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object/content.h"
#include "object/http_client.h"
#include "object/upload_journal.h"
#include "workprint/clock.h"
#include "workprint/object_store.h"

namespace workprint {

/// What a writer leaves beside the bytes, as the service's custom metadata. Only `workprint-sha256` must be there:
/// objects written by others may carry no more, or nothing.
struct ObjectRecord {
  std::string sha256;
  std::optional<std::uint64_t> size_bytes;
  std::optional<std::uint32_t> crc32c;
  std::string put_id;  ///< random, of one put: tells our own write from an equal one of somebody else
};
using Metadata = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Metadata to_metadata(const ObjectRecord& record);
/// `value_of` gives the value of a key or an empty text.
[[nodiscard]] std::optional<ObjectRecord> parse_record(const std::function<std::string(std::string_view)>& value_of);

/// An object as the service tells of it.
struct Found {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string version;
  std::optional<std::uint32_t> crc32c;  ///< the service's own, of the bytes that lie there
  std::optional<ObjectRecord> record;
};

struct ObjectWrite {
  std::string key;
  const Source& source;
  const FileDigest& digest;
  std::string put_id;
  std::string content_type;
  std::string cache_control;
  const PutCondition& condition;
  std::function<void(std::uint64_t done_bytes)> moved{};  ///< hears how far it is; may be empty
  UploadJournal::Page* page = nullptr;                  ///< of an upload in pieces; may be null
  [[nodiscard]] ObjectRecord record() const {
    return {.sha256 = digest.sha256, .size_bytes = digest.size_bytes, .crc32c = digest.crc32c, .put_id = put_id};
  }
};

struct WriteOutcome {
  /// The new version. Errors: conflict (the service says the condition does not hold); invalid; unavailable.
  Result<std::string> version;
  bool in_doubt = false;  ///< some send may have been carried out although its answer was lost
};

struct Page {
  std::vector<Found> objects;
  std::string next;           ///< empty: the last page
};
/// Whether a listing tells records and versions, or each object must be looked at.
enum class Listing : std::uint8_t { complete, names_only };

class Bucket {
 public:
  virtual ~Bucket() = default;
  [[nodiscard]] virtual std::string describe() const = 0;
  /// Errors: not_found (proven: the bucket is there and the object is not); unavailable.
  virtual Result<Found> look(const std::string& key) = 0;
  /// Sends the bytes of exactly this version to `sink`. Errors: conflict (it is there no more); unavailable.
  virtual Result<FileDigest> read(const Found& object, const Sink& sink) = 0;
  virtual WriteOutcome write(const ObjectWrite& write) = 0;
  /// The address under which the journal knows a file of this size; nothing: it goes in one request.
  [[nodiscard]] virtual std::optional<std::string> journal_address(const std::string& key, std::uint64_t size_bytes) const = 0;
  /// `page` is empty for the first. Errors: unavailable.
  virtual Result<Page> list(const std::string& prefix, const std::string& page) = 0;
  [[nodiscard]] virtual Listing listing() const = 0;
  /// Removing what is not there is ok. Errors: conflict; unavailable.
  virtual Result<void> erase(const std::string& key, const std::string& version) = 0;
  [[nodiscard]] virtual Duration write_interval() const = 0;
  /// Errors: conflict (this version is there no more); unavailable.
  virtual Result<StoreFacts> facts(const Found& object) = 0;
};

/// Facts that a read of the second half of an object shows. `read`: the request for all of it.
Result<StoreFacts> facts_of_read(HttpClient& client, HttpRequest read, std::uint64_t size_bytes);

/// The contract of object stores on a bucket. `prefix` is empty or ends in `/`.
/// `context` is the bucket's own; of `options`, `stop` is in it already.
std::unique_ptr<ObjectStore> open_network_store(std::unique_ptr<Bucket> bucket, std::string prefix, const HttpContext& context,
                                                const ObjectStoreOptions& options = {});

}  // namespace workprint
