#include "store/memory_store.h"

#include "store/schema.h"
#include "workprint/try.h"

namespace workprint::store {
namespace {

Loaded<Checkpoint> absent(std::string why) { return {Outcome::absent, std::nullopt, std::move(why)}; }

void put_base(MemoryStore::Film& film, const Head& head, std::string body, bool is_anchor) {
  std::erase_if(film.bases, [](const auto& entry) { return !entry.second.is_anchor; });
  film.bases[number(head.seq)] = {{head, std::move(body)}, is_anchor};
  film.delta_bytes = 0;
}

Loaded<Checkpoint> read_locked(const FilmId& film, const MemoryStore::Film& row, Seq seq) {
  auto base = row.bases.upper_bound(number(seq));
  if (!row.commits.contains(number(seq)) || base == row.bases.begin()) return absent("no such seq");
  --base;
  std::vector<Commit> after;
  for (auto one = row.commits.upper_bound(base->first); one != row.commits.end() && one->first <= number(seq); ++one)
    after.push_back(one->second);
  return replay(film, base->second.base, after);
}

}  // namespace

Result<std::string> MemoryStore::incarnation() {
  const std::lock_guard lock(mutex_);
  return held_.incarnation;
}

MemoryStore::Image MemoryStore::image() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

void MemoryStore::replace(Image image) {
  const std::lock_guard lock(mutex_);
  held_ = std::move(image);
}

Result<Lease> MemoryStore::acquire(const FilmId& film, const LeaseRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  const std::uint64_t now_ms = monotonic_ms(*clock_);
  if (row != held_.films.end()) TRY(may_acquire(film, row->second.holder, request, now_ms, Machines::many));
  const Epoch epoch = TRY(following_epoch(film, row == held_.films.end() ? Epoch{} : row->second.epoch, request.at_least));
  Film& taken = held_.films[film.value()];
  taken.epoch = epoch;
  taken.holder = {request.writer, static_cast<std::uint64_t>(std::max(Duration::zero(), request.term).count()), now_ms};
  return make_lease(film, epoch);
}

Result<void> MemoryStore::renew(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  Film* row = TRY(known(lease));
  TRY(is_owner(lease, row->epoch));
  row->holder.alive_ms = monotonic_ms(*clock_);
  return {};
}

Result<void> MemoryStore::release(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(lease.film().value());
  if (row != held_.films.end() && row->second.epoch == lease.epoch()) row->second.holder = {};
  return {};
}

Loaded<Checkpoint> MemoryStore::load(const FilmId& film) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  if (row == held_.films.end() || row->second.commits.empty()) return absent("no commit of this film");
  return read_locked(film, row->second, row->second.head.seq);
}

Loaded<Checkpoint> MemoryStore::read(const FilmId& film, Seq seq) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  return row == held_.films.end() ? absent("no such film") : read_locked(film, row->second, seq);
}

Result<void> MemoryStore::commit(const Lease& lease, const Commit& commit, const Json& document) {
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

Result<void> MemoryStore::install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) {
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

Result<std::string> MemoryStore::set_aside(const FilmId& film, const std::string&) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  if (row == held_.films.end()) return std::string("nothing was there: memory:");
  held_.aside.push_back(std::move(row->second));
  held_.films.erase(row);
  return "memory: aside=" + std::to_string(held_.aside.size());
}

Result<std::vector<CommitInfo>> MemoryStore::history(const FilmId& film, Seq before, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  if (row == held_.films.end() || row->second.commits.empty())
    return fail(ErrorKind::not_found, "no commit of this film. film=" + film.value());
  std::vector<CommitInfo> infos;
  const auto& commits = row->second.commits;
  for (auto one = commits.lower_bound(number(before)); one != commits.begin() && infos.size() < limit;)
    infos.push_back((--one)->second.info);
  return infos;
}

Result<std::vector<Commit>> MemoryStore::log(const FilmId& film, Seq after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  if (row == held_.films.end() || row->second.commits.empty())
    return fail(ErrorKind::not_found, "no commit of this film. film=" + film.value());
  std::vector<Commit> found;
  for (auto one = row->second.commits.upper_bound(number(after)); one != row->second.commits.end() && found.size() < limit; ++one)
    found.push_back(one->second);
  return found;
}

Result<Seq> MemoryStore::prune(const FilmId& film, Seq keep_from) {
  const std::lock_guard lock(mutex_);
  const auto row = held_.films.find(film.value());
  if (row == held_.films.end() || row->second.commits.empty()) return fail(ErrorKind::not_found, "no commit of this film. film=" + film.value());
  Film& held = row->second;
  if (number(keep_from) > number(held.head.seq)) return prunes_too_much(film, held.head, keep_from);
  const std::uint64_t from = std::min(number(keep_from), held.bases.rbegin()->first);
  const Loaded<Checkpoint> state = read_locked(film, held, Seq{from});
  if (state.outcome == Outcome::absent) return Seq{held.commits.begin()->first};
  if (!state.value) return fail(ErrorKind::corrupt, state.detail);
  held.bases[from] = {{state.value->head, TRY(make_base(film, state.value->head, state.value->document))}, true};
  held.bases.erase(held.bases.begin(), held.bases.find(from));
  held.commits.erase(held.commits.begin(), held.commits.find(from));
  return Seq{from};
}

Result<std::vector<CheckpointStore::Row>> MemoryStore::list() {
  const std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  for (const auto& [id, film] : held_.films)
    if (!film.commits.empty()) rows.push_back({TRY(parse_film_id(id)), film.head, film.updated_at});
  return rows;
}

Result<MemoryStore::Film*> MemoryStore::known(const Lease& lease) {
  const auto row = held_.films.find(lease.film().value());
  if (row == held_.films.end()) return no_such_film(lease.film());
  return &row->second;
}

void MemoryStore::put_commit(Film& film, const Commit& commit) {
  film.commits[number(commit.info.head.seq)] = commit;
  film.head = commit.info.head;
  film.updated_at = commit.info.at;
  film.holder.alive_ms = monotonic_ms(*clock_);
}

}  // namespace workprint::store

namespace workprint {

std::unique_ptr<CheckpointStore> open_memory_store(std::shared_ptr<Clock> clock) {
  return std::make_unique<store::MemoryStore>(std::move(clock), store::new_incarnation());
}

}  // namespace workprint
