/// What happened to a film, as numbered events that can be had again from any number.
///
/// Events are not stored: each follows from one commit, and the commits are. So an event exists exactly when its change is
/// durable, has the same number whoever asks, and can be replayed as long as its commit is kept. Events without a number
/// are for eyes: what a task reports between commits, and whole states.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workprint/service.h"

namespace workprint {

struct FeedEvent {
  std::string type;
  Json payload = Json::object();
  // Set by the feed:
  std::uint64_t seq = 0, epoch = 0;
  std::uint64_t number = 0;  ///< within its commit, from 1; 0: not durable
  WallTime at{};
  /// `<seq>.<number>`; empty when it is not durable.
  [[nodiscard]] std::string id() const { return number == 0 ? std::string() : std::to_string(seq) + "." + std::to_string(number); }
};

/// The events of one commit: the documents before it (an empty object for the first) and after it. Pure.
using EventMapper = std::function<std::vector<FeedEvent>(const CommitInfo& info, const Json& before, const Json& after)>;

/// A place in a film's events: all up to it were seen.
struct FeedPlace {
  std::uint64_t seq = 0, number = 0;
};
/// `<seq>.<number>`. Errors: invalid.
Result<FeedPlace> parse_feed_place(std::string_view text);

/// One listener. Both are called from one thread at a time and must not block; false: it is gone.
struct FeedListener {
  /// `state`: the document after the commit; for an event that is not durable, as it was last read.
  std::function<bool(const FeedEvent& event, const Json& state)> event;
  /// A whole state: first of all when no place was given or it is not kept any more, and whenever deltas cannot tell what
  /// happened (a state that came from another tier).
  std::function<bool(const FullState&)> state;
  /// Asked now and then: false, it is gone, though nothing happened that could have told it. May be unset.
  std::function<bool()> is_there;
};

struct FeedOptions {
  Duration poll = std::chrono::milliseconds(500);  ///< how often films are looked at that other processes may write
  std::size_t replay_max = 10'000;                 ///< commits; a listener further behind gets a whole state
};

/// Thread-safety: any thread.
class Feed {
 public:
  Feed(WorkflowService& service, CheckpointStore& store, EventMapper mapper, FeedOptions options, std::shared_ptr<Clock> clock);
  ~Feed();

  /// Everything after `after`, in order, without a gap; then what comes. Reads; opening a feed starts no work. A film that
  /// is nowhere yet has its first commit as its first event.
  /// Errors: unavailable; corrupt.
  Result<std::uint64_t> listen(const FilmId& film, const std::optional<FeedPlace>& after, FeedListener listener);
  void leave(const FilmId& film, std::uint64_t listener);

  /// A film has a new commit: sooner than the poll would see it.
  void poke(const std::string& film);
  /// To all who listen to the film, soon: for eyes, so of a flood the oldest are dropped.
  void tell(const std::string& film, FeedEvent event);

  [[nodiscard]] std::size_t listeners() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace workprint
