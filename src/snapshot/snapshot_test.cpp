#include "snapshot/snapshot.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/conformance/checkpoint_store_contract.h"
#include "workprint/object_name.h"

namespace workprint::snapshot {
namespace {

using conformance::film_named;
using conformance::granted;
using conformance::Line;
using conformance::word_of;

const FilmId film = film_named("film");
const std::string state_object = "film/state.json";

/// A memory store that tells what was written and can refuse the n-th write, before or after it happened.
class WatchedObjects final : public ObjectStore {
 public:
  enum class Answer { refused, lost };

  std::string describe() const override { return inner_->describe(); }
  Result<std::string> incarnation() override { return inner_->incarnation(); }
  Result<ObjectInfo> put(std::string_view name, std::string_view bytes, const PutCondition& condition) override {
    writes.push_back("put " + std::string(name));
    if (name == broken_name) {
      broken_name.clear();
      if (answer == Answer::lost) granted(inner_->put(name, bytes, condition));
      return fail(ErrorKind::unavailable, "no answer");
    }
    return inner_->put(name, bytes, condition);
  }
  Result<ObjectInfo> put_file(std::string_view name, const std::filesystem::path& file, const PutCondition& condition) override {
    return inner_->put_file(name, file, condition);
  }
  Result<ObjectBytes> get(std::string_view name) override {
    if (unreadable.contains(std::string(name))) return fail(ErrorKind::unavailable, "no answer");
    return inner_->get(name);
  }
  Result<ObjectInfo> get_file(std::string_view name, const std::filesystem::path& file) override { return inner_->get_file(name, file); }
  Result<ObjectInfo> head(std::string_view name) override { return inner_->head(name); }
  Result<ObjectInfo> verify(std::string_view name) override { return inner_->verify(name); }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override { return inner_->list(prefix); }
  Result<void> remove(std::string_view name, const std::string& version) override { return inner_->remove(name, version); }

  std::vector<std::string> writes;
  std::string broken_name;
  Answer answer = Answer::refused;
  std::set<std::string> unreadable;

