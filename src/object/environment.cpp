#include "object/environment.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/file.h"
#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::size_t secret_bytes_max = 1u << 20;

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Result<std::string> read_secret_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open())
    return fail(errno == ENOENT || errno == ENOTDIR ? ErrorKind::not_found : ErrorKind::unavailable,
                "cannot open the file of credentials: " + describe_errno(errno) + ". file=" + path);
  std::vector<char> buffer(secret_bytes_max);
  const std::size_t count = TRY(read_full(file.get(), buffer));
  return std::string(buffer.data(), count);
}

std::optional<std::string> text_member(const Json& object, std::string_view name) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace workprint
