#include "object/s3_fence.h"

#include "object/s3_multipart.h"
#include "workprint/try.h"

namespace workprint::s3 {
namespace {

constexpr std::string_view probe_bytes = "A probe: does this store honour conditions? Remove it if you find it.";

class Probe {
 public:
  Probe(Api& api, std::string key) : api_(api), key_(std::move(key)) {}
  ~Probe() { static_cast<void>(api_.client().send(api_.request("DELETE", api_.object_url(key_)))); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  Result<HttpAnswer> put(std::string_view bytes, std::optional<HttpHeader> condition) {
    HttpRequest request = api_.request("PUT", api_.object_url(key_), HttpBody{.bytes = bytes});
    if (condition) request.headers.push_back(*std::move(condition));
    return api_.client().send(request);
  }
  /// A first object, whatever lies there.
  Result<std::string> put_first() {
    const HttpAnswer answer = TRY(put(probe_bytes, std::nullopt));
    if (!answer.is_answered() || !answer.last.response.is_ok())
      return std::unexpected(failure_of(answer, "cannot write a probe"));
    return bare_etag(answer.last.response.header("etag"));
  }

 private:
  Api& api_;
  std::string key_;
};

Result<bool> is_written(const HttpAnswer& answer) {
  if (!answer.is_answered()) return std::unexpected(failure_of(answer, "cannot write a probe"));
  if (answer.last.response.is_ok()) return true;
  // 412 as it should be; 404: "there is no such object to match"; 409: two met; 400, 501: conditions are unknown there.
  const int status = answer.status();
  if (status == 412 || status == 404 || status == 409 || status == 400 || status == 501) return false;
  return std::unexpected(failure_of(answer, "cannot write a probe"));
}

}  // namespace

HttpHeader if_match(std::string_view etag, Quoting quoting) {
  const std::string bare = bare_etag(etag);
  return {"If-Match", quoting == Quoting::quoted ? "\"" + bare + "\"" : bare};
}

HttpHeader if_absent() { return {"If-None-Match", "*"}; }

Result<Fence> probe_fence(Api& api, const std::string& key) {
  Probe probe(api, key);
  const std::string etag = TRY(probe.put_first());
  Fence fence;
  const HttpAnswer again = TRY(probe.put("again", if_absent()));
  fence.honours_create = !TRY(is_written(again));
  const std::string wrong(32, '0');
  const HttpAnswer wrong_quoted = TRY(probe.put("wrong", if_match(wrong, Quoting::quoted)));
  const HttpAnswer wrong_bare = TRY(probe.put("wrong", if_match(wrong, Quoting::bare)));
  const bool refuses_quoted = !TRY(is_written(wrong_quoted));
  const bool refuses_bare = !TRY(is_written(wrong_bare));
  if (!fence.honours_create || !refuses_quoted || !refuses_bare) return fence;
  const HttpAnswer right_quoted = TRY(probe.put(probe_bytes, if_match(etag, Quoting::quoted)));
  fence.honours_replace = TRY(is_written(right_quoted));
  if (fence.honours_replace) return fence;
  fence.quoting = Quoting::bare;
  const HttpAnswer right_bare = TRY(probe.put(probe_bytes, if_match(etag, Quoting::bare)));
  fence.honours_replace = TRY(is_written(right_bare));
  return fence;
}

Result<bool> probe_multipart(Api& api, const std::string& key) {
  Probe probe(api, key);
  TRY(probe.put_first());
  const Source source = from_bytes("parts");
  const FileDigest digest{.size_bytes = 5, .crc32c = crc32c("parts"), .sha256 = sha256_hex("parts")};
  const PutCondition condition = IfAbsent();
  const ObjectWrite write{.key = key,
                          .source = source,
                          .digest = digest,
                          .put_id = "probe",
                          .content_type = "application/octet-stream",
                          .cache_control = "no-store",
                          .condition = condition};
  const WriteOutcome outcome = upload_in_parts(api, write, if_absent(), 5u << 20);
  if (outcome.version) return false;
  if (outcome.version.error().kind == ErrorKind::conflict) return true;
  return std::unexpected(outcome.version.error());
}

}  // namespace workprint::s3
