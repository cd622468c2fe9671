/// What every object store must keep, one function a clause. A backend's test makes a Backend and calls
/// `keeps_the_contract`; a clause that needs something the backend has not (bytes that can be damaged, a store that
/// several processes see) is left out for it.
#pragma once

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <mutex>
#include <thread>
#include <vector>

#include "workprint/clock.h"
#include "workprint/digest.h"
#include "workprint/object_store.h"

namespace workprint::conformance {

/// An empty store and the ways a test may reach it. Made anew for each clause.
struct ObjectBackend {
  std::filesystem::path scratch;  ///< an empty folder for the test's own files
  /// Another handle on the same store, each time.
  std::function<std::shared_ptr<ObjectStore>()> open;
  /// Changes the stored bytes of an object behind the store's back; empty where that is impossible.
  std::function<void(const std::string& name, const std::function<void(Bytes&)>& change)> damage{};
  /// Puts a file of the backend's own (lock, temporary, sidecar) beside the objects of `folder`; empty if it has none.
  std::function<void(const std::string& folder)> add_hidden_files{};
  bool is_seen_by_processes = false;
  /// Its server answers 5xx when writers meet, so some writes have an unknown outcome although nothing broke.
  bool doubts_when_writers_meet = false;
};

template <class T>
T value(Result<T> result) {
  if (!result) FAIL(to_string(result.error().kind), ": ", result.error().message);
  return *std::move(result);
}

template <class T>
std::string kind_of(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().kind));
}

inline std::string bytes_at(ObjectStore& store, const std::string& name) { return value(store.get(name)).bytes; }

inline void a_created_object_reads_back_as_it_was_written(const ObjectBackend& backend) {
  const auto store = backend.open();
  const std::string bytes("zero\0and\xff more", 15);
  const ObjectInfo written = value(store->put("f/images/a.png", bytes, IfAbsent()));
  CHECK(written.name == "f/images/a.png");
  CHECK(written.size_bytes == bytes.size());
  CHECK(written.sha256 == sha256_hex(bytes));
  CHECK(written.crc32c == crc32c(bytes));
  CHECK_FALSE(written.version.empty());
  for (const auto& reader : {store, backend.open()}) {
    const ObjectBytes read = value(reader->get("f/images/a.png"));
    CHECK(read.bytes == bytes);
    for (const ObjectInfo& info :
         {read.info, value(reader->head("f/images/a.png")), value(reader->verify("f/images/a.png")),
          value(reader->get_as_is("f/images/a.png")).info}) {
      CHECK(info.name == written.name);
      CHECK(info.version == written.version);
      CHECK(info.sha256 == written.sha256);
      CHECK(info.size_bytes == written.size_bytes);
      CHECK(info.crc32c == written.crc32c);
    }
  }
  CHECK(value(store->put("f/empty", "", IfAbsent())).size_bytes == 0);
  CHECK(bytes_at(*store, "f/empty").empty());
}

inline void what_was_never_written_is_not_found(const ObjectBackend& backend) {
  const auto store = backend.open();
  for (const char* name : {"nothing", "f/nothing", "f/a/b/c"}) {
    CHECK(kind_of(store->get(name)) == "not_found");
    CHECK(kind_of(store->head(name)) == "not_found");
    CHECK(kind_of(store->verify(name)) == "not_found");
    CHECK(kind_of(store->get_as_is(name)) == "not_found");
    CHECK(kind_of(store->get_file(name, backend.scratch / "out")) == "not_found");
    CHECK_FALSE(std::filesystem::exists(backend.scratch / "out"));
    CHECK(kind_of(store->put(name, "x", IfVersion{"v"})) == "conflict");
    CHECK(kind_of(store->remove(name, "v")) == "ok");
  }
  CHECK(value(store->list("")).empty());
  CHECK(value(store->list("f/")).empty());
}

