// process_scene: one scene's clip, taken until it is good, judged, circled, cut to its place.
#include "film/channels.h"
#include "film/nodes.h"
#include "film/segments.h"
#include "film/story/prompt.h"
#include "film/studio/judge.h"
#include "film/takes.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

Result<std::size_t> scene_index(const Plan& plan, const std::string& item) {
  for (std::size_t i = 0; i < plan.scenes.size(); ++i)
    if (std::to_string(plan.scenes[i].id) == item) return i;
  return fail(ErrorKind::invalid, "no such scene in the plan. scene=" + item);
}

// What the scene's writes are made of, for a clip and for a slug alike.
class SceneTask {
 public:
  SceneTask(const Workshop& shop, const State& state, Context& context, Plan plan, Picture picture, std::size_t index)
      : shop_(shop), state_(state), context_(context), plan_(std::move(plan)), picture_(picture), index_(index),
        scene_(plan_.scenes[index_]), id_(std::to_string(scene_.id)) {}

  Result<Writes> run() {
    if (is_settled(state_, scene_.id)) return settle_existing();
    const bool forced = is_forced(state_, scene_.id, "clip");
    const TakeMaker maker = maker_of();
    const TakesOutcome outcome = TRY(circle_a_take(maker, state_, context_, *shop_.studio, shop_.options, forced));
    Json production = {{"status", "complete"}, {"progressMessage", Json()}, {"placeholder", Json()},
                       {"generatedVideo", to_json(*outcome.asset)}, {"bestAttempt", *outcome.circled}};
    production["warning"] = outcome.warning ? Json(*outcome.warning) : Json();
    TRY(add_segments(production, outcome));
    Writes writes;
    writes.patch(channels::takes, {{maker.asset_key, outcome.patch}});
    writes.patch(channels::production, {{"scenes", {{id_, production}}}});
    writes.patch(channels::metrics, {{"sceneMetrics", {{id_, metrics_of(outcome)}}}});
    done(writes);
    return writes;
  }

  Result<Writes> slug() {
    Json production = {{"status", "skipped"}, {"progressMessage", Json()}, {"placeholder", "skipped by a person"}};
    Writes writes;
    writes.patch(channels::production, {{"scenes", {{id_, production}}}});
    writes.patch(channels::takes, {{scene_key("scene_video", scene_.id), {{"skipped", true}}}});
    done(writes);
    return writes;
  }

 private:
  Result<Writes> settle_existing() {
    Writes writes;
    done(writes);
    return writes;
  }

  void done(Writes& writes) {
    writes.patch(channels::current_scene_index, static_cast<std::int64_t>(index_) + 1);
    if (is_forced(state_, scene_.id, "clip")) {
      Json rest = Json::array();
      for (const char* part : {"startFrame", "endFrame"})
        if (is_forced(state_, scene_.id, part)) rest.push_back(part);
      writes.patch(channels::forced, {{id_, rest.empty() ? Json() : rest}});
    }
    if (!override_text().empty()) writes.patch(channels::overrides, {{id_, {{"clip", Json()}}}});
  }

  [[nodiscard]] std::string override_text() const { return prompt_override(state_, scene_.id, "clip"); }

  TakeMaker maker_of() {
    const auto id = static_cast<std::uint32_t>(scene_.id);
    TakeMaker maker;
    maker.asset_key = scene_key("scene_video", scene_.id);
    maker.prompt = override_text().empty() ? story::clip_prompt(plan_, index_, rules_of(state_)) : override_text();
    for (const char* kind : {"scene_start_frame", "scene_end_frame"})
      if (const auto frame = circled_take(state_, scene_key(kind, scene_.id)))
        maker.from.push_back(scene_key(kind, scene_.id) + "/" + std::to_string(frame->number));
    maker.object_name = [this, id](int n) { return clip_name(context_.film(), id, static_cast<std::uint32_t>(n)); };
    maker.evaluation_name = [this, id](int n) { return clip_evaluation_name(context_.film(), id, static_cast<std::uint32_t>(n)); };
    maker.make = [this, prompt = maker.prompt](int n, const std::filesystem::path& folder, std::stop_token stop) {
      return shoot(n, prompt, folder, stop);
    };
    maker.judge = [this, prompt = maker.prompt](int n, const Asset& take) { return judge(n, prompt, take); };
    maker.accept = [this](const Asset& asset) { return check(asset); };
    maker.note = {{channels::production.name, {{"scenes", {{id_, {{"status", "generating"}, {"progressMessage", "making the clip"}}}}}}}};
    return maker;
  }

  [[nodiscard]] studio::TakeRequest request(int take, const std::string& prompt) const {
    return {&plan_, index_, take, prompt, seed_of(state_), picture_};
  }

  Result<std::filesystem::path> shoot(int take, const std::string& prompt, const std::filesystem::path& folder,
                                      std::stop_token stop) {
    const std::filesystem::path file = folder / "clip.mp4";
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    const std::string message = "scene " + id_ + ", take " + std::to_string(take);
    TRY(shop_.studio->clip(request(take, prompt), file, [&](double fraction) { context_.progress({message, fraction}); }, stop));
    TRY(studio::technical_check(file, picture_, scene_frames(plan_, index_, picture_.fps), stop));
    return file;
  }

  Result<void> check(const Asset& asset) {
    const std::filesystem::path file = TRY(fetch(context_, asset, "found.mp4"));
    return studio::technical_check(file, picture_, scene_frames(plan_, index_, picture_.fps), context_.stop());
  }

  Result<Json> judge(int take, const std::string& prompt, const Asset& asset) {
    const std::filesystem::path file = TRY(fetch(context_, asset, "judged.mp4"));
    const FilmOptions& o = shop_.options;
    // The neighbour is left out: a scene before may be in the making beside this one, and the verdict must not depend
    // on which of them is ready first.
    return shop_.studio->judge_clip(request(take, prompt), file, std::nullopt,
                                    {o.accept_threshold, o.minor_issue_threshold, o.major_issue_threshold, o.fail_threshold},
                                    context_.stop());
  }

  // Its own segment when what it needs is there; what is missing is made by render_video.
  Result<void> add_segments(Json& production, const TakesOutcome& outcome) {
    const auto own = TRY(plan_segment(state_, plan_, picture_, index_, context_, std::pair(index_, *outcome.asset)));
    if (!own) return {};
    const Asset segment = TRY(make_segment_object(*own, picture_, shop_.options.encoder_threads, context_));
    production["segment"] = to_json(segment);
    return {};
  }

  [[nodiscard]] Json metrics_of(const TakesOutcome& outcome) const {
    Json json = {{"sceneId", scene_.id}, {"attempts", std::max(1, outcome.takes_made)}, {"bestAttempt", *outcome.circled},
                 {"duration", static_cast<double>(scene_.end_ms - scene_.start_ms) / 1000.0}, {"ruleAdded", false}};
    if (outcome.score) json["finalScore"] = *outcome.score;
    return json;
  }

  const Workshop& shop_;
  const State& state_;
  Context& context_;
  Plan plan_;
  Picture picture_;
  std::size_t index_;
  const Scene& scene_;
  std::string id_;
};

}  // namespace

Result<Writes> process_scene(const Workshop& shop, const State& state, Context& context) {
  Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  const std::size_t index = TRY(scene_index(plan, context.item()));
  return SceneTask(shop, state, context, std::move(plan), picture, index).run();
}

Result<Writes> skip_scene(const Workshop& shop, const State& state, Context& context) {
  Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  const std::size_t index = TRY(scene_index(plan, context.item()));
  return SceneTask(shop, state, context, std::move(plan), picture, index).slug();
}

}  // namespace film
