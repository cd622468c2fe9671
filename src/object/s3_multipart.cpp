#include "object/s3_multipart.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>

#include "object/xml.h"
#include "workprint/try.h"

namespace workprint::s3 {
namespace {

constexpr std::uint64_t parts_max = 10'000;
constexpr std::size_t piece_bytes = 256u << 10;

Result<std::string> sha256_of(const Source& source, std::uint64_t offset, std::uint64_t count) {
  if (!source.file.is_open()) return sha256_hex(source.bytes.substr(offset, count));
  Sha256 sha;
  std::vector<char> buffer(piece_bytes);
  while (count > 0) {
    const ssize_t n = ::pread(source.file.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), count),
                              static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(ErrorKind::unavailable, "cannot read the file to store: " + describe_errno(n == 0 ? EIO : errno));
    sha.update({buffer.data(), static_cast<std::size_t>(n)});
    offset += static_cast<std::uint64_t>(n);
    count -= static_cast<std::uint64_t>(n);
  }
  return sha.finish();
}

std::string describe_part(std::uint64_t number, std::string_view etag) {
  return fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, xml_encode(etag));
}

class Upload {
 public:
  Upload(Api& api, const ObjectWrite& write, const HttpHeader& condition, std::uint64_t part_bytes)
      : api_(api),
        write_(write),
        condition_(condition),
        part_bytes_(std::max(part_bytes, (write.digest.size_bytes + parts_max - 1) / parts_max)) {}

  Result<std::string> run() {
    if (write_.page != nullptr && !write_.page->abandoned_session().empty()) abort(write_.page->abandoned_session());
    if (!TRY(go_on())) TRY(begin());
    auto version = send_all();
    const bool may_go_on = !version && version.error().kind == ErrorKind::unavailable && write_.page != nullptr && write_.page->is_kept();
    if (!version && !may_go_on) abort(id_);
    return version;
  }
  [[nodiscard]] bool in_doubt() const { return in_doubt_; }

 private:
  std::string url(const Query& query) const { return api_.object_url(write_.key, query); }
  struct Part {
    std::string etag;
    std::uint64_t size_bytes = 0;
  };
  /// False: there is no upload to go on with.
  Result<bool> go_on();
  Result<bool> list_parts();
  /// Best effort. After a lost answer the upload may be over; then this is refused, and that is well.
  void abort(const std::string& id) { static_cast<void>(api_.client().send(api_.request("DELETE", url({{"uploadId", id}})))); }
  Result<void> begin();
  Result<std::string> send_all();
  Result<std::string> send_part(std::uint64_t number, std::uint64_t offset, std::uint64_t count);
  Result<std::string> complete(const std::string& parts);
  Result<std::string> look_for_etag();

  Api& api_;
  const ObjectWrite& write_;
  const HttpHeader& condition_;
  std::uint64_t part_bytes_;
  std::string id_;
  std::map<std::uint64_t, Part> there_;  ///< by number: what the service has of an earlier process
  bool in_doubt_ = false;
};

Result<bool> Upload::go_on() {
  if (write_.page == nullptr || !write_.page->kept()) return false;
  const KeptUpload kept = *write_.page->kept();
  id_ = kept.session;
  if (kept.piece_bytes > 0 && TRY(list_parts())) {
    part_bytes_ = kept.piece_bytes;
    return true;
  }
  there_.clear();
  abort(kept.session);  // the page had the only copy of its id
  write_.page->drop();
  return false;
}

/// False: the service does not know this upload, or not as we do.
Result<bool> Upload::list_parts() {
  std::string marker = "0";
  for (std::uint64_t page = 0; page < parts_max && !marker.empty(); ++page) {
    const HttpAnswer answer = TRY(api_.client().send(api_.request("GET", url({{"part-number-marker", marker}, {"uploadId", id_}}))));
    const int status = answer.status();
    if (status >= 400 && status < 500 && status != 408 && status != 429) return false;
    if (!answer.is_answered() || !answer.last.response.is_ok())
      return std::unexpected(failure_of(answer, "cannot ask how far an upload is"));
    const std::string& body = answer.last.response.body;
    if (body.find("<ListPartsResult") == std::string::npos) return false;
    for (const std::string_view element : xml_elements(body, "Part")) {
      const auto number_of = [&](std::string_view name) {
        const std::string text = xml_text(element, name);
        std::uint64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return number;
      };
      there_[number_of("PartNumber")] = {.etag = xml_text(element, "ETag"), .size_bytes = number_of("Size")};
    }
    marker = xml_text(body, "IsTruncated") == "true" ? xml_text(body, "NextPartNumberMarker") : std::string();
  }
  return marker.empty();
}

