#include "service/http_stream.h"

#include <utility>

namespace workprint::http {

bool StreamQueue::push(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::open) return false;
  // What lies there already says how slow the client is: one event may be larger than the limit by itself.
  if (queued_.size() + in_flight_ > unsent_bytes_max_) {
    state_ = State::cut;
    std::string().swap(queued_);
    if (wake_) wake_();  // also while a write is under way: it may be the one that does not move
    return false;
  }
  queued_ += bytes;
  if (!std::exchange(is_woken_, true) && wake_) wake_();
  return true;
}

void StreamQueue::close() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::open) return;
  state_ = State::closed;
  if (!std::exchange(is_woken_, true) && wake_) wake_();
}

bool StreamQueue::is_open() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::open;
}

bool StreamQueue::is_cut() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::cut;
}

std::size_t StreamQueue::unsent_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_.size() + in_flight_;
}

StreamQueue::Batch StreamQueue::take() {
  const std::lock_guard lock(mutex_);
  is_woken_ = false;
  Batch batch{.bytes = std::exchange(queued_, {}), .is_last = state_ == State::closed};
  in_flight_ = batch.bytes.size();
  return batch;
}

void StreamQueue::sent() {
  const std::lock_guard lock(mutex_);
  in_flight_ = 0;
}

void StreamQueue::end() {
  const std::lock_guard lock(mutex_);
  state_ = State::ended;
  wake_ = nullptr;
  std::string().swap(queued_);
  in_flight_ = 0;
}

}  // namespace workprint::http