inline void a_name_is_created_once_and_a_conflict_leaves_the_old_bytes(const ObjectBackend& backend) {
  const auto store = backend.open();
  const ObjectInfo first = value(store->put("f/clip", "first", IfAbsent()));
  CHECK(kind_of(store->put("f/clip", "second", IfAbsent())) == "conflict");
  CHECK(kind_of(store->put("f/clip", "first", IfAbsent())) == "conflict");
  CHECK(kind_of(store->put("f/clip", "second", IfVersion{first.version + "x"})) == "conflict");
  CHECK(kind_of(store->put("f/clip", "second", IfVersion{""})) == "conflict");
  CHECK(bytes_at(*store, "f/clip") == "first");
  CHECK(value(store->head("f/clip")).version == first.version);
}

inline void each_replacement_has_a_new_version_even_of_the_same_bytes(const ObjectBackend& backend) {
  const auto store = backend.open();
  std::vector<std::string> versions{value(store->put("f/state.json", "0", IfAbsent())).version};
  for (const char* bytes : {"1", "1", "0", "2", "0"}) {
    const ObjectInfo info = value(backend.open()->put("f/state.json", bytes, IfVersion{versions.back()}));
    for (const std::string& old : versions) {
      CHECK(info.version != old);
      CHECK(kind_of(store->put("f/state.json", "late", IfVersion{old})) == "conflict");
    }
    CHECK(value(store->head("f/state.json")).version == info.version);
    CHECK(value(store->get("f/state.json")).info.version == info.version);
    CHECK(bytes_at(*store, "f/state.json") == bytes);
    versions.push_back(info.version);
  }
}

inline void only_the_named_version_is_removed(const ObjectBackend& backend) {
  const auto store = backend.open();
  const ObjectInfo first = value(store->put("f/command", "1", IfAbsent()));
  const ObjectInfo second = value(store->put("f/command", "2", IfVersion{first.version}));
  CHECK(kind_of(store->remove("f/command", first.version)) == "conflict");
  CHECK(bytes_at(*store, "f/command") == "2");
  CHECK(kind_of(store->remove("f/command", second.version)) == "ok");
  CHECK(kind_of(store->get("f/command")) == "not_found");
  CHECK(kind_of(store->remove("f/command", second.version)) == "ok");
  const ObjectInfo third = value(store->put("f/command", "2", IfAbsent()));
  CHECK(third.version != second.version);
}

inline void a_listing_holds_all_objects_below_a_prefix_by_name_and_no_others(const ObjectBackend& backend) {
  const auto store = backend.open();
  for (const char* name : {"f/z", "f/a/2", "f/a/1", "f/a.b", "f2/x", "g", "f-1/y"}) value(store->put(name, name, IfAbsent()));
  if (backend.add_hidden_files) {
    backend.add_hidden_files("f");
    backend.add_hidden_files("f/a");
    backend.add_hidden_files("");
  }
  const auto names = [&](const char* prefix) {
    std::string joined;
    for (const ObjectInfo& info : value(store->list(prefix))) {
      CHECK(info.sha256 == sha256_hex(info.name));
      CHECK(info.version == value(store->head(info.name)).version);
      joined += info.name + " ";
    }
    return joined;
  };
  CHECK(names("f/") == "f/a.b f/a/1 f/a/2 f/z ");
  CHECK(names("f/a/") == "f/a/1 f/a/2 ");
  CHECK(names("") == "f-1/y f/a.b f/a/1 f/a/2 f/z f2/x g ");
  CHECK(names("none/") == "");
  for (const char* prefix : {"f", "/", "../", "f//", ".", "f/../"}) CHECK(kind_of(store->list(prefix)) == "invalid");
}

inline void a_hostile_name_is_invalid_everywhere_and_writes_nothing(const ObjectBackend& backend) {
  const auto store = backend.open();
  const std::string hostile[] = {"",        "/",        "/etc/passwd", "..",           "../x",
                                 "f/../x",  "f/..",     "f//x",        "f/",           "./x",
                                 "f/.lock", ".hidden",  "f/.meta.x",   "f\\x",         "f/a b",
                                 "f/a\n",   "f/%2e%2e", "f/\xc3\xa4",  "f/\xff",       std::string("f/a\0b", 5),
                                 "f/a:b",   "f/*",      "1/2/3/4/5/6/7/8/9", std::string(201, 'a'), "C:x"};
  for (const std::string& name : hostile) {
    CAPTURE(name);
    CHECK(kind_of(store->put(name, "x", IfAbsent())) == "invalid");
    CHECK(kind_of(store->put_file(name, "/proc/self/exe", IfAbsent())) == "invalid");
    CHECK(kind_of(store->get(name)) == "invalid");
    CHECK(kind_of(store->get_file(name, backend.scratch / "out")) == "invalid");
    CHECK(kind_of(store->head(name)) == "invalid");
    CHECK(kind_of(store->verify(name)) == "invalid");
    CHECK(kind_of(store->remove(name, "v")) == "invalid");
  }
  CHECK(value(store->list("")).empty());
  CHECK_FALSE(std::filesystem::exists(backend.scratch / "out"));
}

