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

std::set<std::string> Oracle::heads_in_reach(const Worker& worker) {
  std::set<std::string> heads;
  if (world_.now() >= worker.database_back)
    if (const auto there = in_database()) heads.insert(there->head.hash);
  if (world_.now() >= worker.bucket_back)
    if (const auto there = in_bucket()) heads.insert(there->head.hash);
  return heads;
}

// The first durable write of a worker's term: nothing acknowledged that it could have seen may be missing from its line.
void Oracle::check_takeover(Worker& worker, const Known& commit) {
  if (commit.kind != CommitKind::takeover || !begun_.insert(commit.head.hash).second) return;
  const std::set<std::string> heads = heads_in_reach(worker);
  for (const std::string& hash : acknowledged_) {
    if (hash == commit.head.hash || grew_out_of(commit.parent, hash)) continue;
    const bool is_held = std::ranges::any_of(heads, [&](const std::string& head) { return grew_out_of(head, hash); });
    if (!is_held) continue;
    if (!worker.saw_tier_lost)
      broken("nothing_acknowledged_is_lost", "takeover " + shown(commit.head) + " leaves out " + shown(known_[hash].head) + ", which a tier in reach holds");
    may_fork_ = true;
  }
  if (worker.saw_tier_lost) may_fork_ = true;
}

void Oracle::taken_by_database(Worker& worker, const Commit& commit) {
  const Known& known = known_[commit.info.head.hash];
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
  check_takeover(worker, known);
}

void Oracle::taken_by_bucket(Worker& worker, const std::string& name, const std::string& bytes) {
  const Loaded<Checkpoint> document = record::decode_document(world_.film, bytes);
  const auto parsed = parse_object_name(name);
  if (!parsed || parsed->type != ObjectType::state) return;
  const Head& head = document.value->head;
  taken_.insert(head.hash);
  if (number(head.epoch) < bucket_epoch_) broken("single_writer", "state.json took epoch " + shown(head) + " after " + std::to_string(bucket_epoch_));
  bucket_epoch_ = number(head.epoch);
  check_takeover(worker, known_[head.hash]);
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
  for (const std::string& other : acknowledged_)
    if (other != hash && number(known_[other].head.seq) == seq && number(known_[other].head.epoch) == epoch && !may_fork_ && !has_lost_)
      broken("no_silent_merge", "two commits of one number were acknowledged: " + shown(known.head) + " and " + shown(known_[other].head));
  acknowledged_.insert(hash);
  // Committed to a database whose older rows had been damaged meanwhile: it cannot be read from there.
  if (world_.database.load(world_.film).outcome == Outcome::corrupt) has_lost_ = true;
  if (has_lost_) return;
  // Durable somewhere, now: in the database or in the bucket.
  const auto database = in_database(), bucket = in_bucket();
  if (!(database && grew_out_of(database->head.hash, hash)) && !(bucket && grew_out_of(bucket->head.hash, hash)))
    broken("nothing_acknowledged_is_lost", shown(known.head) + " was acknowledged, and no tier holds it");
}

void Oracle::damaged() {
  database_epoch_ = bucket_epoch_ = 0;
  const auto database = in_database(), bucket = in_bucket();
  for (const std::string& hash : taken_)
    if (!(database && grew_out_of(database->head.hash, hash)) && !(bucket && grew_out_of(bucket->head.hash, hash))) has_lost_ = true;
}

void Oracle::submitted(const std::string& key, bool dedupes, int times) {
  if (times > 1 && !dedupes && !has_lost_ && !may_fork_) broken("paid_once", "submitted " + std::to_string(times) + " times: " + key);
}

std::optional<Checkpoint> Oracle::in_database() { return world_.database.load(world_.film).value; }

std::optional<Checkpoint> Oracle::in_bucket() {
  std::optional<Checkpoint> newest;
  const MemoryObjects::Image image = world_.bucket.image();
  for (const auto& [name, held] : image.objects) {
    const auto parsed = parse_object_name(name);
    if (!parsed || (parsed->type != ObjectType::state && parsed->type != ObjectType::snapshot)) continue;
    if (parsed->type == ObjectType::snapshot && newest && !is_newer({parsed->epoch, parsed->seq, {}}, newest->head)) continue;
    if (crc32c(*held.bytes) != held.info.crc32c || held.bytes->size() != held.info.size_bytes) continue;
    Loaded<Checkpoint> document = record::decode_document(world_.film, *held.bytes);
    if (document.value && (!newest || is_newer(document.value->head, newest->head))) newest = std::move(document.value);
  }
  return newest;
}

}  // namespace workprint::sim
