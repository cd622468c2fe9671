#include "snapshot/snapshot.h"

#include <algorithm>

#include "record/commit.h"
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
  std::string version;
};

// One object as a snapshot of this film; object-level damage and document-level damage are the same to a reader.
Reading read_one(ObjectStore& objects, const FilmId& film, const std::string& name) {
  const auto object = objects.get(name);
  if (object) return {record::decode_document(film, object->bytes), object->info.version};
  const Outcome outcome = object.error().kind == ErrorKind::not_found ? Outcome::absent
                          : object.error().kind == ErrorKind::corrupt ? Outcome::corrupt
                                                                      : Outcome::unreachable;
  return {{outcome, std::nullopt, object.error().message}, {}};
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

}  // namespace

Finding load(ObjectStore& objects, const FilmId& film) {
  Finding finding;
  const auto name = state_name(film);
  check(name.has_value(), "a film id makes a state name");
  Reading reading = read_one(objects, film, *name);
  finding.where = *name;
  if (reading.state.outcome == Outcome::corrupt) {
    const auto raw = objects.get_as_is(*name);
    finding.damaged_version = raw ? raw->info.version : reading.version;
    const bool is_whole_object = !reading.version.empty();
    if (raw && is_whole_object) finding.legacy = bare_document(raw->bytes);
    if (finding.legacy) reading.state.detail = "a document of the older system (no $workprint)";
  }
  if (reading.state.outcome == Outcome::foreign) finding.damaged_version = reading.version;
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
  if (finding.state.outcome == Outcome::found || finding.state.outcome == Outcome::absent) {
    if (beside) {
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

Result<std::string> quarantine(ObjectStore& objects, const FilmId& film) {
  const auto object = objects.get_as_is(TRY(state_name(film)));
  if (!object && object.error().kind == ErrorKind::not_found) return std::string();
  if (!object) return std::unexpected(object.error());
  const std::string name = TRY(quarantine_name(film, object->info.version, object->info.sha256));
  TRY(create_or_keep(objects, name, object->bytes));
  return name;
}

Result<void> Shelf::learn(ObjectStore& objects, const FilmId& film) {
  const std::string state = TRY(state_name(film));
  const auto head = objects.get_as_is(state);  // damaged or not: exactly this version is replaced
  if (head)
    version_ = head->info.version;
  else if (head.error().kind == ErrorKind::not_found)
    version_.reset();
  else
    return std::unexpected(head.error());
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

Result<void> Shelf::publish(ObjectStore& objects, const FilmId& film, const Outgoing& outgoing) {
  if (!known_) TRY(learn(objects, film));
  const std::string name = TRY(snapshot_name(film, outgoing.head.epoch, outgoing.head.seq));
  const Created kept = TRY(create_or_keep(objects, name, outgoing.bytes));
  if (kept.was_there && kept.info.sha256 != sha256_hex(outgoing.bytes))
    return fail(ErrorKind::fenced, "another writer published the same number with other bytes. film=" + film.value() +
                                       " at=" + shown(outgoing.head));
  TRY(swap_state(objects, film, outgoing));
  kept_[name] = outgoing.node;
  prune(objects, film, outgoing);
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
    const Reading there = read_one(objects, film, state);
    if (there.state.outcome == Outcome::unreachable || there.state.outcome == Outcome::too_new)
      return fail(ErrorKind::unavailable, there.state.detail);
    if (there.state.outcome == Outcome::found) {
      const Head& other = there.state.value->head;
      if (other == outgoing.head) {
        version_ = there.version;  // our own write, whose answer was lost
        return {};
      }
      if (!is_newer(outgoing.head, other))
        return fail(ErrorKind::fenced, "a newer writer published this film. film=" + film.value() + " ours=" +
                                           shown(outgoing.head) + " theirs=" + shown(other));
    }
    if (there.state.outcome == Outcome::absent)
      version_.reset();
    else
      version_ = there.version.empty() ? TRY(objects.get_as_is(state)).info.version : there.version;
  }
  return fail(ErrorKind::unavailable, "state.json keeps moving. film=" + film.value());
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