inline void damage_is_found_named_and_can_be_replaced(const ObjectBackend& backend) {
  if (!backend.damage) return;
  const auto store = backend.open();
  const std::string bytes(5000, 'b');
  const std::function<void(Bytes&)> changes[] = {[](Bytes& b) { b[4321] ^= 1; }, [](Bytes& b) { b.resize(4999); },
                                                 [](Bytes& b) { b.clear(); }, [](Bytes& b) { b += "more"; }};
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    const std::string name = "f/damaged_" + std::to_string(i);
    value(store->put(name, bytes, IfAbsent()));
    backend.damage(name, changes[i]);
    Bytes damaged = bytes;
    changes[i](damaged);

    CHECK(kind_of(store->get(name)) == "corrupt");
    CHECK(kind_of(store->verify(name)) == "corrupt");
    CHECK(kind_of(store->get_file(name, backend.scratch / "out")) == "corrupt");
    CHECK_FALSE(std::filesystem::exists(backend.scratch / "out"));
    if (damaged.size() != bytes.size()) CHECK(kind_of(store->head(name)) == "corrupt");

    const ObjectBytes as_is = value(store->get_as_is(name));
    CHECK(as_is.bytes == damaged);
    CHECK(as_is.info.sha256 == sha256_hex(damaged));
    CHECK(kind_of(create_or_keep(*store, name, bytes)) == "corrupt");
    bool is_listed = false;
    for (const ObjectInfo& info : value(store->list("f/"))) {
      if (info.name != name) continue;
      is_listed = true;
      CHECK(info.version == as_is.info.version);
      if (damaged.size() != bytes.size()) CHECK(info.sha256.empty());
    }
    CHECK(is_listed);
    value(store->put(name, "whole again", IfVersion{as_is.info.version}));
    CHECK(bytes_at(*store, name) == "whole again");
  }
}

inline void files_go_in_and_out_whole(const ObjectBackend& backend) {
  const auto store = backend.open();
  const auto source = backend.scratch / "source";
  const auto target = backend.scratch / "target";
  const auto random = seeded_random(20);
  {
    std::ofstream file(source, std::ios::binary);
    std::string block(1 << 20, '\0');
    for (int i = 0; i < 8; ++i) {
      for (std::size_t at = 0; at < block.size(); at += 512) block[at] = static_cast<char>(random->next());
      file << block;
    }
    file << "tail";
  }
  const FileDigest digest = value(digest_file(source));
  const ObjectInfo info = value(store->put_file("f/movie.mp4", source, IfAbsent()));
  CHECK(info.sha256 == digest.sha256);
  CHECK(info.crc32c == digest.crc32c);
  CHECK(info.size_bytes == digest.size_bytes);
  CHECK(value(store->verify("f/movie.mp4")).sha256 == digest.sha256);
  CHECK(value(store->get_file("f/movie.mp4", target)).version == info.version);
  CHECK(value(digest_file(target)).sha256 == digest.sha256);
  CHECK(kind_of(store->get_file("f/movie.mp4", target)) == "invalid");
  CHECK(value(digest_file(target)).sha256 == digest.sha256);

  std::ofstream(target, std::ios::binary | std::ios::app) << "the reader's copy is its own";
  CHECK(value(store->verify("f/movie.mp4")).sha256 == digest.sha256);
  CHECK(kind_of(store->put_file("f/other", backend.scratch / "none", IfAbsent())) == "invalid");
  CHECK(kind_of(store->put_file("f/other", backend.scratch, IfAbsent())) == "invalid");
}

