/// "If everything but X vanished now": computed from what the tiers hold, promised nowhere. Reads only.
#include "service/body.h"
#include "workprint/try.h"

namespace workprint {
namespace {

// What a state knows of paid calls: effect key -> micro-dollars, open ones included.
std::map<std::string, std::int64_t> paid_in(const Json& document) {
  std::map<std::string, std::int64_t> paid;
  const Json costs = document.value(standard::cost.name, Json::object());
  for (const auto& [key, price] : costs.items())
    if (price.is_number_integer()) paid[key] = price.get<std::int64_t>();
  if (const auto open = run::open_effects(document))
    for (const run::EffectRecord& one : *open) paid[one.key] = one.result ? one.result->usd_micros : one.estimate_usd_micros;
  return paid;
}

std::int64_t sum(const std::vector<PricedEffect>& effects) {
  std::int64_t total = 0;
  for (const PricedEffect& one : effects) total += one.usd_micros;
  return total;
}

Survivor survivor_of(const std::string& tier, const Checkpoint& there, const std::optional<double>& age, const Checkpoint& newest,
                     const std::optional<double>& newest_age) {
  Survivor survivor;
  survivor.tier = tier;
  survivor.head = there.head;
  if (number(newest.head.seq) > number(there.head.seq)) survivor.steps_lost = number(newest.head.seq) - number(there.head.seq);
  if (age && newest_age) survivor.seconds_behind = std::max(0.0, *age - *newest_age);
  if (const auto due = run::due_tasks(there.document))
    for (const run::Task& task : *due) survivor.resumes_at += (survivor.resumes_at.empty() ? "" : ", ") + task.key();
  if (survivor.resumes_at.empty()) survivor.resumes_at = "the film is complete";
  const auto known = paid_in(there.document);
  for (const auto& [key, price] : paid_in(newest.document))
    if (!known.contains(key)) survivor.paid_again.push_back({key, price});
  if (const auto open = run::open_effects(there.document))
    for (const run::EffectRecord& one : *open) {
      if (one.result) continue;
      (one.handle ? survivor.polled : survivor.in_doubt).push_back({one.key, one.estimate_usd_micros});
    }
  return survivor;
}

Json to_json(const std::vector<PricedEffect>& effects) {
  Json list = Json::array();
  for (const PricedEffect& one : effects) list.push_back({{"effectKey", one.key}, {"usdMicros", one.usd_micros}});
  return list;
}

}  // namespace

Json to_json(const Receipt& receipt) {
  Json json = {{"film", receipt.film}, {"epoch", number(receipt.newest.epoch)}, {"seq", number(receipt.newest.seq)}};
  for (const Survivor& one : receipt.survivors) {
    Json entry = {{"resumesAt", one.resumes_at}, {"stepsLost", one.steps_lost},  {"secondsBehind", one.seconds_behind},
                  {"polled", to_json(one.polled)}, {"paidAgain", to_json(one.paid_again)}, {"inDoubt", to_json(one.in_doubt)},
                  {"usdMicros", sum(one.paid_again) + sum(one.in_doubt)}};
    if (one.head) {
      entry["epoch"] = number(one.head->epoch);
      entry["seq"] = number(one.head->seq);
    }
    json[one.tier] = std::move(entry);
  }
  return json;
}

std::string to_text(const Receipt& receipt) {
  std::string text = "film " + receipt.film + ": newest state is epoch " + std::to_string(number(receipt.newest.epoch)) + ", seq " +
                     std::to_string(number(receipt.newest.seq)) + "\n";
  for (const Survivor& one : receipt.survivors) {
    char line[512];
    const std::string where = one.head ? "seq " + std::to_string(number(one.head->seq)) : std::string("the plan");
    std::snprintf(line, sizeof line, "  only the %-10s left: resumes from %s at %s; %llu steps and %.1f s behind\n", one.tier.c_str(),
                  where.c_str(), one.resumes_at.c_str(), static_cast<unsigned long long>(one.steps_lost), one.seconds_behind);
    text += line;
    const auto list = [&](const char* what, const std::vector<PricedEffect>& effects) {
      if (effects.empty()) return;
      std::snprintf(line, sizeof line, "      %s: %zu, at most $%.4f", what, effects.size(), static_cast<double>(sum(effects)) / 1e6);
      text += line;
      for (std::size_t i = 0; i < effects.size() && i < 4; ++i) text += (i == 0 ? "  " : ", ") + effects[i].key;
      text += effects.size() > 4 ? ", ...\n" : "\n";
    };
    list("polled again, not paid", one.polled);
    list("made again, unless its object is still there", one.paid_again);
    list("in doubt", one.in_doubt);
  }
  return text;
}

Result<Receipt> WorkflowService::receipt(const FilmId& film) {
  const recovery::Gathered gathered = body_->gather(film);
  if (gathered.resolution.decision == Decision::fresh)
    return fail(ErrorKind::not_found, "no such film: absence is proven in every tier. film=" + film.value());
  if (refuses(gathered.resolution.decision)) return body_->refuse(gathered.report);
  const Checkpoint* newest = gathered.chosen();
  if (newest == nullptr) return fail(ErrorKind::conflict, "the film has no state of this program yet; resume it first. film=" + film.value());
  std::optional<double> newest_age;
  for (const TierReport& tier : gathered.report.tiers)
    if (tier.taken) newest_age = tier.age_seconds;
  Receipt receipt{film.value(), newest->head, {}};
  const auto& tiers = gathered.report.tiers;
  if (gathered.checkpoint.value) receipt.survivors.push_back(survivor_of("checkpoint", *gathered.checkpoint.value, tiers[0].age_seconds, *newest, newest_age));
  if (gathered.snapshot.state.value) receipt.survivors.push_back(survivor_of("snapshot", *gathered.snapshot.state.value, tiers[1].age_seconds, *newest, newest_age));
  if (gathered.storyboard.outcome == Outcome::found) {
    Survivor plan;
    plan.tier = "storyboard";
    plan.resumes_at = "the plan; takes that are in the object store are adopted";
    plan.steps_lost = number(newest->head.seq);
    for (const auto& [key, price] : paid_in(newest->document)) plan.paid_again.push_back({key, price});
    receipt.survivors.push_back(std::move(plan));
  }
  return receipt;
}

}  // namespace workprint
