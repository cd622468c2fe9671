#include "object/s3_keys.h"

#include <fmt/format.h>
#include <time.h>

#include <mutex>
#include <sstream>

#include "object/url.h"
#include "workprint/try.h"

namespace workprint {
namespace {

/// Keys are renewed this long before they end.
constexpr auto renewed_before = std::chrono::minutes(5);

struct TimedKeys {
  S3Keys keys;
  std::optional<WallTime> ends;
};

std::optional<WallTime> parse_time(const std::string& text) {
  std::tm utc{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&utc)));
}

/// What containers and instances answer with.
Result<TimedKeys> parse_keys(std::string_view text) {
  const auto json = parse_json(text);
  const Json value = json ? *json : Json();
  const auto id = text_member(value, "AccessKeyId");
  const auto secret = text_member(value, "SecretAccessKey");
  if (!id || !secret) return fail(ErrorKind::unavailable, "the answer holds no keys for S3");
  return TimedKeys{.keys = {*id, *secret, text_member(value, "Token").value_or("")},
                   .ends = parse_time(text_member(value, "Expiration").value_or(""))};
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// One profile of an INI file as the AWS tools write it.
S3Keys parse_profile(const std::string& text, const std::string& profile) {
  S3Keys keys;
  bool is_inside = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line);
    if (line.starts_with('[')) is_inside = line == "[" + profile + "]";
    const auto equals = line.find('=');
    if (!is_inside || line.starts_with('#') || equals == std::string::npos) continue;
    const std::string name = trimmed(line.substr(0, equals));
    const std::string value = trimmed(line.substr(equals + 1));
    if (name == "aws_access_key_id") keys.access_key_id = value;
    if (name == "aws_secret_access_key") keys.secret_access_key = value;
    if (name == "aws_session_token") keys.session_token = value;
  }
  return keys;
}

class FoundKeys final : public S3KeySource {
 public:
  FoundKeys(Environment environment, HttpContext context)
      : environment_(std::move(environment)), clock_(context.clock), client_(quick(std::move(context)), nullptr) {}

  Result<S3Keys> keys() override {
    const std::lock_guard guard(mutex_);
    const bool is_fresh = known_ && (!known_->ends || clock_->wall() + renewed_before < *known_->ends);
    if (!is_fresh) {
      auto found = find();
      // What is known may still be good for some minutes.
      if (!found && known_ && known_->ends && clock_->wall() < *known_->ends) return known_->keys;
      if (!found) return std::unexpected(found.error());
      known_ = *std::move(found);
    }
    return known_->keys;
  }

  bool forget() override {
    const std::lock_guard guard(mutex_);
    known_.reset();
    return !environment_("AWS_ACCESS_KEY_ID");
  }

 private:
  /// A machine outside of a cloud should not wait long to learn that there is no metadata service.
  static HttpContext quick(HttpContext context) {
    context.limits.connect = std::chrono::seconds(1);
    context.limits.total = std::chrono::seconds(5);
    context.retry.tries_max = 3;
    context.retry.total = std::chrono::seconds(5);
    return context;
  }

  Result<TimedKeys> find();
  Result<TimedKeys> of_container(const std::string& url);
  Result<TimedKeys> of_instance();
  Result<std::string> fetch(HttpRequest request);

  Environment environment_;
  std::shared_ptr<Clock> clock_;
  HttpClient client_;
  std::mutex mutex_;
  std::optional<TimedKeys> known_;  ///< guarded by mutex_
};

Result<TimedKeys> FoundKeys::find() {
  const auto id = environment_("AWS_ACCESS_KEY_ID");
  const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
  if (id && secret) return TimedKeys{.keys = {*id, *secret, environment_("AWS_SESSION_TOKEN").value_or("")}, .ends = {}};

  const std::string home = environment_("HOME").value_or("");
  const std::string path = environment_("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials");
  const std::string profile = environment_("AWS_PROFILE").value_or("default");
  const auto text = read_secret_file(path);
  if (!text && text.error().kind != ErrorKind::not_found) return std::unexpected(text.error());
  if (text) {
    S3Keys keys = parse_profile(*text, profile);
    if (!keys.access_key_id.empty() && !keys.secret_access_key.empty())
      return TimedKeys{.keys = std::move(keys), .ends = {}};
  }

  if (const auto url = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI")) return of_container(*url);
  if (const auto path_of_task = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
    return of_container("http://169.254.170.2" + *path_of_task);
  auto keys = environment_("AWS_EC2_METADATA_DISABLED") == "true" ? Result<TimedKeys>(fail(ErrorKind::unavailable, "it is disabled"))
                                                                  : of_instance();
  if (!keys)
    keys.error().message = fmt::format("there are no keys for S3: not in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in "
                                       "the file {} (profile {}), no container, no instance ({})",
                                       path, profile, keys.error().message);
  return keys;
}

Result<std::string> FoundKeys::fetch(HttpRequest request) {
  request.route = Route::direct;
  HttpAnswer answer = TRY(client_.send(request));
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot get keys from the machine's own service"));
  return std::move(answer.last.response.body);
}

Result<TimedKeys> FoundKeys::of_container(const std::string& url) {
  const Url parts = TRY(parse_url(url));
  const bool is_local = parts.is_loopback() || parts.host == "169.254.170.2" || parts.host == "169.254.170.23";
  if (parts.scheme != "https" && !is_local)
    return fail(ErrorKind::unavailable, "keys are asked for from the container's own service only. host=" + parts.host);
  HttpRequest request{.method = "GET", .url = url};
  if (const auto file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    const std::string token = TRY(read_secret_file(*file));
    request.headers.push_back({"Authorization", trimmed(token.substr(0, token.find('\n')))});
  } else if (const auto token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    request.headers.push_back({"Authorization", *token});
  }
  return parse_keys(TRY(fetch(std::move(request))));
}

/// The second version of the protocol, which a forged request from outside cannot speak.
Result<TimedKeys> FoundKeys::of_instance() {
  const std::string base = environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
  const std::string token = TRY(fetch({.method = "PUT",
                                       .url = base + "/latest/api/token",
                                       .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                                       .body = HttpBody{},
                                       .content_type = "text/plain"}));
  const std::vector<HttpHeader> headers{{"X-aws-ec2-metadata-token", token}};
  const std::string roles = base + "/latest/meta-data/iam/security-credentials/";
  const std::string role = TRY(fetch({.method = "GET", .url = roles, .headers = headers}));
  return parse_keys(TRY(fetch(
      {.method = "GET", .url = roles + percent_encode(role.substr(0, role.find('\n'))), .headers = headers})));
}

}  // namespace

std::shared_ptr<S3KeySource> open_s3_keys(Environment environment, HttpContext context) {
  return std::make_shared<FoundKeys>(std::move(environment), std::move(context));
}

}  // namespace workprint
