/// What every inbox must keep, one function a clause. A backend's test makes a backend and calls `keeps_the_inbox_contract`.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "workprint/checkpoint_store.h"
#include "workprint/inbox.h"

namespace workprint::conformance {

/// An empty inbox. Made anew for each clause.
struct InboxBackend {
  std::function<std::shared_ptr<Inbox>()> open;   ///< another handle on the same inbox, each time
  std::function<void(Duration)> pass;             ///< lets time pass on the inbox's own clock
  Duration term = std::chrono::seconds(30);       ///< of claims: short where `pass` really waits
};

namespace inbox_clauses {

template <class T>
T done(Result<T> result) {
  if (!result) FAIL(to_string(result.error().kind), ": ", result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline FilmId film_of(const std::string& id) { return *parse_film_id(id); }

inline Command command_of(const std::string& film, const std::string& id, const std::string& type = "STOP_PIPELINE", Json payload = Json::object()) {
  return {id, film_of(film), type, std::move(payload), nullptr, 0};
}

// Writers of another machine: nothing is known of them but their signs of life.
inline std::string worker_of(int number) { return "machine" + std::to_string(number) + "/boot/1/1"; }

inline std::vector<std::string> ids(const std::vector<Claim>& claims) {
  std::vector<std::string> found;
  for (const Claim& claim : claims) found.push_back(claim.film.value());
  return found;
}

inline void a_command_is_taken_once(const InboxBackend& backend) {
  const auto inbox = backend.open(), other = backend.open();
  const Command command = command_of("film", "one", "REGENERATE_SCENE", {{"sceneId", 3}});
  const CommandRecord first = done(inbox->submit(command));
  CHECK(first.state == CommandState::accepted);
  const CommandRecord again = done(other->submit(command));
  CHECK(again.accepted_at == first.accepted_at);
  CHECK(done(other->pending(film_of("film"), 10)).size() == 1);
  CHECK(done(inbox->pending(film_of("film"), 10)).front().payload == command.payload);
  // The same words in another order are the same command; other words are not.
  CHECK(inbox->submit(command_of("film", "one", "REGENERATE_SCENE", {{"sceneId", 4}})).error().kind == ErrorKind::conflict);
  CHECK(inbox->submit(command_of("film", "one", "STOP_PIPELINE", {{"sceneId", 3}})).error().kind == ErrorKind::conflict);
  // Of another film it is another command.
  CHECK(done(inbox->submit(command_of("film2", "one"))).state == CommandState::accepted);
}

inline void what_was_prepared_is_kept(const InboxBackend& backend) {
  Command command = command_of("film", "one", "START_PIPELINE", {{"creativePrompt", "a \"fox\"\n\u00e9"}});
  command.prepared = {{"picture", {{"fps", 24}}}};
  done(backend.open()->submit(command));
  const auto found = done(backend.open()->pending(film_of("film"), 1));
  REQUIRE(found.size() == 1);
  CHECK(found.front().prepared == command.prepared);
  // Worked out anew it may differ (a clock, a store): it is the same command all the same.
  command.prepared = nullptr;
  CHECK(done(backend.open()->submit(command)).command.prepared == found.front().prepared);
}

inline void commands_come_in_order(const InboxBackend& backend) {
  const auto inbox = backend.open();
  for (const char* id : {"c", "a", "b"}) done(inbox->submit(command_of("film", id)));
  done(inbox->settle(film_of("film"), "a", CommandState::rejected, Seq{7}, "no such scene"));
  const auto waiting = done(backend.open()->pending(film_of("film"), 10));
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0].id == "c");
  CHECK(waiting[1].id == "b");
  CHECK(done(inbox->pending(film_of("film"), 1)).size() == 1);
  const CommandRecord settled = done(backend.open()->find(film_of("film"), "a"));
  CHECK(settled.state == CommandState::rejected);
  CHECK(settled.seq == Seq{7});
  CHECK(settled.error == "no such scene");
  // The first verdict stands.
  done(inbox->settle(film_of("film"), "a", CommandState::applied, Seq{9}, ""));
  CHECK(done(inbox->find(film_of("film"), "a")).state == CommandState::rejected);
  CHECK(inbox->find(film_of("film"), "z").error().kind == ErrorKind::not_found);
  CHECK(inbox->settle(film_of("film"), "z", CommandState::applied, Seq{1}, "").error().kind == ErrorKind::not_found);
}

inline void what_is_out_of_range_is_refused(const InboxBackend& backend) {
  const auto inbox = backend.open();
  for (const std::string& id : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("../a"), std::string("a\0b", 3)})
    CHECK(inbox->submit(command_of("film", id)).error().kind == ErrorKind::invalid);
  CHECK(inbox->submit(command_of("film", "a", "stop")).error().kind == ErrorKind::invalid);
  CHECK(inbox->submit(command_of("film", "a", "STOP_PIPELINE", "text")).error().kind == ErrorKind::invalid);
  CHECK(done(inbox->counts()).commands == 0);
  CHECK(done(inbox->counts()).waiting == 0);
}

inline void a_film_is_claimed_by_one(const InboxBackend& backend) {
  const auto one = backend.open(), two = backend.open();
  for (int i = 0; i < 5; ++i) done(one->submit(command_of("film" + std::to_string(i), "a")));
  CHECK(ids(done(one->claim(worker_of(1), 2, backend.term))) == std::vector<std::string>{"film0", "film1"});
  CHECK(ids(done(two->claim(worker_of(2), 2, backend.term))) == std::vector<std::string>{"film2", "film3"});
  CHECK(ids(done(one->claim(worker_of(1), 9, backend.term))) == std::vector<std::string>{"film4"});
  CHECK(done(two->claim(worker_of(2), 9, backend.term)).empty());
  const QueueCounts counts = done(two->counts());
  CHECK(counts.claimed == 5);
  CHECK(counts.waiting == 0);
  CHECK(counts.commands == 5);
}

inline void priority_comes_first_then_the_longest_wait(const InboxBackend& backend) {
  const auto inbox = backend.open();
  done(inbox->enqueue(film_of("a"), 0));
  done(inbox->enqueue(film_of("b"), 0));
  done(inbox->enqueue(film_of("urgent"), 5));
  done(inbox->enqueue(film_of("later"), -100));
  done(inbox->enqueue(film_of("a"), 0));  // is there
  CHECK(ids(done(inbox->claim(worker_of(1), 2, backend.term))) == std::vector<std::string>{"urgent", "a"});
  done(inbox->give_back(worker_of(1), film_of("a"), Duration::zero(), Turn::last));
  CHECK(ids(done(inbox->claim(worker_of(1), 1, backend.term))) == std::vector<std::string>{"b"});
  done(inbox->give_back(worker_of(1), film_of("b"), Duration::zero(), Turn::kept));
  CHECK(ids(done(inbox->claim(worker_of(1), 9, backend.term))) == std::vector<std::string>{"b", "a", "later"});
}

inline void a_claim_ends_with_its_term(const InboxBackend& backend) {
  const auto inbox = backend.open();
  done(inbox->enqueue(film_of("film"), 0));
  CHECK_FALSE(done(inbox->claim(worker_of(1), 1, backend.term)).front().was_taken_over);
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
  backend.pass(backend.term / 2);
  done(inbox->keep(worker_of(1), {film_of("film")}));
  backend.pass(backend.term / 2 + std::chrono::milliseconds(1));
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
  backend.pass(backend.term);
  // After an outage everybody's term has run out: the living have a quarter of it to say so.
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
  done(inbox->keep(worker_of(1), {film_of("film")}));
  backend.pass(backend.term);
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
  done(inbox->keep(worker_of(1), {film_of("another")}));  // says nothing of this film
  backend.pass(backend.term / 4 + std::chrono::milliseconds(1));
  const auto taken = done(inbox->claim(worker_of(2), 1, backend.term));
  REQUIRE(taken.size() == 1);
  CHECK(taken.front().was_taken_over);
  // The first worker has lost it: what it says about the film changes nothing.
  done(inbox->rest(worker_of(1), film_of("film")));
  done(inbox->give_back(worker_of(1), film_of("film"), Duration::zero(), Turn::last));
  CHECK(done(inbox->counts()).claimed == 1);
  CHECK(done(inbox->claim(worker_of(3), 1, backend.term)).empty());
}

inline void a_dead_process_of_this_machine_is_not_waited_for(const InboxBackend& backend) {
  const auto inbox = backend.open();
  done(inbox->enqueue(film_of("film"), 0));
  std::string dead = this_process_writer();
  // Another start of this pid: a process that has ended.
  dead.back() = dead.back() == '1' ? '2' : '1';
  CHECK(done(inbox->claim(dead, 1, std::chrono::hours(1))).size() == 1);
  CHECK(done(inbox->claim(this_process_writer(), 1, backend.term)).size() == 1);
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
}

inline void a_film_at_rest_leaves_unless_it_is_called(const InboxBackend& backend) {
  const auto inbox = backend.open();
  done(inbox->submit(command_of("film", "a")));
  CHECK(done(inbox->claim(worker_of(1), 1, backend.term)).size() == 1);
  CHECK(done(inbox->keep(worker_of(1), {film_of("film")})).size() == 1);
  done(inbox->settle(film_of("film"), "a", CommandState::applied, Seq{1}, ""));
  CHECK(done(inbox->keep(worker_of(1), {film_of("film")})).empty());
  done(backend.open()->submit(command_of("film", "b")));
  done(inbox->rest(worker_of(1), film_of("film")));
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).size() == 1);
  done(inbox->settle(film_of("film"), "b", CommandState::nothing_to_do, Seq{2}, ""));
  done(inbox->rest(worker_of(2), film_of("film")));
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
  CHECK(done(inbox->counts()).waiting == 0);
}

