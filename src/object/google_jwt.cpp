#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "object/base64.h"
#include "object/google_credentials.h"

namespace workprint {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Result<std::string> sign_jwt(const Json& header, const Json& claims, const std::string& private_key_pem) {
  const std::unique_ptr<BIO, Free> text(BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  // No password is ever asked for on a terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
    return fail(ErrorKind::unavailable, "the private key of the service account is no RSA key in PEM");
  std::string token = base64_url(canonical_json(header)) + "." + base64_url(canonical_json(claims));
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
  std::size_t size = 0;
  std::string signature;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, token.size()) == 1) {
    signature.resize(size);
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, token.size()) == 1) {
      signature.resize(size);
      return token + "." + base64_url(signature);
    }
  }
  return fail(ErrorKind::unavailable, "the private key of the service account does not sign");
}

}  // namespace workprint
