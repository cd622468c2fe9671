#include "object/gcs_bucket.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "object/gcs_object.h"
#include "object/gcs_upload.h"
#include "object/url.h"
#include "workprint/try.h"

namespace workprint {
namespace {

/// A generation is a number without leading zeros; "0" would mean "must not exist".
bool is_generation(std::string_view version) {
  return !version.empty() && version.size() <= 19 && version.front() != '0' &&
         std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
}

class GcsBucket final : public Bucket {
 public:
  GcsBucket(GcsOptions options, HttpContext context, std::shared_ptr<Authorizer> authorizer)
      : options_(std::move(options)), client_(std::move(context), std::move(authorizer)) {}

  std::string describe() const override {
    return "gs://" + options_.bucket + (options_.prefix.empty() ? "" : "/" + options_.prefix);
  }
  Duration write_interval() const override { return std::chrono::seconds(1); }
  Result<StoreFacts> facts(const Found& object) override {
    return facts_of_read(client_, {.method = "GET", .url = media_url(object)}, object.size_bytes);
  }
  Listing listing() const override { return Listing::complete; }

  Result<Found> look(const std::string& key) override;
  Result<FileDigest> read(const Found& object, const Sink& sink) override;
  WriteOutcome write(const ObjectWrite& write) override;
  std::optional<std::string> journal_address(const std::string& key, std::uint64_t size_bytes) const override {
    return size_bytes > options_.one_request_bytes_max ? std::optional(object_url(key)) : std::nullopt;
  }
  Result<Page> list(const std::string& prefix, const std::string& page) override;
  Result<void> erase(const std::string& key, const std::string& version) override;

 private:
  std::string bucket_url() const { return options_.endpoint + "/storage/v1/b/" + percent_encode(options_.bucket) + "/o"; }
  std::string object_url(const std::string& key) const { return bucket_url() + "/" + percent_encode(key); }
  std::string media_url(const Found& object) const {
    return object_url(object.key) + encode_query({{"alt", "media"}, {"generation", object.version}});
  }
  std::string upload_url(std::string_view type, const std::string& generation) const;
  Result<void> prove_bucket();
  WriteOutcome write_in_one_request(const ObjectWrite& write, const std::string& generation);

