#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/crc32c.h"
#include "workprint/clock.h"
#include "workprint/digest.h"

namespace workprint {
namespace {

struct ScratchFolder {
  std::filesystem::path path;
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "workprint_digest_XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~ScratchFolder() { std::filesystem::remove_all(path); }
};

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

}  // namespace

TEST_CASE("sha256: the published values") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("sha256: pieces give the hash of the whole") {
  Sha256 sha;
  sha.update("a");
  sha.update("");
  sha.update("bc");
  CHECK(sha.finish() == sha256_hex("abc"));
}

TEST_CASE("crc32c: the published values") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("crc32c: the instruction and the table agree at every length, and a seed continues") {
  const auto random = seeded_random(32);
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string bytes = random_bytes(*random, size);
    if (has_crc32c_instruction()) CHECK(crc32c_by_instruction(bytes, ~0u) == crc32c_by_table(bytes, ~0u));
    const std::size_t cut = size / 3;
    CHECK(crc32c(bytes.substr(cut), crc32c(bytes.substr(0, cut))) == crc32c(bytes));
  }
}

TEST_CASE("digest: a file gives what its bytes give") {
  const ScratchFolder folder;
  const auto random = seeded_random(7);
  const std::string bytes = random_bytes(*random, 700001);
  std::ofstream(folder.path / "f", std::ios::binary) << bytes;
  const auto digest = digest_file(folder.path / "f");
  REQUIRE(digest);
  CHECK(digest->size_bytes == bytes.size());
  CHECK(digest->crc32c == crc32c(bytes));
  CHECK(digest->sha256 == sha256_hex(bytes));
}

TEST_CASE("digest: a missing file is not found; a folder or a pipe is unavailable") {
  const ScratchFolder folder;
  REQUIRE(::mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  CHECK(digest_file(folder.path / "none").error().kind == ErrorKind::not_found);
  CHECK(digest_file(folder.path).error().kind == ErrorKind::unavailable);
  CHECK(digest_file(folder.path / "pipe").error().kind == ErrorKind::unavailable);
}

}  // namespace workprint
