/// The inbox in memory: for films that may be lost, and for simulations.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "store/inbox_rule.h"

namespace workprint::store {

class MemoryInbox final : public Inbox {
 public:
  explicit MemoryInbox(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}

  Result<CommandRecord> submit(const Command& command) override;
  Result<CommandRecord> find(const FilmId& film, const std::string& command) override;
  Result<std::vector<Command>> pending(const FilmId& film, std::size_t limit) override;
  Result<void> settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) override;
  Result<void> enqueue(const FilmId& film, int priority) override;
  Result<std::vector<Claim>> claim(const std::string& worker, std::size_t count, Duration term) override;
  Result<std::vector<FilmId>> keep(const std::string& worker, const std::vector<FilmId>& films) override;
  Result<void> rest(const std::string& worker, const FilmId& film) override;
  Result<void> give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) override;
  Result<QueueCounts> counts() override;
  Result<std::string> incarnation() override { return std::string("memory"); }
  Result<std::uint64_t> forget(WallTime before) override;
  void wait(Duration limit, std::stop_token stop) override;

 private:
  struct Place {
    int priority = 0;
    std::uint64_t turn = 0, not_before_ms = 0;
    Holder holder;
    std::uint64_t doubted_ms = 0;
  };
  void put(const FilmId& film, int priority);
  [[nodiscard]] bool has_pending(const FilmId& film) const;

  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::condition_variable_any news_;
  std::uint64_t next_ = 1, changes_ = 0, seen_ = 0;
  std::map<std::pair<FilmId, std::string>, std::pair<std::uint64_t, CommandRecord>> commands_;
  std::map<FilmId, Place> queue_;
};

}  // namespace workprint::store
