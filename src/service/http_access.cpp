#include "service/http_access.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

#include "base/quote.h"
#include "object/url.h"
#include "service/http_error.h"
#include "service/http_head.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint::http {
namespace {

constexpr std::string_view cookie_name = "workprint_session";

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// A host and a port as Host says them; the port may be missing.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) {
    const auto bracket = host.find(']');
    return bracket == std::string_view::npos ? std::string_view() : host.substr(0, bracket + 1);
  }
  return host.substr(0, host.find(':'));
}

bool has_good_port(std::string_view host) {
  const std::string_view rest = host.substr(name_of(host).size());
  if (rest.empty()) return true;
  const auto port = parse_number(rest.substr(1));
  return rest.starts_with(':') && port && *port <= 65535;
}

bool is_loopback_host(std::string_view host) {
  const std::string name = lower(name_of(host));
  if (!has_good_port(host)) return false;
  if (name.starts_with('[')) return is_loopback(name.substr(1, name.size() - 2));
  return name.find(':') == std::string::npos && is_loopback(name);
}

/// Origin = ours: the same host and port as the request went to. Whether that was https only a proxy knows.
bool is_own_origin(const Request& request) {
  const std::string origin = lower(request.header("origin"));
  const std::string host = lower(request.header("host"));
  return !host.empty() && (origin == "http://" + host || origin == "https://" + host);
}

bool changes_something(const Request& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

std::string new_cookie() {
  std::array<unsigned char, 32> bytes{};
  workprint::check(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
                   "the kernel gives random bytes");
  std::string hex;
  for (const unsigned char byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string_view cookie_of(const Request& request) {
  std::string_view cookies = request.header("cookie");
  while (!cookies.empty()) {
    const std::string_view one = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), one.size() + 1));
    const std::string_view pair = trimmed(one);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == cookie_name) return pair.substr(equals + 1);
  }
  return {};
}

std::string cookie_header(const Request& request, std::string_view value, std::chrono::seconds life) {
  const bool is_secure = lower(request.header("x-forwarded-proto")) == "https";
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", cookie_name, value, life.count(),
                     is_secure ? "; Secure" : "");
}

Result<void> check_tokens(const std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string label = in_quotes(tokens[i].label);
    if (tokens[i].secret.size() < Access::token_characters_min)
      return fail(ErrorKind::invalid,
                  fmt::format("a token is too short. label={} characters_min={}", label, Access::token_characters_min));
    if (!is_visible(tokens[i].secret))
      return fail(ErrorKind::invalid, "a token holds a character that no header carries. label=" + label);
    for (std::size_t k = 0; k < i; ++k)
      if (tokens[k].secret == tokens[i].secret || tokens[k].label == tokens[i].label)
        return fail(ErrorKind::invalid, "two tokens are the same, or have the same label. label=" + label);
  }
  return {};
}

Result<void> check_origins(const std::vector<std::string>& origins) {
  for (const std::string& origin : origins) {
    const auto url = parse_url(origin);
    const bool is_origin =
        url && (url->scheme == "http" || url->scheme == "https") && url->origin() == origin && !url->host.empty();
    if (!is_origin)
      return fail(ErrorKind::invalid, "not an origin of the form https://host. origin=" + in_quotes(origin));
  }
  return {};
}

}  // namespace

