#include "object/examination.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::string_view folder = "doctor/";
constexpr std::string_view first_bytes = "{\"doctor\":1}\n";
constexpr std::string_view second_bytes = "{\"doctor\":22}\n";
constexpr std::string_view third_bytes = "{\"doctor\":333}\n";
constexpr Duration tolerated_skew = std::chrono::seconds(60);
constexpr int removals_max = 3;

std::unexpected<Error> broken(std::string message) { return fail(ErrorKind::corrupt, std::move(message)); }

/// Whether a call was refused as it should be.
template <class T>
Result<void> must_be_refused(const Result<T>& result, std::string_view what) {
  if (result) return broken(fmt::format("{} was not refused", what));
  if (result.error().kind != ErrorKind::conflict) return std::unexpected(result.error());
  return {};
}

class Examination {
 public:
  Examination(ObjectStore& store, Clock& clock, Random& random)
      : store_(store), clock_(clock), name_(fmt::format("{}probe-{:016x}.json", folder, random.next())) {}
  std::vector<Finding> run();

 private:
  void step(std::string what, const std::function<Result<std::string>()>& act);
  void add(std::string what, Finding::Verdict verdict, std::string detail) {
    findings_.push_back({.what = std::move(what), .verdict = verdict, .detail = std::move(detail)});
  }

  Result<std::string> create_only();
  Result<std::string> compare_and_set();
  Result<std::string> list_after_write();
  Result<std::string> hashes();
  Result<std::string> exact_removal();
  void tell_facts();
  void clean_up();
  Result<void> must_hold(std::string_view bytes);
  void pause() { clock_.wait(store_.write_interval(), {}); }

  ObjectStore& store_;
  Clock& clock_;
  const std::string name_;
  std::string first_version_;
  std::string second_version_;
  std::optional<Error> cannot_write_;
  std::vector<Finding> findings_;
};

void Examination::step(std::string what, const std::function<Result<std::string>()>& act) {
  const auto seen = cannot_write_ ? fail(cannot_write_->kind, "not tried: nothing can be written") : act();
  Finding finding{.what = std::move(what)};
  finding.verdict = seen ? Finding::Verdict::ok : Finding::Verdict::fail;
  finding.detail = seen ? *seen : seen.error().message;
  if (!seen) finding.kind = seen.error().kind;
  findings_.push_back(std::move(finding));
}

Result<void> Examination::must_hold(std::string_view bytes) {
  const ObjectBytes read = TRY(store_.get(name_));
  if (read.bytes != bytes) return broken("other bytes are there than were written");
  return {};
}

Result<std::string> Examination::create_only() {
  const auto first = store_.put(name_, first_bytes, IfAbsent());
  if (!first) {
    cannot_write_ = first.error();
    return std::unexpected(first.error());
  }
  first_version_ = first->version;
  TRY(must_be_refused(store_.put(name_, third_bytes, IfAbsent()), "a second creation of one name"));
  TRY(must_hold(first_bytes));
  return "a name is created once";
}

Result<std::string> Examination::compare_and_set() {
  pause();
  const ObjectInfo second = TRY(store_.put(name_, second_bytes, IfVersion{first_version_}));
  if (second.version == first_version_) return broken("a replacement did not change the version");
  second_version_ = second.version;
  pause();
  TRY(must_be_refused(store_.put(name_, third_bytes, IfVersion{first_version_}), "a replacement of a version that is gone"));
  TRY(must_hold(second_bytes));
  return "a version is replaced once";
}

Result<std::string> Examination::list_after_write() {
  const auto listed = TRY(store_.list(folder));
  const auto found = std::ranges::find(listed, name_, &ObjectInfo::name);
  if (found == listed.end()) return broken("an object that was written is not in the listing");
  if (found->sha256 != sha256_hex(second_bytes) || found->version != second_version_) return broken("the listing tells of an older object");
  return "what is written is listed at once";
}

