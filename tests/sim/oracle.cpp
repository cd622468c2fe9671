#include "tests/sim/oracle.h"

#include <algorithm>
#include <functional>

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
  const std::string sha256 = sha256_hex(bytes);
  auto there = decoded_.find(sha256);
  if (there == decoded_.end() || !there->second) {
    const Loaded<Checkpoint> document = record::decode_document(world_.film, bytes);
    if (!document.value) broken("whole_or_nothing", "a document that cannot be read is written to " + name + ": " + document.detail);
    there = decoded_.insert_or_assign(sha256, remember(worker, document.value->document).head).first;
  }
  const Known& known = known_[there->second->hash];
  last_offered_[worker.number] = known.head.hash;
  const auto parsed = parse_object_name(name);
  if (parsed && parsed->type == ObjectType::snapshot && (parsed->epoch != known.head.epoch || parsed->seq != known.head.seq))
    broken("whole_or_nothing", "the document of " + shown(known.head) + " is written to " + name);
}

void Oracle::knows(const Checkpoint& checkpoint, const Oracle& from) {
  rotten_ = from.rotten_;
  never_whole_ = from.never_whole_;
  Worker nobody;
  taken_.insert(remember(nobody, checkpoint.document).head.hash);
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
  for (const auto& [hash, order] : acknowledged_)
    if (!database.contains(hash) && !bucket.contains(hash))
      broken("nothing_acknowledged_is_lost", when + ": no tier holds " + shown(known_[hash].head) + " any more");
}

// A worker's term begins: nothing acknowledged that it could have seen may be missing from its line.
void Oracle::check_takeover(Worker& worker, const Known& commit) {
  const std::uint64_t epoch = number(commit.head.epoch);
  const bool sees_database = worker.lease_epoch == epoch;
  const bool sees_bucket = in_state_json_.contains(commit.head.hash) || !worker.saw_bucket_lost;
  const std::set<std::string> line = line_of(commit.head);
  // What grew out of this takeover's commit while its worker slept is no line beside it.
  const auto is_beside = [&](const std::optional<Head>& head) { return head && !line.contains(head->hash) && !grew_out_of(head->hash, commit.head.hash); };
  const auto any_other = [&](auto is_so) {
    return std::ranges::any_of(world_.workers(), [&](const Worker& other) { return other.number != worker.number && is_so(other); });
  };
  // docs/protocols/ownership.md, "What a partition can and cannot cost": what was hidden, or goes on being written there.
  if (!sees_database && (is_beside(head_in_database()) || any_other([](const Worker& other) { return other.is_in_database; }))) may_fork_ = true;
  if (!sees_bucket) {
    blind_epoch_ = std::max(blind_epoch_, epoch);
    if (is_beside(head_in_bucket()) || any_other([](const Worker& other) { return other.is_degraded || other.claim_epoch > 0; })) may_fork_ = true;
  }
  // Tier 1 went to somebody of whom tier 2 could not be told, and then away from this worker, too.
  if (!in_database_.contains(commit.head.hash) && blind_epoch_ > epoch && !worker.hears_database) may_fork_ = true;
  if (may_fork_) return;
  std::set<std::string> reach;
  if (sees_database) reach.merge(line_of(head_in_database()));
  if (sees_bucket) reach.merge(line_of(head_in_bucket()));
  // What was acknowledged after a tier took this commit is the business of whoever acknowledged it.
  const auto taken = first_taken_.find(commit.head.hash);
  for (const auto& [hash, order] : acknowledged_)
    if (reach.contains(hash) && !line.contains(hash) && (taken == first_taken_.end() || order < taken->second))
      broken("nothing_acknowledged_is_lost", "takeover " + shown(commit.head) + " leaves out " + shown(known_[hash].head) + ", which a tier in reach holds");
}

