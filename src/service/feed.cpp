#include "workprint/feed.h"

#include <algorithm>
#include <charconv>
#include <list>
#include <map>
#include <set>
#include <thread>

#include "record/commit.h"
#include "workprint/try.h"

namespace workprint {
namespace {

constexpr std::size_t commits_at_once = 256;
constexpr std::size_t asides_max = 100;

bool is_away(const Error& error) { return error.kind == ErrorKind::unavailable; }

}  // namespace

Result<FeedPlace> parse_feed_place(std::string_view text) {
  FeedPlace place;
  const char* end = text.data() + text.size();
  const auto [dot, bad_seq] = std::from_chars(text.data(), end, place.seq);
  if (bad_seq == std::errc() && dot != end && *dot == '.') {
    const auto [last, bad_number] = std::from_chars(dot + 1, end, place.number);
    if (bad_number == std::errc() && last == end) return place;
  }
  return fail(ErrorKind::invalid, "event id must read <seq>.<number>, as in 17.2");
}

struct Feed::Body {
  WorkflowService& service;
  CheckpointStore& store;
  const EventMapper mapper;
  const FeedOptions options;
  const std::shared_ptr<Clock> clock;

  struct Listener {
    std::uint64_t id = 0;
    FeedListener call;
  };
  /// A film that somebody listens to: its state as of `seq`, which is what all its listeners have seen.
  struct Film {
    std::mutex mutex;  // of what follows; held while listeners are called, so that their order is the commits'
    Json document = Json::object();
    std::uint64_t seq = 0;
    std::string hash;
    bool has_state = false;
    std::list<Listener> listeners;
  };

  mutable std::mutex mutex;  // of what follows; never taken while holding it: a Film's
  std::map<std::string, std::shared_ptr<Film>> films;
  std::set<std::string> poked;
  std::map<std::string, std::vector<FeedEvent>> told;  // not durable, to be given on the feed's own thread
  std::condition_variable_any called;
  std::uint64_t next_id = 1;
  std::jthread thread;

  // --- from commits to events -----------------------------------------------------------------------------------------

  /// Moves `document` over one commit; what happened goes to `out`. False: the commit is not known here but by its head.
  Result<bool> step(const FilmId& film, const Commit& commit, Json& document, std::vector<FeedEvent>& out) const {
    if (commit.delta.empty()) return false;
    const Json before = document;
    const record::Delta delta = TRY(record::decode_delta(commit.delta));
    TRY(record::apply(document, delta, film, commit.info));
    std::vector<FeedEvent> events = mapper(commit.info, before, document);
    std::uint64_t count = 0;
    for (FeedEvent& event : events) {
      event.seq = number(commit.info.head.seq);
      event.epoch = number(commit.info.head.epoch);
      event.number = ++count;
      event.at = commit.info.at;
      out.push_back(std::move(event));
    }
    return true;
  }

  void give(Film& film, const std::vector<FeedEvent>& events) {
    for (const FeedEvent& event : events)
      film.listeners.remove_if([&](const Listener& one) { return !one.call.event(event, film.document); });
  }

  void give(Film& film, const FullState& state) {
    film.listeners.remove_if([&](const Listener& one) { return !one.call.state(state); });
  }

  /// The whole state as it is now, and all listeners from there on. With the film's mutex held.
  Result<FullState> jump(const FilmId& id, Film& film) {
    FullState full = TRY(service.full_state(id));
    film.document = full.state;
    film.seq = number(full.provenance.head.seq);
    film.hash = full.provenance.head.hash;
    film.has_state = true;
    return full;
  }

