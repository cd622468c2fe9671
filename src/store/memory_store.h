/// The checkpoint store in memory, open to tests that copy, restore and damage what it holds; everybody else calls
/// open_memory_store(clock).
#pragma once

#include <map>
#include <mutex>

#include "store/replay.h"
#include "store/rule.h"

namespace workprint::store {

class MemoryStore final : public CheckpointStore {
 public:
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
  /// All that the store holds: a backup of it.
  struct Image {
    std::string incarnation;
    std::map<std::string, Film> films;
    std::vector<Film> aside;
  };

  MemoryStore(std::shared_ptr<Clock> clock, std::string incarnation) : clock_(std::move(clock)), held_{std::move(incarnation), {}, {}} {}

  std::string describe() const override { return "memory:"; }
  Result<std::string> incarnation() override;
  Result<Lease> acquire(const FilmId& film, const LeaseRequest& request) override;
  Result<void> renew(const Lease& lease) override;
  Result<void> release(const Lease& lease) override;
  Loaded<Checkpoint> load(const FilmId& film) override;
  Loaded<Checkpoint> read(const FilmId& film, Seq seq) override;
  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override;
  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override;
  Result<std::string> set_aside(const FilmId& film, const std::string& reason) override;
  Result<std::vector<CommitInfo>> history(const FilmId& film, Seq before, std::size_t limit) override;
  Result<std::vector<Commit>> log(const FilmId& film, Seq after, std::size_t limit) override;
  Result<Seq> prune(const FilmId& film, Seq keep_from) override;
  Result<std::vector<Row>> list() override;

  /// What an operator or an accident does to a database.
  [[nodiscard]] Image image() const;
  void replace(Image image);

 private:
  Result<Film*> known(const Lease& lease);
  void put_commit(Film& film, const Commit& commit);

  const std::shared_ptr<Clock> clock_;
  mutable std::mutex mutex_;
  Image held_;
};

}  // namespace workprint::store
