#include <map>
#include <mutex>

#include "store/owner.h"
#include "store/replay.h"
#include "store/rule.h"
#include "store/schema.h"
#include "workprint/try.h"

namespace workprint {
namespace {

using namespace store;

struct StoredBase {
  Base base;
  bool is_anchor = false;  ///< no older base and deltas lead to it
};

struct Film {
  Epoch epoch{};
  Holder holder;
  Head head;
  std::map<std::uint64_t, Commit> commits;  ///< by seq
  std::map<std::uint64_t, StoredBase> bases;
  std::size_t delta_bytes = 0;              ///< since the last base
  WallTime updated_at{};
};

Loaded<Checkpoint> absent(std::string why) { return {Outcome::absent, std::nullopt, std::move(why)}; }

class MemoryStore final : public CheckpointStore {
 public:
  explicit MemoryStore(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}
  std::string describe() const override { return "memory:"; }
  Result<std::string> incarnation() override { return incarnation_; }

  Result<Lease> acquire(const FilmId& film, const LeaseRequest& request) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    const std::uint64_t now_ms = monotonic_ms(*clock_);
    if (row != films_.end()) TRY(may_acquire(film, row->second.holder, request, now_ms, Machines::many));
    const Epoch epoch = TRY(following_epoch(film, row == films_.end() ? Epoch{} : row->second.epoch, request.at_least));
    Film& taken = films_[film.value()];
    taken.epoch = epoch;
    taken.holder = {request.writer, static_cast<std::uint64_t>(std::max(Duration::zero(), request.term).count()), now_ms};
    return make_lease(film, epoch);
  }

  Result<void> renew(const Lease& lease) override {
    const std::lock_guard lock(mutex_);
    Film* row = TRY(known(lease));
    TRY(is_owner(lease, row->epoch));
    row->holder.alive_ms = monotonic_ms(*clock_);
    return {};
  }

  Result<void> release(const Lease& lease) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(lease.film().value());
    if (row != films_.end() && row->second.epoch == lease.epoch()) row->second.holder = {};
    return {};
  }

  Loaded<Checkpoint> load(const FilmId& film) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    if (row == films_.end() || row->second.commits.empty()) return absent("no commit of this film");
    return read_locked(film, row->second, row->second.head.seq);
  }

  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    return row == films_.end() ? absent("no such film") : read_locked(film, row->second, seq);
  }

  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override {
    check(commit.info.head.epoch == lease.epoch(), "a commit carries its lease's epoch");
    check(commit.info.head.hash == record::commit_hash(lease.film(), commit.info, commit.delta), "a commit is sealed");
    TRY(is_readable(commit));
    const std::lock_guard lock(mutex_);
    Film* row = TRY(known(lease));
    TRY(may_commit(lease, row->epoch, row->head, commit.info));
    const bool is_first = row->bases.empty();
    const std::size_t delta_bytes = row->delta_bytes + commit.delta.size();
    if (is_first || wants_base(row->bases.rbegin()->second.base.body.size(), delta_bytes))
      put_base(*row, commit.info.head, TRY(make_base(lease.film(), commit.info.head, document)), is_first);
    else
      row->delta_bytes = delta_bytes;
    put_commit(*row, commit);
    return {};
  }

  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override {
    if (!is_storable_time(info.at)) return fail(ErrorKind::invalid, "commit's time is not between the years 1970 and 9999");
    const std::lock_guard lock(mutex_);
    Film* row = TRY(known(lease));
    TRY(may_install(lease, row->epoch, row->head, checkpoint.head));
    std::string body = TRY(make_base(lease.film(), checkpoint.head, checkpoint.document));
    put_base(*row, checkpoint.head, std::move(body), true);
    Commit bridge{info, {}};
    bridge.info.head = checkpoint.head;
    bridge.info.kind = CommitKind::restored;
    put_commit(*row, bridge);
    return {};
  }

  Result<std::string> set_aside(const FilmId& film, const std::string&) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    if (row == films_.end()) return std::string("nothing was there: memory:");
    aside_.push_back(std::move(row->second));
    films_.erase(row);
    return "memory: aside=" + std::to_string(aside_.size());
  }

  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    const auto row = films_.find(film.value());
    if (row == films_.end() || row->second.commits.empty())
      return fail(ErrorKind::not_found, "no commit of this film. film=" + film.value());
    std::vector<CommitInfo> infos;
    const auto& commits = row->second.commits;
    for (auto one = commits.lower_bound(number(before)); one != commits.begin() && infos.size() < limit;)
      infos.push_back((--one)->second.info);
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
  Result<Film*> known(const Lease& lease) {
    const auto row = films_.find(lease.film().value());
    if (row == films_.end()) return no_such_film(lease.film());
    return &row->second;
  }

  static void put_base(Film& film, const Head& head, std::string body, bool is_anchor) {
    std::erase_if(film.bases, [](const auto& entry) { return !entry.second.is_anchor; });
    film.bases[number(head.seq)] = {{head, std::move(body)}, is_anchor};
    film.delta_bytes = 0;
  }

  void put_commit(Film& film, const Commit& commit) {
    film.commits[number(commit.info.head.seq)] = commit;
    film.head = commit.info.head;
    film.updated_at = commit.info.at;
    film.holder.alive_ms = monotonic_ms(*clock_);
  }

  static Loaded<Checkpoint> read_locked(const FilmId& film, const Film& row, Seq seq) {
    auto base = row.bases.upper_bound(number(seq));
    if (!row.commits.contains(number(seq)) || base == row.bases.begin()) return absent("no such seq");
    --base;
    std::vector<Commit> after;
    for (auto one = row.commits.upper_bound(base->first); one != row.commits.end() && one->first <= number(seq); ++one)
      after.push_back(one->second);
    return replay(film, base->second.base, after);
  }

  const std::shared_ptr<Clock> clock_;
  const std::string incarnation_ = new_incarnation();
  std::mutex mutex_;
  std::map<std::string, Film> films_;
  std::vector<Film> aside_;
};

}  // namespace

std::unique_ptr<CheckpointStore> open_memory_store(std::shared_ptr<Clock> clock) {
  return std::make_unique<MemoryStore>(std::move(clock));
}

}  // namespace workprint