  // Everything since the film was last looked at.
  Result<void> advance(const FilmId& id, Film& film) {
    while (true) {
      auto commits = store.log(id, Seq{film.seq}, commits_at_once);
      if (!commits || (commits->empty() && film.seq == 0)) {
        // Tier 1 does not answer, or does not have it: then the newest state is what there is to tell.
        const auto full = service.full_state(id);
        if (!full) return std::unexpected(full.error());
        if (full->provenance.head.hash == film.hash) return {};
        give(film, TRY(jump(id, film)));
        return {};
      }
      if (commits->empty()) return {};
      for (const Commit& commit : *commits) {
        const bool follows = number(commit.info.head.seq) == film.seq + 1 && commit.info.previous_hash == film.hash;
        std::vector<FeedEvent> events;
        const bool is_known = follows && TRY(step(id, commit, film.document, events));
        if (!is_known) {
          give(film, TRY(jump(id, film)));
          return {};
        }
        film.seq = number(commit.info.head.seq);
        film.hash = commit.info.head.hash;
        film.has_state = true;
        give(film, events);
      }
      if (commits->size() < commits_at_once) return {};
    }
  }

  // --- one thread for all films ---------------------------------------------------------------------------------------

  void run(std::stop_token stop) {
    Instant poll_at = clock->now() + options.poll;
    while (!stop.stop_requested()) {
      std::vector<std::pair<std::string, std::shared_ptr<Film>>> due;
      std::map<std::string, std::vector<FeedEvent>> asides;
      {
        std::unique_lock lock(mutex);
        called.wait_for(lock, stop, options.poll, [this] { return !poked.empty(); });
        const bool all = clock->now() >= poll_at;
        for (const auto& [id, film] : films)
          if (all || poked.contains(id)) due.emplace_back(id, film);
        poked.clear();
        asides = std::exchange(told, {});
        if (all) poll_at = clock->now() + options.poll;
      }
      for (const auto& [id, film] : due) {
        const auto film_id = parse_film_id(id);
        const std::lock_guard lock(film->mutex);
        // What cannot be read now is read at the next look.
        film->listeners.remove_if([](const Listener& one) { return one.call.is_there && !one.call.is_there(); });
        if (!film->listeners.empty()) [[maybe_unused]] const auto done = advance(*film_id, *film);
        if (const auto aside = asides.find(id); aside != asides.end()) give(*film, aside->second);
      }
      due.clear();  // who holds a film here would keep it
      drop_films_without_listeners();
    }
  }

  void drop_films_without_listeners() {
    const std::lock_guard lock(mutex);
    std::erase_if(films, [](const auto& one) {
      // Somebody who is about to listen holds the film too.
      if (one.second.use_count() > 1) return false;
      const std::lock_guard film_lock(one.second->mutex);
      return one.second->listeners.empty();
    });
  }

  std::shared_ptr<Film> film_named(const std::string& id) {
    const std::lock_guard lock(mutex);
    std::shared_ptr<Film>& film = films[id];
    if (!film) film = std::make_shared<Film>();
    return film;
  }

  /// Replays commits after `after` up to where the film stands now. With the film's mutex held.
  /// False: they are not kept; the listener gets a whole state instead.
  Result<bool> catch_up(const FilmId& id, const Film& film, const FeedPlace& after, const FeedListener& listener) const {
    if (after.seq > film.seq) return false;
    if (after.seq > 0 && film.seq - after.seq > options.replay_max) return false;
    Json document = Json::object();
    std::uint64_t seq = after.seq == 0 ? 0 : after.seq - 1;
    std::string hash;
    if (seq > 0) {
      const Loaded<Checkpoint> loaded = store.read(id, Seq{seq});
      if (loaded.outcome == Outcome::unreachable) return fail(ErrorKind::unavailable, loaded.detail);
      if (!loaded.value) return false;
      document = loaded.value->document;
      hash = loaded.value->head.hash;
    }
    while (seq < film.seq) {
      const auto commits = TRY(store.log(id, Seq{seq}, commits_at_once));
      if (commits.empty()) return false;
      for (const Commit& commit : commits) {
        if (seq >= film.seq) break;
        if (number(commit.info.head.seq) != seq + 1 || commit.info.previous_hash != hash) return false;
        std::vector<FeedEvent> events;
        if (!TRY(step(id, commit, document, events))) return false;
        seq = number(commit.info.head.seq);
        hash = commit.info.head.hash;
        for (const FeedEvent& event : events)
          if ((event.seq > after.seq || event.number > after.number) && !listener.event(event, document)) return fail(ErrorKind::cancelled, "the listener is gone");
      }
    }
    return true;
  }