inline void create_or_keep_keeps_what_was_first(const ObjectBackend& backend) {
  const auto store = backend.open();
  const Created first = value(create_or_keep(*store, "f/clip", "first"));
  CHECK_FALSE(first.was_there);
  const Created again = value(create_or_keep(*store, "f/clip", "first"));
  CHECK(again.info.version == first.info.version);
  std::ofstream(backend.scratch / "other") << "other bytes";
  const Created kept = value(create_or_keep_file(*store, "f/clip", backend.scratch / "other"));
  CHECK(kept.was_there);
  CHECK(kept.info.sha256 == sha256_hex("first"));
  CHECK(bytes_at(*store, "f/clip") == "first");
  CHECK(kind_of(create_or_keep(*store, "../clip", "x")) == "invalid");
}

inline void a_store_has_one_incarnation(const ObjectBackend& backend) {
  const std::string id = value(backend.open()->incarnation());
  CHECK(id.size() >= 16);
  const auto store = backend.open();
  value(store->put("f/x", "x", IfAbsent()));
  CHECK(value(store->incarnation()) == id);
  CHECK(value(store->list("")).size() == 1);
}

/// Reads the number in `name`, writes the next one, until it was acknowledged once. Anything but a conflict ends it; but
/// with `doubts`, which counts them, unknown outcomes do not.
inline bool increment(ObjectStore& store, const std::string& name, std::atomic<int>* doubts = nullptr) {
  for (;;) {
    const auto old = store.get(name);
    if (!old) return false;
    const std::string next = std::to_string(std::stoull(old->bytes) + 1);
    const auto written = store.put(name, next, IfVersion{old->info.version});
    if (written) return true;
    const bool is_unknown = written.error().kind == ErrorKind::unavailable;
    if (is_unknown && doubts != nullptr) ++*doubts;
    if (written.error().kind != ErrorKind::conflict && !(is_unknown && doubts != nullptr)) return false;
  }
}

inline void threads_lose_no_update(const ObjectBackend& backend) {
  constexpr int threads_count = 4;
  constexpr int increments = 20;
  const auto shared = backend.open();
  value(shared->put("f/state.json", "0", IfAbsent()));
  std::atomic<int> acknowledged = 0;
  std::atomic<int> created = 0;
  std::atomic<int> doubts = 0;
  std::atomic<int> doubted_creations = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < threads_count; ++i)
      threads.emplace_back([&, store = i % 2 == 0 ? shared : backend.open()] {
        for (int n = 0; n < increments; ++n) {
          acknowledged += increment(*store, "f/state.json", backend.doubts_when_writers_meet ? &doubts : nullptr) ? 1 : 0;
          const auto creation = store->put("f/new_" + std::to_string(n), "x", IfAbsent());
          created += creation ? 1 : 0;
          doubted_creations += kind_of(creation) == "unavailable" ? 1 : 0;
        }
      });
  }
  if (!backend.doubts_when_writers_meet) CHECK(doubted_creations == 0);
  const int stored = std::stoi(bytes_at(*shared, "f/state.json"));
  CHECK(acknowledged == threads_count * increments);
  CHECK(created <= increments);
  CHECK(created + doubted_creations >= increments);
  CHECK(stored >= threads_count * increments);
  CHECK(stored <= threads_count * increments + doubts);  // written, although its writer could not know
}

inline void a_reader_among_writers_sees_whole_objects(const ObjectBackend& backend) {
  constexpr int replacements = 400;
  const auto writer = backend.open();
  std::string version = value(writer->put("f/state.json", std::string(3000, 'a'), IfAbsent())).version;
  std::atomic<bool> is_done = false;
  std::atomic<int> reads = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> torn = 0;
  std::mutex why_mutex;
  std::string why;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i)
      readers.emplace_back([&, store = backend.open()] {
        while (!is_done) {
          const auto object = store->get("f/state.json");
          const auto head = store->head("f/state.json");
          const auto list = store->list("f/");
          const bool is_ok = object && head && list;
          ++(is_ok ? reads : failed);
          if (!is_ok) {
            const std::lock_guard lock(why_mutex);
            why = !object ? object.error().message : !head ? head.error().message : list.error().message;
          }
          if (object && object->bytes != std::string(3000, object->bytes.front())) ++torn;
        }
      });
    for (int i = 0; i < replacements || (reads < 5 && failed == 0); ++i)
      version = value(writer->put("f/state.json", std::string(3000, static_cast<char>('a' + i % 26)),
                                  IfVersion{version}))
                    .version;
    is_done = true;
  }
  CHECK(reads > 0);
  CHECK_MESSAGE(failed == 0, why);
  CHECK(torn == 0);
}