inline void a_film_given_back_waits_its_time(const InboxBackend& backend) {
  const auto inbox = backend.open();
  done(inbox->enqueue(film_of("film"), 0));
  done(inbox->claim(worker_of(1), 1, backend.term));
  done(inbox->give_back(worker_of(1), film_of("film"), backend.term, Turn::kept));
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).empty());
  backend.pass(backend.term + std::chrono::milliseconds(1));
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).size() == 1);
  done(inbox->give_back(worker_of(2), film_of("film"), std::chrono::hours(1), Turn::last));
  // A command does not wait for a back-off.
  done(inbox->submit(command_of("film", "now")));
  CHECK(done(inbox->claim(worker_of(2), 1, backend.term)).size() == 1);
}

inline void one_film_has_so_many_commands_and_no_more(const InboxBackend& backend) {
  const auto inbox = backend.open();
  for (std::size_t i = 0; i < unapplied_commands_max; ++i) done(inbox->submit(command_of("film", "c" + std::to_string(i))));
  CHECK(inbox->submit(command_of("film", "more")).error().kind == ErrorKind::conflict);
  CHECK(done(inbox->submit(command_of("film", "c5"))).state == CommandState::accepted);
  CHECK(done(inbox->submit(command_of("other", "more"))).state == CommandState::accepted);
  done(inbox->settle(film_of("film"), "c0", CommandState::applied, Seq{1}, ""));
  CHECK(done(inbox->submit(command_of("film", "more"))).state == CommandState::accepted);
}

