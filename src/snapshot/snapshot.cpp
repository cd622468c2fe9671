#include "snapshot/snapshot.h"

#include <algorithm>

#include "base/fault.h"
#include "record/commit.h"
#include "record/lineage.h"
#include "snapshot/legacy.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::snapshot {
namespace {

constexpr std::size_t snapshots_kept = 20;

std::string shown(const Head& head) {
  return "epoch " + std::to_string(number(head.epoch)) + " seq " + std::to_string(number(head.seq));
}

struct Candidate {
  Head head;  // of the name; without hash
  std::string name;
};

// The snapshots beside state.json, newest first.
Result<std::vector<Candidate>> candidates(ObjectStore& objects, const FilmId& film) {
  std::vector<Candidate> all;
  for (const ObjectInfo& info : TRY(objects.list(film_prefix(film) + "state/")))
    if (const auto name = parse_object_name(info.name); name && name->type == ObjectType::snapshot)
      all.push_back({{name->epoch, name->seq, {}}, info.name});
  std::ranges::sort(all, [](const Candidate& a, const Candidate& b) { return is_newer(a.head, b.head); });
  return all;
}

struct Reading {
  Loaded<Checkpoint> state;
  std::string version;      ///< empty: there is none, or it cannot be known
  std::string bytes;        ///< as they lie there
  bool is_damaged = false;  ///< the object's own record does not fit them
};

// One object as a snapshot of this film. What its own record calls damaged is believed when the document proves itself.
Reading read_one(ObjectStore& objects, const FilmId& film, const std::string& name) {
  const auto object = objects.get(name);
  if (object) return {record::decode_document(film, object->bytes), object->info.version, object->bytes, false};
  if (object.error().kind == ErrorKind::not_found) return {{Outcome::absent, std::nullopt, object.error().message}, {}, {}, false};
  if (object.error().kind != ErrorKind::corrupt) return {{Outcome::unreachable, std::nullopt, object.error().message}, {}, {}, false};
  // These bytes and no others are judged and set aside under this version: another writer may be at work.
  const auto raw = objects.get_as_is(name);
  if (!raw) {
    const Outcome outcome = raw.error().kind == ErrorKind::corrupt ? Outcome::corrupt : Outcome::unreachable;
    return {{outcome, std::nullopt, raw.error().message}, {}, {}, true};
  }
  Reading reading{record::decode_document(film, raw->bytes), raw->info.version, raw->bytes, true};
  if (reading.state.outcome == Outcome::corrupt) reading.state.detail = object.error().message;
  return reading;
}

Result<std::string> keep_aside(ObjectStore& objects, const FilmId& film, const Reading& damaged) {
  const std::string name = TRY(quarantine_name(film, damaged.version, sha256_hex(damaged.bytes)));
  TRY(create_or_keep(objects, name, damaged.bytes));
  return name;
}

// The newest valid snapshot that is newer than `above` (all, when nothing is given).
std::optional<std::pair<Checkpoint, std::string>> newest_valid(ObjectStore& objects, const FilmId& film,
                                                               const std::vector<Candidate>& all,
                                                               const std::optional<Head>& above, Outcome& worst) {
  for (const Candidate& one : all) {
    if (above && !is_newer(one.head, *above)) return std::nullopt;
    Reading reading = read_one(objects, film, one.name);
    if (reading.state.outcome == Outcome::found) return std::pair(*std::move(reading.state.value), one.name);
    if (reading.state.outcome == Outcome::too_new || reading.state.outcome == Outcome::unreachable)
      worst = reading.state.outcome;
  }
  return std::nullopt;
}

Finding find(ObjectStore& objects, const FilmId& film) {
  Finding finding;
  const auto name = state_name(film);
  check(name.has_value(), "a film id makes a state name");
  Reading reading = read_one(objects, film, *name);
  finding.where = *name;
  if (reading.state.outcome == Outcome::corrupt) {
    finding.damaged_version = reading.version;
    if (!reading.is_damaged) finding.legacy = bare_document(reading.bytes);
    if (finding.legacy) reading.state.detail = "a document of the older system (no $workprint)";
  }
  if (reading.state.outcome == Outcome::foreign) finding.damaged_version = reading.version;
  if (reading.state.outcome == Outcome::absent) finding.seen = Seen{};
  if (!reading.version.empty()) finding.seen = Seen{reading.version};
  if (finding.damaged_version && !finding.damaged_version->empty()) finding.seen = Seen{*finding.damaged_version};
  finding.state = std::move(reading.state);
  if (finding.state.outcome == Outcome::unreachable || finding.state.outcome == Outcome::too_new) return finding;
  const auto all = candidates(objects, film);
  // Numbers of ours were published here: a start from a document without any would write them a second time.
  if (!all || !all->empty()) finding.legacy.reset();
  if (!all) {
    if (finding.state.outcome == Outcome::found) return finding;
    finding.state = {Outcome::unreachable, std::nullopt, all.error().message};
    return finding;
  }
  std::optional<Head> above;
  if (finding.state.outcome == Outcome::found) above = finding.state.value->head;
  Outcome worst = Outcome::absent;
  auto beside = newest_valid(objects, film, *all, above, worst);
  // What does not grow out of state.json lost its compare-and-set there: it was never acknowledged.
  if (beside && finding.state.value && record::kinship(beside->first, *finding.state.value) != record::Kinship::newer) beside.reset();
  if (finding.state.outcome == Outcome::found || finding.state.outcome == Outcome::absent) {
    if (beside) {
      finding.beside_of = std::move(finding.state.value);
      finding.state = {Outcome::found, std::move(beside->first),
                       finding.state.outcome == Outcome::absent ? "state.json is not there; the newest snapshot beside it is"
                                                                : "a snapshot beside state.json is newer: its writer died between the two writes"};
      finding.where = beside->second;
    } else if (finding.state.outcome == Outcome::found && worst != Outcome::absent) {
      finding.state = {worst, std::nullopt, "a snapshot beside state.json is newer, and cannot be read now"};
    } else if (finding.state.outcome == Outcome::absent && !all->empty()) {
      finding.state = {worst == Outcome::absent ? Outcome::corrupt : worst, std::nullopt,
                       "state.json is not there and no snapshot beside it is valid"};
    }
    return finding;
  }
  if (beside) {
    finding.older = std::move(beside->first);
    finding.older_where = beside->second;
  }
  return finding;
}

}  // namespace

