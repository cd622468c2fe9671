// The nodes that write: expanded prompt, analysis of the song, storyboard.
#include "film/channels.h"
#include "film/music/music.h"
#include "film/nodes.h"
#include "film/plan/plan_json.h"
#include "film/story/writer.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

constexpr int answers_max = 3;        // an author is asked this often before a person is (film-domain 2.1)
constexpr std::size_t scenes_a_text = 5;

// One text as a durable object: asked once, read back ever after.
Result<Json> ask_author(Context& context, const Workshop& shop, const std::string& key, const Json& input,
                        const std::function<Result<Json>()>& write) {
  EffectRequest request;
  request.key = key;
  request.input = input;
  request.provider = shop.studio->provider();
  request.model = shop.studio->model();
  request.object = TRY(text_name(context.film(), key));
  request.dedupes = shop.studio->dedupes();
  const EffectFunction call = [&](EffectCall&) -> Result<EffectResult> {
    const Json answer = TRY(write());
    const Created created = TRY(create_or_keep(context.objects(), *request.object, pretty_json(answer)));
    EffectResult result;
    result.object = to_asset(created.info);
    return result;
  };
  const EffectResult done = TRY(context.effect(request, call));
  if (done.state != EffectState::done)
    return fail(ErrorKind::invalid, "the author gave no answer: " + (done.error ? done.error->message : std::string("unknown")));
  const ObjectBytes bytes = TRY(context.objects().get(done.object->path));
  return parse_json(bytes.bytes);
}

Result<std::optional<AudioAnalysis>> analysis_of(const State& state) {
  if (!state.has(channels::audio_analysis)) return std::optional<AudioAnalysis>();
  return std::optional(TRY(read_analysis(state.raw(channels::audio_analysis.name))));
}

// The plan's parts as an author would answer them one after another: first who and where, then scenes in fives.
class StoryboardAuthor {
 public:
  StoryboardAuthor(const Workshop& shop, const State& state, Context& context) : shop_(shop), state_(state), context_(context) {}

  Result<Json> write() {
    analysis_ = TRY(analysis_of(state_));
    prompt_ = state_.has(channels::original_prompt) ? TRY(state_.get(channels::original_prompt)) : TRY(state_.get(channels::creative_prompt));
    expanded_ = TRY(state_.get(channels::creative_prompt));
    std::string findings;
    for (int tries = 0; tries < answers_max; ++tries) {
      const Json answer = TRY(one_answer(tries));
      auto reading = read_plan(answer, Author::answer);
      if (reading) {
        for (const std::string& line : reading->notes) context_.note(line);
        return to_json(timed(std::move(reading->plan)));
      }
      findings = reading.error().message;
      context_.note("the author's answer is refused: " + findings);
    }
    TRY(context_.ask({"llm_retry_exhausted", "no valid storyboard: " + findings, ErrorKind::invalid, Json::object(), {}, {}}));
    return fail(ErrorKind::unavailable, "another round was granted");
  }

 private:
  Result<Json> one_answer(int tries) {
    const std::string node = context_.node();
    const char* first = analysis_ ? "context" : "skeleton";
    const int context_number = context_.first_number(node + "/" + first) + tries;
    Json plan = TRY(ask_author(context_, shop_, node + "/" + first + "/" + std::to_string(context_number),
                               {{"prompt", expanded_}}, [&] { return head(); }));
    const std::size_t scenes = plan.value("sceneCount", std::size_t{0});
    plan.erase("sceneCount");
    plan["scenes"] = Json::array();
    for (std::size_t from = 0; from < scenes; from += scenes_a_text) {
      if (context_.stop().stop_requested()) return fail(ErrorKind::cancelled, "stopped");
      const std::string base = node + "/scenes-" + std::to_string(from);
      const int number = context_.first_number(base) + tries;
      const Json part = TRY(ask_author(context_, shop_, base + "/" + std::to_string(number), {{"from", from}},
                                       [&] { return scenes_from(from); }));
      for (const Json& scene : part.value("scenes", Json::array())) plan["scenes"].push_back(scene);
      context_.progress({"storyboard: " + std::to_string(plan["scenes"].size()) + " of " + std::to_string(scenes) + " scenes",
                         static_cast<double>(plan["scenes"].size()) / static_cast<double>(scenes)});
    }
    return plan;
  }

