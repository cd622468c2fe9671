#include "object/upload_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <vector>

#include "object/base64.h"
#include "object/folder.h"
#include "workprint/json.h"
#include "workprint/try.h"

namespace workprint {
namespace {

namespace fs = std::filesystem;

constexpr int format = 1;
constexpr std::size_t page_bytes_max = 64u << 10;
/// Google's sessions live for a week; what is older is of no use to anybody.
constexpr auto page_age_max = std::chrono::days(8);

/// Nothing when somebody else has it. Of an open file description: threads of one process exclude each other too, and the
/// lock goes with the file when it is renamed, and with the process when that is killed.
bool lock(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

bool is_same_file(const fs::path& path, int fd) {
  struct stat there {};
  struct stat ours {};
  return ::lstat(path.c_str(), &there) == 0 && ::fstat(fd, &ours) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

/// A page that others may write could name a session of theirs: our film would go there.
bool is_private(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

constexpr std::size_t page_name_digits = 32;

bool is_page_name(const std::string& name) {
  if (name.starts_with(folder::temporary_prefix)) return true;
  return name.size() == page_name_digits + 5 && name.ends_with(".json") && name.find_first_not_of("0123456789abcdef") == page_name_digits;
}

std::string text_of(const PutCondition& condition) {
  const auto* expected = std::get_if<IfVersion>(&condition);
  return expected == nullptr ? "absent" : "version " + expected->version;
}

Json describe(const UploadIdentity& identity) {
  return {{"format", format},
          {"address", identity.address},
          {"condition", text_of(identity.condition)},
          {"crc32c", crc32c_text(identity.digest.crc32c)},
          {"sha256", identity.digest.sha256},
          {"size", identity.digest.size_bytes}};
}

bool is_of(const Json& page, const UploadIdentity& identity) {
  const Json description = describe(identity);
  for (const auto& [member, wanted] : description.items())
    if (const auto found = page.find(member); found == page.end() || *found != wanted) return false;
  return true;
}

std::optional<Json> parse_page(const std::string& text) {
  const auto page = parse_json(text);
  return page && page->is_object() ? std::optional(*page) : std::nullopt;
}

/// Nothing: it is damaged.
std::optional<KeptUpload> parse_upload(const Json& page) {
  const auto string_of = [&](const char* member) {
    const auto found = page.find(member);
    return found != page.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto piece = page.find("pieceBytes");
  KeptUpload kept{.put_id = string_of("putId"),
                  .session = string_of("session"),
                  .piece_bytes = piece != page.end() && piece->is_number_unsigned() ? piece->get<std::uint64_t>() : 0};
  if (kept.put_id.empty() || kept.session.empty()) return std::nullopt;
  return kept;
}

std::optional<std::string> read_page(int fd) {
  std::vector<char> buffer(page_bytes_max);
  const auto count = read_full(fd, buffer);
  if (!count) return std::nullopt;
  return std::string(buffer.data(), *count);
}

void sync_folder(const fs::path& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) [[maybe_unused]] const auto synced = folder::sync_folder(folder.get());
}

/// A locked file of a name that nobody else uses, durable; empty when that is not possible.
File write_new(const fs::path& path, const std::string& text) {
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return {};
  if (::fchmod(file.get(), 0600) == 0 && lock(file.get()) && write_all(file.get(), text) && ::fsync(file.get()) == 0) return file;
  ::unlink(path.c_str());
  return {};
}

}  // namespace

void UploadJournal::Page::keep(KeptUpload upload) {
  kept_ = std::move(upload);
  if (path_.empty()) return;
  static std::atomic<std::uint64_t> number = 0;
  Json page = describe(identity_);
  page["putId"] = kept_->put_id;
  page["session"] = kept_->session;
  page["pieceBytes"] = kept_->piece_bytes;
  const fs::path folder = path_.parent_path();
  const fs::path fresh = folder / (std::string(folder::temporary_prefix) + std::to_string(::getpid()) + "-" + std::to_string(++number));
  File file = write_new(fresh, canonical_json(page));
  if (!file.is_open()) return;
  // Over our own page, or to a free name; never over that of somebody who is uploading.
  const bool is_ours = file_.is_open() && is_same_file(path_, file_.get());
  const int renamed = is_ours ? ::rename(fresh.c_str(), path_.c_str())
                              : ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
  if (renamed != 0) {
    ::unlink(fresh.c_str());
    return;
  }
  file_ = std::move(file);
  sync_folder(folder);
}

void UploadJournal::Page::drop() {
  kept_.reset();
  if (file_.is_open() && is_same_file(path_, file_.get())) ::unlink(path_.c_str());
  file_.reset();
}

UploadJournal::Page UploadJournal::open(UploadIdentity identity) const {
  Page page;
  if (folder_.empty()) return page;
  std::error_code error;
  fs::create_directories(folder_.parent_path(), error);
  ::mkdir(folder_.c_str(), 0700);
  sweep();
  const fs::path path = folder_ / (sha256_hex(identity.address).substr(0, page_name_digits) + ".json");
  File file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const bool is_there = file.is_open() || errno != ENOENT;
  const bool is_a_page = file.is_open() && is_private(file.get());
  if (is_a_page && !lock(file.get())) return page;  // somebody is uploading there
  // Dropped between our open and our lock: what lies there now is somebody else's new page.
  if (is_a_page && !is_same_file(path, file.get())) return page;
  page.path_ = path;
  page.identity_ = std::move(identity);
  if (is_a_page) {
    const auto text = read_page(file.get());
    const auto json = text ? parse_page(*text) : std::nullopt;
    if (json) page.kept_ = parse_upload(*json);
    if (page.kept_ && !is_of(*json, page.identity_)) {
      page.abandoned_session_ = page.kept_->session;
      page.kept_.reset();
    }
  }
  if (page.kept_)
    page.file_ = std::move(file);
  else if (is_there)
    ::unlink(path.c_str());
  return page;
}

// The folder is named by the user and may hold files that are not ours.
void UploadJournal::sweep() const {
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (!is_page_name(entry->path().filename().string()) || !fs::is_regular_file(entry->symlink_status(ignored))) continue;
    const auto written_at = entry->last_write_time(ignored);
    if (!ignored && fs::file_time_type::clock::now() - written_at > page_age_max) fs::remove(entry->path(), ignored);
  }
}

}  // namespace workprint
