/// Who may ask, from where: tokens, sessions of the page, hosts and origins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/http_message.h"
#include "workprint/clock.h"
#include "workprint/result.h"

namespace workprint::http {

struct Token {
  std::string label;        ///< for logs; never the secret
  std::string secret;       ///< at least 32 characters
  std::string film_prefix;  ///< sees films whose id begins so; empty: all
};

/// Who asks.
struct Caller {
  const Token* token = nullptr;  ///< null without tokens: whoever is on this machine. Lives as long as the Access.
  [[nodiscard]] std::string identity() const { return token == nullptr ? std::string() : token->label; }
};

/// True when only this machine can reach `address` (numeric, or localhost).
[[nodiscard]] bool is_loopback(std::string_view address);

/// Thread-safety: every method may be called from any thread at the same time. Blocking: never.
/// Sessions live in memory and end with the process. A proxy must pass on Host: "ours" is what Host says.
class Access {
 public:
  static constexpr std::size_t token_characters_min = 32;
  static constexpr Duration session_life = std::chrono::hours(12);
  static constexpr std::size_t sessions_max = 1024;  ///< the one that ends next makes room

  /// `origins`: of other pages that may ask with a token ("https://studio.example"); none: no CORS.
  /// Errors: invalid: an address that others reach without a token; a token that is too short, or whose label or secret
  /// another one has, or that no header can carry; an origin that is none.
  static Result<std::unique_ptr<Access>> open(std::string_view listen_address, std::vector<Token> tokens,
                                              std::vector<std::string> origins, std::shared_ptr<Clock> clock);

  /// With tokens: `Authorization: Bearer`, or the session cookie; a cookie may change something only from our own page.
  /// Without: Host must be a loopback name and Origin, if sent, ours or an allowed one.
  /// Or the answer: 401, 403.
  [[nodiscard]] std::variant<Caller, Response> check(const Request& request);

  [[nodiscard]] static bool may_see(const Token* token, std::string_view film_id) {
    return token == nullptr || film_id.starts_with(token->film_prefix);
  }

  /// POST /api/session: trades a bearer token for a cookie. 204; 401, 403. Without tokens 204 and no cookie.
  [[nodiscard]] Response begin_session(const Request& request);
  /// DELETE /api/session: forgets the cookie. 204; 403.
  [[nodiscard]] Response end_session(const Request& request);

  /// The answer to a CORS preflight; nothing when `request` is none. Must come before check(): it carries no token.
  [[nodiscard]] std::optional<Response> preflight(const Request& request) const;
  /// Adds what lets an allowed origin read the answer.
  void add_cors(const Request& request, Fields& headers) const;

 private:
  struct Session {
    std::size_t token;
    Instant ends_at;
  };
  Access(std::vector<Token> tokens, std::vector<std::string> origins, std::shared_ptr<Clock> clock);
  [[nodiscard]] const Token* bearer(const Request& request) const;
  [[nodiscard]] const Token* session(const Request& request);
  [[nodiscard]] bool is_allowed_origin(std::string_view origin) const;
  [[nodiscard]] std::optional<Response> check_local(const Request& request) const;

  const std::vector<Token> tokens_;
  const std::vector<std::string> origins_;
  const std::shared_ptr<Clock> clock_;
  std::vector<std::string> digests_;  ///< of the secrets: of one length, so that comparing them tells nothing

  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  ///< by SHA-256 of the cookie
};

}  // namespace workprint::http
