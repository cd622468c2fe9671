/// All tiers of a film side by side, and how they are made to agree: never moving back, never over what is damaged.
#include <set>

#include "record/commit.h"
#include "service/body.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint {
namespace {

void collect_paths(const Json& json, std::set<std::string>& paths) {
  if (json.is_object() && json.contains("path") && json["path"].is_string()) paths.insert(json["path"].get<std::string>());
  if (json.is_structured())
    for (const Json& member : json) collect_paths(member, paths);
}

bool is_take(ObjectType type) {
  return type == ObjectType::clip || type == ObjectType::frame || type == ObjectType::character_reference ||
         type == ObjectType::location_reference;
}

// Paid for, and named by no state: made in a life whose state was lost. The next resume adopts them.
Result<std::vector<std::string>> orphans(ObjectStore& objects, const FilmId& film, const Json& document) {
  std::set<std::string> named;
  collect_paths(document, named);
  std::vector<std::string> found;
  for (const ObjectInfo& info : TRY(objects.list(film_prefix(film)))) {
    const auto name = parse_object_name(info.name);
    if (name && is_take(name->type) && !named.contains(info.name)) found.push_back(info.name);
  }
  return found;
}

}  // namespace

Json to_json(const TierComparison& comparison) {
  return {{"film", comparison.report.film}, {"converged", comparison.converged}, {"report", to_json(comparison.report)},
          {"repaired", comparison.repaired}, {"orphans", comparison.orphans}};
}

Result<TierComparison> WorkflowService::tiers(const FilmId& film, Repair repair) {
  recovery::Gathered gathered = body_->gather(film);
  if (gathered.resolution.decision == Decision::fresh)
    return fail(ErrorKind::not_found, "no such film: absence is proven in every tier. film=" + film.value());
  TierComparison comparison;
  const Checkpoint* chosen = gathered.chosen();
  if (repair == Repair::yes && chosen != nullptr) {
    comparison.repaired = TRY(body_->converge(film, gathered));
    gathered = body_->gather(film);
    chosen = gathered.chosen();
  }
  comparison.report = gathered.report;
  comparison.converged = gathered.evidence.relation == Relation::equal;
  if (chosen != nullptr)
    if (const auto found = orphans(body_->objects, film, chosen->document)) comparison.orphans = *found;
  return comparison;
}

Result<Seq> WorkflowService::prune(const FilmId& film, std::uint64_t keep) {
  const recovery::Gathered gathered = body_->gather(film);
  if (gathered.resolution.decision == Decision::fresh)
    return fail(ErrorKind::not_found, "no such film: absence is proven in every tier. film=" + film.value());
  if (!gathered.checkpoint.value) return fail(ErrorKind::unavailable, "the checkpoint store has nothing to prune now: " + gathered.checkpoint.detail);
  if (!gathered.snapshot.state.value || gathered.evidence.relation == Relation::fork)
    return fail(ErrorKind::conflict, "state.json does not hold this film: nothing is pruned until it does. film=" + film.value());
  const std::uint64_t head = number(gathered.checkpoint.value->head.seq), published = number(gathered.snapshot.state.value->head.seq);
  const std::uint64_t wanted = head >= std::max<std::uint64_t>(keep, 1) ? head - std::max<std::uint64_t>(keep, 1) + 1 : 1;
  return body_->store.prune(film, Seq{std::max<std::uint64_t>(1, std::min(wanted, published))});
}

// Brings both tiers to the state that recovery would choose. No commit is made: nobody takes the film over.
Result<std::vector<std::string>> WorkflowService::Body::converge(const FilmId& film, recovery::Gathered& gathered) {
  const Checkpoint chosen = *gathered.chosen();
  if (gathered.resolution.decision == Decision::degraded)
    return fail(ErrorKind::unavailable, "the checkpoint store does not answer; it is brought up when it is back. film=" + film.value() +
                                            " reason=" + gathered.checkpoint.detail);
  TRY(set_aside_damage(film, gathered));
  std::vector<std::string> done = gathered.report.repairs;
  if (!gathered.checkpoint.value || gathered.checkpoint.value->head != chosen.head) {
    const Lease lease = TRY(store.acquire(film, {options.writer, chosen.head.epoch, options.lease_term}));
    const CommitInfo info{chosen.head, chosen.document[run::meta_member].value("previousHash", ""), CommitKind::restored, {}, {}, clock->wall(), options.writer};
    TRY(store.install(lease, chosen, info));
    TRY(store.release(lease));
    done.push_back("checkpoint store rebuilt at seq " + std::to_string(number(chosen.head.seq)));
  }
  if (!gathered.snapshot.state.value || gathered.snapshot.state.value->head != chosen.head || gathered.snapshot.where != TRY(state_name(film))) {
    snapshot::Shelf shelf(gathered.snapshot.seen);
    TRY(shelf.publish(objects, film, {chosen.head, {}, record::encode_document(chosen.document)}));
    done.push_back("state.json published at seq " + std::to_string(number(chosen.head.seq)));
  }
  return done;
}

}  // namespace workprint