 private:
  std::unique_ptr<ObjectStore> inner_ = open_memory_objects();
};

std::string name_of(const Head& head) { return *snapshot_name(film, head.epoch, head.seq); }

Outgoing outgoing(const Line& line, const std::string& node = {}) {
  return {line.head(), node, record::encode_document(line.document())};
}

void put_state(ObjectStore& objects, std::string_view bytes) {
  const auto there = objects.head(state_object);
  granted(objects.put(state_object, bytes, there ? PutCondition(IfVersion{there->version}) : PutCondition(IfAbsent())));
}

Line published(ObjectStore& objects, int commits) {
  Line line(film);
  Shelf shelf;
  for (int i = 0; i < commits; ++i) {
    line.next(Epoch{1});
    granted(shelf.publish(objects, film, outgoing(line)));
  }
  return line;
}

}  // namespace

TEST_CASE("snapshot: the create-only snapshot is written before state.json, but for the first of an epoch") {
  WatchedObjects objects;
  const Line line = published(objects, 2);
  CHECK(objects.writes == std::vector<std::string>{"put film/state.json", "put film/state/00000001-00000000000000000001.json",
                                                   "put film/state/00000001-00000000000000000002.json", "put film/state.json"});
  const Finding finding = load(objects, film);
  REQUIRE(finding.state.value);
  CHECK(finding.where == state_object);
  CHECK(finding.state.value->head == line.head());
  CHECK(granted(objects.get(state_object)).bytes == granted(objects.get(name_of(line.head()))).bytes);
}

TEST_CASE("snapshot: a film without any is absent, a store without an answer is unreachable") {
  WatchedObjects objects;
  CHECK(load(objects, film).state.outcome == Outcome::absent);
  objects.unreadable.insert(state_object);
  CHECK(load(objects, film).state.outcome == Outcome::unreachable);
}

TEST_CASE("snapshot: a publication whose answer was lost is settled by the next one") {
  for (const auto answer : {WatchedObjects::Answer::refused, WatchedObjects::Answer::lost})
    for (const bool state_too : {false, true}) {
      WatchedObjects objects;
      Line line(film);
      Shelf shelf;
      line.next(Epoch{1});
      granted(shelf.publish(objects, film, outgoing(line)));
      line.next(Epoch{1});
      objects.answer = answer;
      objects.broken_name = state_too ? state_object : name_of(line.head());
      const auto first = shelf.publish(objects, film, outgoing(line));
      if (!first) {
        CHECK(first.error().kind == ErrorKind::unavailable);
        granted(shelf.publish(objects, film, outgoing(line)));
      }
      line.next(Epoch{1});
      granted(shelf.publish(objects, film, outgoing(line)));
      CHECK(load(objects, film).state.value->head == line.head());
    }
}

TEST_CASE("snapshot: a stale writer is fenced and overwrites nothing") {
  const auto objects = open_memory_objects();
  Line old_line(film);
  Shelf old_shelf;
  old_line.next(Epoch{1});
  granted(old_shelf.publish(*objects, film, outgoing(old_line)));
  Line new_line = old_line;
  Shelf new_shelf;
  new_line.next(Epoch{2});
  granted(new_shelf.publish(*objects, film, outgoing(new_line)));
  const std::string before = granted(objects->get(state_object)).bytes;
  for (int i = 0; i < 3; ++i) {
    old_line.next(Epoch{1});
    CHECK(word_of(old_shelf.publish(*objects, film, outgoing(old_line))) == "fenced");
  }
  CHECK(granted(objects->get(state_object)).bytes == before);
  CHECK(load(*objects, film).state.value->head == new_line.head());
}

TEST_CASE("snapshot: another line of the same term is neither overwritten nor joined") {
  const auto objects = open_memory_objects();
  const Line line = published(*objects, 1);
  Line twin(film);
  twin.next(Epoch{1}, 99);
  Shelf shelf;
  CHECK(word_of(shelf.publish(*objects, film, outgoing(twin))) == "conflict");
  Shelf blind(Seen{});  // believes that nothing is there
  CHECK(word_of(blind.publish(*objects, film, outgoing(twin))) == "conflict");
  CHECK(load(*objects, film).state.value->head == line.head());
}

TEST_CASE("snapshot: when state.json is cut off, flipped or of another film, the newest older one is offered") {
  const Line other = [] {
    Line line(film_named("other"));
    line.next(Epoch{1});
    return line;
  }();
  for (const int damage : {0, 1, 2, 3}) {
    CAPTURE(damage);
    const auto objects = open_memory_objects();
    const Line line = published(*objects, 3);
    std::string bytes = granted(objects->get(state_object)).bytes;
    if (damage == 0) bytes.resize(bytes.size() / 2);
    if (damage == 1) bytes[bytes.size() / 3] ^= 1;
    if (damage == 2) bytes.clear();
    if (damage == 3) bytes = record::encode_document(other.document());
    put_state(*objects, bytes);
    const Finding finding = load(*objects, film);
    CHECK(finding.state.outcome == (damage == 3 ? Outcome::foreign : Outcome::corrupt));
    REQUIRE(finding.older);
    CHECK(finding.older->head == line.head());
    CHECK(finding.older_where == name_of(line.head()));
    CHECK(finding.damaged_version == granted(objects->head(state_object)).version);

    const std::string kept = granted(quarantine(*objects, film));
    CHECK(granted(objects->get(kept)).bytes == bytes);
    CHECK(granted(quarantine(*objects, film)) == kept);
    Line after = line;
    after.next(Epoch{2});
    Shelf shelf;
    granted(shelf.publish(*objects, film, outgoing(after)));  // over the damage, whose version is known
    CHECK(load(*objects, film).state.value->head == after.head());
  }
}

TEST_CASE("snapshot: damaged snapshots are passed over until a whole one") {
  const auto objects = open_memory_objects();
  Line line(film);
  Shelf shelf;
  std::vector<Head> heads;
  for (int i = 0; i < 4; ++i) {
    line.next(Epoch{1});
    granted(shelf.publish(*objects, film, outgoing(line)));
    heads.push_back(line.head());
  }
  put_state(*objects, "{");
  for (const std::size_t i : {std::size_t{3}, std::size_t{2}})
    granted(objects->put(name_of(heads[i]), "{}", IfVersion{granted(objects->head(name_of(heads[i]))).version}));
  CHECK(load(*objects, film).older->head == heads[1]);
  for (const Head& head : heads) granted(objects->remove(name_of(head), granted(objects->head(name_of(head))).version));
  const Finding finding = load(*objects, film);
  CHECK(finding.state.outcome == Outcome::corrupt);
  CHECK_FALSE(finding.older);
}

TEST_CASE("snapshot: a newer snapshot beside state.json is the state, whether state.json is older or gone") {
  WatchedObjects objects;
  Line line = published(objects, 2);
  line.next(Epoch{1});
  granted(objects.put(name_of(line.head()), outgoing(line).bytes, IfAbsent()));  // its writer died before state.json
  Finding finding = load(objects, film);
  CHECK(finding.state.value->head == line.head());
  CHECK(finding.where == name_of(line.head()));

  objects.unreadable.insert(name_of(line.head()));
  CHECK(load(objects, film).state.outcome == Outcome::unreachable);  // going back to an older state is not on
  CHECK_FALSE(load(objects, film).seen);                             // nor may a writer replace what it did not read
  objects.unreadable.clear();

  granted(objects.remove(state_object, granted(objects.head(state_object)).version));
  finding = load(objects, film);
  REQUIRE(finding.state.value);
  CHECK(finding.state.value->head == line.head());
}

TEST_CASE("snapshot: a writer that looks for itself looks beside state.json, too: it may be behind, damaged or gone") {
  const auto objects = open_memory_objects();
  Line theirs = published(*objects, 2);
  Line ours(film, theirs.checkpoint());  // from a database that is behind
  for (int i = 0; i < 2; ++i) {
    theirs.next(Epoch{1});
    granted(objects->put(name_of(theirs.head()), outgoing(theirs).bytes, IfAbsent()));
  }
  ours.next(Epoch{2});
  for (const char* fate : {"behind", "damaged", "gone"}) {
    if (fate == std::string("damaged")) put_state(*objects, "{\"cut");
    if (fate == std::string("gone")) granted(objects->remove(state_object, granted(objects->head(state_object)).version));
    Shelf shelf;
    CHECK_MESSAGE(word_of(shelf.publish(*objects, film, outgoing(ours))) == "conflict", fate);
    const Finding finding = load(*objects, film);
    CHECK_MESSAGE((finding.state.value ? finding.state.value : finding.older)->head == theirs.head(), fate);
  }
  Line after(film, theirs.checkpoint());
  after.next(Epoch{2});
  Shelf shelf;
  granted(shelf.publish(*objects, film, outgoing(after)));
  CHECK(load(*objects, film).state.value->head == after.head());
}

TEST_CASE("snapshot: a damaged newer snapshot beside a whole state.json changes nothing") {
  const auto objects = open_memory_objects();
  Line line = published(*objects, 2);
  const Head whole = line.head();
  line.next(Epoch{1});
  granted(objects->put(name_of(line.head()), "{\"cut", IfAbsent()));
  CHECK(load(*objects, film).state.value->head == whole);
}

TEST_CASE("snapshot: the newest twenty and the last of each node are kept, also by a writer that comes later") {
  const auto objects = open_memory_objects();
  Line line(film);
  auto shelf = std::make_unique<Shelf>();
  for (std::uint64_t seq = 1; seq <= 60; ++seq) {
    line.node = seq == 3 ? "early" : seq == 5 || seq == 7 ? "twice" : "";
    line.kind = line.node.empty() ? CommitKind::task : CommitKind::step;
    line.next(Epoch{1});
    granted(shelf->publish(*objects, film, outgoing(line, line.node)));
    if (seq == 40) shelf = std::make_unique<Shelf>();  // another process: it knows only what lies there
  }
  std::set<std::uint64_t> left, expected{3, 7};
  for (const ObjectInfo& info : granted(objects->list("film/state/"))) left.insert(number(parse_object_name(info.name)->seq));
  for (std::uint64_t seq = 41; seq <= 60; ++seq) expected.insert(seq);
  CHECK(left == expected);
}

}  // namespace workprint::snapshot
