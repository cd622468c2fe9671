#include "object/s3_bucket.h"

#include <fmt/format.h>

#include <charconv>
#include <mutex>

#include "object/s3_fence.h"
#include "object/s3_multipart.h"
#include "object/xml.h"
#include "workprint/try.h"

namespace workprint {
namespace {

/// The largest object that S3 takes in one request.
constexpr std::uint64_t put_bytes_max = std::uint64_t{5} << 30;
constexpr int removals_max = 3;

class S3Bucket final : public Bucket {
 public:
  S3Bucket(S3Options options, HttpContext context, std::shared_ptr<S3KeySource> keys)
      : options_(std::move(options)), random_(context.random), api_(options_, std::move(context), std::move(keys)) {}

  std::string describe() const override {
    return "s3://" + options_.bucket + (options_.prefix.empty() ? "" : "/" + options_.prefix);
  }
  Duration write_interval() const override { return Duration::zero(); }
  Result<StoreFacts> facts(const Found& object) override;
  Listing listing() const override { return Listing::names_only; }

  Result<Found> look(const std::string& key) override;
  Result<FileDigest> read(const Found& object, const Sink& sink) override;
  WriteOutcome write(const ObjectWrite& write) override;
  std::optional<std::string> journal_address(const std::string& key, std::uint64_t size_bytes) const override {
    return size_bytes > options_.one_request_bytes_max ? std::optional(api_.object_url(key)) : std::nullopt;
  }
  Result<Page> list(const std::string& prefix, const std::string& page) override;
  Result<void> erase(const std::string& key, const std::string& version) override;

 private:
  HttpClient& client() { return api_.client(); }
  Result<void> prove_bucket();
  std::string probe_key() const {
    return options_.prefix + (options_.prefix.empty() ? "" : "/") + fmt::format(".probe-{:016x}", random_->next());
  }
  Result<s3::Fence> fence();
  Result<bool> parts_are_fenced();
  Result<HttpHeader> condition_of(const ObjectWrite& write);
  WriteOutcome write_in_one_request(const ObjectWrite& write, const HttpHeader& condition);

  const S3Options options_;
  const std::shared_ptr<Random> random_;
  s3::Api api_;
  std::mutex probing_;
  std::optional<s3::Fence> fence_;       ///< guarded by probing_
  std::optional<bool> fenced_parts_;     ///< guarded by probing_
};

/// A missing bucket answers as a missing object does; only the second proves an absence. Asked each time: a bucket that
/// was there a moment ago proves nothing.
Result<void> S3Bucket::prove_bucket() {
  const HttpAnswer answer =
      TRY(client().send(api_.request("GET", api_.bucket_url({{"list-type", "2"}, {"max-keys", "1"}}))));
  if (answer.status() == 404)
    return fail(ErrorKind::unavailable, fmt::format("there is no such bucket. bucket={}", options_.bucket));
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot reach the bucket"));
  return {};
}

Result<Found> S3Bucket::look(const std::string& key) {
  const HttpAnswer answer = TRY(client().send(api_.request("HEAD", api_.object_url(key))));
  if (answer.status() == 404) {
    TRY(prove_bucket());
    return fail(ErrorKind::not_found, "no such object");
  }
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot look at the object"));
  const HttpResponse& response = answer.last.response;
  const auto record =
      parse_record([&](std::string_view name) { return std::string(response.header("x-amz-meta-" + std::string(name))); });
  Found found{.key = key,
              .size_bytes = 0,
              .version = s3::join_version(response.header("etag"), record ? record->put_id : ""),
              .crc32c = {},
              .record = record};
  const std::string_view size = response.header("content-length");
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), found.size_bytes);
  if (size.empty() || error != std::errc() || response.header("etag").empty())
    return fail(ErrorKind::unavailable, "the answer describes no object");
  return found;
}

