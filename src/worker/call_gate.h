/// How many calls to one provider run at the same time, over all films of this process.
///
/// Thread-safety: any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace workprint::worker {

class CallGate {
 public:
  /// `calls_max` for each provider; 0: no limit.
  explicit CallGate(int calls_max) : calls_max_(calls_max) {}

  /// A place among the calls of one provider, as long as it is held.
  class Place {
   public:
    Place() = default;
    Place(CallGate& gate, std::string provider) : gate_(&gate), provider_(std::move(provider)) {}
    Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), provider_(std::move(other.provider_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (gate_ != nullptr) gate_->leave(provider_);
    }

   private:
    CallGate* gate_ = nullptr;
    std::string provider_;
  };

  /// Waits for a place. Nothing: `stop` was requested first. `must_wait` is called once, before a wait.
  std::optional<Place> enter(const std::string& provider, std::stop_token stop, const std::function<void()>& must_wait) {
    if (calls_max_ <= 0) return Place();
    std::unique_lock lock(mutex_);
    if (calls_[provider] >= calls_max_) {
      lock.unlock();
      must_wait();
      lock.lock();
    }
    if (!left_.wait(lock, stop, [&] { return calls_[provider] < calls_max_; })) return std::nullopt;
    ++calls_[provider];
    return Place(*this, provider);
  }

 private:
  void leave(const std::string& provider) {
    const std::lock_guard lock(mutex_);
    --calls_[provider];
    left_.notify_all();
  }

  const int calls_max_;
  std::mutex mutex_;
  std::condition_variable_any left_;
  std::map<std::string, int> calls_;
};

}  // namespace workprint::worker
