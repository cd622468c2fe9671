#include "workprint/worker.h"

#include <algorithm>
#include <map>
#include <thread>

#include "base/fault.h"

namespace workprint {
namespace {

constexpr auto commands_kept_for = std::chrono::days(7);
constexpr Duration back_off_first = std::chrono::seconds(1), back_off_max = std::chrono::seconds(60);

}  // namespace

struct Worker::Body {
  WorkflowService& service;
  Inbox& inbox;
  const WorkerOptions options;
  const std::shared_ptr<Clock> clock;
  const EventSink events;

  struct Attended {
    Summons summons;
    std::stop_source stop;
    Instant since;
    std::atomic<bool> made_place = false;  // its slice is over
  };

  mutable std::mutex mutex;
  std::condition_variable_any news;
  std::uint64_t generation = 0;  // of the queue: +1 whenever it is worth a look
  std::map<FilmId, std::shared_ptr<Attended>> attended;
  std::map<FilmId, Duration> back_offs;
  WorkerStatus counts;

  void note(const std::string& film, const std::string& message) const {
    if (events) events({"note", film, 0, 0, {{"message", message}}});
  }

  // --- the queue's side: one thread -----------------------------------------------------------------------------------

  void look_at_queue() {
    const std::lock_guard lock(mutex);
    ++generation;
    news.notify_all();
    for (const auto& [film, one] : attended) one->summons.look();
  }

  // Whether the inbox answers, and since when it does again.
  void heard(const Result<void>& answer) {
    const std::lock_guard lock(mutex);
    if (answer) {
      if (counts.outage) outage_ended = clock->now();
      counts.outage.reset();
    } else if (answer.error().kind == ErrorKind::unavailable || answer.error().kind == ErrorKind::corrupt) {
      counts.outage = answer.error().message;
    }
  }
  std::optional<Instant> outage_ended;
  std::string known_store;

