#include "film/takes.h"

#include "film/channels.h"
#include "film/peek.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

bool is_usable(const Json& item) {
  const std::string state = item.value("state", "");
  return (state == "made" || state == "adopted") && item.contains("object");
}

struct Rated {
  int number = 0;
  Asset asset;
  std::optional<double> score;
  std::string overall;
  Json evaluation;
};

bool is_accepted(const std::string& overall) { return overall == "ACCEPT" || overall == "ACCEPT_WITH_NOTES"; }

class Loop {
 public:
  Loop(const TakeMaker& maker, const State& state, Context& context, const studio::Studio& studio,
       const FilmOptions& options, bool forced)
      : maker_(maker), state_(state), context_(context), studio_(studio), options_(options), forced_(forced) {}

  Result<TakesOutcome> run() {
    if (!forced_) TRY(consider_existing());
    int number = context_.first_number(maker_.asset_key);
    const int limit = options_.max_takes * context_.round();
    while (!accepted_ && outcome_.takes_made < limit) {
      TRY(one_take(number));
      ++number;
    }
    return finish();
  }

 private:
  // A take that is in the store and in the registry but was never judged (adopted, or its task died): judged first,
  // before anything new is paid.
  Result<void> consider_existing() {
    const Json& items = member(member(state_.raw(channels::takes.name), maker_.asset_key), "items");
    if (!items.is_object()) return {};
    std::map<int, Json> by_number;
    for (const auto& [text, item] : items.items())
      if (is_usable(item)) by_number[std::atoi(text.c_str())] = item;
    for (auto& [number, item] : by_number) {
      const Asset asset = TRY(asset_from_json(item["object"]));
      if (maker_.accept && !maker_.accept(asset)) continue;
      Rated rated{number, asset, std::nullopt, item.value("overall", ""), Json()};
      if (item.contains("score")) rated.score = item["score"].get<double>();
      if (!rated.score && maker_.judge) TRY(judge(rated));
      consider(std::move(rated));
    }
    return {};
  }

  Result<void> one_take(int number) {
    const std::string key = maker_.asset_key + "/" + std::to_string(number);
    EffectRequest request;
    request.key = key;
    request.input = {{"prompt", maker_.prompt}, {"take", number}, {"from", maker_.from}};
    request.provider = studio_.provider();
    request.model = studio_.model();
    request.estimate_usd_micros = maker_.estimate_usd_micros;
    request.object = TRY(maker_.object_name(number));
    request.dedupes = studio_.dedupes();
    request.note = maker_.note;
    if (maker_.accept) request.accept = [this](const ObjectInfo& info) { return maker_.accept(to_asset(info)); };
    const EffectResult made = TRY(context_.effect(request, [&](EffectCall& call) { return make(number, *request.object, call); }));
    ++outcome_.takes_made;
    Json item = {{"prompt", maker_.prompt}, {"provider", request.provider}, {"model", request.model}};
    if (!maker_.from.empty()) item["from"] = maker_.from;
    if (made.value.contains("createdAt")) item["createdAt"] = made.value["createdAt"];
    item["state"] = made.state == EffectState::done ? "made" : made.state == EffectState::failed ? "failed" : "unknown";
    if (made.state == EffectState::done) {
      item["object"] = to_json(*made.object);
      outcome_.patch["items"][std::to_string(number)] = std::move(item);
      Rated rated{number, *made.object, std::nullopt, {}, Json()};
      if (maker_.judge && options_.quality_control) TRY(judge(rated));
      consider(std::move(rated));
      return {};
    }
    if (made.error) last_error_ = made.error->message;
    outcome_.patch["items"][std::to_string(number)] = std::move(item);
    return {};
  }

  Result<EffectResult> make(int number, const std::string& object, EffectCall& call) {
    const std::filesystem::path folder = TRY(context_.scratch());
    const std::filesystem::path file = TRY(maker_.make(number, folder, call.stop()));
    const Created created = TRY(create_or_keep_file(context_.objects(), object, file));
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    if (created.was_there && maker_.accept) TRY(maker_.accept(to_asset(created.info)));
    EffectResult result;
    result.object = to_asset(created.info);
    result.usd_micros = maker_.estimate_usd_micros;
    result.value = {{"createdAt", to_rfc3339(context_.clock().wall())}};
    return result;
  }

