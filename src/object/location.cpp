/// From a location that a person wrote to a store.
#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"
#include "object/gcs_bucket.h"
#include "object/google_credentials.h"
#include "object/location.h"
#include "object/s3_bucket.h"
#include "object/url.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::size_t prefix_bytes_max = 100;  ///< with a name's 900 a key stays below the 1024 of the services

/// A password may stand before an @, a key in the query: neither is repeated.
std::unexpected<Error> refuse_location(std::string_view why, std::string_view location) {
  const std::string_view shown = location.find('@') == std::string_view::npos ? location.substr(0, location.find('?')) : "...";
  return fail(ErrorKind::invalid,
              fmt::format("{}. Allowed: file:///absolute/folder, file:relative/folder, gs://bucket/prefix, "
                          "s3://bucket/prefix?endpoint=https://host&region=name. location={}",
                          why, in_quotes(shown)));
}

bool is_bucket_name(std::string_view text) {
  return text.size() >= 3 && text.size() <= 222 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
         });
}

struct Place {
  std::string bucket;
  std::string prefix;
  Query query;
};

Result<Place> parse_place(std::string_view location) {
  const auto url = parse_url(location);
  if (!url) return refuse_location(url.error().message, location);
  Place place{.bucket = url->host, .prefix = url->path, .query = url->query};
  if (!url->port.empty() || !is_bucket_name(place.bucket)) return refuse_location("this is no name of a bucket", location);
  if (place.prefix.starts_with('/')) place.prefix.erase(0, 1);
  if (place.prefix.ends_with('/')) place.prefix.pop_back();
  if (!place.prefix.empty() && (place.prefix.size() > prefix_bytes_max || !check_object_name(place.prefix)))
    return refuse_location("a prefix is parts of the characters A-Za-z0-9._~- joined by /, of 100 bytes at most", location);
  return place;
}

/// Takes a setting out of the query; what is left at the end nobody knows.
std::optional<std::string> take(Query& query, std::string_view name) {
  const auto found = std::ranges::find(query, name, &Query::value_type::first);
  if (found == query.end()) return std::nullopt;
  std::string value = std::move(found->second);
  query.erase(found);
  return value;
}

Result<std::string> check_endpoint(std::string text, std::string_view location) {
  const auto url = parse_url(text);
  if (!url || url->host.empty() || (url->path != "" && url->path != "/") || (url->scheme != "https" && url->scheme != "http"))
    return refuse_location("an endpoint has the form https://host or https://host:port", location);
  return url->origin();
}

std::string with_slash(const std::string& prefix) { return prefix.empty() ? "" : prefix + "/"; }

/// As Google's clients do: with this variable there is an emulator, and no credentials are sent to it.
Result<std::optional<std::string>> emulator(const Environment& environment) {
  auto host = environment("STORAGE_EMULATOR_HOST");
  if (!host) host = environment("CLOUD_STORAGE_EMULATOR_ENDPOINT");
  if (!host) return std::nullopt;
  const auto url = parse_url(host->find("://") == std::string::npos ? "http://" + *host : *host);
  if (!url || !url->is_loopback())
    return fail(ErrorKind::invalid,
                "STORAGE_EMULATOR_HOST names another machine: films would go there unprotected. Use gs://bucket?endpoint= for that");
  return url->origin();
}

Result<std::unique_ptr<ObjectStore>> open_google(std::string_view location, const Environment& environment,
                                                 const HttpContext& context, const ObjectStoreOptions& store) {
  Place place = TRY(parse_place(location));
  GcsOptions options{.bucket = place.bucket, .prefix = place.prefix};
  std::shared_ptr<Authorizer> credentials;
  const auto endpoint = take(place.query, "endpoint");
  const auto emulated = TRY(emulator(environment));
  if (emulated && !endpoint) {
    options.endpoint = *emulated;
  } else {
    credentials = open_google_credentials(environment, context);
    if (endpoint) options.endpoint = TRY(check_endpoint(*endpoint, location));
    if (!options.endpoint.starts_with("https://") && !TRY(parse_url(options.endpoint)).is_loopback())
      return refuse_location("credentials go over https only", location);
  }
  if (!place.query.empty()) return refuse_location("a setting of gs:// is endpoint; unknown: " + place.query.front().first, location);
  return open_network_store(open_gcs_bucket(std::move(options), context, std::move(credentials)),
                            with_slash(place.prefix), context, store);
}

Result<std::unique_ptr<ObjectStore>> open_s3(std::string_view location, const Environment& environment,
                                             const HttpContext& context, const ObjectStoreOptions& store) {
  Place place = TRY(parse_place(location));
  S3Options options{.bucket = place.bucket, .prefix = place.prefix, .endpoint = {}};
  auto region = take(place.query, "region");
  if (!region) region = environment("AWS_REGION");
  if (!region) region = environment("AWS_DEFAULT_REGION");
  if (region) options.region = *region;
  auto endpoint = take(place.query, "endpoint");
  if (!endpoint) endpoint = environment("AWS_ENDPOINT_URL_S3");
  // Virtual hosts need a name server and a certificate that play along; Amazon's do, unless the bucket has dots.
  const bool is_amazon = !endpoint;
  options.endpoint = is_amazon ? "https://s3." + options.region + ".amazonaws.com" : TRY(check_endpoint(*endpoint, location));
  options.addressing =
      is_amazon && place.bucket.find('.') == std::string::npos ? Addressing::virtual_host : Addressing::path;
  if (const auto style = take(place.query, "style")) {
    if (*style != "path" && *style != "virtual") return refuse_location("style is path or virtual", location);
    options.addressing = *style == "path" ? Addressing::path : Addressing::virtual_host;
  }
  if (const auto unfenced = take(place.query, "unfenced")) {
    if (*unfenced != "allowed") return refuse_location("unfenced is allowed, or not there", location);
    options.unfenced = Unfenced::allowed;
  }
  if (!place.query.empty())
    return refuse_location("the settings of s3:// are endpoint, region, style, unfenced; unknown: " + place.query.front().first, location);
  return open_network_store(open_s3_bucket(std::move(options), context, open_s3_keys(environment, context)),
                            with_slash(place.prefix), context, store);
}

Result<std::unique_ptr<ObjectStore>> open_file(std::string_view location) {
  std::string_view path = location.substr(std::string_view("file:").size());
  if (path.starts_with("//")) path.remove_prefix(2);
  const bool names_host = location.starts_with("file://") && !path.starts_with('/');
  if (path.empty() || names_host) return refuse_location("a folder is missing", location);
  return open_folder_store(std::filesystem::path(path));
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_object_store(std::string_view location, const Environment& environment,
                                                       const HttpContext& context, const ObjectStoreOptions& options) {
  HttpContext stoppable = context;
  if (options.stop.stop_possible()) stoppable.limits.stop = options.stop;
  if (location.starts_with("gs://")) return open_google(location, environment, stoppable, options);
  if (location.starts_with("s3://")) return open_s3(location, environment, stoppable, options);
  if (location.starts_with("file:")) return open_file(location);
  return refuse_location("this is no location of an object store", location);
}

Result<std::unique_ptr<ObjectStore>> open_object_store(std::string_view location, const ObjectStoreOptions& options) {
  return open_object_store(location, process_environment(), open_http_context(), options);
}

}  // namespace workprint
