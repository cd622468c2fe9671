/// What every checkpoint store must keep, one function a clause. A backend's test makes a Backend and calls
/// `keeps_the_contract`.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "record/commit.h"
#include "workprint/checkpoint_store.h"

namespace workprint::conformance {

/// An empty store. Made anew for each clause.
struct CheckpointBackend {
  /// Another handle on the same store, each time.
  std::function<std::shared_ptr<CheckpointStore>()> open;
  /// Lets time pass on the store's own clock.
  std::function<void(Duration)> pass;
  /// Lease terms of the clauses that wait for one to run out: short where `pass` really waits.
  Duration term = std::chrono::seconds(30);
  /// All writers are processes of this machine: one that says nothing of itself, or is of another boot, is gone.
  bool has_one_machine = true;
};

template <class T>
T granted(Result<T> result) {
  if (!result) FAIL(to_string(result.error().kind), ": ", result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <class T>
std::string word_of(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().kind));
}

inline FilmId film_named(std::string_view id) { return *parse_film_id(id); }

/// One film's history as a writer makes it: what was committed, and the state after each commit.
class Line {
 public:
  explicit Line(FilmId film) : film_(std::move(film)), document_(Json::object()) {}
  /// Goes on from a loaded state, as a new process would.
  Line(FilmId film, Checkpoint start)
      : film_(std::move(film)), head_(std::move(start.head)), document_(std::move(start.document)) {}

  [[nodiscard]] const FilmId& film() const { return film_; }
  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] const Json& document() const { return document_; }
  [[nodiscard]] Checkpoint checkpoint() const { return {head_, document_}; }

  /// The next commit, sealed; the line stands after it. Channel contents are a function of seq, so that a reader can
  /// tell a right state from a wrong one: `count` is the seq, `log` holds the last ten, `scenes` one entry a seq.
  Commit next(Epoch epoch, std::size_t bytes = 40) {
    const std::uint64_t seq = number(head_.seq) + 1;
    record::Delta delta;
    delta.set["count"] = seq;
    delta.merge["scenes"]["s" + std::to_string(seq)] = {{"prompt", std::string(bytes, static_cast<char>('a' + seq % 26))}};
    delta.append["log"] = {{"drop", seq > 10 ? 1 : 0}, {"values", {seq}}};
    if (seq % 5 == 0) delta.unset.push_back("mark");
    if (seq % 5 == 1) delta.set["mark"] = seq;
    delta.meta["nextNodes"] = Json::array({{{"node", "make"}, {"item", std::to_string(seq)}}});
    if (head_.seq == Seq{}) {
      delta.meta["graphFingerprint"] = std::string(64, 'a');
      for (const char* part : {"openEffects", "doneTasks", "interrupts"}) delta.meta[part] = Json::object();
    }
    return sealed(epoch, delta);
  }

  Commit sealed(Epoch epoch, const record::Delta& delta) {
    Commit commit;
    commit.info = {{epoch, Seq{number(head_.seq) + 1}, {}}, head_.hash, kind, node, std::to_string(number(head_.seq)),
                   WallTime(std::chrono::milliseconds(1'772'442'696'431 + static_cast<std::int64_t>(number(head_.seq)))), "host/boot/1/1"};
    commit.delta = record::encode(delta);
    record::seal(film_, commit);
    granted(record::apply(document_, delta, film_, commit.info));
    head_ = commit.info.head;
    return commit;
  }

  Result<void> grow(CheckpointStore& store, const Lease& lease, std::size_t bytes = 40) {
    const Commit commit = next(lease.epoch(), bytes);
    return store.commit(lease, commit, document_);
  }

  CommitKind kind = CommitKind::step;  ///< of the commits to come
  std::string node = "make";

 private:
  FilmId film_;
  Head head_;
  Json document_;
};

inline void holds(const Loaded<Checkpoint>& loaded, const Checkpoint& expected) {
  REQUIRE_MESSAGE(loaded.outcome == Outcome::found, loaded.detail);
  CHECK(loaded.value->head == expected.head);
  CHECK(loaded.value->document == expected.document);
}