inline void only_what_has_ended_is_forgotten(const InboxBackend& backend) {
  const auto inbox = backend.open();
  const CommandRecord old = done(inbox->submit(command_of("film", "old")));
  done(inbox->submit(command_of("film", "waiting")));
  done(inbox->settle(film_of("film"), "old", CommandState::applied, Seq{1}, ""));
  CHECK(done(inbox->forget(old.accepted_at)) == 0);
  CHECK(done(inbox->forget(old.accepted_at + std::chrono::hours(1))) == 1);
  CHECK(inbox->find(film_of("film"), "old").error().kind == ErrorKind::not_found);
  CHECK(done(inbox->pending(film_of("film"), 9)).size() == 1);
}

inline void many_workers_share_without_doubles(const InboxBackend& backend) {
  constexpr int films = 60, workers = 4;
  const auto inbox = backend.open();
  for (int i = 0; i < films; ++i) done(inbox->enqueue(film_of("film" + std::to_string(i)), 0));
  std::array<std::vector<std::string>, workers> taken;
  {
    std::vector<std::jthread> threads;
    for (int w = 0; w < workers; ++w)
      threads.emplace_back([&, w] {
        const auto mine = backend.open();
        for (auto got = mine->claim(worker_of(w), 3, std::chrono::hours(1)); got && !got->empty(); got = mine->claim(worker_of(w), 3, std::chrono::hours(1)))
          for (const std::string& id : ids(*got)) taken[static_cast<std::size_t>(w)].push_back(id);
      });
  }
  std::set<std::string> all;
  std::size_t count = 0;
  for (const auto& some : taken) {
    all.insert(some.begin(), some.end());
    count += some.size();
  }
  // A claim may come back empty while others hold the rows: whoever is left is free still.
  const auto rest = ids(done(inbox->claim(worker_of(9), films, backend.term)));
  all.insert(rest.begin(), rest.end());
  CHECK(count + rest.size() == films);
  CHECK(all.size() == films);
}

inline void a_command_wakes_who_waits(const InboxBackend& backend) {
  const auto waiting = backend.open();
  std::stop_source stop;
  waiting->wait(std::chrono::milliseconds(1), stop.get_token());  // connects
  std::jthread sender([&] { done(backend.open()->submit(command_of("film", "a"))); });
  // Far longer than the test may take: only the command ends it.
  for (bool is_there = false; !is_there;) {
    waiting->wait(std::chrono::minutes(10), stop.get_token());
    is_there = !done(waiting->pending(film_of("film"), 1)).empty();
  }
}

}  // namespace inbox_clauses

inline void keeps_the_inbox_contract(const std::function<InboxBackend()>& make) {
  using namespace inbox_clauses;
  struct Clause {
    const char* law;
    void (*holds)(const InboxBackend&);
  };
  static constexpr Clause clauses[] = {
      {"a command is taken once", a_command_is_taken_once},
      {"what was prepared is kept", what_was_prepared_is_kept},
      {"commands come in order", commands_come_in_order},
      {"what is out of range is refused", what_is_out_of_range_is_refused},
      {"a film is claimed by one", a_film_is_claimed_by_one},
      {"priority comes first, then the longest wait", priority_comes_first_then_the_longest_wait},
      {"a claim ends with its term", a_claim_ends_with_its_term},
      {"a dead process of this machine is not waited for", a_dead_process_of_this_machine_is_not_waited_for},
      {"a film at rest leaves unless it is called", a_film_at_rest_leaves_unless_it_is_called},
      {"a film given back waits its time", a_film_given_back_waits_its_time},
      {"one film has so many commands and no more", one_film_has_so_many_commands_and_no_more},
      {"only what has ended is forgotten", only_what_has_ended_is_forgotten},
      {"many workers share without doubles", many_workers_share_without_doubles},
      {"a command wakes who waits", a_command_wakes_who_waits},
  };
  for (const Clause& clause : clauses) {
    CAPTURE(clause.law);
    clause.holds(make());
  }
}

}  // namespace workprint::conformance
