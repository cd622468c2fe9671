// The command that tries out what the stores, the disk and the studio can guarantee, before a film depends on them.
#include <cstdio>

#include "cli/studio_floor.h"
#include "object/examination.h"
#include "workprint/try.h"

namespace workprint::cli {
namespace {

/// A person waits for the answer.
constexpr Duration call_deadline = std::chrono::seconds(20);
constexpr std::uintmax_t free_bytes_min = std::uintmax_t{256} << 20;

using Verdict = Finding::Verdict;

Finding finding(std::string what, const Result<std::string>& seen) {
  if (seen) return {.what = std::move(what), .verdict = Verdict::ok, .detail = *seen};
  return {.what = std::move(what), .verdict = Verdict::fail, .detail = seen.error().message, .kind = seen.error().kind};
}

/// What can be asked of tier 1 without a film: who it is, and that it reads. A film's first lease is what writes.
Result<std::string> look_at_checkpoints(CheckpointStore& store) {
  const auto incarnation = store.incarnation();
  if (!incarnation && incarnation.error().kind == ErrorKind::not_found) return store.describe() + ", made by the first film";
  if (!incarnation) return std::unexpected(incarnation.error());
  const auto films = TRY(store.list());
  return store.describe() + ", " + std::to_string(films.size()) + (films.size() == 1 ? " film" : " films") + ", id " + *incarnation;
}

Result<std::string> look_at_disk(std::filesystem::path root) {
  std::error_code error;
  while (!std::filesystem::exists(root, error) && root.has_relative_path()) root = root.parent_path();  // the first film makes it
  const auto info = std::filesystem::space(root, error);
  if (error) return fail(ErrorKind::unavailable, error.message() + ". path=" + root.string());
  if (info.available < free_bytes_min) return fail(ErrorKind::unavailable, "less than 256 MiB are free. path=" + root.string());
  return std::to_string(info.available >> 20) + " MiB free";
}

std::vector<Finding> examine_all(StudioFloor& floor) {
  std::vector<Finding> findings;
  findings.push_back(finding("checkpoint", look_at_checkpoints(*floor.store)));
  findings.push_back(finding("objects", floor.objects->describe()));
  for (Finding& one : examine(*floor.objects, *floor.clock, *system_random())) findings.push_back(std::move(one));
  findings.push_back(finding("disk", look_at_disk(floor.root)));
  findings.push_back(finding("studio", floor.studio->provider() + " " + floor.studio->model()));
  return findings;
}

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warn: return "warn";
    case Verdict::fail: return "FAIL";
  }
  return "FAIL";
}

}  // namespace

Exit doctor(const Request& request) {
  auto floor = StudioFloor::open(request, {}, call_deadline);
  if (!floor) {
    std::fprintf(stderr, "workprint: %s\n", floor.error().message.c_str());
    return exit_of(floor.error().kind);
  }
  Exit status = Exit::done;
  Json lines = Json::array();
  if (!request.json) std::printf("%-16s      %s\n", "root", (*floor)->root.c_str());
  for (const Finding& one : examine_all(**floor)) {
    if (one.verdict == Verdict::fail && status == Exit::done) status = exit_of(one.kind);
    lines.push_back({{"what", one.what}, {"verdict", word_of(one.verdict)}, {"detail", one.detail}});
    if (!request.json) std::printf("%-16s %-4s  %s\n", one.what.c_str(), word_of(one.verdict), one.detail.c_str());
  }
  if (request.json) std::fputs(pretty_json({{"root", (*floor)->root.string()}, {"findings", lines}}).c_str(), stdout);
  return status;
}

}  // namespace workprint::cli