inline void a_film_that_was_never_committed_to_is_absent(const CheckpointBackend& backend) {
  const auto store = backend.open();
  const FilmId film = film_named("film");
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    CHECK(store->load(film).outcome == Outcome::absent);
    CHECK(store->read(film, Seq{1}).outcome == Outcome::absent);
    CHECK(word_of(store->history(film, Seq{100}, 10)) == "not_found");
    CHECK(granted(store->list()).empty());
    if (round == 0) granted(store->acquire(film, {this_process_writer(), Epoch{}}));
  }
}

inline void what_was_committed_is_found_by_every_handle(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  for (int i = 0; i < 3; ++i) {
    granted(line.grow(*store, lease));
    holds(store->load(line.film()), line.checkpoint());
    holds(backend.open()->load(line.film()), line.checkpoint());
  }
}

inline void the_state_at_every_seq_is_the_one_that_was_committed(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  std::vector<Checkpoint> states;
  for (int i = 0; i < 60; ++i) {  // 2 KiB a step: several bases
    granted(line.grow(*store, lease, 2000));
    states.push_back(line.checkpoint());
  }
  for (const Checkpoint& state : states) holds(store->read(line.film(), state.head.seq), state);
  const auto other = backend.open();
  for (std::size_t i = 0; i < states.size(); i += 7) holds(other->read(line.film(), states[i].head.seq), states[i]);
  for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{61}, ~std::uint64_t{0}})
    CHECK(store->read(line.film(), Seq{seq}).outcome == Outcome::absent);
}

inline void a_commit_that_does_not_follow_is_a_conflict_and_changes_nothing(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  Line ahead = line;
  ahead.next(lease.epoch());
  const Commit skipping = ahead.next(lease.epoch());
  CHECK(word_of(store->commit(lease, skipping, ahead.document())) == "conflict");
  granted(line.grow(*store, lease));
  Line twin = line;
  granted(line.grow(*store, lease));

  const Commit again = twin.next(lease.epoch(), 77);
  CHECK(word_of(store->commit(lease, again, twin.document())) == "conflict");
  const Commit after_the_twin = twin.next(lease.epoch());
  CHECK(word_of(store->commit(lease, after_the_twin, twin.document())) == "conflict");
  holds(store->load(line.film()), line.checkpoint());
  granted(line.grow(*store, lease));
  holds(backend.open()->load(line.film()), line.checkpoint());
}

inline void a_newer_lease_fences_the_older(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const auto other = backend.open();
  const Lease old_lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  CHECK(old_lease.epoch() == Epoch{1});
  granted(line.grow(*store, old_lease));
  const Lease new_lease = granted(other->acquire(line.film(), {this_process_writer(), Epoch{}}));
  CHECK(new_lease.epoch() == Epoch{2});

  Line stale = line;
  CHECK(word_of(stale.grow(*store, old_lease)) == "fenced");
  CHECK(word_of(store->install(old_lease, {{Epoch{}, Seq{9}, std::string(64, 'b')}, line.document()}, {})) == "fenced");
  granted(store->release(old_lease));  // must not give the newer lease away
  granted(line.grow(*other, new_lease));
  holds(store->load(line.film()), line.checkpoint());
  CHECK(granted(store->acquire(line.film(), {this_process_writer(), Epoch{40}})).epoch() == Epoch{41});
  CHECK(granted(store->acquire(line.film(), {this_process_writer(), Epoch{7}})).epoch() == Epoch{42});
}