Finding load(ObjectStore& objects, const FilmId& film) {
  Finding finding = find(objects, film);
  // A takeover is not decided on what could be read of it only in part: its first write looks again.
  if (finding.state.outcome == Outcome::unreachable) finding.seen.reset();
  return finding;
}

Result<std::string> quarantine(ObjectStore& objects, const FilmId& film) {
  const Reading there = read_one(objects, film, TRY(state_name(film)));
  if (there.state.outcome == Outcome::absent || there.state.outcome == Outcome::found) return std::string();
  if (there.version.empty()) return fail(ErrorKind::unavailable, there.state.detail);
  return keep_aside(objects, film, there);
}

// What publishing over `there` would mean. Nothing: it is on our line, and is replaced.
std::optional<Error> refusal_of(const FilmId& film, const Checkpoint& there, const Outgoing& outgoing) {
  const Loaded<Checkpoint> ours = record::decode_document(film, outgoing.bytes);
  check(ours.value.has_value(), "what is published can be read");
  const std::string heads = " film=" + film.value() + " ours=" + shown(outgoing.head) + " theirs=" + shown(there.head);
  switch (record::kinship(there, *ours.value)) {
    case record::Kinship::same:
    case record::Kinship::older: return std::nullopt;
    case record::Kinship::newer: break;
    case record::Kinship::fork:
      if (number(there.head.epoch) > number(outgoing.head.epoch)) break;
      return Error{ErrorKind::conflict, "state.json holds commits that this worker does not know." + heads};
  }
  return Error{ErrorKind::fenced, "a newer writer published this film." + heads};
}

// A snapshot beside a state.json that is older, damaged or gone speaks for it, to a writer as to a reader.
Result<void> look_as_reader(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  const Finding there = load(objects, film);
  if (there.state.outcome == Outcome::unreachable || there.state.outcome == Outcome::too_new)
    return fail(ErrorKind::unavailable, there.state.detail);
  const std::optional<Checkpoint>& state = there.state.value ? there.state.value : there.older;
  if (!state) return {};
  if (auto refused = refusal_of(film, *state, outgoing)) return std::unexpected(*std::move(refused));
  return {};
}

Result<void> Shelf::learn(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  if (seen_)
    version_ = seen_->version;
  else
    TRY(look_at_state(objects, film, outgoing));
  seen_.reset();  // a second look, after an unknown outcome, is a look
  for (const Candidate& one : TRY(candidates(objects, film))) {
    if (kept_.contains(one.name)) continue;
    const Reading reading = read_one(objects, film, one.name);
    std::string node;
    if (reading.state.outcome == Outcome::found) {
      const Json& meta = reading.state.value->document[run::meta_member];
      if (meta.value("kind", "") == "step") node = meta.value("node", "");
    }
    kept_[one.name] = node;
  }
  known_ = true;
  return {};
}

