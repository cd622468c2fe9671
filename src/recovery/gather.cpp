#include "recovery/gather.h"

#include <cstdio>

#include "record/commit.h"
#include "record/lineage.h"
#include "recovery/legacy.h"
#include "run/run.h"
#include "snapshot/legacy.h"
#include "workprint/object_name.h"

namespace workprint::recovery {
namespace {

std::string shown(const Head& head) {
  return "epoch " + std::to_string(number(head.epoch)) + ", seq " + std::to_string(number(head.seq));
}

std::optional<double> age_of(const Json& document, Clock& clock) {
  const Json& meta = document.contains(run::meta_member) ? document[run::meta_member] : Json();
  if (!meta.is_object() || !meta.contains("writtenAt") || !meta["writtenAt"].is_string()) return std::nullopt;
  std::tm time{};
  int milliseconds = 0;
  if (std::sscanf(meta["writtenAt"].get_ref<const std::string&>().c_str(), "%d-%d-%dT%d:%d:%d.%dZ", &time.tm_year,
                  &time.tm_mon, &time.tm_mday, &time.tm_hour, &time.tm_min, &time.tm_sec, &milliseconds) != 7)
    return std::nullopt;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  const double written = static_cast<double>(::timegm(&time)) + milliseconds / 1000.0;
  const double now = static_cast<double>(clock.wall().time_since_epoch().count()) / 1000.0;
  return std::max(0.0, now - written);
}

Relation relate(const Checkpoint& checkpoint, const Checkpoint& snapshot) {
  switch (record::kinship(checkpoint, snapshot)) {
    case record::Kinship::same: return Relation::equal;
    case record::Kinship::newer: return Relation::checkpoint_newer;
    case record::Kinship::older: return Relation::snapshot_newer;
    case record::Kinship::fork: break;
  }
  return Relation::fork;
}

// Absence proves something only in the store that the film was committed to.
bool is_other_store(CheckpointStore& store, const Checkpoint& snapshot) {
  const std::string known = snapshot.document[run::meta_member].value("store", std::string());
  const auto incarnation = store.incarnation();
  return !known.empty() && incarnation && *incarnation != known;
}

Loaded<Json> read_storyboard(ObjectStore& objects, const Workflow& workflow, const FilmId& film, bool needed) {
  const auto name = storyboard_name(film);
  if (!name || !workflow.channels_from_storyboard) return {Outcome::absent, std::nullopt, "this workflow keeps no plan"};
  const auto object = objects.get(*name);
  if (object && workflow.channels_from_legacy)
    if (const auto bare = snapshot::bare_document(object->bytes)) return read_bare_storyboard(*bare, objects, workflow, film, needed);
  if (object) return workflow.channels_from_storyboard(film, object->bytes);
  switch (object.error().kind) {
    case ErrorKind::not_found: return {Outcome::absent, std::nullopt, "not there"};
    case ErrorKind::corrupt: return {Outcome::corrupt, std::nullopt, object.error().message};
    default: return {Outcome::unreachable, std::nullopt, object.error().message};
  }
}

// Objects of the film that are neither its state nor its plan.
Result<bool> has_assets(ObjectStore& objects, const FilmId& film) {
  const auto all = objects.list(film_prefix(film));
  if (!all) return std::unexpected(all.error());
  for (const ObjectInfo& info : *all) {
    const auto name = parse_object_name(info.name);
    if (!name || (name->type != ObjectType::state && name->type != ObjectType::snapshot &&
                  name->type != ObjectType::storyboard && name->type != ObjectType::quarantine && name->type != ObjectType::lease))
      return true;
  }
  return false;
}

TierReport tier_of(std::string tier, std::string where, const Loaded<Checkpoint>& loaded, Clock& clock) {
  TierReport report{std::move(tier), std::move(where), loaded.outcome, loaded.detail, std::nullopt, std::nullopt, false, {}};
  if (loaded.value) {
    report.head = loaded.value->head;
    report.age_seconds = age_of(loaded.value->document, clock);
  }
  return report;
}

std::string verdict_of(const TierReport& tier, const std::optional<Head>& chosen) {
  if (tier.taken) return "taken";
  if (tier.outcome != Outcome::found) return std::string(to_string(tier.outcome));
  if (!tier.head || !chosen) return "not needed";
  if (*tier.head == *chosen) return "agrees";
  return is_newer(*chosen, *tier.head) ? "older" : "newer";
}

void judge_tiers(const Workflow& workflow, Gathered& gathered) {
  auto& tiers = gathered.report.tiers;
  const Decision decision = gathered.resolution.decision;
  tiers[0].taken = decision == Decision::from_checkpoint;
  tiers[1].taken = decision == Decision::from_snapshot || decision == Decision::from_older_snapshot ||
                   decision == Decision::degraded || decision == Decision::from_legacy;
  tiers[2].taken = decision == Decision::from_storyboard;
  if (const Checkpoint* chosen = gathered.chosen()) {
    gathered.report.resumes_from = chosen->head;
    if (const auto due = run::due_tasks(chosen->document))
      for (const run::Task& task : *due) gathered.report.next.push_back(task.key());
  }
  if (const Json* inputs = gathered.inputs(); inputs != nullptr && workflow.restart_at)
    if (std::string node = workflow.restart_at(State(*inputs)); !node.empty()) gathered.report.next.push_back(std::move(node));
  for (TierReport& tier : tiers) tier.verdict = verdict_of(tier, gathered.report.resumes_from);
}

}  // namespace

const Json* Gathered::inputs() const {
  if (resolution.decision == Decision::from_storyboard) return &*storyboard.value;
  if (resolution.decision == Decision::from_legacy) return &*legacy.value;
  return nullptr;
}

const Checkpoint* Gathered::chosen() const {
  switch (resolution.decision) {
    case Decision::from_checkpoint: return &*checkpoint.value;
    case Decision::from_snapshot:
    case Decision::degraded: return &*snapshot.state.value;
    case Decision::from_older_snapshot: return &*snapshot.older;
    default: return nullptr;
  }
}

Gathered gather(CheckpointStore& store, ObjectStore& objects, const Workflow& workflow, Clock& clock, const FilmId& film,
                const std::optional<Checkpoint>& external, const std::optional<Json>& bare) {
  Gathered gathered;
  gathered.checkpoint = store.load(film);
  gathered.snapshot = snapshot::load(objects, film);
  if (external && (!gathered.snapshot.state.value || is_newer(external->head, gathered.snapshot.state.value->head))) {
    gathered.snapshot.state = {Outcome::found, *external, "from the file that was named"};
    gathered.snapshot.older.reset();
    gathered.snapshot.beside_of.reset();
  }
  if (gathered.checkpoint.outcome == Outcome::absent && gathered.snapshot.state.value && is_other_store(store, *gathered.snapshot.state.value)) {
    gathered.is_other_store = true;
    gathered.checkpoint = {Outcome::foreign, std::nullopt, "this store was made anew: state.json was committed to another one"};
  }
  weigh_legacy(gathered, objects, workflow, film, bare);
  const bool plan_needed = gathered.checkpoint.outcome == Outcome::absent && gathered.snapshot.state.outcome == Outcome::absent;
  gathered.storyboard = read_storyboard(objects, workflow, film, plan_needed);
  Evidence& evidence = gathered.evidence;
  evidence.checkpoint = gathered.checkpoint.outcome;
  evidence.snapshot = gathered.snapshot.state.outcome;
  evidence.storyboard = gathered.storyboard.outcome;
  evidence.older_snapshot = gathered.snapshot.older.has_value();
  if (gathered.checkpoint.value && gathered.snapshot.state.value) {
    evidence.relation = relate(*gathered.checkpoint.value, *gathered.snapshot.state.value);
    if (evidence.relation == Relation::fork && gathered.snapshot.beside_of) {
      // Its writer died before state.json took it, and the checkpoint went another way: it was never acknowledged.
      gathered.snapshot.state = {Outcome::found, *std::move(gathered.snapshot.beside_of), "state.json; a newer snapshot beside it is of another line"};
      gathered.snapshot.where = state_name(film).value_or("");
      evidence.relation = relate(*gathered.checkpoint.value, *gathered.snapshot.state.value);
    }
  } else if (gathered.checkpoint.value && gathered.snapshot.older) {
    evidence.relation = relate(*gathered.checkpoint.value, *gathered.snapshot.older);
  }
  evidence.legacy = gathered.legacy.value.has_value();
  const auto assets = has_assets(objects, film);
  evidence.assets = assets.value_or(false);
  if (!assets && evidence.storyboard == Outcome::absent) evidence.storyboard = Outcome::unreachable;
  gathered.resolution = resolve(evidence);

  RecoveryReport& report = gathered.report;
  report.film = film.value();
  report.decision = gathered.resolution.decision;
  report.row = gathered.resolution.row;
  report.because = gathered.resolution.because;
  report.at = to_rfc3339(clock.wall());
  report.tiers[0] = tier_of("checkpoint", store.describe(), gathered.checkpoint, clock);
  report.tiers[1] = tier_of("snapshot", objects.describe() + "/" + gathered.snapshot.where, gathered.snapshot.state, clock);
  if (gathered.snapshot.older) report.tiers[1].detail += "; older valid snapshot: " + gathered.snapshot.older_where + " (" + shown(gathered.snapshot.older->head) + ")";
  report.tiers[2] = {"storyboard", objects.describe() + "/" + film.value() + "/scenes/storyboard.json",
                     gathered.storyboard.outcome, gathered.storyboard.detail, std::nullopt, std::nullopt, false, {}};
  if (report.decision == Decision::from_legacy) report.tiers[1].outcome = Outcome::found;
  // Such a refusal is about one thing in the document; the table's reason would hide it.
  if (report.decision == Decision::refuse_corrupt && gathered.legacy.outcome == Outcome::corrupt) report.because += ": " + gathered.legacy.detail;
  const bool by_storyboard = evidence.snapshot == Outcome::absent && evidence.storyboard == Outcome::corrupt;
  if (report.decision == Decision::refuse_corrupt && by_storyboard) report.because += ": " + gathered.storyboard.detail;
  judge_tiers(workflow, gathered);
  return gathered;
}

}  // namespace workprint::recovery