Result<void> Upload::begin() {
  // Without a condition, and repeatable all the same: an upload that is begun twice and used once costs nothing.
  HttpRequest request = api_.request("POST", url({{"uploads", ""}}), HttpBody{});
  request.content_type = write_.content_type;
  for (HttpHeader& header : describe_upload(write_)) request.headers.push_back(std::move(header));
  const HttpAnswer answer = TRY(api_.client().send(request));
  if (!answer.is_answered() || !answer.last.response.is_ok())
    return std::unexpected(failure_of(answer, "cannot begin an upload"));
  id_ = xml_text(answer.last.response.body, "UploadId");
  if (id_.empty()) return fail(ErrorKind::unavailable, "the answer is no upload of the service");
  if (write_.page != nullptr) write_.page->keep({.put_id = write_.put_id, .session = id_, .piece_bytes = part_bytes_});
  return {};
}

Result<std::string> Upload::send_part(std::uint64_t number, std::uint64_t offset, std::uint64_t count) {
  if (const auto there = there_.find(number); there != there_.end() && there->second.size_bytes == count)
    return describe_part(number, there->second.etag);
  const std::string sha256 = TRY(sha256_of(write_.source, offset, count));
  HttpBody body{.bytes = {}, .file = write_.source.file.get(), .offset = offset, .file_bytes = count};
  if (!write_.source.file.is_open()) body = HttpBody{.bytes = write_.source.bytes.substr(offset, count)};
  if (write_.moved) body.moved = [this, offset](std::uint64_t sent_bytes) { write_.moved(offset + sent_bytes); };
  const HttpRequest request =
      api_.request("PUT", url({{"partNumber", fmt::format("{}", number)}, {"uploadId", id_}}), body, sha256);
  const HttpAnswer answer = TRY(api_.client().send(request));
  const std::string etag(answer.last.response.header("etag"));
  if (!answer.is_answered() || !answer.last.response.is_ok() || etag.empty())
    return std::unexpected(failure_of(answer, "cannot upload a part"));
  return describe_part(number, etag);
}

Result<std::string> Upload::send_all() {
  const std::uint64_t size = write_.digest.size_bytes;
  std::string parts;
  std::uint64_t number = 0;
  for (std::uint64_t offset = 0; offset < size; offset += part_bytes_)
    parts += TRY(send_part(++number, offset, std::min(part_bytes_, size - offset)));
  return complete(parts);
}

Result<std::string> Upload::complete(const std::string& parts) {
  const std::string body = "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
  HttpRequest request = api_.request("POST", url({{"uploadId", id_}}), HttpBody{.bytes = body});
  request.content_type = "application/xml";
  request.headers.push_back(condition_);
  const HttpAnswer answer = TRY(api_.client().send(request));
  in_doubt_ = answer.in_doubt;
  const int status = answer.status();
  if (status == 412) return fail(ErrorKind::conflict, "the condition does not hold");
  // An upload that is no more was completed by a send whose answer was lost; or, If-Match met no object.
  if (status == 404) return fail(ErrorKind::conflict, "the upload or the object to replace is not there");
  const HttpResponse& response = answer.last.response;
  // The status is sent before the work is done, so a failure may come as 200 with an error in the body.
  const bool has_error = response.body.find("<Error>") != std::string::npos;
  const bool is_made = response.body.find("<CompleteMultipartUploadResult") != std::string::npos;
  if (!answer.is_answered() || !response.is_ok() || has_error || !is_made) {
    in_doubt_ = in_doubt_ || has_error;
    if (xml_text(response.body, "Code") == "PreconditionFailed") return fail(ErrorKind::conflict, "the condition does not hold");
    Error error = failure_of(answer, "cannot complete an upload");
    if (has_error) error.kind = ErrorKind::unavailable;
    return std::unexpected(std::move(error));
  }
  const std::string etag = xml_text(response.body, "ETag");
  return etag.empty() ? look_for_etag() : Result<std::string>(join_version(etag, write_.put_id));
}

/// Ceph 16 leaves the ETag of its answer empty.
Result<std::string> Upload::look_for_etag() {
  in_doubt_ = true;
  const HttpAnswer answer = TRY(api_.client().send(api_.request("HEAD", url({}))));
  const HttpResponse& response = answer.last.response;
  if (!answer.is_answered() || !response.is_ok()) return std::unexpected(failure_of(answer, "cannot look at the object"));
  if (response.header("x-amz-meta-workprint-put-id") != write_.put_id)
    return fail(ErrorKind::unavailable, "the object was written, and replaced at once");
  return join_version(response.header("etag"), write_.put_id);
}

}  // namespace

WriteOutcome upload_in_parts(Api& api, const ObjectWrite& write, const HttpHeader& condition, std::uint64_t part_bytes) {
  Upload upload(api, write, condition, part_bytes);
  auto version = upload.run();
  return {.version = std::move(version), .in_doubt = upload.in_doubt()};
}

}  // namespace workprint::s3
