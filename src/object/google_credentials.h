/// Application Default Credentials: who we are to Google, found as Google's own clients find it.
///
/// Order: the file of GOOGLE_APPLICATION_CREDENTIALS; gcloud's file (CLOUDSDK_CONFIG, else ~/.config/gcloud); the metadata
/// server of the machine. Kinds of file: service_account, authorized_user, external_account (subject token from a file or
/// a URL, with or without impersonation).
/// A token is asked for by one thread at a time, renewed when 80 % of its life is over, and appears in no message.
#pragma once

#include <memory>

#include "object/environment.h"
#include "object/http_client.h"

namespace workprint {

struct Token {
  std::string value;
  std::chrono::seconds life{};
};

/// One way to get a token. Called by one thread at a time.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// Errors: unavailable; the message says what a person can do, without secrets.
  virtual Result<Token> fetch() = 0;
};

/// Looks at the environment at the first request, and then no more.
std::shared_ptr<Authorizer> open_google_credentials(Environment environment, HttpContext context);

/// By the text of a file of credentials. Errors: unavailable (not such a file; a kind that is not supported; an address in
/// it that tokens must not be sent to).
Result<std::unique_ptr<TokenSource>> open_credentials_file(std::string_view text, const HttpContext& context);
std::unique_ptr<TokenSource> open_metadata_server(const Environment& environment, const HttpContext& context);

/// RS256 over `claims`: a JSON web token. Errors: unavailable (the key is no private RSA key in PEM).
Result<std::string> sign_jwt(const Json& header, const Json& claims, const std::string& private_key_pem);

}  // namespace workprint
