#include "worker/keeper.h"

#include <algorithm>

#include "workprint/try.h"

namespace workprint::worker {
namespace {

constexpr int rest_factor = 9;  // publishing takes one part in ten of a process
constexpr Duration rest_max = std::chrono::seconds(1);
constexpr Duration pause_first = std::chrono::milliseconds(100), pause_max = std::chrono::seconds(10);

bool is_final(ErrorKind kind) { return kind == ErrorKind::fenced || kind == ErrorKind::conflict; }

}  // namespace

Keeper::Keeper(Setup setup, Duties duties)
    : setup_(std::move(setup)), duties_(std::move(duties)), shelf_(setup_.seen), claim_(setup_.claim), pause_(pause_first) {
  next_sign_ = setup_.clock->now() + setup_.term / 3;
  if (setup_.keepers != nullptr) ++*setup_.keepers;
  if (setup_.background == Background::thread) thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

Keeper::~Keeper() {
  thread_.request_stop();
  changed_.notify_all();
  if (setup_.keepers != nullptr) --*setup_.keepers;
}

void Keeper::offer(const Head& head) {
  const std::lock_guard lock(mutex_);
  const Instant due = next_due();
  if (!wants_publication()) behind_since_ = setup_.clock->now();
  if (!offered_ || is_newer(head, *offered_)) offered_ = head;
  if (next_due() < due) changed_.notify_all();
}

bool Keeper::wants_publication() const { return offered_ && (!published_ || is_newer(*offered_, *published_)); }

Instant Keeper::publication_due() const { return flushing_ > 0 ? not_before_ : std::max(not_before_, rests_until_); }

Instant Keeper::next_due() const { return wants_publication() ? std::min(publication_due(), next_sign_) : next_sign_; }

void Keeper::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      const Instant due = next_due();
      const Duration until = std::chrono::ceil<Duration>(std::max(due - setup_.clock->now(), Instant::duration::zero()));
      changed_.wait_for(lock, stop, until, [&] { return next_due() < due; });
      if (lost_) return;
    }
    if (!stop.stop_requested()) attend();
  }
}

void Keeper::attend() {
  bool publish_now = false, sign_now = false;
  {
    const std::lock_guard lock(mutex_);
    if (lost_) return;
    const Instant now = setup_.clock->now();
    publish_now = wants_publication() && now >= publication_due();
    sign_now = now >= next_sign_;
  }
  if (publish_now) publish_newest();
  if (sign_now) give_sign();
}

// Some stores take about one write a second to one name. They count from when they took the last one, which is at the
// latest when its answer is here.
Result<void> Keeper::paced(Instant& last, const std::function<Result<void>()>& write) {
  const auto since = setup_.clock->now() - last;
  if (const auto rest = std::chrono::ceil<Duration>(setup_.objects->write_interval() - since); last != Instant{} && rest > Duration::zero())
    setup_.clock->wait(rest, {});
  auto done = write();
  last = setup_.clock->now();
  return done;
}

Result<void> Keeper::publish(const snapshot::Outgoing& outgoing) {
  {
    const std::lock_guard lock(mutex_);
    if (lost_) return std::unexpected(*lost_);
    if (published_ && !is_newer(outgoing.head, *published_)) return {};  // somebody was quicker with a newer one
  }
  Instant begin{};
  auto done = paced(written_at_, [&] {
    begin = setup_.clock->now();
    return shelf_.publish(*setup_.objects, setup_.film, outgoing);
  });
  if (!done && is_final(done.error().kind)) lose(done.error());
  if (!done) return done;
  published_at_ = written_at_;
  const std::lock_guard lock(mutex_);
  published_ = outgoing.head;
  // Not sooner, so that what is written then is what is newest then.
  not_before_ = written_at_ + setup_.objects->write_interval();
  // Without a thread of its own nobody would end the rest when no commit comes.
  const int films = setup_.keepers == nullptr ? 0 : setup_.keepers->load();
  rests_until_ = written_at_ + std::min<Instant::duration>((written_at_ - begin) * rest_factor * films, rest_max);
  behind_since_ = written_at_;
  last_error_.clear();
  pause_ = pause_first;
  changed_.notify_all();
  return done;
}

Result<void> Keeper::write_through(const snapshot::Outgoing& outgoing) {
  const std::lock_guard io(io_);
  TRY(publish(outgoing));
  duties_.emit({"published", setup_.film.value(), number(outgoing.head.epoch), number(outgoing.head.seq), Json::object()});
  return {};
}

Result<void> Keeper::confirm(const snapshot::Outgoing& outgoing) {
  const std::lock_guard io(io_);
  auto done = paced(written_at_, [&] { return shelf_.confirm(*setup_.objects, setup_.film, outgoing); });
  if (!done && is_final(done.error().kind)) lose(done.error());
  return done;
}

void Keeper::publish_newest() {
  // Before io_: a commit that writes through holds the session and waits for io_.
  const auto newest = duties_.newest();
  if (!newest) {
    const std::lock_guard lock(mutex_);
    last_error_ = newest.error().message;
    not_before_ = setup_.clock->now() + pause_max;
    return;
  }
  const snapshot::Outgoing& outgoing = *newest;
  const std::lock_guard io(io_);
  const auto done = publish(outgoing);
  Event event{"published", setup_.film.value(), number(outgoing.head.epoch), number(outgoing.head.seq), Json::object()};
  if (!done) {
    const std::lock_guard lock(mutex_);
    last_error_ = done.error().message;
    not_before_ = setup_.clock->now() + pause_;
    pause_ = std::min(pause_ * 2, pause_max);
    event.type = "lag";
    event.payload = lag_of(offered_ ? number(offered_->seq) - (published_ ? number(published_->seq) : 0) : 0);
  }
  duties_.emit(std::move(event));
  if (done) read_back(outgoing);
}

