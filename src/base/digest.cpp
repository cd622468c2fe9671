#include "workprint/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "base/file.h"
#include "workprint/try.h"

namespace workprint {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  check(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1,
        "OpenSSL has SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  check(state_ != nullptr, "a Sha256 is not used after finish");
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "SHA-256 takes any bytes");
}

std::string Sha256::finish() {
  check(state_ != nullptr, "a Sha256 is finished once");
  std::array<unsigned char, 32> digest{};
  check(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1, "SHA-256 can always be finished");
  state_.reset();
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 sha;
  sha.update(bytes);
  return sha.finish();
}

Result<FileDigest> digest_file(const std::filesystem::path& path) {
  const auto about = [&](const std::string& what) { return what + ". file=" + path.string(); };
  // Not blocking, so that a pipe in the place of a file is refused and not waited for.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR))
    return fail(ErrorKind::not_found, about("no such file"));
  if (!file.is_open()) return fail(ErrorKind::unavailable, about("cannot open: " + describe_errno(errno)));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorKind::unavailable, about("not a regular file"));

  FileDigest digest;
  Sha256 sha;
  std::vector<char> buffer(256u << 10);
  while (const std::size_t count = TRY(read_full(file.get(), buffer))) {
    const std::string_view piece(buffer.data(), count);
    sha.update(piece);
    digest.crc32c = crc32c(piece, digest.crc32c);
    digest.size_bytes += count;
  }
  digest.sha256 = sha.finish();
  return digest;
}

}  // namespace workprint