void Oracle::taken_by_database(const Commit& commit) {
  taken_.insert(commit.info.head.hash);
  in_database_.insert(commit.info.head.hash);
  first_taken_.emplace(commit.info.head.hash, acknowledged_.size());
  if (number(commit.info.head.epoch) < database_epoch_) broken("single_writer", "the database took epoch " + shown(commit.info.head) + " after " + std::to_string(database_epoch_));
  database_epoch_ = number(commit.info.head.epoch);
  const std::optional<Head> bucket = commit.info.head.seq == Seq{1} ? head_in_bucket() : std::nullopt;
  if (commit.info.head.seq == Seq{1} && !(bucket && grew_out_of(bucket->hash, commit.info.head.hash))) {
    const auto objects = world_.bucket.image().objects;
    for (const auto& [name, held] : objects) {
      const auto parsed = parse_object_name(name);
      if (parsed && (parsed->type == ObjectType::state || parsed->type == ObjectType::snapshot))
        broken("no_fresh_start_over_evidence", "a film began anew while there is " + name);
    }
  }
}

// What a state names is there, whole: every byte of it.
void Oracle::check_assets(const Known& state, const std::string& name) {
  const auto objects = world_.bucket.image().objects;
  each_asset(state.document, [&](const Json& asset) {
    const std::string path = asset["path"].get<std::string>();
    const auto there = objects.find(path);
    const bool is_named = there != objects.end() && there->second.info.sha256 == asset["sha256"] && Json(there->second.info.size_bytes) == asset["size"];
    if (!is_named) broken("references_exist", name + " at " + shown(state.head) + " names " + path);
    if (never_whole_.contains(path)) broken("references_exist", name + " at " + shown(state.head) + " names " + path + ", whose bytes were damaged before");
    if (!rotten_.contains(path) && crc32c(*there->second.bytes) != there->second.info.crc32c) broken("references_exist", name + " at " + shown(state.head) + " names " + path + ", whose bytes are damaged");
  });
}

void Oracle::rotted(const std::string& name) {
  const bool is_named = std::ranges::any_of(known_, [&](const auto& entry) {
    bool found = false;
    each_asset(entry.second.document, [&](const Json& asset) { found = found || asset["path"] == name; });
    return found;
  });
  // Whoever wrote it or looked at it may name it still.
  const bool is_believed = std::ranges::any_of(world_.workers(), [&](const Worker& worker) { return worker.seen_whole.contains(name); });
  rotten_.insert(name);
  if (!is_named && !is_believed) never_whole_.insert(name);
}

// Who cannot see the database must have watched the film for a term (docs/protocols/ownership.md, "Taking over without tier 1").
void Oracle::claimed(Worker& worker, const std::string& bytes) {
  const auto json = parse_json(bytes);
  if (!json || json->value("released", true)) return;
  const std::uint64_t epoch = json->value("epoch", std::uint64_t{0});
  const bool is_beat = epoch == worker.lease_epoch || epoch == worker.claim_epoch;
  if (!is_beat && !worker.claim_read_released) {
    const auto own = signs_.find(worker.number);
    const Instant looked = std::min(worker.state_read, worker.claim_read);
    for (const auto& [other, sign] : signs_)
      if (other != worker.number && sign < looked && looked - sign < std::chrono::seconds(30) && (own == signs_.end() || own->second < sign))
        broken("single_writer", "w" + std::to_string(worker.number) + " claims the film and did not watch it for a term: w" + std::to_string(other) + " gave a sign");
  }
  if (!is_beat) worker.claim_epoch = epoch;
  signs_[worker.number] = world_.now();
}

void Oracle::taken_by_bucket(Worker& worker, const std::string& name, const std::string& bytes) {
  const Head head = *decoded_.at(sha256_hex(bytes));
  check_assets(known_.at(head.hash), name);
  if (parse_object_name(name)->type != ObjectType::state) return;
  if (head.seq == Seq{1} && !in_state_json_.contains(head.hash) && !has_lost_)
    for (const auto& [hash, order] : acknowledged_)
      if (hash != head.hash && !grew_out_of(hash, head.hash)) broken("no_fresh_start_over_evidence", "state.json begins anew at " + shown(head) + ", and " + shown(known_[hash].head) + " was acknowledged");
  in_state_json_.insert(head.hash);
  first_taken_.emplace(head.hash, acknowledged_.size());
  signs_[worker.number] = world_.now();
  if (number(head.epoch) >= blind_epoch_) blind_epoch_ = 0;
  taken_.insert(head.hash);
  if (number(head.epoch) < bucket_epoch_) broken("single_writer", "state.json took epoch " + shown(head) + " after " + std::to_string(bucket_epoch_));
  bucket_epoch_ = number(head.epoch);
  check_nothing_is_lost("state.json became " + shown(head));
}

