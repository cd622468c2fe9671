/// Knows everything that ever happened to the film, and holds each law against it (DESIGN.md, section 4).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "workprint/checkpoint_store.h"
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
  /// A state of another tier was put into the database.
  void installed(Worker& worker, const Checkpoint& checkpoint);
  /// ... and was taken. Called before anybody else may go on.
  void taken_by_database(const Commit& commit);
  void taken_by_bucket(const std::string& name, const std::string& bytes);
  /// The engine says that the worker's last offered commit is durable.
  void acknowledged(Worker& worker, std::uint64_t epoch, std::uint64_t seq);
  /// Something was taken away or changed in a tier from outside.
  void damaged();
  /// ... and its bytes were changed in place: from now on what the database says of itself is verified.
  void flipped() { may_be_damaged_ = true; }
  /// The database went back to a time when another worker was its writer: that one may commit again.
  void unfenced() { may_fork_ = true; }
  /// A paid call is submitted; `times` counts this one.
  void submitted(const std::string& key, bool dedupes, int times);

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
  [[nodiscard]] std::set<std::string> line_of(const std::optional<Head>& head) const;
  [[nodiscard]] bool is_held(const std::string& hash);
  void check_nothing_is_lost(const std::string& when);

  World& world_;
  std::map<std::string, Known> known_;  ///< by hash
  std::set<std::string> acknowledged_, taken_;
  std::map<int, std::string> last_offered_;  ///< by worker
  std::uint64_t database_epoch_ = 0, bucket_epoch_ = 0;
  std::map<std::string, std::optional<Head>> decoded_;  ///< by hash of the bytes
  bool may_be_damaged_ = false;
  bool may_fork_ = false;   ///< a worker took the film over without seeing a tier
  bool has_lost_ = false;   ///< acknowledged commits were taken away from every tier that held them
};

[[noreturn]] void broken(const std::string& law, const std::string& what);

}  // namespace workprint::sim