  Result<void> judge(Rated& rated) {
    const std::string key = maker_.asset_key + "/" + std::to_string(rated.number) + "/judge/1";
    EffectRequest request;
    request.key = key;
    request.input = {{"take", rated.asset.sha256}};
    request.provider = studio_.provider();
    request.model = studio_.model();
    request.object = TRY(maker_.evaluation_name(rated.number));
    request.adopt_existing = true;  // a take is never overwritten, so neither is the opinion about it
    request.dedupes = studio_.dedupes();
    const EffectFunction ask_judge = [&](EffectCall&) -> Result<EffectResult> {
      const Json evaluation = TRY(maker_.judge(rated.number, rated.asset));
      const Created created = TRY(create_or_keep(context_.objects(), *request.object, pretty_json(evaluation)));
      EffectResult result;
      result.object = to_asset(created.info);
      return result;
    };
    const EffectResult verdict = TRY(context_.effect(request, ask_judge));
    if (verdict.state != EffectState::done) return {};  // a clip is never thrown away for want of an opinion
    const ObjectBytes bytes = TRY(context_.objects().get(verdict.object->path));
    const Json evaluation = TRY(parse_json(bytes.bytes));
    rated.evaluation = evaluation;
    rated.overall = evaluation.value("overall", "");
    if (evaluation.contains("score") && evaluation["score"].is_number()) rated.score = evaluation["score"].get<double>();
    Json& item = outcome_.patch["items"][std::to_string(rated.number)];
    item["evaluation"] = to_json(*verdict.object);
    item["overall"] = rated.overall;
    if (rated.score) item["score"] = *rated.score;
    return {};
  }

  void consider(Rated rated) {
    const bool unrated = !rated.score;
    if (unrated || is_accepted(rated.overall)) accepted_ = true;
    if (!best_ || unrated || (best_->score && *rated.score > *best_->score)) best_ = std::move(rated);
  }

  Result<TakesOutcome> finish() {
    const bool good_enough = best_ && (!best_->score || *best_->score >= options_.fail_threshold);
    if (!good_enough) {
      Question question{"llm_intervention", "no take was accepted: " + (last_error_.empty() ? "all were rated as failed" : last_error_),
                        ErrorKind::invalid, {{"prompt", maker_.prompt}}, {}, maker_.asset_key};
      // Asked once a round: the answers of earlier rounds come back first, then the question is open.
      for (int round = 0; round < context_.round(); ++round) TRY(context_.ask(question));
      return fail(ErrorKind::unavailable, "another round of takes was granted and is not used up. asset=" + maker_.asset_key);
    }
    if (!accepted_) outcome_.warning = "best of " + std::to_string(outcome_.takes_made) + " takes, below the threshold";
    outcome_.circled = best_->number;
    outcome_.asset = best_->asset;
    outcome_.score = best_->score;
    outcome_.evaluation = best_->evaluation;
    outcome_.patch["circled"] = best_->number;
    return std::move(outcome_);
  }

  const TakeMaker& maker_;
  const State& state_;
  Context& context_;
  const studio::Studio& studio_;
  const FilmOptions& options_;
  bool forced_;
  TakesOutcome outcome_;
  std::optional<Rated> best_;
  std::string last_error_;
  bool accepted_ = false;
};

}  // namespace

Result<TakesOutcome> circle_a_take(const TakeMaker& maker, const State& state, Context& context,
                                   const studio::Studio& studio, const FilmOptions& options, bool forced) {
  return Loop(maker, state, context, studio, options, forced).run();
}

std::optional<Circled> circled_take(const State& state, const std::string& asset_key) {
  const Json& entry = member(state.raw(channels::takes.name), asset_key);
  const Json& circled = member(entry, "circled");
  if (!circled.is_number_integer()) return std::nullopt;
  const Json& item = member(member(entry, "items"), std::to_string(circled.get<int>()));
  if (!is_usable(item)) return std::nullopt;
  auto asset = asset_from_json(item["object"]);
  if (!asset) return std::nullopt;
  return Circled{circled.get<int>(), *std::move(asset)};
}

bool is_skipped(const State& state, const std::string& asset_key) {
  return member(member(state.raw(channels::takes.name), asset_key), "skipped") == Json(true);
}

std::string scene_key(const char* kind, int scene) { return std::string(kind) + "_" + std::to_string(scene); }

}  // namespace film
