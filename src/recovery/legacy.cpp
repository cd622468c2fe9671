#include "recovery/legacy.h"

namespace workprint::recovery {
namespace {

// Whether something with a film, an epoch and a seq is there, or may be.
bool has_lineage(const Gathered& gathered) {
  const Outcome checkpoint = gathered.checkpoint.outcome, state = gathered.snapshot.state.outcome;
  const bool no_checkpoint = checkpoint == Outcome::absent || checkpoint == Outcome::corrupt || checkpoint == Outcome::foreign;
  return !no_checkpoint || gathered.snapshot.older || (state != Outcome::absent && state != Outcome::corrupt);
}

}  // namespace

void weigh_legacy(Gathered& gathered, ObjectStore& objects, const Workflow& workflow, const FilmId& film,
                  const std::optional<Json>& named) {
  snapshot::Finding& tier = gathered.snapshot;
  if (has_lineage(gathered)) {
    if (named) gathered.report.repairs.push_back("the file that was named is not used: the film has a state of its own");
    return;
  }
  // Snapshots of ours without one that is valid: their numbers must not be written a second time.
  const bool damaged_line = tier.state.outcome == Outcome::corrupt && !tier.legacy;
  if (damaged_line || (!named && !tier.legacy)) return;
  if (!workflow.channels_from_legacy) return;
  gathered.legacy_is_named = named && tier.legacy != named;
  gathered.legacy = workflow.channels_from_legacy(film, named ? *named : *tier.legacy, objects);
  // A tier 2 that was absent is one whose only state is no document of ours: the same kind of evidence.
  const Outcome outcome = gathered.legacy.outcome == Outcome::unreachable ? Outcome::unreachable : Outcome::corrupt;
  tier.state = {outcome, std::nullopt, "a document of the older system" + (gathered.legacy.detail.empty() ? "" : ": " + gathered.legacy.detail)};
  if (gathered.legacy_is_named) tier.state.detail = "the file that was named is " + tier.state.detail;
}

Loaded<Json> read_bare_storyboard(const Json& document, ObjectStore& objects, const Workflow& workflow, const FilmId& film,
                                  bool needed) {
  if (!needed) return {Outcome::found, Json::object(), "a document of the older system; not needed, so not read"};
  return workflow.channels_from_legacy(film, document, objects);
}

}  // namespace workprint::recovery