/// A child process that lives until `end` is called; `writer` is its id.
class LiveProcess {
 public:
  LiveProcess() {
    std::array<int, 2> hello{}, wait{};
    REQUIRE(::pipe(hello.data()) == 0);
    REQUIRE(::pipe(wait.data()) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(wait[1]);
      const std::string id = this_process_writer();
      if (::write(hello[1], id.data(), id.size()) < 0) ::_exit(1);
      ::close(hello[1]);
      char end = 0;
      [[maybe_unused]] const auto ended = ::read(wait[0], &end, 1);
      ::_exit(0);
    }
    ::close(hello[1]);
    ::close(wait[0]);
    std::array<char, 512> text{};
    for (ssize_t got = 1; got > 0;) {
      got = ::read(hello[0], text.data(), text.size());
      if (got > 0) writer_.append(text.data(), static_cast<std::size_t>(got));
    }
    ::close(hello[0]);
    end_ = wait[1];
  }
  LiveProcess(const LiveProcess&) = delete;
  LiveProcess& operator=(const LiveProcess&) = delete;
  ~LiveProcess() { end(); }
  void end() {
    if (end_ < 0) return;
    ::close(std::exchange(end_, -1));
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] const std::string& writer() const { return writer_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int end_ = -1;
  std::string writer_;
};

inline void a_film_of_a_live_process_is_not_taken_but_that_of_a_dead_one_is(const CheckpointBackend& backend) {
  const auto store = backend.open();
  const FilmId film = film_named("film");
  LiveProcess other;
  const Lease theirs = granted(store->acquire(film, {other.writer(), Epoch{}}));
  const auto refused = store->acquire(film, {this_process_writer(), Epoch{}});
  CHECK(word_of(refused) == "conflict");
  CHECK(refused.error().message.find(std::to_string(other.pid())) != std::string::npos);
  granted(store->release(theirs));
  CHECK(granted(store->acquire(film, {this_process_writer(), Epoch{}})).epoch() == Epoch{2});
  CHECK(word_of(store->acquire(film, {other.writer(), Epoch{}})) == "conflict");  // now this process is the live one

  const FilmId second = film_named("second");
  granted(store->acquire(second, {other.writer(), Epoch{}}));
  other.end();
  CHECK(granted(store->acquire(second, {this_process_writer(), Epoch{}})).epoch() == Epoch{2});
}

inline void a_live_writer_that_gives_no_sign_of_life_for_a_term_loses_the_film(const CheckpointBackend& backend) {
  const auto store = backend.open();
  const auto other = backend.open();
  Line line(film_named("film"));
  LiveProcess stopped;
  const LeaseRequest theirs{stopped.writer(), Epoch{}, backend.term}, ours{this_process_writer(), Epoch{}, backend.term};
  const Lease old_lease = granted(store->acquire(line.film(), theirs));
  backend.pass(backend.term * 2 / 3);
  granted(store->renew(old_lease));  // each of the three is a sign of life
  backend.pass(backend.term * 2 / 3);
  CHECK(word_of(other->acquire(line.film(), ours)) == "conflict");
  granted(line.grow(*store, old_lease));
  backend.pass(backend.term * 2 / 3);
  CHECK(word_of(other->acquire(line.film(), ours)) == "conflict");
  backend.pass(backend.term * 2 / 3);
  const Lease new_lease = granted(other->acquire(line.film(), ours));
  CHECK(new_lease.epoch() == Epoch{2});
  CHECK(word_of(store->renew(old_lease)) == "fenced");
  Line stale(line.film(), line.checkpoint());
  CHECK(word_of(stale.grow(*store, old_lease)) == "fenced");
  granted(other->renew(new_lease));
  granted(line.grow(*other, new_lease));
  holds(store->load(line.film()), line.checkpoint());
}

inline void a_term_that_ran_out_harms_nobody_who_is_alone(const CheckpointBackend& backend) {
  const auto store = backend.open();
  Line line(film_named("film"));
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}, backend.term}));
  backend.pass(backend.term * 3);
  granted(line.grow(*store, lease));
  backend.pass(backend.term * 3);
  granted(store->renew(lease));
  LiveProcess other;
  CHECK(word_of(store->acquire(line.film(), {other.writer(), Epoch{}, backend.term})) == "conflict");
}