/// Memory that this process and its children see alike.
struct SharedCounters {
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<std::uint64_t> broken = 0;
};

inline void killed_processes_lose_no_acknowledged_update(const ObjectBackend& backend) {
  if (!backend.is_seen_by_processes) return;
  constexpr int processes = 4;
  constexpr int kills = 40;
  value(backend.open()->put("f/state.json", "0", IfAbsent()));
  void* memory = ::mmap(nullptr, sizeof(SharedCounters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* counters = new (memory) SharedCounters;

  const auto random = seeded_random(40);
  const auto start = [&] {
    const auto lifetime_us = static_cast<suseconds_t>(2000 + random->next() % 40000);
    const pid_t child = ::fork();
    if (child != 0) return child;
    // On a busy machine all of them would be killed before one had anything to lose.
    if (counters->acknowledged == 0 && increment(*backend.open(), "f/state.json")) ++counters->acknowledged;
    // The default action of the alarm ends the process wherever it is, as SIGKILL would, without the test waiting.
    const itimerval alarm{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = lifetime_us}};
    ::setitimer(ITIMER_REAL, &alarm, nullptr);
    const auto store = backend.open();
    while (increment(*store, "f/state.json")) ++counters->acknowledged;
    ++counters->broken;
    ::_exit(0);
  };
  for (int i = 0; i < processes; ++i) start();
  for (int ended = 0; ended < kills + processes; ++ended) {
    int status = 0;
    REQUIRE(::wait(&status) > 0);
    CHECK(WIFSIGNALED(status));
    if (ended < kills) start();
  }

  const std::uint64_t stored = std::stoull(bytes_at(*backend.open(), "f/state.json"));
  MESSAGE("killed ", kills + processes, " writers; acknowledged ", counters->acknowledged.load(), ", stored ", stored);
  CHECK(counters->broken == 0);
  CHECK(counters->acknowledged > 0);
  CHECK(stored >= counters->acknowledged);
  CHECK(stored <= counters->acknowledged + kills + processes);  // written, and killed before it could say so
  ::munmap(memory, sizeof(SharedCounters));
}

/// Calls every clause with a backend of its own.
inline void keeps_the_contract(const std::function<ObjectBackend()>& make) {
  struct Clause {
    const char* law;
    void (*holds)(const ObjectBackend&);
  };
  static constexpr Clause clauses[] = {
      {"a created object reads back as it was written", a_created_object_reads_back_as_it_was_written},
      {"what was never written is not found", what_was_never_written_is_not_found},
      {"a name is created once", a_name_is_created_once_and_a_conflict_leaves_the_old_bytes},
      {"each replacement has a new version", each_replacement_has_a_new_version_even_of_the_same_bytes},
      {"only the named version is removed", only_the_named_version_is_removed},
      {"a listing holds all objects below a prefix", a_listing_holds_all_objects_below_a_prefix_by_name_and_no_others},
      {"a hostile name is invalid everywhere", a_hostile_name_is_invalid_everywhere_and_writes_nothing},
      {"damage is found, named and can be replaced", damage_is_found_named_and_can_be_replaced},
      {"files go in and out whole", files_go_in_and_out_whole},
      {"create or keep keeps what was first", create_or_keep_keeps_what_was_first},
      {"a store has one incarnation", a_store_has_one_incarnation},
      {"threads lose no update", threads_lose_no_update},
      {"a reader among writers sees whole objects", a_reader_among_writers_sees_whole_objects},
      {"killed processes lose no acknowledged update", killed_processes_lose_no_acknowledged_update},
  };
  for (const Clause& clause : clauses) {
    INFO("clause: ", std::string(clause.law));
    clause.holds(make());
  }
}

}  // namespace workprint::conformance