// Takes the version of what is there now, when it may be replaced. True: it is what is to be published.
Result<bool> Shelf::look_at_state(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  TRY(look_as_reader(objects, film, outgoing));
  const std::string state = TRY(state_name(film));
  const Reading there = read_one(objects, film, state);
  switch (there.state.outcome) {
    case Outcome::absent: version_.reset(); return false;
    case Outcome::unreachable:
    case Outcome::too_new: return fail(ErrorKind::unavailable, there.state.detail);
    case Outcome::corrupt:
    case Outcome::foreign:
      if (there.version.empty()) return fail(ErrorKind::unavailable, there.state.detail);
      TRY(keep_aside(objects, film, there));
      version_ = there.version;
      return false;
    case Outcome::found: break;
  }
  if (auto refused = refusal_of(film, *there.state.value, outgoing)) return std::unexpected(*std::move(refused));
  version_ = there.version;
  return there.state.value->head == outgoing.head;
}

Result<void> Shelf::publish(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  if (!known_) TRY(learn(objects, film, outgoing));
  const bool is_first = mine_ != outgoing.head.epoch;
  if (!is_first) TRY(put_beside(objects, film, outgoing));
  TRY(swap_state(objects, film, outgoing));
  fault_point("snapshot.state.after");
  mine_ = outgoing.head.epoch;
  // What lies there under this number lost the compare-and-set, and is not newer than state.json: no reader takes it.
  if (is_first)
    if (const auto beside = put_beside(objects, film, outgoing); !beside && beside.error().kind != ErrorKind::fenced) return beside;
  prune(objects, film, outgoing);
  return {};
}

Result<void> Shelf::put_beside(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  const std::string name = TRY(snapshot_name(film, outgoing.head.epoch, outgoing.head.seq));
  const Created kept = TRY(create_or_keep(objects, name, outgoing.bytes));
  fault_point("snapshot.beside.after");
  if (kept.was_there && kept.info.sha256 != sha256_hex(outgoing.bytes))
    return fail(ErrorKind::fenced, "another writer published the same number with other bytes. film=" + film.value() +
                                       " at=" + shown(outgoing.head));
  kept_[name] = outgoing.node;
  return {};
}

Result<void> Shelf::swap_state(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  const std::string state = TRY(state_name(film));
  for (int tries = 0; tries < 3; ++tries) {
    PutCondition condition = IfAbsent{};
    if (version_) condition = IfVersion{*version_};
    const auto put = objects.put(state, outgoing.bytes, condition);
    if (put) {
      version_ = put->version;
      return {};
    }
    if (put.error().kind != ErrorKind::conflict) {
      known_ = false;  // the outcome is unknown: look again before the next try
      return std::unexpected(put.error());
    }
    if (TRY(look_at_state(objects, film, outgoing))) return {};  // our own write, whose answer was lost
  }
  return fail(ErrorKind::unavailable, "state.json keeps moving. film=" + film.value());
}

Result<void> Shelf::confirm(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  if (!known_) TRY(learn(objects, film, outgoing));
  return swap_state(objects, film, outgoing);
}

Result<void> Shelf::read_back(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  const auto object = objects.get(TRY(state_name(film)));
  if (!object && object.error().kind == ErrorKind::unavailable) return std::unexpected(object.error());
  if (object && (object->info.version != version_ || object->bytes == outgoing.bytes)) return {};
  known_ = false;
  return fail(ErrorKind::corrupt, "state.json does not read back as it was written. film=" + film.value() +
                                      " at=" + shown(outgoing.head));
}

// The newest 20 and the last of each node stay. What cannot be removed now is tried again at the next publication.
void Shelf::prune(ObjectStore& objects, const FilmId&, const Outgoing&) {
  if (kept_.size() <= snapshots_kept) return;
  std::map<std::string, std::string> last_of_node;  // names sort by (epoch, seq)
  for (const auto& [name, node] : kept_)
    if (!node.empty()) last_of_node[node] = name;
  std::size_t excess = kept_.size() - snapshots_kept;
  for (auto one = kept_.begin(); one != kept_.end() && excess > 0; --excess) {
    const bool is_last = !one->second.empty() && last_of_node[one->second] == one->first;
    if (is_last) {
      ++one;
      continue;
    }
    const auto info = objects.head(one->first);
    const bool gone = info ? objects.remove(one->first, info->version).has_value()
                           : info.error().kind == ErrorKind::not_found;
    one = gone ? kept_.erase(one) : std::next(one);
  }
}

}  // namespace workprint::snapshot