Result<FileDigest> S3Bucket::read(const Found& object, const Sink& sink) {
  const auto attempt = [&](s3::Quoting quoting) {
    HttpRequest request = api_.request("GET", api_.object_url(object.key));
    request.headers.push_back(s3::if_match(s3::etag_of(object.version), quoting));
    return client().download(std::move(request), object.size_bytes, sink);
  };
  auto download = TRY(attempt(s3::Quoting::quoted));
  if (download.answer.status() == 412) download = TRY(attempt(s3::Quoting::bare));
  if (download.answer.status() == 412 || download.answer.status() == 404)
    return fail(ErrorKind::conflict, "this version is there no more");
  if (!download.answer.is_answered() || !download.answer.last.response.is_ok())
    return std::unexpected(failure_of(download.answer, "cannot read the object"));
  return std::move(download.digest);
}

Result<StoreFacts> S3Bucket::facts(const Found& object) {
  StoreFacts facts = TRY(facts_of_read(client(), api_.request("GET", api_.object_url(object.key)), object.size_bytes));
  const s3::Fence known = TRY(fence());
  facts.is_fenced = known.holds();
  return facts;
}

Result<s3::Fence> S3Bucket::fence() {
  const std::lock_guard guard(probing_);
  if (!fence_) fence_ = TRY(s3::probe_fence(api_, probe_key()));
  if (fence_->holds() || options_.unfenced == Unfenced::allowed) return *fence_;
  return fail(ErrorKind::invalid,
              fmt::format("this store ignores {}: two writers would overwrite each other unseen, so it is refused. With one "
                          "worker only, add unfenced=allowed to the location. store={}",
                          fence_->honours_create ? "If-Match" : "If-None-Match", describe()));
}

Result<bool> S3Bucket::parts_are_fenced() {
  const std::lock_guard guard(probing_);
  if (!fenced_parts_) fenced_parts_ = TRY(s3::probe_multipart(api_, probe_key()));
  return *fenced_parts_;
}

/// Errors: conflict (seen without writing).
Result<HttpHeader> S3Bucket::condition_of(const ObjectWrite& write) {
  const s3::Fence fence = TRY(this->fence());
  const auto* expected = std::get_if<IfVersion>(&write.condition);
  if (expected == nullptr) {
    if (!fence.honours_create) {
      const auto there = look(write.key);
      if (there) return fail(ErrorKind::conflict, "the object exists already");
      if (there.error().kind != ErrorKind::not_found) return std::unexpected(there.error());
    }
    return s3::if_absent();
  }
  const auto there = look(write.key);
  if (!there && there.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::conflict, "there is no object to replace");
  if (!there) return std::unexpected(there.error());
  if (there->version != expected->version)
    return fail(ErrorKind::conflict, fmt::format("the object moved on. expected={} actual={}", expected->version, there->version));
  return s3::if_match(s3::etag_of(expected->version), fence.quoting);
}

WriteOutcome S3Bucket::write_in_one_request(const ObjectWrite& write, const HttpHeader& condition) {
  HttpBody body{.bytes = write.source.bytes};
  if (write.source.file.is_open())
    body = HttpBody{.bytes = {}, .file = write.source.file.get(), .offset = 0, .file_bytes = write.digest.size_bytes};
  body.moved = write.moved;
  // The signature covers the body's hash, so damage on the way is refused.
  HttpRequest request = api_.request("PUT", api_.object_url(write.key), body, write.digest.sha256);
  request.content_type = write.content_type;
  request.headers.push_back(condition);
  for (HttpHeader& header : s3::describe_upload(write)) request.headers.push_back(std::move(header));
  bool in_doubt = false;
  const auto send = [&]() -> Result<std::string> {
    const HttpAnswer answer = TRY(client().send(request));
    in_doubt = answer.in_doubt;
    // 404 answers If-Match when there is no object; the bucket was there a moment ago, when the version was compared.
    if (answer.status() == 412 || (answer.status() == 404 && condition.name == "If-Match"))
      return fail(ErrorKind::conflict, "the condition does not hold");
    if (!answer.is_answered() || !answer.last.response.is_ok())
      return std::unexpected(failure_of(answer, "cannot write the object"));
    return s3::join_version(answer.last.response.header("etag"), write.put_id);
  };
  auto version = send();
  return {.version = std::move(version), .in_doubt = in_doubt};
}