  Result<const Json*> whole() {
    if (whole_.is_null()) {
      const Plan plan = TRY(shop_.studio->storyboard(prompt_, expanded_, seed_of(state_), max_scenes_of(state_),
                                                     analysis_ ? &*analysis_ : nullptr));
      whole_ = to_json(plan);
    }
    return &whole_;
  }

  Result<Json> head() {
    const Json* plan = TRY(whole());
    Json head = *plan;
    head["sceneCount"] = head["scenes"].size();
    head.erase("scenes");
    return head;
  }

  Result<Json> scenes_from(std::size_t from) {
    const Json* plan = TRY(whole());
    Json scenes = Json::array();
    for (std::size_t i = from; i < std::min(from + scenes_a_text, (*plan)["scenes"].size()); ++i)
      scenes.push_back((*plan)["scenes"][i]);
    return Json{{"scenes", std::move(scenes)}};
  }

  // Times are ours: with a song its segments', without one the author's lengths laid end to end.
  [[nodiscard]] Plan timed(Plan plan) const {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
      Scene& scene = plan.scenes[i];
      scene.id = static_cast<int>(i);
      if (analysis_ && i < analysis_->segments.size()) {
        scene.start_ms = analysis_->segments[i].start_ms;
        scene.end_ms = analysis_->segments[i].end_ms;
        scene.intensity = analysis_->segments[i].intensity;
        scene.tempo = analysis_->segments[i].tempo;
      } else {
        scene.start_ms = at;
        scene.end_ms = at + scene.duration_s * 1000;
      }
      at = scene.end_ms;
    }
    plan.metadata.duration_ms = at;
    plan.metadata.total_scenes = static_cast<int>(plan.scenes.size());
    return plan;
  }

  const Workshop& shop_;
  const State& state_;
  Context& context_;
  std::optional<AudioAnalysis> analysis_;
  std::string prompt_, expanded_;
  Json whole_;
};

}  // namespace

Result<Writes> expand_creative_prompt(const Workshop& shop, const State& state, Context& context) {
  if (!state.has(channels::original_prompt)) return Writes();  // a film of the older system, which kept only its result
  const std::string original = TRY(state.get(channels::original_prompt));
  const std::string current = TRY(state.get(channels::creative_prompt));
  if (current != original) return Writes();
  const int number = context.first_number("expand_creative_prompt");
  const std::function<Result<Json>()> write = [&]() -> Result<Json> {
    const std::string text = TRY(shop.studio->expand(original, seed_of(state), nullptr));
    return Json{{"creativePrompt", text}};
  };
  const Json answer = TRY(ask_author(context, shop, "expand_creative_prompt/" + std::to_string(number), {{"prompt", original}}, write));
  std::string text = answer.value("creativePrompt", "");
  if (text.empty()) return fail(ErrorKind::invalid, "the author's expanded prompt is empty");
  Writes writes;
  writes.set(channels::creative_prompt, text);
  return writes;
}

Result<Writes> create_scenes_from_audio(const Workshop&, const State& state, Context& context) {
  if (state.has(channels::audio_analysis)) return Writes();
  const Asset song = TRY(asset_from_json(state.raw(channels::song.name)));
  const std::filesystem::path file = TRY(fetch(context, song, "song"));
  context.progress({"listening to the song", 0.1});
  const media::Pcm pcm = TRY(media::decode_song(file, 44100, context.stop()));
  const auto duration_ms = static_cast<std::int64_t>(state.raw(channels::song.name).value("durationSeconds", 0.0) * 1000 + 0.5);
  context.progress({"finding beats and sections", 0.4});
  const music::Structure structure = TRY(music::analyse(pcm, duration_ms, context.stop()));
  const AudioAnalysis analysis = music::plan_cuts(structure, max_scenes_of(state));
  context.note("song: " + std::to_string(structure.sections.size()) + " sections, " +
               std::to_string(static_cast<int>(structure.tempo_bpm + 0.5)) + " bpm, " +
               std::to_string(analysis.segments.size()) + " scenes");
  Writes writes;
  writes.set(channels::audio_analysis, to_json(analysis));
  return writes;
}

Result<Writes> write_storyboard(const Workshop& shop, const State& state, Context& context) {
  if (state.has(channels::storyboard)) return Writes();
  const Json plan = TRY(StoryboardAuthor(shop, state, context).write());
  const std::string prompt = TRY(state.get(channels::creative_prompt));
  TRY(save_storyboard(state, plan, prompt, context));
  Writes writes;
  writes.set(channels::storyboard, plan);
  return writes;
}

}  // namespace film