// Continuously, but not in the way: the newest of a burst is read, and what it replaced no longer matters.
void Keeper::read_back(const snapshot::Outgoing& outgoing) {
  {
    const std::lock_guard lock(mutex_);
    if (wants_publication()) return;
  }
  const auto same = shelf_.read_back(*setup_.objects, setup_.film, outgoing);
  if (same || same.error().kind == ErrorKind::unavailable) return;
  Event event{"lag", setup_.film.value(), number(outgoing.head.epoch), number(outgoing.head.seq), Json::object()};
  {
    const std::lock_guard lock(mutex_);
    published_.reset();
    last_error_ = same.error().message;
    not_before_ = setup_.clock->now() + pause_;
    pause_ = std::min(pause_ * 2, pause_max);
    event.payload = lag_of(1);
  }
  duties_.emit(std::move(event));
}

Json Keeper::lag_of(std::uint64_t seqs) const {
  const std::chrono::duration<double> since = setup_.clock->now() - behind_since_;
  return {{"seqs", seqs}, {"seconds", since.count()}, {"error", last_error_}};
}

void Keeper::give_sign() {
  const auto epoch = duties_.sign_of_life();
  if (!epoch && is_final(epoch.error().kind)) return lose(epoch.error());
  const std::lock_guard io(io_);
  const Instant now = setup_.clock->now();
  // A publication is a sign of life too.
  if (epoch && (published_at_ == Instant{} || now - published_at_ >= setup_.term / 3)) {
    const snapshot::Claim claim{*epoch, setup_.writer, 0, setup_.term, false, {}};
    const auto beat = paced(claimed_at_, [&] { return claim_.beat(*setup_.objects, setup_.film, claim); });
    if (!beat && is_final(beat.error().kind)) return lose(beat.error());
  }
  const std::lock_guard lock(mutex_);
  next_sign_ = now + setup_.term / 3;
}

void Keeper::lose(Error error) {
  const std::lock_guard lock(mutex_);
  if (!lost_) lost_ = std::move(error);
  last_error_ = lost_->message;
  changed_.notify_all();
}

// While it lives, the publication does not rest.
class Keeper::Waiter {
 public:
  explicit Waiter(Keeper& keeper) : keeper_(keeper) { count(+1); }
  ~Waiter() { count(-1); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 private:
  void count(int change) {
    const std::lock_guard lock(keeper_.mutex_);
    keeper_.flushing_ += static_cast<std::size_t>(change);
    keeper_.changed_.notify_all();
  }
  Keeper& keeper_;
};

Result<void> Keeper::flush(Duration limit, std::stop_token park) {
  const Instant end = setup_.clock->now() + limit;
  const Waiter waiter(*this);
  const std::optional<Head> wanted = [&] {
    const std::lock_guard lock(mutex_);
    return offered_;
  }();
  // What is offered from now on is not waited for: commits beside this call may never leave a gap.
  const auto settled = [&] { return lost_ || !wanted || (published_ && !is_newer(*wanted, *published_)); };
  while (setup_.background == Background::by_caller && setup_.clock->now() < end && !park.stop_requested()) {
    attend();
    Duration until{};
    {
      const std::lock_guard lock(mutex_);
      if (settled()) break;
      const Instant now = setup_.clock->now();
      until = std::chrono::ceil<Duration>(std::clamp(publication_due() - now, Instant::duration::zero(), std::max(end - now, Instant::duration::zero())));
    }
    if (until > Duration::zero()) setup_.clock->wait(until, park);
  }
  std::unique_lock lock(mutex_);
  const bool in_time = setup_.background == Background::by_caller ? settled() : changed_.wait_for(lock, park, limit, settled);
  if (lost_) return std::unexpected(*lost_);
  if (in_time) return {};
  return fail(ErrorKind::unavailable, "state.json is not saved yet. film=" + setup_.film.value() +
                                          " committed=" + std::to_string(number(offered_->seq)) + " published=" +
                                          (published_ ? std::to_string(number(published_->seq)) : "none") +
                                          " reason=" + (last_error_.empty() ? "still writing" : last_error_));
}

void Keeper::release() {
  {
    // Who may take the film from tier 2 must find all of it there.
    const std::lock_guard lock(mutex_);
    if (wants_publication()) return;
  }
  const std::lock_guard io(io_);
  // A claim that stays costs the next worker a term of looking, no more.
  [[maybe_unused]] const auto released = paced(claimed_at_, [&] { return claim_.release(*setup_.objects, setup_.film); });
}

Keeper::Status Keeper::status() const {
  const std::lock_guard lock(mutex_);
  Status status{published_, 0, {}, last_error_, lost_};
  if (!wants_publication()) return status;
  status.lag_seqs = number(offered_->seq) - (published_ ? number(published_->seq) : 0);
  status.lag = std::chrono::floor<Duration>(setup_.clock->now() - behind_since_);
  return status;
}

}  // namespace workprint::worker
