#include <doctest/doctest.h>

#include "object/examination.h"
#include "object/s3_fence.h"
#include "object/scratch_folder.h"
#include "tests/support/large_file.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;
using conformance::kind_of;

namespace {

struct StopsAtPart final : HttpTransport {
  explicit StopsAtPart(int part) : stop_at(part) {}
  HttpExchange exchange(const HttpRequest& request, const HttpLimits& limits) override {
    const bool is_part = request.url.find("partNumber=") != std::string::npos;
    if (is_part && sent + 1 == stop_at) stop.request_stop();
    HttpExchange exchange = inner->exchange(request, limits);
    if (is_part && exchange.end == HttpExchange::End::answered) ++sent;
    return exchange;
  }
  int stop_at;
  int sent = 0;
  std::stop_source stop;
  std::shared_ptr<HttpTransport> inner = open_http_transport();
};

}  // namespace

TEST_CASE("Ceph's gateway: S3 keeps the contract of object stores") {
  const ServerProcess rgw({"python3", (source_root() / "tests/support/rgw.py").string()});
  const ScratchFolder scratch;
  keeps_the_contract_on_s3(rgw.origin(), "films/of.ada", scratch.path(), Meeting::doubtful);

  S3Options options = s3_options(rgw.origin(), "fence");
  make_bucket(options);
  s3::Api api(options, quick_context(), std::make_shared<TestKeys>());
  const s3::Fence fence = conformance::value(s3::probe_fence(api, ".probe"));
  CHECK(fence.holds());
  const bool parts = conformance::value(s3::probe_multipart(api, ".probe"));
  MESSAGE("If-Match is written ", std::string(fence.quoting == s3::Quoting::quoted ? "quoted" : "bare"),
          "; uploads in parts are ", std::string(parts ? "fenced" : "not fenced"));
  CHECK(ask_s3(options, "HEAD", ".probe").status == 404);

  QuickClock clock;
  const auto store = open_s3_store(options);
  for (const Finding& finding : examine(*store, clock, *system_random()))
    CHECK_MESSAGE(finding.verdict == Finding::Verdict::ok, finding.what, ": ", finding.detail);
  CHECK(conformance::value(store->list("")).empty());
}

TEST_CASE("Ceph's gateway: an upload in parts that was interrupted goes on with the parts that it lists") {
  const ServerProcess rgw({"python3", (source_root() / "tests/support/rgw.py").string()});
  const LargeFile file(18u << 20);
  const ScratchFolder home;
  S3Options options = s3_options(rgw.origin(), "parts");
  options.unfenced = Unfenced::allowed;  // Ceph 16 does not fence them, so else they are not used
  make_bucket(options);
  // Told to stop at a part; says how many it sent.
  const auto upload = [&](int stop_at, int& sent) {
    const auto transport = std::make_shared<StopsAtPart>(stop_at);
    HttpContext context = quick_context();
    context.transport = transport;
    context.limits.stop = transport->stop.get_token();
    const auto store = open_network_store(open_s3_bucket(options, context, std::make_shared<TestKeys>()), "", context,
                                          {.uploads_folder = home.path() / "uploads"});
    auto info = store->put_file("f/movie.mp4", file.source, IfAbsent());
    sent = transport->sent;
    return info;
  };
  int sent = 0;
  CHECK(kind_of(upload(3, sent)) == "unavailable");
  CHECK(sent == 2);
  CHECK(kind_of(upload(100, sent)) == "ok");
  CHECK(sent == 2);  // of four
  CHECK(conformance::value(open_s3_store(options)->verify("f/movie.mp4")).sha256 == file.digest.sha256);
  CHECK(std::filesystem::is_empty(home.path() / "uploads"));
}

}  // namespace workprint
