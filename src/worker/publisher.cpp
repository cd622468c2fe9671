#include "worker/publisher.h"

#include <algorithm>

namespace workprint::worker {

using std::chrono::milliseconds;

Publisher::Publisher(ObjectStore& objects, FilmId film, std::shared_ptr<Clock> clock,
                     std::function<snapshot::Outgoing()> take, std::function<void(Event)> emit)
    : objects_(objects), film_(std::move(film)), clock_(std::move(clock)), take_(std::move(take)),
      emit_(std::move(emit)), thread_([this](std::stop_token stop) { work(stop); }) {}

Publisher::~Publisher() {
  thread_.request_stop();
  changed_.notify_all();
}

void Publisher::offer(const Head& head) {
  const std::lock_guard lock(mutex_);
  if (!offered_ || is_newer(head, *offered_)) offered_ = head;
  changed_.notify_all();
}

Result<void> Publisher::flush(Duration limit) {
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return fenced_ || !offered_ || (published_ && !is_newer(*offered_, *published_)); };
  const bool in_time = changed_.wait_for(lock, limit, settled);
  if (fenced_) return fail(ErrorKind::fenced, last_error_);
  if (in_time) return {};
  return fail(ErrorKind::unavailable, "state.json is not saved yet. film=" + film_.value() +
                                          " committed=" + std::to_string(number(offered_->seq)) + " published=" +
                                          (published_ ? std::to_string(number(published_->seq)) : "none") +
                                          " reason=" + (last_error_.empty() ? "still writing" : last_error_));
}

Publisher::Status Publisher::status() const {
  const std::lock_guard lock(mutex_);
  Status status{published_, 0, last_error_, fenced_};
  if (offered_) status.lag_seqs = number(offered_->seq) - (published_ ? number(published_->seq) : 0);
  return status;
}

void Publisher::work(std::stop_token stop) {
  Duration pause = milliseconds(100);
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] { return offered_ && (!published_ || is_newer(*offered_, *published_)); });
      if (stop.stop_requested() || fenced_) return;
    }
    if (publish_newest(stop)) {
      pause = milliseconds(100);
      continue;
    }
    if (!clock_->wait(pause, stop)) return;
    pause = std::min<Duration>(pause * 2, std::chrono::seconds(10));
  }
}

bool Publisher::publish_newest(std::stop_token) {
  const snapshot::Outgoing outgoing = take_();
  const auto done = shelf_.publish(objects_, film_, outgoing);
  Event event{"published", film_.value(), number(outgoing.head.epoch), number(outgoing.head.seq), Json::object()};
  {
    const std::lock_guard lock(mutex_);
    if (done) {
      published_ = outgoing.head;
      last_error_.clear();
    } else {
      last_error_ = done.error().message;
      fenced_ = done.error().kind == ErrorKind::fenced;
      event.type = "lag";
      event.payload = {{"seqs", number(offered_->seq) - (published_ ? number(published_->seq) : 0)}, {"error", last_error_}};
    }
    changed_.notify_all();
  }
  emit_(std::move(event));
  return done.has_value();
}

}  // namespace workprint::worker