inline void history_is_newest_first_and_bounded(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  std::vector<CommitInfo> made;
  for (int i = 0; i < 9; ++i) {
    const Commit commit = line.next(lease.epoch());
    granted(store->commit(lease, commit, line.document()));
    made.push_back(commit.info);
  }
  const auto infos = granted(store->history(line.film(), Seq{8}, 3));
  REQUIRE(infos.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const CommitInfo& expected = made[6 - i];
    CHECK(infos[i].head == expected.head);
    CHECK(infos[i].previous_hash == expected.previous_hash);
    CHECK(infos[i].kind == expected.kind);
    CHECK(infos[i].node == expected.node);
    CHECK(infos[i].item == expected.item);
    CHECK(infos[i].at == expected.at);
    CHECK(infos[i].writer == expected.writer);
  }
  CHECK(granted(store->history(line.film(), Seq{~std::uint64_t{0}}, ~std::size_t{0})).size() == 9);
  CHECK(granted(store->history(line.film(), Seq{1}, 10)).empty());
  CHECK(word_of(store->history(film_named("nobody"), Seq{1}, 10)) == "not_found");
}

inline void all_films_are_listed_by_id(const CheckpointBackend& backend) {
  const auto store = backend.open();
  std::vector<Line> lines{Line(film_named("b")), Line(film_named("a")), Line(film_named("c"))};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Lease lease = granted(store->acquire(lines[i].film(), {this_process_writer(), Epoch{}}));
    for (std::size_t n = 0; n <= i; ++n) granted(lines[i].grow(*store, lease));
  }
  granted(store->acquire(film_named("only-acquired"), {this_process_writer(), Epoch{}}));
  const auto rows = granted(backend.open()->list());
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].film.value() == "a");
  CHECK(rows[1].film.value() == "b");
  CHECK(rows[2].film.value() == "c");
  CHECK(rows[0].head == lines[1].head());
  CHECK(rows[2].head == lines[2].head());
}

inline void a_newer_state_of_another_tier_is_installed_and_gone_on_from(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const Lease first = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  for (int i = 0; i < 3; ++i) granted(line.grow(*store, first));
  const Checkpoint before = line.checkpoint();
  for (int i = 0; i < 4; ++i) line.next(first.epoch());  // known to the other tier only
  const Lease second = granted(store->acquire(line.film(), {this_process_writer(), first.epoch()}));
  const CommitInfo info{line.head(), line.document()[run::meta_member]["previousHash"], CommitKind::restored, {}, {}, WallTime(), "w"};
  granted(store->install(second, line.checkpoint(), info));
  holds(backend.open()->load(line.film()), line.checkpoint());
  CHECK(word_of(store->install(second, line.checkpoint(), info)) == "conflict");
  CHECK(word_of(store->install(second, before, info)) == "conflict");

  granted(line.grow(*store, second));
  holds(backend.open()->load(line.film()), line.checkpoint());
  holds(store->read(line.film(), before.head.seq), before);
  CHECK(store->read(line.film(), Seq{5}).outcome == Outcome::absent);
  const auto infos = granted(store->history(line.film(), Seq{100}, 100));
  REQUIRE(infos.size() == 5);
  CHECK(infos[1].kind == CommitKind::restored);
  CHECK(infos[1].head.seq == Seq{7});
  CHECK(infos[2].head.seq == Seq{3});
}

inline void what_is_set_aside_is_forgotten_and_can_begin_again(const CheckpointBackend& backend) {
  Line line(film_named("film")), other(film_named("other"));
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  const Lease others = granted(store->acquire(other.film(), {this_process_writer(), Epoch{}}));
  for (int i = 0; i < 3; ++i) granted(line.grow(*store, lease));
  granted(other.grow(*store, others));
  CHECK_FALSE(granted(store->set_aside(line.film(), "a test")).empty());
  CHECK(store->load(line.film()).outcome == Outcome::absent);
  CHECK(word_of(store->history(line.film(), Seq{100}, 10)) == "not_found");
  holds(backend.open()->load(other.film()), other.checkpoint());
  CHECK(word_of(line.grow(*store, lease)) == "fenced");

  Line again(film_named("film"));
  const Lease fresh = granted(store->acquire(again.film(), {this_process_writer(), lease.epoch()}));
  CHECK(fresh.epoch() == Epoch{2});
  granted(again.grow(*store, fresh));
  holds(store->load(again.film()), again.checkpoint());
  granted(store->set_aside(again.film(), "twice"));
  CHECK(store->load(again.film()).outcome == Outcome::absent);
}