  Result<void> join(const FilmId& id, Film& film, const std::optional<FeedPlace>& after, const FeedListener& listener) {
    if (film.has_state) {
      TRY(advance(id, film));
    } else if (const auto full = jump(id, film); !full) {
      // Not begun yet: its first commit will be the first event.
      if (full.error().kind != ErrorKind::not_found) return std::unexpected(full.error());
      return {};
    }
    if (after) {
      const auto caught = catch_up(id, film, *after, listener);
      if (!caught && !is_away(caught.error())) return std::unexpected(caught.error());
      if (caught && *caught) return {};
    }
    const FullState full = TRY(service.full_state(id));
    // Commits that came in since the last look are told to everybody; this listener must not miss what lies between.
    if (full.provenance.head.hash != film.hash) TRY(advance(id, film));
    FullState now = full;
    now.state = film.document;
    now.provenance.head.seq = Seq{film.seq};
    now.provenance.head.hash = film.hash;
    if (!listener.state(now)) return fail(ErrorKind::cancelled, "the listener is gone");
    return {};
  }
};

Feed::Feed(WorkflowService& service, CheckpointStore& store, EventMapper mapper, FeedOptions options, std::shared_ptr<Clock> clock)
    : body_(new Body{service, store, std::move(mapper), options, std::move(clock), {}, {}, {}, {}, {}, 1, {}}) {
  body_->thread = std::jthread([body = body_.get()](std::stop_token stop) { body->run(stop); });
}

Feed::~Feed() {
  body_->thread.request_stop();
  body_->thread.join();
}

Result<std::uint64_t> Feed::listen(const FilmId& film, const std::optional<FeedPlace>& after, FeedListener listener) {
  const std::shared_ptr<Body::Film> held = body_->film_named(film.value());
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(body_->mutex);
    id = body_->next_id++;
  }
  const std::lock_guard lock(held->mutex);
  TRY(body_->join(film, *held, after, listener));
  held->listeners.push_back({id, std::move(listener)});
  return id;
}

void Feed::leave(const FilmId& film, std::uint64_t listener) {
  std::shared_ptr<Body::Film> held;
  {
    const std::lock_guard lock(body_->mutex);
    const auto found = body_->films.find(film.value());
    if (found == body_->films.end()) return;
    held = found->second;
  }
  const std::lock_guard lock(held->mutex);
  held->listeners.remove_if([&](const Body::Listener& one) { return one.id == listener; });
}

void Feed::poke(const std::string& film) {
  const std::lock_guard lock(body_->mutex);
  if (!body_->films.contains(film)) return;
  body_->poked.insert(film);
  body_->called.notify_all();
}

void Feed::tell(const std::string& film, FeedEvent event) {
  const std::lock_guard lock(body_->mutex);
  if (!body_->films.contains(film)) return;
  event.number = 0;
  event.at = body_->clock->wall();
  std::vector<FeedEvent>& waiting = body_->told[film];
  if (waiting.size() >= asides_max) waiting.erase(waiting.begin());
  waiting.push_back(std::move(event));
  body_->poked.insert(film);
  body_->called.notify_all();
}

std::size_t Feed::listeners() const {
  std::vector<std::shared_ptr<Body::Film>> films;
  {
    const std::lock_guard lock(body_->mutex);
    for (const auto& [id, film] : body_->films) films.push_back(film);
  }
  std::size_t count = 0;
  for (const auto& film : films) {
    const std::lock_guard lock(film->mutex);
    count += film->listeners.size();
  }
  return count;
}

}  // namespace workprint
