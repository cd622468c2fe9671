#include "film/media/boxes.h"

#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "workprint/try.h"

namespace film::media {
namespace {

using namespace workprint;

constexpr std::array<std::string_view, 13> top_level = {"ftyp", "moov", "mdat", "free", "skip", "wide", "uuid",
                                                        "styp", "sidx", "moof", "mfra", "meta", "pnot"};

struct Box {
  std::string type;
  std::uint64_t length = 0;  ///< with its header
};

std::uint64_t big_endian(const unsigned char* bytes, int count) {
  std::uint64_t value = 0;
  for (int index = 0; index < count; ++index) value = value << 8 | bytes[index];
  return value;
}

Result<Box> read_box(int descriptor, std::uint64_t at, std::uint64_t left, const std::string& place) {
  std::array<unsigned char, 16> head{};
  const ssize_t got = ::pread(descriptor, head.data(), head.size(), static_cast<off_t>(at));
  if (got < 0) return fail(ErrorKind::unavailable, "the file cannot be read" + place);
  if (got < 8) return fail(ErrorKind::corrupt, "truncated: a box header is cut off" + place);
  Box box{std::string(reinterpret_cast<const char*>(head.data()) + 4, 4), big_endian(head.data(), 4)};
  bool is_known = false;
  for (const std::string_view type : top_level) is_known = is_known || type == box.type;
  if (!is_known) return fail(ErrorKind::corrupt, "not an mp4 file" + place);
  if (box.length == 0) box.length = left;  // the last box may reach to the end of the file
  if (box.length == 1) box.length = got < 16 ? 0 : big_endian(head.data() + 8, 8);
  if (box.length < 8) return fail(ErrorKind::corrupt, "a box has no length" + place);
  return box;
}

}  // namespace

// A faststart file that was cut off still announces its full length, and players believe it. The boxes do not lie.
Result<void> walk_boxes(int descriptor, std::int64_t size, const std::filesystem::path& file) {
  const auto end = static_cast<std::uint64_t>(size);
  const std::string name = " file=" + file.filename().string();
  bool has_index = false, has_media = false;
  for (std::uint64_t at = 0; at < end;) {
    const std::string place = ". at=" + std::to_string(at) + name;
    const Box box = TRY(read_box(descriptor, at, end - at, place));
    if (box.length > end - at)
      return fail(ErrorKind::corrupt, "truncated: box " + box.type + " ends behind the file" + place +
                                          " length=" + std::to_string(box.length) + " size=" + std::to_string(size));
    has_index = has_index || box.type == "moov";
    has_media = has_media || box.type == "mdat";
    at += box.length;
  }
  if (!has_index) return fail(ErrorKind::corrupt, "truncated: the index (moov) is missing." + name);
  if (!has_media) return fail(ErrorKind::corrupt, "truncated: the media data (mdat) is missing." + name);
  return {};
}

}  // namespace film::media