inline void writers_on_several_handles_take_turns(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const std::array handles{backend.open(), backend.open(), backend.open()};
  for (std::size_t turn = 0; turn < 12; ++turn) {
    CheckpointStore& store = *handles[turn % handles.size()];
    const Lease lease = granted(store.acquire(line.film(), {this_process_writer(), Epoch{}}));
    CHECK(lease.epoch() == Epoch{turn + 1});
    if (turn > 0) holds(store.load(line.film()), line.checkpoint());
    for (int i = 0; i < 4; ++i) granted(line.grow(store, lease, 1500));
  }
  for (const auto& handle : handles) holds(handle->load(line.film()), line.checkpoint());
  CHECK(granted(handles[0]->incarnation()) == granted(handles[2]->incarnation()));
}

inline void threads_with_films_of_their_own_do_not_meet(const CheckpointBackend& backend) {
  const auto store = backend.open();
  std::array<bool, 4> right{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < right.size(); ++i)
      threads.emplace_back([&, i] {
        Line line(film_named("film_" + std::to_string(i)));
        auto lease = store->acquire(line.film(), {this_process_writer(), Epoch{}});
        bool ok = lease.has_value();
        for (int n = 0; n < 15 && ok; ++n) ok = line.grow(*store, *lease).has_value();
        const auto loaded = store->load(line.film());
        right[i] = ok && loaded.value && loaded.value->document == line.document();
      });
  }
  for (const bool one : right) CHECK(one);
}

inline void what_could_not_be_read_again_is_not_taken(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  const Commit first = line.next(lease.epoch());
  Json other = line.document();
  other[run::meta_member]["seq"] = 7;
  CHECK(word_of(store->commit(lease, first, other)) == "invalid");  // a base that is of another commit
  granted(store->commit(lease, first, line.document()));
  Line beyond = line;
  record::Delta delta;
  delta.set["number"] = std::uint64_t{1} << 60;
  const Commit unreadable = beyond.sealed(lease.epoch(), delta);
  CHECK(word_of(store->commit(lease, unreadable, beyond.document())) == "invalid");
  granted(line.grow(*store, lease));
  holds(backend.open()->load(line.film()), line.checkpoint());
  CHECK(word_of(store->acquire(line.film(), {this_process_writer(), Epoch{std::uint64_t{1} << 53}})) == "corrupt");
}

inline void a_document_without_a_chain_hash_is_installed_and_gone_on_from(const CheckpointBackend& backend) {
  Line line(film_named("film"));
  for (int i = 0; i < 3; ++i) line.next(Epoch{1});
  Json document = line.document();
  document[run::meta_member].erase("hash");
  const auto decoded = record::decode_document(line.film(), record::encode_document(document));
  REQUIRE(decoded.outcome == Outcome::found);
  CHECK(decoded.value->document[run::meta_member]["contentHash"] == decoded.value->head.hash);
  const auto store = backend.open();
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{1}}));
  granted(store->install(lease, *decoded.value, {decoded.value->head, {}, CommitKind::restored, {}, {}, {}, "w"}));
  CHECK(store->load(line.film()).value->head == decoded.value->head);
  Line going_on(line.film(), *decoded.value);
  for (int i = 0; i < 2; ++i) granted(going_on.grow(*store, lease));
  holds(backend.open()->load(line.film()), going_on.checkpoint());
}

