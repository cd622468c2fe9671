#include "tests/sim/oracle.h"

#include <algorithm>

#include "record/commit.h"
#include "tests/sim/world.h"
#include "workprint/object_name.h"

namespace workprint::sim {
namespace {

// Every `{path, size, sha256}` in a document.
void each_asset(const Json& json, const std::function<void(const Json&)>& visit) {
  if (json.is_object() && json.contains("path") && json.contains("sha256") && json.contains("size")) return visit(json);
  if (json.is_structured())
    for (const Json& member : json) each_asset(member, visit);
}

std::string shown(const Head& head) {
  return std::to_string(number(head.epoch)) + "/" + std::to_string(number(head.seq)) + "/" + head.hash.substr(0, 8);
}

}  // namespace

void broken(const std::string& law, const std::string& what) { throw BrokenLaw{law, what}; }

Oracle::Known& Oracle::remember(Worker& worker, const Json& document) {
  const Json& meta = document[run::meta_member];
  const std::string hash = meta["hash"].get<std::string>();
  last_offered_[worker.number] = hash;
  const auto there = known_.find(hash);
  if (there != known_.end()) {
    Json now = document, then = there->second.document;
    for (Json* one : {&now, &then}) (*one)[run::meta_member].erase("contentHash");
    if (now != then) broken("whole_or_nothing", "one hash, two states: " + shown(there->second.head));
    return there->second;
  }
  Known known{{Epoch{meta["epoch"].get<std::uint64_t>()}, Seq{meta["seq"].get<std::uint64_t>()}, hash},
              meta["previousHash"].get<std::string>(), *commit_kind(meta["kind"].get<std::string>()), document};
  return known_.emplace(hash, std::move(known)).first->second;
}

bool Oracle::grew_out_of(const std::string& newer, const std::string& older) const {
  const auto target = known_.find(older);
  for (auto one = known_.find(newer); one != known_.end(); one = known_.find(one->second.parent)) {
    if (one->first == older) return true;
    if (target != known_.end() && number(one->second.head.seq) <= number(target->second.head.seq)) return false;
  }
  return false;
}

void Oracle::offered(Worker& worker, const Commit& commit, const Json& document) {
  const Known& known = remember(worker, document);
  if (known.head != commit.info.head) broken("whole_or_nothing", "a commit and its document differ: " + shown(commit.info.head));
  // Replaying the commit over the state before it gives the state in memory.
  Json before = Json::object();
  if (!commit.info.previous_hash.empty()) {
    const auto parent = known_.find(commit.info.previous_hash);
    if (parent == known_.end()) broken("whole_or_nothing", "a commit follows a state that never was: " + shown(commit.info.head));
    before = parent->second.document;
  }
  const auto delta = record::decode_delta(commit.delta);
  if (!delta || !record::apply(before, *delta, world_.film, commit.info)) broken("whole_or_nothing", "a commit cannot be replayed");
  Json now = document;
  now[run::meta_member].erase("contentHash");
  if (before != now) broken("whole_or_nothing", "replay does not give the state that was committed: " + shown(commit.info.head));
}

void Oracle::offered(Worker& worker, const std::string& name, const std::string& bytes) {
  const Loaded<Checkpoint> document = record::decode_document(world_.film, bytes);
  if (!document.value) broken("whole_or_nothing", "a document that cannot be read is written to " + name + ": " + document.detail);
  remember(worker, document.value->document);
}

void Oracle::installed(Worker& worker, const Checkpoint& checkpoint) {
  if (checkpoint.document[run::meta_member].contains("hash")) taken_.insert(remember(worker, checkpoint.document).head.hash);
}

std::set<std::string> Oracle::line_of(const std::optional<Head>& head) const {
  std::set<std::string> line;
  if (!head) return line;
  for (auto one = known_.find(head->hash); one != known_.end(); one = known_.find(one->second.parent)) line.insert(one->first);
  return line;
}

bool Oracle::is_held(const std::string& hash) {
  const auto database = head_in_database(), bucket = head_in_bucket();
  return (database && grew_out_of(database->hash, hash)) || (bucket && grew_out_of(bucket->hash, hash));
}

void Oracle::check_nothing_is_lost(const std::string& when) {
  if (has_lost_ || may_fork_) return;
  const std::set<std::string> database = line_of(head_in_database()), bucket = line_of(head_in_bucket());
  for (const std::string& hash : acknowledged_)
    if (!database.contains(hash) && !bucket.contains(hash))
      broken("nothing_acknowledged_is_lost", when + ": no tier holds " + shown(known_[hash].head) + " any more");
}

// A worker's term begins: nothing acknowledged that it could have seen may be missing from its line.
void Oracle::check_takeover(Worker& worker, const Known& commit) {
  if (worker.saw_tier_lost) may_fork_ = true;
  std::set<std::string> reach;
  if (world_.now() >= worker.database_back) reach.merge(line_of(head_in_database()));
  if (world_.now() >= worker.bucket_back) reach.merge(line_of(head_in_bucket()));
  const std::set<std::string> line = line_of(commit.head);
  if (may_fork_) return;
  for (const std::string& hash : acknowledged_)
    if (reach.contains(hash) && !line.contains(hash))
      broken("nothing_acknowledged_is_lost", "takeover " + shown(commit.head) + " leaves out " + shown(known_[hash].head) + ", which a tier in reach holds");
}

void Oracle::taken_by_database(const Commit& commit) {
  taken_.insert(commit.info.head.hash);
  if (number(commit.info.head.epoch) < database_epoch_) broken("single_writer", "the database took epoch " + shown(commit.info.head) + " after " + std::to_string(database_epoch_));
  database_epoch_ = number(commit.info.head.epoch);
  if (commit.info.head.seq == Seq{1}) {
    const auto objects = world_.bucket.image().objects;
    for (const auto& [name, held] : objects) {
      const auto parsed = parse_object_name(name);
      if (parsed && (parsed->type == ObjectType::state || parsed->type == ObjectType::snapshot))
        broken("no_fresh_start_over_evidence", "a film began anew while there is " + name);
    }
  }
}

void Oracle::taken_by_bucket(const std::string& name, const std::string& bytes) {
  const Loaded<Checkpoint> document = record::decode_document(world_.film, bytes);
  const auto parsed = parse_object_name(name);
  if (!parsed || parsed->type != ObjectType::state) return;
  const Head& head = document.value->head;
  taken_.insert(head.hash);
  if (number(head.epoch) < bucket_epoch_) broken("single_writer", "state.json took epoch " + shown(head) + " after " + std::to_string(bucket_epoch_));
  bucket_epoch_ = number(head.epoch);
  check_nothing_is_lost("state.json became " + shown(head));
  const auto objects = world_.bucket.image().objects;
  each_asset(document.value->document, [&](const Json& asset) {
    const auto there = objects.find(asset["path"].get<std::string>());
    if (there == objects.end() || there->second.info.sha256 != asset["sha256"])
      broken("references_exist", "state.json at " + shown(head) + " names " + asset["path"].get<std::string>());
  });
}

void Oracle::acknowledged(Worker& worker, std::uint64_t epoch, std::uint64_t seq) {
  const std::string& hash = last_offered_[worker.number];
  const Known& known = known_[hash];
  if (number(known.head.epoch) != epoch || number(known.head.seq) != seq) broken("nothing_acknowledged_is_lost", "a commit was acknowledged that was never offered");
  // A takeover's commit is only what was found; what it followed is what must not be lost.
  if (known.kind == CommitKind::takeover) return check_takeover(worker, known);
  for (const std::string& other : acknowledged_)
    if (other != hash && number(known_[other].head.seq) == seq && number(known_[other].head.epoch) == epoch && !may_fork_ && !has_lost_)
      broken("no_silent_merge", "two commits of one number were acknowledged: " + shown(known.head) + " and " + shown(known_[other].head));
  acknowledged_.insert(hash);
  // Committed to a database whose older rows had been damaged meanwhile: it cannot be read from there.
  if (may_be_damaged_ && world_.database.load(world_.film).outcome == Outcome::corrupt) has_lost_ = true;
  if (!has_lost_ && !is_held(hash)) broken("nothing_acknowledged_is_lost", shown(known.head) + " was acknowledged, and no tier holds it");
}

void Oracle::damaged() {
  database_epoch_ = bucket_epoch_ = 0;
  const std::set<std::string> database = line_of(head_in_database()), bucket = line_of(head_in_bucket());
  for (const std::string& hash : taken_)
    if (!database.contains(hash) && !bucket.contains(hash)) has_lost_ = true;
}

void Oracle::submitted(const std::string& key, bool dedupes, int times) {
  if (times > 1 && !dedupes && !has_lost_ && !may_fork_) broken("paid_once", "submitted " + std::to_string(times) + " times: " + key);
}

std::optional<Checkpoint> Oracle::in_database() { return world_.database.load(world_.film).value; }

std::optional<Head> Oracle::head_in_database() {
  if (may_be_damaged_) {
    const auto there = in_database();
    return there ? std::optional(there->head) : std::nullopt;
  }
  const auto rows = world_.database.list();
  return rows && !rows->empty() ? std::optional(rows->front().head) : std::nullopt;
}

std::optional<Head> Oracle::head_in_bucket() {
  std::optional<Head> newest;
  const MemoryObjects::Image image = world_.bucket.image();
  const auto consider = [&](const MemoryObjects::Held& held) {
    if (crc32c(*held.bytes) != held.info.crc32c || held.bytes->size() != held.info.size_bytes) return;
    const auto known = decoded_.find(held.info.sha256);
    std::optional<Head> head;
    if (known != decoded_.end()) {
      head = known->second;
    } else {
      const Loaded<Checkpoint> document = record::decode_document(world_.film, *held.bytes);
      if (document.value) head = document.value->head;
      decoded_[held.info.sha256] = head;
    }
    if (head && (!newest || is_newer(*head, *newest))) newest = head;
  };
  const std::string folder = world_.film.value() + "/state";
  for (auto one = image.objects.lower_bound(folder); one != image.objects.end() && one->first.starts_with(folder); ++one) consider(one->second);
  return newest;
}

std::optional<Checkpoint> Oracle::in_bucket() {
  const auto head = head_in_bucket();
  if (!head) return std::nullopt;
  return Checkpoint{*head, known_[head->hash].document};
}

}  // namespace workprint::sim