  void keep() {
    std::vector<FilmId> films;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [film, one] : attended) films.push_back(film);
    }
    const auto called = inbox.keep(options.writer, films);
    heard(called ? Result<void>() : Result<void>(std::unexpected(called.error())));
    // A queue that was made anew knows nothing of the films that waited in the old one.
    const auto incarnation = inbox.incarnation();
    if (!incarnation) return;
    const std::lock_guard lock(mutex);
    if (!known_store.empty() && known_store != *incarnation) outage_ended = clock->now();
    known_store = *incarnation;
  }

  // Finds films that no queue knows of; after an outage the queue itself may be gone.
  void sweep() {
    const auto found = service.unattended(inbox);
    if (!found) return heard(std::unexpected(found.error()));
    for (const FilmId& film : *found) {
      {
        const std::lock_guard lock(mutex);
        if (attended.contains(film)) continue;
      }
      heard(inbox.enqueue(film, 0));
    }
    [[maybe_unused]] const auto forgotten = inbox.forget(clock->wall() - commands_kept_for);
  }

  // A film that had its time makes place, when others wait and no place is free.
  void share() {
    const auto counts_now = inbox.counts();
    if (!counts_now || counts_now->waiting == 0) return;
    const std::lock_guard lock(mutex);
    if (attended.size() < static_cast<std::size_t>(options.films)) return;
    const auto oldest = std::ranges::min_element(attended, {}, [](const auto& one) { return one.second->since; });
    if (clock->now() - oldest->second->since < options.slice) return;
    oldest->second->made_place = true;
    oldest->second->summons.yield();
  }

  void tend(std::stop_token drain) {
    // Looking all films over may take minutes, and claims must be kept meanwhile.
    std::atomic<bool> is_sweeping = false;
    std::jthread sweeper;
    const Duration keep_every = std::max<Duration>(options.claim_term / 4, std::chrono::milliseconds(20));
    Instant keep_at = clock->now(), sweep_at = clock->now(), share_at = clock->now() + options.slice / 4;
    while (!drain.stop_requested()) {
      const Instant now = clock->now();
      if (now >= keep_at) {
        keep();
        keep_at = now + keep_every;
      }
      bool was_away = false;
      {
        const std::lock_guard lock(mutex);
        was_away = outage_ended.has_value();
        outage_ended.reset();
      }
      if ((now >= sweep_at || was_away) && !is_sweeping.exchange(true)) {
        sweeper = std::jthread([&] {
          sweep();
          is_sweeping = false;
        });
        sweep_at = now + options.sweep;
      }
      if (now >= share_at) {
        share();
        share_at = now + std::max<Duration>(options.slice / 4, std::chrono::seconds(1));
      }
      look_at_queue();
      inbox.wait(std::min(options.poll, keep_every), drain);
    }
  }

  // --- one place for a film: a thread each ----------------------------------------------------------------------------

  void occupy(std::stop_token drain) {
    std::uint64_t seen = 0;
    while (!drain.stop_requested()) {
      {
        std::unique_lock lock(mutex);
        if (!news.wait(lock, drain, [&] { return generation != seen; })) return;
        seen = generation;
      }
      // One after the other as long as there are any.
      while (!drain.stop_requested()) {
        const auto claims = inbox.claim(options.writer, 1, options.claim_term);
        heard(claims ? Result<void>() : Result<void>(std::unexpected(claims.error())));
        if (!claims || claims->empty()) break;
        turn(claims->front());
      }
    }
  }

  void turn(const Claim& claim) {
    const auto one = std::make_shared<Attended>();
    one->since = clock->now();
    {
      const std::lock_guard lock(mutex);
      // Its claim ran out while this worker lives: it is ours already, and must not be taken from ourselves.
      if (!attended.emplace(claim.film, one).second) return;
      if (claim.was_taken_over) ++counts.taken_over;
      if (counts.is_draining) one->summons.yield();
    }
    fault_point("worker.claimed");
    const auto report = service.attend(claim.film, inbox, one->summons, one->stop.get_token());
    {
      const std::lock_guard lock(mutex);
      attended.erase(claim.film);
      ++counts.attended;
      if (!report) ++counts.failed;
    }
    heard(let_go(claim.film, report, one->made_place ? Turn::last : Turn::kept));
  }

  Result<void> let_go(const FilmId& film, const Result<RunReport>& report, Turn turn) {
    if (report) {
      {
        const std::lock_guard lock(mutex);
        back_offs.erase(film);
      }
      if (report->status == FilmStatus::stopped) return put_back(film, Duration::zero(), turn);
      return inbox.rest(options.writer, film);
    }
    note(film.value(), "the film's turn ended: " + report.error().message);
    switch (report.error().kind) {
      case ErrorKind::unavailable:
      case ErrorKind::conflict:
      case ErrorKind::fenced: return put_back(film, back_off(film), Turn::kept);
      case ErrorKind::cancelled: return put_back(film, Duration::zero(), Turn::kept);
      default: return leave_to_people(film);
    }
  }

  // Nothing here can help. attend() has answered the commands it looked at; one that waits still was accepted since, and may
  // be what begins or mends the film: it is not rejected unseen, and not tried at the database's speed either.
  Result<void> leave_to_people(const FilmId& film) {
    const auto waiting = inbox.pending(film, 1);
    if (waiting && waiting->empty()) return inbox.rest(options.writer, film);
    return put_back(film, back_off(film), Turn::last);
  }

  // Also where the queue was lost while the film was being worked on.
  Result<void> put_back(const FilmId& film, Duration after, Turn turn) {
    auto done = inbox.give_back(options.writer, film, after, turn);
    if (!done) return done;
    return inbox.enqueue(film, 0);
  }

  Duration back_off(const FilmId& film) {
    const std::lock_guard lock(mutex);
    Duration& pause = back_offs[film];
    pause = pause == Duration::zero() ? back_off_first : std::min(pause * 2, back_off_max);
    return pause;
  }

  void drain_all() {
    {
      const std::lock_guard lock(mutex);
      for (const auto& [film, one] : attended) one->summons.yield();
      counts.is_draining = true;
    }
    const Instant end = clock->now() + options.drain_limit;
    for (Instant keep_at = clock->now(); clock->now() < end && !options.park.stop_requested();) {
      {
        const std::lock_guard lock(mutex);
        if (attended.empty()) return;
      }
      clock->wait(std::chrono::milliseconds(50), options.park);
      // The claims must not end while their films are being finished.
      if (clock->now() < keep_at) continue;
      keep();
      keep_at = clock->now() + options.claim_term / 4;
    }
    const std::lock_guard lock(mutex);
    for (const auto& [film, one] : attended) one->stop.request_stop();
  }
};

Worker::Worker(WorkflowService& service, Inbox& inbox, WorkerOptions options, std::shared_ptr<Clock> clock, EventSink events)
    : body_(new Body{service, inbox, std::move(options), std::move(clock), std::move(events), {}, {}, 0, {}, {}, {}, {}, {}}) {}

Worker::~Worker() = default;

void Worker::run(std::stop_token drain) {
  std::stop_source places;
  std::vector<std::jthread> threads;
  for (int i = 0; i < body_->options.films; ++i) threads.emplace_back([&] { body_->occupy(places.get_token()); });
  body_->tend(drain);
  places.request_stop();
  body_->drain_all();
}

void Worker::wake() { body_->look_at_queue(); }

WorkerStatus Worker::status() const {
  const std::lock_guard lock(body_->mutex);
  WorkerStatus status = body_->counts;
  for (const auto& [film, one] : body_->attended) status.films.push_back(film.value());
  return status;
}

}  // namespace workprint