inline void a_release_that_was_lost_costs_nothing(const CheckpointBackend& backend) {
  if (!backend.has_one_machine) return;  // there it costs a term, as the clause about a live writer shows
  const auto store = backend.open();
  const FilmId film = film_named("film");
  const std::string mine = this_process_writer();
  const std::string machine = mine.substr(0, mine.rfind('/', mine.rfind('/') - 1));
  const std::string own_pid = std::to_string(::getpid());
  std::uint64_t epoch = 0;
  for (const std::string& writer : {"host/00000000-0000-0000-0000-000000000000/" + own_pid + "/1",  // before this boot
                                    machine + "/" + own_pid + "/1",  // our pid, but a process that started earlier
                                    machine + "/4194999/5",          // no such process
                                    std::string("worker_7c1e")}) {   // says nothing of itself
    CAPTURE(writer);
    CHECK(number(granted(store->acquire(film, {writer, Epoch{}})).epoch()) == ++epoch);
    const Lease lease = granted(store->acquire(film, {mine, Epoch{}}));
    CHECK(number(lease.epoch()) == ++epoch);
    granted(store->release(lease));
  }
}

inline void the_log_is_every_commit_whole_and_in_order(const CheckpointBackend& backend) {
  const auto store = backend.open();
  Line line(film_named("film"));
  CHECK(word_of(store->log(line.film(), Seq{}, 10)) == "not_found");
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  CHECK(word_of(store->log(line.film(), Seq{}, 10)) == "not_found");
  Json before = line.document();
  for (int i = 0; i < 30; ++i) granted(line.grow(*store, lease, 900));
  const auto all = granted(backend.open()->log(line.film(), Seq{}, 100));
  REQUIRE(all.size() == 30);
  // Applied one by one they are the state.
  for (const Commit& commit : all) granted(record::apply(before, granted(record::decode_delta(commit.delta)), line.film(), commit.info));
  CHECK(canonical_json(before) == canonical_json(line.document()));
  const auto some = granted(store->log(line.film(), Seq{27}, 2));
  REQUIRE(some.size() == 2);
  CHECK(some.front().info.head.seq == Seq{28});
  CHECK(granted(store->log(line.film(), Seq{30}, 10)).empty());
  CHECK(granted(store->log(line.film(), Seq{~std::uint64_t{0}}, ~std::size_t{0})).empty());
}

inline void an_installed_state_has_an_empty_delta_in_the_log(const CheckpointBackend& backend) {
  const auto store = backend.open();
  Line line(film_named("film"));
  const Lease first = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  granted(line.grow(*store, first, 100));
  for (int i = 0; i < 3; ++i) [[maybe_unused]] const Commit unknown_here = line.next(first.epoch());
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), first.epoch()}));
  const CommitInfo info{line.head(), std::string(64, 'a'), CommitKind::restored, {}, {}, WallTime{std::chrono::hours(1)}, "w"};
  granted(store->install(lease, line.checkpoint(), info));
  const auto log = granted(store->log(line.film(), Seq{1}, 10));
  REQUIRE(log.size() == 1);
  CHECK(log.front().info.head == line.head());
  CHECK(log.front().delta.empty());
}