  GcsOptions options_;
  HttpClient client_;
};

/// A missing bucket answers 404 as a missing object does; only the second proves an absence.
Result<void> GcsBucket::prove_bucket() {
  const Query query{{"maxResults", "1"}, {"fields", "nextPageToken"}};
  const HttpAnswer answer = TRY(client_.send({.method = "GET", .url = bucket_url() + encode_query(query)}));
  if (answer.is_answered() && answer.last.response.is_ok()) return {};
  if (answer.status() == 404)
    return fail(ErrorKind::unavailable, fmt::format("there is no such bucket. bucket={}", options_.bucket));
  return std::unexpected(failure_of(answer, "cannot reach the bucket"));
}

Result<Found> GcsBucket::look(const std::string& key) {
  const Query query{{"fields", std::string(gcs::object_fields)}};
  const HttpAnswer answer = TRY(client_.send({.method = "GET", .url = object_url(key) + encode_query(query)}));
  if (answer.status() == 404) {
    TRY(prove_bucket());
    return fail(ErrorKind::not_found, "no such object");
  }
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot look at the object"));
  return gcs::parse_object_text(answer.last.response.body);
}

Result<FileDigest> GcsBucket::read(const Found& object, const Sink& sink) {
  auto download = TRY(client_.download({.method = "GET", .url = media_url(object)}, object.size_bytes, sink));
  if (download.answer.status() == 404) return fail(ErrorKind::conflict, "this version is there no more");
  if (!download.answer.is_answered() || !download.answer.last.response.is_ok())
    return std::unexpected(failure_of(download.answer, "cannot read the object"));
  return std::move(download.digest);
}

std::string GcsBucket::upload_url(std::string_view type, const std::string& generation) const {
  const Query query{{"uploadType", std::string(type)},
                    {"ifGenerationMatch", generation},
                    {"fields", std::string(gcs::object_fields)}};
  return options_.endpoint + "/upload/storage/v1/b/" + percent_encode(options_.bucket) + "/o" + encode_query(query);
}

Result<Bytes> bytes_of(const Source& source) {
  if (!source.file.is_open()) return Bytes(source.bytes);
  Bytes bytes;
  TRY(stream(source.file.get(), into_bytes(bytes)));
  return bytes;
}

WriteOutcome GcsBucket::write_in_one_request(const ObjectWrite& write, const std::string& generation) {
  const auto bytes = bytes_of(write.source);
  if (!bytes) return {.version = std::unexpected(bytes.error()), .in_doubt = false};
  const std::string boundary = "workprint-" + write.put_id;
  const std::string body = fmt::format(
      "--{0}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{1}\r\n--{0}\r\nContent-Type: {2}\r\n\r\n{3}\r\n--{0}--\r\n",
      boundary, gcs::describe_upload(write), write.content_type, *bytes);
  const HttpRequest request{.method = "POST",
                            .url = upload_url("multipart", generation),
                            .headers = {{"x-goog-gcs-idempotency-token", write.put_id}},
                            .body = HttpBody{.bytes = body, .moved = write.moved},
                            .content_type = "multipart/related; boundary=" + boundary};
  bool in_doubt = false;
  const auto send = [&]() -> Result<std::string> {
    const HttpAnswer answer = TRY(client_.send(request));
    in_doubt = answer.in_doubt;
    if (answer.status() == 412) return fail(ErrorKind::conflict, "the condition does not hold");
    if (!answer.is_answered() || !answer.last.response.is_ok())
      return std::unexpected(failure_of(answer, "cannot write the object"));
    const Found made = TRY(gcs::parse_object_text(answer.last.response.body));
    if (made.size_bytes != write.digest.size_bytes || made.crc32c != write.digest.crc32c)
      return fail(ErrorKind::unavailable, "the service stored other bytes than were sent");
    return made.version;
  };
  auto version = send();
  return {.version = std::move(version), .in_doubt = in_doubt};
}

WriteOutcome GcsBucket::write(const ObjectWrite& write) {
  const auto* expected = std::get_if<IfVersion>(&write.condition);
  if (expected != nullptr && !is_generation(expected->version))
    return {.version = fail(ErrorKind::conflict, "no object of this service has such a version"), .in_doubt = false};
  const std::string generation = expected != nullptr ? expected->version : "0";
  if (write.digest.size_bytes <= options_.one_request_bytes_max) return write_in_one_request(write, generation);
  return gcs::upload_resumably(
      client_, {.start_url = upload_url("resumable", generation), .chunk_bytes = options_.chunk_bytes}, write);
}

Result<Page> GcsBucket::list(const std::string& prefix, const std::string& page_token) {
  Query query{{"prefix", prefix}, {"fields", fmt::format("nextPageToken,items({})", gcs::object_fields)}};
  if (!page_token.empty()) query.emplace_back("pageToken", page_token);
  const HttpAnswer answer = TRY(client_.send({.method = "GET", .url = bucket_url() + encode_query(query)}));
  if (answer.status() == 404)
    return fail(ErrorKind::unavailable, fmt::format("there is no such bucket. bucket={}", options_.bucket));
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot list the objects"));
  const auto json = parse_json(answer.last.response.body);
  if (!json || !json->is_object()) return fail(ErrorKind::unavailable, "the answer is no listing of the service");
  Page page;
  if (const auto items = json->find("items"); items != json->end())
    for (const Json& item : *items) page.objects.push_back(TRY(gcs::parse_object(item)));
  if (const auto next = json->find("nextPageToken"); next != json->end() && next->is_string())
    page.next = next->get<std::string>();
  return page;
}

Result<void> GcsBucket::erase(const std::string& key, const std::string& version) {
  if (is_generation(version)) {
    const Query query{{"ifGenerationMatch", version}};
    const HttpAnswer answer = TRY(client_.send({.method = "DELETE", .url = object_url(key) + encode_query(query)}));
    if (answer.is_answered() && answer.last.response.is_ok()) return {};
    if (answer.status() != 404 && answer.status() != 412)
      return std::unexpected(failure_of(answer, "cannot remove the object"));
  }
  const auto there = look(key);
  if (there) return fail(ErrorKind::conflict, "the object moved on. actual=" + there->version);
  if (there.error().kind == ErrorKind::not_found) return {};
  return std::unexpected(there.error());
}

}  // namespace

std::unique_ptr<Bucket> open_gcs_bucket(GcsOptions options, HttpContext context, std::shared_ptr<Authorizer> authorizer) {
  check(options.chunk_bytes > 0 && options.chunk_bytes % gcs::chunk_quantum_bytes == 0, "a chunk is a multiple of 256 KiB");
  return std::make_unique<GcsBucket>(std::move(options), std::move(context), std::move(authorizer));
}

}  // namespace workprint
