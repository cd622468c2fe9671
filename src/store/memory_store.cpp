#include <map>
#include <mutex>

#include "store/owner.h"
#include "store/replay.h"
#include "workprint/digest.h"
#include "workprint/try.h"

namespace workprint {
namespace {

using record::encode_document;

struct Film {
  Epoch epoch{};
  std::string owner;
  Head head;
  std::map<std::uint64_t, Commit> commits;   // by seq
  std::map<std::uint64_t, store::Base> bases;
  std::size_t delta_bytes = 0;
  WallTime updated_at{};
};

class MemoryStore final : public CheckpointStore {
 public:
  explicit MemoryStore(std::shared_ptr<Clock> clock)
      : clock_(std::move(clock)), incarnation_("mem_" + sha256_hex(std::to_string(system_random()->next())).substr(0, 24)) {}

  std::string describe() const override { return "memory:"; }
  Result<std::string> incarnation() override { return incarnation_; }

  Result<Lease> acquire(const FilmId& film, const std::string& writer, Epoch at_least) override {
    const std::lock_guard lock(mutex_);
    Film& row = films_[film.value()];
    if (store::owner_of(row.owner, writer) == store::Owner::alive)
      return fail(ErrorKind::conflict, "film is being written by a live process. film=" + film.value() + " pid=" + store::pid_of(row.owner));
    row.epoch = next(std::max(row.epoch, at_least, [](Epoch a, Epoch b) { return number(a) < number(b); }));
    row.owner = writer;
    return make_lease(film, row.epoch);
  }

  Result<void> release(const Lease& lease) override {
    const std::lock_guard lock(mutex_);
    Film& row = films_[lease.film().value()];
    if (row.epoch == lease.epoch()) row.owner.clear();
    return {};
  }

  Loaded<Checkpoint> load(const FilmId& film) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    if (row == films_.end() || row->second.bases.empty()) return {Outcome::absent, std::nullopt, "no such film"};
    return read_locked(film, row->second, row->second.head.seq);
  }

  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    if (row == films_.end()) return {Outcome::absent, std::nullopt, "no such film"};
    return read_locked(film, row->second, seq);
  }

  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override {
    const std::lock_guard lock(mutex_);
    check(commit.info.head.epoch == lease.epoch(), "a commit carries its lease's epoch");
    Film& row = films_[lease.film().value()];
    if (row.epoch != lease.epoch()) return fail(ErrorKind::fenced, "a newer worker owns the film. film=" + lease.film().value());
    if (row.head.hash != commit.info.previous_hash || number(row.head.seq) + 1 != number(commit.info.head.seq))
      return fail(ErrorKind::conflict, "film moved on. film=" + lease.film().value() + " at=" + std::to_string(number(row.head.seq)));
    row.delta_bytes += commit.delta.size();
    const std::uint64_t seq = number(commit.info.head.seq);
    if (row.bases.empty() || store::wants_base(row.bases.rbegin()->second.body.size(), row.delta_bytes)) {
      row.bases[seq] = {commit.info.head, encode_document(document)};
      row.delta_bytes = 0;
    }
    row.commits[seq] = commit;
    row.head = commit.info.head;
    row.updated_at = commit.info.at;
    return {};
  }

  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override {
    const std::lock_guard lock(mutex_);
    Film& row = films_[lease.film().value()];
    if (row.epoch != lease.epoch()) return fail(ErrorKind::fenced, "a newer worker owns the film. film=" + lease.film().value());
    if (number(row.head.seq) >= number(checkpoint.head.seq))
      return fail(ErrorKind::conflict, "store holds this seq or a newer one. film=" + lease.film().value());
    const std::uint64_t seq = number(checkpoint.head.seq);
    row.bases[seq] = {checkpoint.head, encode_document(checkpoint.document)};
    row.commits[seq] = {info, {}};
    row.delta_bytes = 0;
    row.head = checkpoint.head;
    row.updated_at = info.at;
    return {};
  }

  Result<std::string> set_aside(const FilmId& film, const std::string&) override {
    const std::lock_guard lock(mutex_);
    aside_.push_back(std::move(films_[film.value()]));
    films_.erase(film.value());
    return "memory:" + std::to_string(aside_.size());
  }

  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    if (row == films_.end() || row->second.commits.empty()) return fail(ErrorKind::not_found, "no such film. film=" + film.value());
    std::vector<CommitInfo> infos;
    for (auto one = row->second.commits.rbegin(); one != row->second.commits.rend() && infos.size() < limit; ++one)
      if (one->first < number(before)) infos.push_back(one->second.info);
    return infos;
  }

  Result<std::vector<Row>> list() override {
    const std::lock_guard lock(mutex_);
    std::vector<Row> rows;
    for (const auto& [id, film] : films_)
      if (!film.commits.empty()) rows.push_back({TRY(parse_film_id(id)), film.head, film.updated_at});
    return rows;
  }

 private:
  static Loaded<Checkpoint> read_locked(const FilmId& film, const Film& row, Seq seq) {
    const auto there = row.commits.find(number(seq));
    auto base = row.bases.upper_bound(number(seq));
    if (there == row.commits.end() || base == row.bases.begin()) return {Outcome::absent, std::nullopt, "no such seq"};
    --base;
    std::vector<Commit> after;
    for (auto one = row.commits.upper_bound(base->first); one != row.commits.end() && one->first <= number(seq); ++one)
      after.push_back(one->second);
    return store::replay(film, base->second, after);
  }

  std::shared_ptr<Clock> clock_;
  std::string incarnation_;
  std::mutex mutex_;
  std::map<std::string, Film> films_;
  std::vector<Film> aside_;
};

}  // namespace

std::unique_ptr<CheckpointStore> open_memory_store(std::shared_ptr<Clock> clock) {
  return std::make_unique<MemoryStore>(std::move(clock));
}

}  // namespace workprint