void Oracle::acknowledged(Worker& worker, std::uint64_t epoch, std::uint64_t seq) {
  const std::string& hash = last_offered_[worker.number];
  const Known& known = known_[hash];
  if (number(known.head.epoch) != epoch || number(known.head.seq) != seq) broken("nothing_acknowledged_is_lost", "a commit was acknowledged that was never offered");
  // A takeover's commit is only what was found; what it followed is what must not be lost.
  if (known.kind == CommitKind::takeover) return check_takeover(worker, known);
  for (const auto& [other, order] : acknowledged_)
    if (other != hash && number(known_[other].head.seq) == seq && number(known_[other].head.epoch) == epoch && !may_fork_ && !has_lost_)
      broken("no_silent_merge", "two commits of one number were acknowledged: " + shown(known.head) + " and " + shown(known_[other].head));
  if (!in_database_.contains(hash)) {
    // Tier 2 only; and tier 1 may be another's, of whom tier 2 could not be told.
    worker.is_in_database = false;
    if (blind_epoch_ > epoch && !worker.hears_database) may_fork_ = true;
  }
  acknowledged_.emplace(hash, acknowledged_.size());
  // Committed to a database whose older rows had been damaged meanwhile: it cannot be read from there.
  if (may_be_damaged_ && world_.database.load(world_.film).outcome == Outcome::corrupt) has_lost_ = true;
  if (!has_lost_ && !is_held(hash)) broken("nothing_acknowledged_is_lost", shown(known.head) + " was acknowledged, and no tier holds it");
}

void Oracle::restored(const store::MemoryStore::Image& image) {
  const auto now = world_.database.image();
  const auto epoch_in = [&](const store::MemoryStore::Image& one) {
    const auto row = one.films.find(world_.film.value());
    return row == one.films.end() ? std::uint64_t{0} : number(row->second.epoch);
  };
  const std::uint64_t is = epoch_in(now), was = epoch_in(image);
  const auto bucket = head_in_bucket();
  for (const Worker& worker : world_.workers()) {
    if (worker.lease_epoch == was && is != was) may_fork_ = true;
    // Nobody knows of its lease any more, and its epoch will be given away again.
    if (worker.lease_epoch > was && (!bucket || number(bucket->epoch) < worker.lease_epoch)) may_fork_ = true;
  }
}

void Oracle::damaged() {
  database_epoch_ = bucket_epoch_ = 0;
  const std::set<std::string> database = line_of(head_in_database()), bucket = line_of(head_in_bucket());
  for (const std::string& hash : taken_)
    if (!database.contains(hash) && !bucket.contains(hash)) has_lost_ = true;
}

void Oracle::submitted(const Worker& worker, const std::string& what, int number, bool dedupes, int times) {
  if (has_lost_ || may_fork_) return;
  const std::string call = what + "/" + std::to_string(number);
  if (times > 1 && !dedupes) broken("paid_once", "submitted " + std::to_string(times) + " times: " + call);
  // A worker that slept since its intent does not know yet that it is fenced.
  for (const auto& [open, epoch] : open_[what])
    if (epoch <= worker.epoch()) broken("paid_once", call + " is submitted while operation " + std::to_string(open) + ", whose handle is recorded, was not polled to its end");
}

void Oracle::handle_recorded(const Worker& worker, const std::string& what, int number) { open_[what][number] = worker.epoch(); }
void Oracle::received(const std::string& what, int number) { open_[what].erase(number); }

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