Result<std::string> Examination::hashes() {
  const ObjectInfo read = TRY(store_.verify(name_));
  const ObjectInfo recorded = TRY(store_.head(name_));
  for (const ObjectInfo& info : {read, recorded})
    if (info.sha256 != sha256_hex(second_bytes) || info.crc32c != crc32c(second_bytes) || info.size_bytes != second_bytes.size())
      return broken("the hashes are not those of what was written");
  return "size, CRC32C and SHA-256 are those of the bytes";
}

Result<std::string> Examination::exact_removal() {
  const auto stale = store_.remove(name_, first_version_);
  TRY(must_be_refused(stale, "the removal of a version that is gone"));
  TRY(must_hold(second_bytes));
  pause();
  TRY(store_.remove(name_, second_version_));
  const auto there = store_.head(name_);
  if (there) return broken("what was removed is there");
  if (there.error().kind != ErrorKind::not_found) return std::unexpected(there.error());
  const auto listed = TRY(store_.list(folder));
  if (std::ranges::find(listed, name_, &ObjectInfo::name) != listed.end()) return broken("what was removed is listed");
  return "a version is removed, no other";
}

void Examination::tell_facts() {
  const auto facts = cannot_write_ ? fail(cannot_write_->kind, "not tried: nothing can be written") : store_.facts(name_);
  if (!facts) return step("fence", [&]() -> Result<std::string> { return std::unexpected(facts.error()); });
  if (facts->resumes_reads)
    step("resumed reads", [&]() -> Result<std::string> {
      if (!*facts->resumes_reads) return broken("a read cannot go on where it broke: ranges are not answered");
      return "a read goes on where it broke";
    });
  if (facts->clock_ahead) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*facts->clock_ahead).count();
    const bool is_far = std::chrono::abs(*facts->clock_ahead) > tolerated_skew;
    add("clock", is_far ? Finding::Verdict::warn : Finding::Verdict::ok,
        fmt::format("the store's is {:+} s from this machine's{}", seconds, is_far ? ": set this machine's right" : ""));
  }
  step("fence", [&]() -> Result<std::string> {
    if (facts->is_fenced) return "the store itself compares before it writes";
    return broken("none: this store does not compare (unfenced=allowed), we look before we write. Only ONE worker may run on it: "
                  "two would overwrite each other unseen");
  });
}

/// Also after a failure, of whatever version is there.
void Examination::clean_up() {
  for (int i = 0; i < removals_max; ++i) {
    auto there = store_.head(name_);
    if (!there && there.error().kind == ErrorKind::not_found) return;
    if (!there && there.error().kind == ErrorKind::corrupt)
      if (const auto as_is = store_.get_as_is(name_)) there = as_is->info;
    if (!there) break;
    pause();
    if (store_.remove(name_, there->version)) return;
  }
  findings_.push_back({.what = "left behind",
                       .verdict = Finding::Verdict::fail,
                       .detail = "a probe may lie there still: remove " + name_,
                       .kind = ErrorKind::unavailable});
}

std::vector<Finding> Examination::run() {
  step("create-only", [this] { return create_only(); });
  step("compare-and-set", [this] { return compare_and_set(); });
  step("list", [this] { return list_after_write(); });
  step("hashes", [this] { return hashes(); });
  tell_facts();
  step("exact removal", [this] { return exact_removal(); });
  if (store_.write_interval() > Duration::zero())
    add("write interval", Finding::Verdict::ok, fmt::format("{} ms between two writes of one name", store_.write_interval().count()));
  // A write that was refused left nothing; one without an answer may have been carried out.
  if (!cannot_write_ || cannot_write_->kind == ErrorKind::unavailable) clean_up();
  return std::move(findings_);
}

}  // namespace

std::vector<Finding> examine(ObjectStore& store, Clock& clock, Random& random) { return Examination(store, clock, random).run(); }

}  // namespace workprint
