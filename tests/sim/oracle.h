/// Knows everything that ever happened to the film, and holds each law against it (DESIGN.md, section 4).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "store/memory_store.h"
#include "workprint/checkpoint_store.h"
#include "workprint/clock.h"
#include "workprint/object_store.h"

namespace workprint::sim {

class World;
struct Worker;

class Oracle {
 public:
  explicit Oracle(World& world) : world_(world) {}

  /// A commit is offered to the database. `document` is the state after it.
  void offered(Worker& worker, const Commit& commit, const Json& document);
  /// A state document is offered to the bucket under `name`.
  void offered(Worker& worker, const std::string& name, const std::string& bytes);
  /// The film was carried here in this state, with assets that are damaged where it comes from.
  void knows(const Checkpoint& checkpoint, const Oracle& from);
  /// A state of another tier was put into the database.
  void installed(Worker& worker, const Checkpoint& checkpoint);
  /// ... and was taken. Called before anybody else may go on.
  void taken_by_database(const Commit& commit);
  void taken_by_bucket(Worker& worker, const std::string& name, const std::string& bytes);
  /// lease.json was written.
  void claimed(Worker& worker, const std::string& bytes);
  /// The engine says that the worker's last offered commit is durable.
  void acknowledged(Worker& worker, std::uint64_t epoch, std::uint64_t seq);
  /// Something was taken away or changed in a tier from outside.
  void damaged();
  /// ... and its bytes were changed in place: from now on what the database says of itself is verified.
  void flipped() { may_be_damaged_ = true; }
  /// The database goes back to `image`, before it does. A worker that was its writer then, and is not any more, may commit
  /// again; and a lease that it gave since is of a number that it will give again.
  void restored(const store::MemoryStore::Image& image);
  /// An asset's bytes were damaged where they lie.
  void rotted(const std::string& name);
  /// Call `number` of `what` is submitted; `times` counts this one.
  void submitted(const Worker& worker, const std::string& what, int number, bool dedupes, int times);
  /// ... its handle is recorded, says the engine; its operation came to its end.
  void handle_recorded(const Worker& worker, const std::string& what, int number);
  void received(const std::string& what, int number);

  /// The newest valid state in each tier.
  [[nodiscard]] std::optional<Checkpoint> in_database();
  [[nodiscard]] std::optional<Checkpoint> in_bucket();
  /// The same, heads only.
  [[nodiscard]] std::optional<Head> head_in_database();
  [[nodiscard]] std::optional<Head> head_in_bucket();

  [[nodiscard]] bool may_fork() const { return may_fork_; }
  [[nodiscard]] bool has_lost() const { return has_lost_; }
  [[nodiscard]] std::uint64_t commits() const { return acknowledged_.size(); }

 private:
  struct Known {
    Head head;
    std::string parent;
    CommitKind kind = CommitKind::step;
    Json document;
  };
  Known& remember(Worker& worker, const Json& document);
  [[nodiscard]] bool grew_out_of(const std::string& newer, const std::string& older) const;
  void check_takeover(Worker& worker, const Known& commit);
  void check_assets(const Known& state, const std::string& name);
  [[nodiscard]] std::set<std::string> line_of(const std::optional<Head>& head) const;
  [[nodiscard]] bool is_held(const std::string& hash);
  void check_nothing_is_lost(const std::string& when);

  World& world_;
  std::map<std::string, Known> known_;  ///< by hash
  std::map<std::string, std::size_t> acknowledged_;  ///< hash -> how many were before it
  std::map<std::string, std::size_t> first_taken_;   ///< hash -> how many were acknowledged when a tier first took it
  std::set<std::string> taken_;
  std::map<int, std::string> last_offered_;  ///< by worker
  std::uint64_t database_epoch_ = 0, bucket_epoch_ = 0;
  std::uint64_t blind_epoch_ = 0;  ///< of a takeover in the database that the bucket knows nothing of yet
  std::set<std::string> in_database_, in_state_json_;  ///< hashes they ever took
  std::map<int, Instant> signs_;   ///< of life in the bucket, by worker
  std::map<std::string, std::map<int, std::uint64_t>> open_;  ///< what is made: operations whose handles are recorded, and in which epoch
  std::set<std::string> rotten_, never_whole_;  ///< damaged assets; those that no state named before
  std::map<std::string, std::optional<Head>> decoded_;  ///< by hash of the bytes
  bool may_be_damaged_ = false;
  bool may_fork_ = false;   ///< a tier was hidden from a worker that took the film over, and there was something in it
  bool has_lost_ = false;   ///< acknowledged commits were taken away from every tier that held them
};

[[noreturn]] void broken(const std::string& law, const std::string& what);

}  // namespace workprint::sim