WriteOutcome S3Bucket::write(const ObjectWrite& write) {
  const auto prepare = [&]() -> Result<std::pair<HttpHeader, bool>> {
    HttpHeader condition = TRY(condition_of(write));
    const bool is_large = write.digest.size_bytes > options_.one_request_bytes_max;
    if (!is_large || options_.unfenced == Unfenced::allowed) return std::pair(std::move(condition), is_large);
    if (TRY(parts_are_fenced())) return std::pair(std::move(condition), true);
    if (write.digest.size_bytes <= put_bytes_max) return std::pair(std::move(condition), false);
    return fail(ErrorKind::invalid, "this store ignores conditions on uploads in parts, and the file is too large for one");
  };
  auto prepared = prepare();
  if (!prepared) return {.version = std::unexpected(prepared.error()), .in_doubt = false};
  if (prepared->second) return s3::upload_in_parts(api_, write, prepared->first, options_.part_bytes);
  return write_in_one_request(write, prepared->first);
}

Result<Page> S3Bucket::list(const std::string& prefix, const std::string& page_token) {
  Query query{{"list-type", "2"}, {"max-keys", fmt::format("{}", options_.page_size)}, {"prefix", prefix}};
  if (!page_token.empty()) query.emplace_back("continuation-token", page_token);
  const HttpAnswer answer = TRY(client().send(api_.request("GET", api_.bucket_url(query))));
  if (answer.status() == 404)
    return fail(ErrorKind::unavailable, fmt::format("there is no such bucket. bucket={}", options_.bucket));
  const HttpResponse& response = answer.last.response;
  if (!answer.is_answered() || !response.is_ok()) return std::unexpected(failure_of(answer, "cannot list the objects"));
  if (response.body.find("<ListBucketResult") == std::string::npos)
    return fail(ErrorKind::unavailable, "the answer is no listing of the service");
  Page page;
  for (const std::string_view element : xml_elements(response.body, "Contents"))
    page.objects.push_back({.key = xml_text(element, "Key"), .size_bytes = 0, .version = {}, .crc32c = {}, .record = {}});
  if (xml_text(response.body, "IsTruncated") == "true") {
    page.next = xml_text(response.body, "NextContinuationToken");
    if (page.next.empty()) return fail(ErrorKind::unavailable, "the listing is cut and does not say where it goes on");
  }
  return page;
}

Result<void> S3Bucket::erase(const std::string& key, const std::string& version) {
  for (int i = 0; i < removals_max; ++i) {
    const auto there = look(key);
    if (!there && there.error().kind == ErrorKind::not_found) return {};
    if (!there) return std::unexpected(there.error());
    if (there->version != version)
      return fail(ErrorKind::conflict, fmt::format("the object moved on. expected={} actual={}", version, there->version));
    HttpRequest request = api_.request("DELETE", api_.object_url(key));
    // Where the condition is ignored a second removal would hit whatever came after the first: look before each.
    request.repeat = Repeat::only_if_unsent;
    const HttpAnswer answer = TRY(client().send(request));
    const bool is_done = answer.is_answered() && (answer.last.response.is_ok() || answer.status() == 404);
    if (is_done) return {};
    if (answer.is_answered() && !answer.in_doubt) return std::unexpected(failure_of(answer, "cannot remove the object"));
  }
  return fail(ErrorKind::unavailable, "the object may have been removed: no answer came");
}

}  // namespace

std::unique_ptr<Bucket> open_s3_bucket(S3Options options, HttpContext context, std::shared_ptr<S3KeySource> keys) {
  check(options.part_bytes >= (5u << 20), "a part has at least 5 MiB");
  return std::make_unique<S3Bucket>(std::move(options), std::move(context), std::move(keys));
}

}  // namespace workprint
