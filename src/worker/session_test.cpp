#include "worker/session.h"

#include <doctest/doctest.h>

#include "store/memory_store.h"
#include "tests/conformance/checkpoint_store_contract.h"
#include "tests/support/manual_clock.h"

namespace workprint::worker {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::Line;
using conformance::word_of;

const FilmId film = film_named("film");

/// A store whose next commit is not answered, and to which something happens then.
class Unheard final : public CheckpointStore {
 public:
  explicit Unheard(std::shared_ptr<Clock> clock) : inner(std::move(clock), "store_1") {}
  std::string describe() const override { return inner.describe(); }
  Result<std::string> incarnation() override { return inner.incarnation(); }
  Result<Lease> acquire(const FilmId& id, const LeaseRequest& request) override { return inner.acquire(id, request); }
  Result<void> renew(const Lease& lease) override { return inner.renew(lease); }
  Result<void> release(const Lease& lease) override { return inner.release(lease); }
  Loaded<Checkpoint> load(const FilmId& id) override {
    if (is_away) return {Outcome::unreachable, std::nullopt, "no answer"};
    return inner.load(id);
  }
  Loaded<Checkpoint> read(const FilmId& id, Seq seq) override { return inner.read(id, seq); }
  Result<void> commit(const Lease& lease, const Commit& commit, const Json& document) override {
    if (is_away) return fail(ErrorKind::unavailable, "no answer");
    if (!meanwhile) return inner.commit(lease, commit, document);
    std::exchange(meanwhile, {})(lease, commit, document);
    return fail(ErrorKind::unavailable, "connection reset");
  }
  Result<void> install(const Lease& lease, const Checkpoint& checkpoint, const CommitInfo& info) override { return inner.install(lease, checkpoint, info); }
  Result<std::string> set_aside(const FilmId& id, const std::string& reason) override { return inner.set_aside(id, reason); }
  Result<std::vector<CommitInfo>> history(const FilmId& id, Seq before, std::size_t limit) override { return inner.history(id, before, limit); }
  Result<std::vector<Commit>> log(const FilmId& id, Seq after, std::size_t limit) override { return inner.log(id, after, limit); }
  Result<Seq> prune(const FilmId& id, Seq keep_from) override { return inner.prune(id, keep_from); }
  Result<std::vector<Row>> list() override { return inner.list(); }

  store::MemoryStore inner;
  bool is_away = false;
  std::function<void(const Lease&, const Commit&, const Json&)> meanwhile;
};

ValidGraph one_node() {
  Graph graph("one/v1");
  graph.add({.name = "look", .run = [](const State&, Context&) -> Result<Writes> { return Writes(); }, .writes = {}, .items = {}, .batch_max = 0, .retry = {}, .timeout = {}, .skip = {}});
  graph.entry("look").edge("look", std::string(end_node));
  return granted(graph.validate());
}

/// Each look at it takes 1 ms.
class TickingClock final : public Clock {
 public:
  WallTime wall() override { return hand.wall(); }
  Instant now() override {
    hand.advance(std::chrono::milliseconds(1));
    return hand.now();
  }
  bool wait(Duration duration, std::stop_token stop) override { return hand.wait(duration, stop); }
  ManualClock hand;
};

struct Bench {
  std::shared_ptr<Clock> clock;
  Unheard store{clock};
  std::unique_ptr<ObjectStore> objects = open_memory_objects();
  Line line{film};
  std::unique_ptr<Session> session;

  explicit Bench(std::shared_ptr<Clock> time = std::make_shared<ManualClock>(), KeeperCount* keepers = nullptr) : clock(std::move(time)) {
    Lease lease = granted(store.acquire(film, {"host/boot-1/1/1", Epoch{}, Duration()}));
    const Commit first = line.next(lease.epoch());
    granted(store.commit(lease, first, line.document()));
    Tools tools{&store, objects.get(), clock, seeded_random(1), "host/boot-1/1/1", {}, std::chrono::seconds(30), std::chrono::seconds(60), Background::by_caller, {}, keepers};
    session = std::make_unique<Session>(tools, one_node(), Taken{film, std::move(lease), Epoch{1}, line.checkpoint(), snapshot::Seen{}, {}});
  }
};

}  // namespace

TEST_CASE("session: a commit that happened although its answer was lost is done") {
  Bench bench;
  bench.store.meanwhile = [&](const Lease& lease, const Commit& commit, const Json& document) { granted(bench.store.inner.commit(lease, commit, document)); };
  granted(bench.session->commit(CommitKind::task, {}, {}));
  CHECK_FALSE(bench.session->is_degraded());
  CHECK(bench.store.load(film).value->head == bench.session->head());
}

TEST_CASE("session: a film does not begin in state.json alone") {
  Bench bench;
  bench.session.reset();
  const FilmId other = film_named("other");
  Lease lease = granted(bench.store.acquire(other, {"host/boot-1/1/1", Epoch{}, Duration()}));
  Tools tools{&bench.store, bench.objects.get(), bench.clock, seeded_random(1), "host/boot-1/1/1", {}, std::chrono::seconds(30), std::chrono::seconds(60), Background::by_caller, {}};
  Session session(tools, one_node(), Taken{other, std::move(lease), Epoch{1}, {{}, Json::object()}, snapshot::Seen{}, {}});
  bench.store.is_away = true;
  run::Delta delta;
  delta.meta = {{"graphFingerprint", std::string(64, 'a')}, {"nextNodes", Json::array()}, {"openEffects", Json::object()}, {"doneTasks", Json::object()}, {"interrupts", Json::object()}};
  CHECK(word_of(session.commit(CommitKind::command, {}, delta)) == "unavailable");
  CHECK(granted(bench.objects->list("")).empty());
}

TEST_CASE("session: when a lost answer hides another worker, the store says so and the session ends") {
  Bench bench;
  bench.store.meanwhile = [&](const Lease&, const Commit&, const Json&) {
    const Lease theirs = granted(bench.store.inner.acquire(film, {"host/boot-2/1/1", Epoch{}, Duration()}));
    const Commit takeover = bench.line.next(theirs.epoch());
    granted(bench.store.inner.commit(theirs, takeover, bench.line.document()));
  };
  CHECK(word_of(bench.session->commit(CommitKind::task, {}, {})) == "fenced");
  CHECK_FALSE(bench.session->is_degraded());
  CHECK(word_of(bench.session->commit(CommitKind::task, {}, {})) == "fenced");
}

TEST_CASE("session: between two publications a film rests, the longer the more films there are; who waits for one waits for no rest") {
  const auto clock = std::make_shared<TickingClock>();
  KeeperCount count = 0;
  Bench bench(clock, &count);
  const auto is_published = [&] { return bench.session->publication().published == bench.session->head(); };
  const auto commit_after = [&](int ms) {
    clock->hand.advance(std::chrono::milliseconds(ms));
    granted(bench.session->commit(CommitKind::task, {}, {}));
    return is_published();
  };
  REQUIRE(count == 1);
  CHECK(commit_after(0));
  // Each look at this clock takes 1 ms, a publication two looks: alone it rests for nine.
  CHECK_FALSE(commit_after(0));
  CHECK(commit_after(9));
  count = 20;
  CHECK(commit_after(1000));
  CHECK_FALSE(commit_after(100));
  CHECK(commit_after(100));
  CHECK_FALSE(commit_after(0));
  const Instant before = clock->hand.now();
  granted(bench.session->flush(std::chrono::seconds(10)));
  CHECK(is_published());
  CHECK(clock->hand.now() - before < std::chrono::milliseconds(50));
}

}  // namespace workprint::worker
