#include "object/google_credentials.h"

#include <fmt/format.h>

#include <mutex>

#include "base/quote.h"
#include "object/url.h"
#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::string_view storage_scope = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr std::string_view platform_scope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view google_token_url = "https://oauth2.googleapis.com/token";
constexpr std::chrono::seconds jwt_life{3600};
constexpr std::chrono::seconds pause_after_failure{30};

std::string form(const Query& fields) {
  const std::string query = encode_query(fields);
  return query.empty() ? query : query.substr(1);
}

HttpRequest post_form(const std::string& url, const std::string& body) {
  return {.method = "POST",
          .url = url,
          .body = HttpBody{.bytes = body},
          .content_type = "application/x-www-form-urlencoded"};
}

/// A secret goes over TLS only; but to this machine itself.
Result<std::string> trusted_url(const Json& file, std::string_view member, std::string_view fallback = {}) {
  const std::string text = text_member(file, member).value_or(std::string(fallback));
  const auto url = parse_url(text);
  if (url && (url->scheme == "https" || (url->scheme == "http" && url->is_loopback()))) return text;
  return fail(ErrorKind::unavailable, fmt::format("the credentials name no https address to get tokens from. member={}", member));
}

Result<std::string> required(const Json& file, std::string_view member) {
  if (auto text = text_member(file, member); text && !text->empty()) return *std::move(text);
  return fail(ErrorKind::unavailable, fmt::format("the file of credentials lacks a member. member={}", member));
}

Result<Token> parse_token(const HttpAnswer& answer, std::string_view who) {
  if (!answer.is_answered() || !answer.last.response.is_ok()) {
    Error error = failure_of(answer, fmt::format("no token from {}", who));
    error.kind = ErrorKind::unavailable;
    return std::unexpected(std::move(error));
  }
  const auto json = parse_json(answer.last.response.body);
  const Json value = json ? *json : Json();
  const auto token = text_member(value, "access_token");
  if (!token || token->empty()) return fail(ErrorKind::unavailable, fmt::format("the answer of {} holds no token", who));
  const auto life = value.find("expires_in");
  return Token{.value = *token,
               .life = std::chrono::seconds(life != value.end() && life->is_number_integer() ? life->get<int>() : 300)};
}

class ServiceAccount final : public TokenSource {
 public:
  ServiceAccount(HttpContext context, std::string email, std::string key_id, std::string key, std::string url)
      : client_(std::move(context), nullptr), email_(std::move(email)), key_id_(std::move(key_id)),
        private_key_(std::move(key)), url_(std::move(url)) {}

