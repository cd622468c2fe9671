#include "store/memory_inbox.h"

#include <algorithm>

#include "workprint/try.h"

namespace workprint::store {

bool MemoryInbox::has_pending(const FilmId& film) const {
  return std::ranges::any_of(commands_, [&](const auto& one) { return one.first.first == film && one.second.second.state == CommandState::accepted; });
}

void MemoryInbox::put(const FilmId& film, int priority) {
  const auto [place, is_new] = queue_.try_emplace(film, Place{priority, next_++, 0, {}, 0});
  if (!is_new) place->second.priority = std::max(place->second.priority, priority);
  place->second.not_before_ms = 0;
  ++changes_;
  news_.notify_all();
}

Result<CommandRecord> MemoryInbox::submit(const Command& command) {
  TRY(is_acceptable(command));
  const std::lock_guard lock(mutex_);
  const auto known = commands_.find({command.film, command.id});
  if (known != commands_.end()) {
    TRY(is_same(command, body_of(known->second.second.command)));
    return known->second.second;
  }
  const auto waiting = std::ranges::count_if(commands_, [&](const auto& one) { return one.first.first == command.film && one.second.second.state == CommandState::accepted; });
  if (static_cast<std::size_t>(waiting) >= unapplied_commands_max) return too_many_commands(command.film);
  CommandRecord record{command, CommandState::accepted, clock_->wall(), Seq{}, {}};
  commands_.emplace(std::pair(command.film, command.id), std::pair(next_++, record));
  put(command.film, command.priority);
  return record;
}

Result<CommandRecord> MemoryInbox::find(const FilmId& film, const std::string& command) {
  const std::lock_guard lock(mutex_);
  const auto found = commands_.find({film, command});
  if (found == commands_.end()) return no_such_command(film, command);
  return found->second.second;
}

Result<std::vector<Command>> MemoryInbox::pending(const FilmId& film, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::uint64_t, Command>> found;
  for (const auto& [key, entry] : commands_)
    if (key.first == film && entry.second.state == CommandState::accepted) found.emplace_back(entry.first, entry.second.command);
  std::ranges::sort(found, {}, [](const auto& one) { return one.first; });
  std::vector<Command> commands;
  for (auto& [order, command] : found)
    if (commands.size() < limit) commands.push_back(std::move(command));
  return commands;
}

Result<void> MemoryInbox::settle(const FilmId& film, const std::string& command, CommandState state, Seq seq, const std::string& error) {
  const std::lock_guard lock(mutex_);
  const auto found = commands_.find({film, command});
  if (found == commands_.end()) return no_such_command(film, command);
  CommandRecord& record = found->second.second;
  if (record.state != CommandState::accepted) return {};
  record.state = state;
  record.seq = seq;
  record.error = error;
  return {};
}

Result<void> MemoryInbox::enqueue(const FilmId& film, int priority) {
  const std::lock_guard lock(mutex_);
  if (!queue_.contains(film)) put(film, priority);
  return {};
}

Result<std::vector<Claim>> MemoryInbox::claim(const std::string& worker, std::size_t count, Duration term) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t now_ms = monotonic_ms(*clock_);
  std::vector<std::pair<FilmId, Place*>> free;
  for (auto& [film, place] : queue_) {
    if (place.not_before_ms > now_ms) continue;
    const ClaimIs claim = judge_claim(place.holder, place.doubted_ms, worker, now_ms);
    if (claim == ClaimIs::free) free.emplace_back(film, &place);
    if (claim == ClaimIs::to_be_doubted) place.doubted_ms = now_ms;
  }
  std::ranges::sort(free, {}, [](const auto& one) { return std::pair(-one.second->priority, one.second->turn); });
  std::vector<Claim> claims;
  for (const auto& [film, place] : free) {
    if (claims.size() >= count) break;
    claims.push_back({film, place->priority, !place->holder.writer.empty()});
    place->holder = {worker, static_cast<std::uint64_t>(term.count()), now_ms};
    place->doubted_ms = 0;
  }
  return claims;
}

Result<std::vector<FilmId>> MemoryInbox::keep(const std::string& worker, const std::vector<FilmId>& films) {
  const std::lock_guard lock(mutex_);
  std::vector<FilmId> called;
  for (auto& [film, place] : queue_) {
    if (place.holder.writer != worker || std::ranges::find(films, film) == films.end()) continue;
    place.holder.alive_ms = monotonic_ms(*clock_);
    place.doubted_ms = 0;
    if (has_pending(film)) called.push_back(film);
  }
  return called;
}

Result<void> MemoryInbox::rest(const std::string& worker, const FilmId& film) {
  const std::lock_guard lock(mutex_);
  const auto place = queue_.find(film);
  if (place == queue_.end() || place->second.holder.writer != worker) return {};
  const int priority = place->second.priority;
  queue_.erase(place);
  if (has_pending(film)) put(film, priority);
  return {};
}

Result<void> MemoryInbox::give_back(const std::string& worker, const FilmId& film, Duration after, Turn turn) {
  const std::lock_guard lock(mutex_);
  const auto place = queue_.find(film);
  if (place == queue_.end() || place->second.holder.writer != worker) return {};
  place->second.holder = {};
  if (turn == Turn::last) place->second.turn = next_++;
  place->second.not_before_ms = monotonic_ms(*clock_) + static_cast<std::uint64_t>(after.count());
  ++changes_;
  news_.notify_all();
  return {};
}

Result<QueueCounts> MemoryInbox::counts() {
  const std::lock_guard lock(mutex_);
  QueueCounts counts;
  for (const auto& [film, place] : queue_) ++(place.holder.writer.empty() ? counts.waiting : counts.claimed);
  for (const auto& [key, entry] : commands_) counts.commands += entry.second.state == CommandState::accepted ? 1 : 0;
  return counts;
}

Result<std::uint64_t> MemoryInbox::forget(WallTime before) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(commands_, [&](const auto& one) {
    return one.second.second.state != CommandState::accepted && one.second.second.accepted_at < before;
  });
}

void MemoryInbox::wait(Duration limit, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, stop, limit, [&] { return changes_ != seen_; });
  seen_ = changes_;
}

}  // namespace workprint::store