inline void what_is_pruned_is_absent_and_all_else_stays(const CheckpointBackend& backend) {
  const auto store = backend.open();
  Line line(film_named("film")), other(film_named("other"));
  CHECK(word_of(store->prune(line.film(), Seq{1})) == "not_found");
  const Lease lease = granted(store->acquire(line.film(), {this_process_writer(), Epoch{}}));
  std::map<std::uint64_t, Checkpoint> states;
  for (int i = 0; i < 60; ++i) {
    granted(line.grow(*store, lease, 700));
    states[number(line.head().seq)] = line.checkpoint();
  }
  const Lease other_lease = granted(store->acquire(other.film(), {this_process_writer(), Epoch{}}));
  for (int i = 0; i < 3; ++i) granted(other.grow(*store, other_lease));
  CHECK(word_of(store->prune(line.film(), Seq{61})) == "conflict");
  const Seq kept = granted(backend.open()->prune(line.film(), Seq{20}));
  CHECK(number(kept) <= 20);
  CHECK(number(kept) > 1);
  // The writer beside it has noticed nothing; neither has anybody who starts anew.
  for (int i = 0; i < 30; ++i) {
    granted(line.grow(*store, lease, 700));
    states[number(line.head().seq)] = line.checkpoint();
  }
  const auto fresh = backend.open();
  holds(fresh->load(line.film()), line.checkpoint());
  holds(fresh->load(other.film()), other.checkpoint());
  for (const auto& [seq, state] : states) {
    CAPTURE(seq);
    if (seq >= number(kept))
      holds(fresh->read(line.film(), Seq{seq}), state);
    else
      CHECK(fresh->read(line.film(), Seq{seq}).outcome == Outcome::absent);
  }
  CHECK(granted(fresh->history(line.film(), Seq{1000}, 1000)).size() == 90 - number(kept) + 1);
  CHECK(granted(fresh->log(line.film(), Seq{0}, 1000)).front().info.head.seq == kept);
  CHECK(granted(fresh->prune(line.film(), Seq{1})) == kept);
  // Again and again, as a policy would.
  Seq last = kept;
  for (const std::uint64_t from : {std::uint64_t{40}, std::uint64_t{90}}) {
    const Seq now = granted(fresh->prune(line.film(), Seq{from}));
    CHECK(number(now) >= number(last));
    last = now;
    holds(fresh->load(line.film()), line.checkpoint());
    holds(fresh->read(line.film(), last), states.at(number(last)));
  }
  holds(backend.open()->load(line.film()), line.checkpoint());
}

/// Calls every clause with a backend of its own.
inline void keeps_the_contract(const std::function<CheckpointBackend()>& make) {
  struct Clause {
    const char* law;
    void (*holds)(const CheckpointBackend&);
  };
  static constexpr Clause clauses[] = {
      {"a film that was never committed to is absent", a_film_that_was_never_committed_to_is_absent},
      {"what was committed is found by every handle", what_was_committed_is_found_by_every_handle},
      {"the state at every seq is the one that was committed", the_state_at_every_seq_is_the_one_that_was_committed},
      {"a commit that does not follow is a conflict", a_commit_that_does_not_follow_is_a_conflict_and_changes_nothing},
      {"a newer lease fences the older", a_newer_lease_fences_the_older},
      {"a film of a live process is not taken", a_film_of_a_live_process_is_not_taken_but_that_of_a_dead_one_is},
      {"a live writer without a sign of life loses the film", a_live_writer_that_gives_no_sign_of_life_for_a_term_loses_the_film},
      {"a term that ran out harms nobody who is alone", a_term_that_ran_out_harms_nobody_who_is_alone},
      {"the log is every commit, whole and in order", the_log_is_every_commit_whole_and_in_order},
      {"an installed state has an empty delta in the log", an_installed_state_has_an_empty_delta_in_the_log},
      {"what is pruned is absent, and all else stays", what_is_pruned_is_absent_and_all_else_stays},
      {"history is newest first and bounded", history_is_newest_first_and_bounded},
      {"all films are listed by id", all_films_are_listed_by_id},
      {"a newer state of another tier is installed", a_newer_state_of_another_tier_is_installed_and_gone_on_from},
      {"what is set aside is forgotten", what_is_set_aside_is_forgotten_and_can_begin_again},
      {"what could not be read again is not taken", what_could_not_be_read_again_is_not_taken},
      {"a document without a chain hash is installed", a_document_without_a_chain_hash_is_installed_and_gone_on_from},
      {"a release that was lost costs nothing", a_release_that_was_lost_costs_nothing},
      {"writers on several handles take turns", writers_on_several_handles_take_turns},
      {"threads with films of their own do not meet", threads_with_films_of_their_own_do_not_meet},
  };
  for (const Clause& clause : clauses) {
    INFO("clause: ", std::string(clause.law));
    clause.holds(make());
  }
}

}  // namespace workprint::conformance
