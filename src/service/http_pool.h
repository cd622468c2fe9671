/// The threads that handlers run on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace workprint::http {

using Job = std::move_only_function<void()>;

/// Thread-safety: any thread. Blocking: never, but the destructor waits until all jobs are done.
/// The queue has no limit of its own: a connection has at most two jobs in it.
class Pool {
 public:
  explicit Pool(std::size_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  void run(Job job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool is_stopping_ = false;
  std::vector<std::jthread> threads_;  // last: start when all else is there
};

}  // namespace workprint::http
