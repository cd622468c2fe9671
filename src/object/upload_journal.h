/// Uploads that are under way, written down: the next process goes on where a killed one stopped.
///
/// One file for each object that is being uploaded, in one folder; its text is canonical JSON. It holds the upload's
/// session, which on Google lets whoever has it write the object: mode 0600, and in no message. Made durable by fsync and
/// rename. Whoever uploads holds a lock on the file, so two uploads never share a session.
/// A journal that cannot be written or read costs bytes that are sent again, never the upload: nothing here fails.
/// Thread-safety: any thread and process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/file.h"
#include "workprint/digest.h"
#include "workprint/object_store.h"

namespace workprint {

/// What must be the same for an upload to go on.
struct UploadIdentity {
  std::string address;  ///< of the object, its service included
  FileDigest digest;
  PutCondition condition;
};

/// What is there of an upload.
struct KeptUpload {
  std::string put_id;
  std::string session;            ///< SECRET. Google: the session's address; S3: the id of the upload in parts
  std::uint64_t piece_bytes = 0;  ///< S3: of all parts but the last
};

class UploadJournal {
 public:
  /// One upload's page. Its file stays when the value goes, unless it was dropped.
  class Page {
   public:
    Page() = default;  ///< of no journal: keeps nothing
    /// Of an earlier process or call, or what keep() wrote.
    [[nodiscard]] const std::optional<KeptUpload>& kept() const { return kept_; }
    /// Whether another process could go on with it.
    [[nodiscard]] bool is_kept() const { return kept_ && file_.is_open(); }
    /// A session of other bytes to the same address, which nobody will go on with; empty: none.
    [[nodiscard]] const std::string& abandoned_session() const { return abandoned_session_; }
    void keep(KeptUpload upload);
    /// The upload is over, or cannot be gone on with.
    void drop();

   private:
    friend class UploadJournal;
    std::filesystem::path path_;
    UploadIdentity identity_;
    std::optional<KeptUpload> kept_;
    std::string abandoned_session_;
    File file_;  ///< holds the lock; open as long as the file at `path_` is ours
  };

  /// An empty folder: nothing is written down.
  explicit UploadJournal(std::filesystem::path folder = {}) : folder_(std::move(folder)) {}

  /// The page of this upload. What lies there of other bytes or another condition, or is not ours alone to read, is removed.
  /// While somebody else uploads to the same address it is a page of no journal.
  [[nodiscard]] Page open(UploadIdentity identity) const;

 private:
  void sweep() const;

  std::filesystem::path folder_;
};

}  // namespace workprint
