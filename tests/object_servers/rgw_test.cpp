#include <doctest/doctest.h>

#include "object/s3_fence.h"
#include "object/scratch_folder.h"
#include "tests/support/s3_backend.h"

namespace workprint {

using namespace testing;

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
}

}  // namespace workprint