bool is_loopback(std::string_view address) {
  if (address == "localhost") return true;
  const std::string text(address);
  in_addr v4{};
  if (text.find('\0') != std::string::npos) return false;
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

Access::Access(std::vector<Token> tokens, std::vector<std::string> origins, std::shared_ptr<Clock> clock)
    : tokens_(std::move(tokens)), origins_(std::move(origins)), clock_(std::move(clock)) {
  for (const Token& token : tokens_) digests_.push_back(sha256_hex(token.secret));
}

Result<std::unique_ptr<Access>> Access::open(std::string_view listen_address, std::vector<Token> tokens,
                                             std::vector<std::string> origins, std::shared_ptr<Clock> clock) {
  if (tokens.empty() && !is_loopback(listen_address))
    return fail(ErrorKind::invalid, "an address that others reach needs a token. address=" + in_quotes(listen_address));
  TRY(check_tokens(tokens));
  TRY(check_origins(origins));
  return std::unique_ptr<Access>(new Access(std::move(tokens), std::move(origins), std::move(clock)));
}

std::variant<Caller, Response> Access::check(const Request& request) {
  if (tokens_.empty()) {
    if (auto refusal = check_local(request)) return *std::move(refusal);
    return Caller{};
  }
  // Who shows a token means that token: a wrong one is not made good by a cookie.
  if (request.headers.contains("authorization")) {
    if (const Token* token = bearer(request)) return Caller{token};
    return refuse(Refusal::no_token);
  }
  const Token* token = session(request);
  if (token == nullptr) return refuse(Refusal::no_token);
  const bool is_foreign = changes_something(request) ? !is_own_origin(request)
                                                     : request.headers.contains("origin") && !is_own_origin(request);
  if (is_foreign) return refuse(Refusal::foreign_origin);
  return Caller{token};
}

// A page of another site can make a browser ask 127.0.0.1, and its own name can be made to mean 127.0.0.1 (DNS rebinding).
std::optional<Response> Access::check_local(const Request& request) const {
  if (!is_loopback_host(request.header("host"))) return refuse(Refusal::foreign_host);
  if (!request.headers.contains("origin") || is_own_origin(request) || is_allowed_origin(request.header("origin")))
    return std::nullopt;
  return refuse(Refusal::foreign_origin);
}

const Token* Access::bearer(const Request& request) const {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view value = request.header("authorization");
  if (lower(value.substr(0, scheme.size())) != scheme) return nullptr;
  const std::string digest = sha256_hex(trimmed(value.substr(scheme.size())));
  const Token* found = nullptr;
  for (std::size_t i = 0; i < tokens_.size(); ++i)  // all of them, whichever fits
    if (CRYPTO_memcmp(digest.data(), digests_[i].data(), digest.size()) == 0) found = &tokens_[i];
  return found;
}

const Token* Access::session(const Request& request) {
  const std::string_view cookie = cookie_of(request);
  if (cookie.empty()) return nullptr;
  const std::string digest = sha256_hex(cookie);  // what a look-up tells about time is about the digest
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(digest);
  if (found == sessions_.end()) return nullptr;
  if (clock_->now() < found->second.ends_at) return &tokens_[found->second.token];
  sessions_.erase(found);
  return nullptr;
}

Response Access::begin_session(const Request& request) {
  if (tokens_.empty()) {
    if (auto refusal = check_local(request)) return *std::move(refusal);
    return {.status = 204};
  }
  const Token* token = bearer(request);
  if (token == nullptr) return refuse(Refusal::no_token);
  if (request.headers.contains("origin") && !is_own_origin(request)) return refuse(Refusal::foreign_origin);
  const std::string cookie = new_cookie();
  const Instant now = clock_->now();
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.ends_at <= now; });
  if (sessions_.size() >= sessions_max)
    sessions_.erase(std::ranges::min_element(sessions_, {}, [](const auto& entry) { return entry.second.ends_at; }));
  sessions_.emplace(sha256_hex(cookie), Session{static_cast<std::size_t>(token - tokens_.data()), now + session_life});
  return {.status = 204,
          .headers = {{"Set-Cookie", cookie_header(request, cookie,
                                                   std::chrono::duration_cast<std::chrono::seconds>(session_life))}}};
}

Response Access::end_session(const Request& request) {
  if (request.headers.contains("origin") && !is_own_origin(request)) return refuse(Refusal::foreign_origin);
  {
    const std::lock_guard lock(mutex_);
    sessions_.erase(sha256_hex(cookie_of(request)));
  }
  return {.status = 204, .headers = {{"Set-Cookie", cookie_header(request, "", std::chrono::seconds(0))}}};
}

bool Access::is_allowed_origin(std::string_view origin) const {
  return std::ranges::find(origins_, lower(origin)) != origins_.end();
}

std::optional<Response> Access::preflight(const Request& request) const {
  if (request.method != "OPTIONS" || !request.headers.contains("origin") ||
      !request.headers.contains("access-control-request-method"))
    return std::nullopt;
  if (!is_allowed_origin(request.header("origin"))) return refuse(Refusal::foreign_origin);
  Response response{.status = 204,
                    .headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE"},
                                {"Access-Control-Allow-Headers",
                                 "Authorization, Content-Type, If-None-Match, If-Range, Last-Event-ID, Range"},
                                {"Access-Control-Max-Age", "600"}}};
  add_cors(request, response.headers);
  return response;
}

// Never with credentials: cookies are for our own page, another one brings a token.
void Access::add_cors(const Request& request, Fields& headers) const {
  if (origins_.empty()) return;
  headers.emplace_back("Vary", "Origin");
  if (!is_allowed_origin(request.header("origin"))) return;
  headers.emplace_back("Access-Control-Allow-Origin", std::string(request.header("origin")));
  headers.emplace_back("Access-Control-Expose-Headers", "Accept-Ranges, Content-Range, ETag, Retry-After");
}

}  // namespace workprint::http