namespace workprint {

Json to_json(const RecoveryReport& report) {
  Json tiers = Json::array();
  for (const TierReport& tier : report.tiers) {
    Json json = {{"tier", tier.tier},   {"where", tier.where},     {"outcome", to_string(tier.outcome)},
                 {"taken", tier.taken}, {"verdict", tier.verdict}, {"detail", tier.detail}};
    if (tier.head) {
      json["epoch"] = number(tier.head->epoch);
      json["seq"] = number(tier.head->seq);
      json["hash"] = tier.head->hash;
    }
    if (tier.age_seconds) json["ageSeconds"] = *tier.age_seconds;
    tiers.push_back(std::move(json));
  }
  Json json = {{"film", report.film}, {"decision", to_string(report.decision)}, {"row", std::string(1, report.row)},
               {"because", report.because}, {"tiers", std::move(tiers)}, {"at", report.at},
               {"repairs", report.repairs}, {"next", report.next}};
  if (report.resumes_from) {
    json["epoch"] = number(report.resumes_from->epoch);
    json["seq"] = number(report.resumes_from->seq);
  }
  return json;
}

namespace {

std::string indented(const std::string& lines) {
  std::string text;
  for (const char c : lines) text += c == '\n' ? std::string("\n                     ") : std::string(1, c);
  return text;
}

}  // namespace

std::string to_text(const RecoveryReport& report) {
  std::string text = "recovery of " + report.film + ": " + std::string(to_string(report.decision)) + " (row " +
                     std::string(1, report.row) + ": " + report.because + ")\n";
  for (const TierReport& tier : report.tiers) {
    std::string line = std::string(tier.taken ? "  > " : "    ") + tier.tier;
    line.resize(std::max<std::size_t>(line.size(), 15), ' ');
    line += " " + std::string(to_string(tier.outcome));
    if (tier.head)
      line += ", epoch " + std::to_string(number(tier.head->epoch)) + ", seq " + std::to_string(number(tier.head->seq));
    if (tier.age_seconds) {
      char age[32];
      std::snprintf(age, sizeof age, ", %.1f s old", *tier.age_seconds);
      line += age;
    }
    if (tier.verdict != to_string(tier.outcome)) line += " [" + tier.verdict + "]";
    line += "  " + tier.where;
    if (!tier.detail.empty() && tier.outcome != Outcome::absent) line += indented("\n" + tier.detail);
    text += line + "\n";
  }
  for (const std::string& repair : report.repairs) text += "    repair: " + repair + "\n";
  if (!report.next.empty()) {
    text += "    next:";
    for (const std::string& node : report.next) text += " " + node;
    text += "\n";
  }
  return text;
}

}  // namespace workprint
