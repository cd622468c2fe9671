#include "cli/served_objects.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "workprint/clock.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::cli {
namespace {

namespace fs = std::filesystem;

// State, leases and commands have routes of their own; a document served as a file would pass them by.
bool is_media(ObjectType type) {
  switch (type) {
    case ObjectType::song:
    case ObjectType::clip:
    case ObjectType::frame:
    case ObjectType::character_reference:
    case ObjectType::location_reference:
    case ObjectType::segment:
    case ObjectType::render:
    case ObjectType::latest_render:
    case ObjectType::deliver: return true;
    default: return false;
  }
}

class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  Result<std::string> read(std::uint64_t offset, std::size_t max) const {
    std::string bytes(max, '\0');
    const ssize_t got = ::pread(descriptor_, bytes.data(), max, static_cast<off_t>(offset));
    if (got < 0) return fail(ErrorKind::unavailable, "object cannot be read");
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  int descriptor_;
};

}  // namespace

// The oldest go first. Whoever reads one of them holds it open.
void ServedObjects::make_room(std::uintmax_t bytes) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> kept;
  std::uintmax_t total = bytes;
  for (const auto& entry : fs::directory_iterator(cache_, error)) {
    kept.emplace_back(entry.last_write_time(error), entry.path());
    total += entry.file_size(error);
  }
  std::ranges::sort(kept);
  for (const auto& [time, path] : kept) {
    if (total <= kept_bytes_max) return;
    total -= fs::file_size(path, error);
    fs::remove(path, error);
  }
}

Result<fs::path> ServedObjects::file_of(const std::string& name, const ObjectInfo& info) {
  const std::string where = objects_.describe();
  if (where.starts_with("file:")) return fs::path(where.substr(5)) / name;
  std::error_code error;
  fs::create_directories(cache_, error);
  const fs::path file = cache_ / info.sha256;
  if (fs::exists(file, error)) return file;
  const fs::path fresh = cache_ / (info.sha256 + ".new" + std::to_string(system_random()->next()));
  {
    const std::lock_guard lock(mutex_);
    make_room(info.size_bytes);
  }
  const auto fetched = objects_.get_file(name, fresh);
  if (!fetched || fetched->sha256 != info.sha256) {
    fs::remove(fresh, error);
    if (!fetched) return std::unexpected(fetched.error());
    return fail(ErrorKind::unavailable, "object was replaced while it was read; ask again. path=" + name);
  }
  fs::rename(fresh, file, error);
  if (error) return fail(ErrorKind::unavailable, "object cannot be kept: " + error.message());
  return file;
}

Result<http::Response> ServedObjects::open(const std::string& name) {
  const auto parsed = parse_object_name(name);
  if (!parsed || !is_media(parsed->type)) return fail(ErrorKind::not_found, "no such media object. path=" + name.substr(0, 200));
  const std::string_view type = content_type(name);
  if (type == "application/json") return fail(ErrorKind::not_found, "documents are not served here. path=" + name.substr(0, 200));
  const ObjectInfo info = TRY(objects_.head(name));
  const fs::path file = TRY(file_of(name, info));
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return fail(ErrorKind::not_found, "no such object. path=" + name);
  const auto held = std::make_shared<OpenFile>(descriptor);
  http::Response response;
  response.headers = {{"Content-Type", std::string(type)},
                      {"ETag", "\"" + info.sha256 + "\""},
                      {"Cache-Control", is_mutable(parsed->type) ? "no-cache" : "private, max-age=31536000, immutable"}};
  response.source = http::BodySource{info.size_bytes, [held](std::uint64_t offset, std::size_t max) { return held->read(offset, max); }};
  return response;
}

}  // namespace workprint::cli