  Result<Token> fetch() override {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(client_.context().clock->wall().time_since_epoch());
    Json header{{"alg", "RS256"}, {"typ", "JWT"}};
    if (!key_id_.empty()) header["kid"] = key_id_;
    const Json claims{{"iss", email_}, {"scope", storage_scope}, {"aud", url_}, {"iat", now.count()},
                      {"exp", (now + jwt_life).count()}};
    const std::string assertion = TRY(sign_jwt(header, claims, private_key_));
    const std::string body =
        form({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", assertion}});
    return parse_token(TRY(client_.send(post_form(url_, body))), "the service account");
  }

 private:
  HttpClient client_;
  std::string email_, key_id_, private_key_, url_;
};

class AuthorizedUser final : public TokenSource {
 public:
  AuthorizedUser(HttpContext context, std::string id, std::string secret, std::string refresh_token, std::string url)
      : client_(std::move(context), nullptr), id_(std::move(id)), secret_(std::move(secret)),
        refresh_token_(std::move(refresh_token)), url_(std::move(url)) {}

  Result<Token> fetch() override {
    const std::string body = form({{"grant_type", "refresh_token"},
                                   {"client_id", id_},
                                   {"client_secret", secret_},
                                   {"refresh_token", refresh_token_}});
    return parse_token(TRY(client_.send(post_form(url_, body))), "the signed-in account (gcloud auth application-default login)");
  }

 private:
  HttpClient client_;
  std::string id_, secret_, refresh_token_, url_;
};

/// Workload identity federation: a token of somebody else's is exchanged for one of Google's.
struct Federation {
  std::string audience, subject_token_type, token_url;
  std::string impersonation_url;  ///< empty: none
  std::string subject_file;       ///< or ...
  std::string subject_url;
  std::vector<HttpHeader> subject_headers;
  std::string subject_member;  ///< of a JSON answer; empty: the text is the token
};

class ExternalAccount final : public TokenSource {
 public:
  ExternalAccount(HttpContext context, Federation federation)
      : client_(std::move(context), nullptr), federation_(std::move(federation)) {}

  Result<Token> fetch() override {
    const std::string subject = TRY(subject_token());
    const bool impersonates = !federation_.impersonation_url.empty();
    const std::string body = form({{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                                   {"audience", federation_.audience},
                                   {"scope", std::string(impersonates ? platform_scope : storage_scope)},
                                   {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                                   {"subject_token_type", federation_.subject_token_type},
                                   {"subject_token", subject}});
    const HttpAnswer answer = TRY(client_.send(post_form(federation_.token_url, body)));
    const Token token = TRY(parse_token(answer, "the token exchange"));
    return impersonates ? impersonate(token) : Result<Token>(token);
  }

 private:
  Result<std::string> subject_token();
  Result<Token> impersonate(const Token& token);

  HttpClient client_;
  Federation federation_;
};

Result<std::string> ExternalAccount::subject_token() {
  std::string text;
  if (!federation_.subject_file.empty()) {
    text = TRY(read_secret_file(federation_.subject_file));
  } else {
    const HttpAnswer answer = TRY(client_.send({.method = "GET", .url = federation_.subject_url, .headers = federation_.subject_headers}));
    if (!answer.is_answered() || !answer.last.response.is_ok()) {
      Error error = failure_of(answer, "no token to exchange");
      error.kind = ErrorKind::unavailable;
      return std::unexpected(std::move(error));
    }
    text = answer.last.response.body;
  }
  if (federation_.subject_member.empty()) return text;
  const auto json = parse_json(text);
  return required(json ? *json : Json(), federation_.subject_member);
}

Result<Token> ExternalAccount::impersonate(const Token& token) {
  const std::string body = canonical_json({{"scope", {storage_scope}}, {"lifetime", "3600s"}});
  const HttpAnswer answer = TRY(client_.send({.method = "POST",
                                              .url = federation_.impersonation_url,
                                              .headers = {{"Authorization", "Bearer " + token.value}},
                                              .body = HttpBody{.bytes = body},
                                              .content_type = "application/json"}));
  if (!answer.is_answered() || !answer.last.response.is_ok()) {
    Error error = failure_of(answer, "no token of the service account to act as");
    error.kind = ErrorKind::unavailable;
    return std::unexpected(std::move(error));
  }
  const auto json = parse_json(answer.last.response.body);
  return Token{.value = TRY(required(json ? *json : Json(), "accessToken")), .life = jwt_life};
}

class MetadataServer final : public TokenSource {
 public:
  MetadataServer(HttpContext context, std::string origin) : client_(std::move(context), nullptr), origin_(std::move(origin)) {}

  Result<Token> fetch() override {
    const HttpAnswer answer = TRY(client_.send(
        {.method = "GET",
         .url = origin_ + "/computeMetadata/v1/instance/service-accounts/default/token" +
                encode_query({{"scopes", std::string(storage_scope)}}),
         .headers = {{"Metadata-Flavor", "Google"}},
         .route = Route::direct}));
    if (!answer.is_answered())
      return fail(ErrorKind::unavailable,
                  "there are no credentials for Google: GOOGLE_APPLICATION_CREDENTIALS names no file, gcloud has none (gcloud "
                  "auth application-default login makes them), and this machine has no metadata server");
    // What does not say so is some other server at that address.
    if (answer.last.response.header("metadata-flavor") != "Google")
      return fail(ErrorKind::unavailable, "what answers at the metadata server's address is not Google's");
    return parse_token(answer, "the metadata server");
  }

 private:
  HttpClient client_;
  std::string origin_;
};

Result<std::unique_ptr<TokenSource>> open_external_account(const Json& file, const HttpContext& context) {
  Federation federation{.audience = TRY(required(file, "audience")),
                        .subject_token_type = TRY(required(file, "subject_token_type")),
                        .token_url = TRY(trusted_url(file, "token_url")),
                        .impersonation_url = {},
                        .subject_file = {},
                        .subject_url = {},
                        .subject_headers = {},
                        .subject_member = {}};
  if (file.contains("service_account_impersonation_url"))
    federation.impersonation_url = TRY(trusted_url(file, "service_account_impersonation_url"));
  const Json source = file.value("credential_source", Json::object());
  const Json format = source.is_object() ? source.value("format", Json::object()) : Json::object();
  if (text_member(format, "type") == "json") federation.subject_member = TRY(required(format, "subject_token_field_name"));
  if (const auto path = text_member(source, "file")) {
    federation.subject_file = *path;
  } else if (const auto url = text_member(source, "url")) {
    federation.subject_url = *url;
    const Json headers = source.value("headers", Json::object());
    if (headers.is_object())
      for (const auto& [name, value] : headers.items())
        if (value.is_string()) federation.subject_headers.push_back({name, value.get<std::string>()});
  } else {
    return fail(ErrorKind::unavailable, "of external accounts only those with a token in a file or at a url are supported");
  }
  return std::make_unique<ExternalAccount>(context, std::move(federation));
}

/// Holds the token that is used now.
class GoogleCredentials final : public Authorizer {
 public:
  GoogleCredentials(Environment environment, HttpContext context)
      : environment_(std::move(environment)), context_(std::move(context)) {}

  Result<void> authorize(HttpRequest& request) override {
    const std::lock_guard guard(mutex_);
    const Instant now = context_.clock->now();
    if (token_.value.empty() || now >= renew_at_) {
      auto fresh = fetch();
      if (!fresh && (token_.value.empty() || now >= ends_at_)) return std::unexpected(fresh.error());
      if (!fresh) renew_at_ = now + pause_after_failure;  // the old one is good for another fifth of its life
      if (fresh) {
        token_ = *std::move(fresh);
        renew_at_ = now + token_.life * 4 / 5;
        ends_at_ = now + token_.life;
      }
    }
    request.headers.push_back({"Authorization", "Bearer " + token_.value});
    return {};
  }

  bool is_renewed_after(const HttpResponse& refusal) override {
    if (refusal.status != 401) return false;
    const std::lock_guard guard(mutex_);
    token_.value.clear();
    return true;
  }

 private:
  Result<Token> fetch() {
    if (!source_) source_ = TRY(find());
    return source_->fetch();
  }
  Result<std::unique_ptr<TokenSource>> find() const;

  Environment environment_;
  HttpContext context_;
  std::mutex mutex_;
  std::unique_ptr<TokenSource> source_;  ///< guarded by mutex_
  Token token_;                          ///< guarded by mutex_
  Instant renew_at_{}, ends_at_{};       ///< guarded by mutex_
};

Result<std::unique_ptr<TokenSource>> GoogleCredentials::find() const {
  if (const auto path = environment_("GOOGLE_APPLICATION_CREDENTIALS")) {
    const auto text = read_secret_file(*path);
    // A person named this file: its absence is an error, never a reason to be somebody else.
    if (!text) return fail(ErrorKind::unavailable, "GOOGLE_APPLICATION_CREDENTIALS: " + text.error().message);
    return open_credentials_file(*text, context_);
  }
  const auto folder = environment_("CLOUDSDK_CONFIG");
  const std::string path = folder.value_or(environment_("HOME").value_or("") + "/.config/gcloud") +
                           "/application_default_credentials.json";
  const auto text = read_secret_file(path);
  if (text) return open_credentials_file(*text, context_);
  if (text.error().kind != ErrorKind::not_found) return std::unexpected(text.error());
  return open_metadata_server(environment_, context_);
}

}  // namespace

std::shared_ptr<Authorizer> open_google_credentials(Environment environment, HttpContext context) {
  return std::make_shared<GoogleCredentials>(std::move(environment), std::move(context));
}

Result<std::unique_ptr<TokenSource>> open_credentials_file(std::string_view text, const HttpContext& context) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return fail(ErrorKind::unavailable, "the file of credentials is no JSON object");
  const std::string type = TRY(required(*json, "type"));
  if (type == "service_account") {
    std::string email = TRY(required(*json, "client_email"));
    std::string key = TRY(required(*json, "private_key"));
    std::string url = TRY(trusted_url(*json, "token_uri", google_token_url));
    return std::make_unique<ServiceAccount>(context, std::move(email), text_member(*json, "private_key_id").value_or(""),
                                            std::move(key), std::move(url));
  }
  if (type == "authorized_user") {
    std::string id = TRY(required(*json, "client_id"));
    std::string secret = TRY(required(*json, "client_secret"));
    std::string refresh_token = TRY(required(*json, "refresh_token"));
    std::string url = TRY(trusted_url(*json, "token_uri", google_token_url));
    return std::make_unique<AuthorizedUser>(context, std::move(id), std::move(secret), std::move(refresh_token),
                                            std::move(url));
  }
  if (type == "external_account") return open_external_account(*json, context);
  return fail(ErrorKind::unavailable, "credentials of this type are not supported; service_account, authorized_user and "
                                      "external_account are. type=" + in_quotes(type));
}

std::unique_ptr<TokenSource> open_metadata_server(const Environment& environment, const HttpContext& context) {
  HttpContext quick = context;  // a machine outside of Google's cloud should not wait long to learn it
  quick.limits.connect = std::chrono::seconds(2);
  quick.limits.total = std::chrono::seconds(10);
  quick.retry.tries_max = 3;
  quick.retry.total = std::chrono::seconds(10);
  const std::string host = environment("GCE_METADATA_HOST").value_or("metadata.google.internal");
  return std::make_unique<MetadataServer>(quick, "http://" + host);
}

}  // namespace workprint
