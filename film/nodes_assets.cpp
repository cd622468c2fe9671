// References of characters and locations, start and end frames of scenes.
#include <fstream>

#include "film/channels.h"
#include "film/media/video.h"
#include "film/nodes.h"
#include "film/story/prompt.h"
#include "film/takes.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

Result<std::filesystem::path> write_private(const std::filesystem::path& folder, const std::string& name,
                                            const std::string& bytes) {
  const std::filesystem::path file = folder / name;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return fail(ErrorKind::unavailable, "private file cannot be written. file=" + file.string());
  return file;
}

// An image is technically good when it decodes; a provider may send an error page under a picture's name.
Result<void> check_image(ObjectStore& objects, const Asset& asset) {
  const ObjectBytes bytes = TRY(objects.get(asset.path));
  const media::RgbImage image = TRY(media::decode_image(bytes.bytes));
  if (image.width < 16 || image.height < 16) return fail(ErrorKind::corrupt, "image is too small. path=" + asset.path);
  return {};
}

struct Reference {
  const char* list;      // "characters" or "locations" in storyboardState
  std::string id, key, prompt;
  std::function<Result<std::string>(std::uint32_t take)> name;
  std::function<Result<std::string>(int take)> draw;
};

Result<void> make_reference(const Workshop& shop, const State& state, Context& context, const Reference& reference,
                            Writes& writes) {
  if (circled_take(state, reference.key) || is_skipped(state, reference.key)) return {};
  TakeMaker maker;
  maker.asset_key = reference.key;
  maker.prompt = reference.prompt;
  maker.object_name = [&](int number) { return reference.name(static_cast<std::uint32_t>(number)); };
  maker.make = [&](int number, const std::filesystem::path& folder, std::stop_token) -> Result<std::filesystem::path> {
    const std::string png = TRY(reference.draw(number));
    return write_private(folder, "reference.png", png);
  };
  maker.accept = [&](const Asset& asset) { return check_image(context.objects(), asset); };
  const TakesOutcome outcome = TRY(circle_a_take(maker, state, context, *shop.studio, shop.options, false));
  writes.patch(channels::takes, {{reference.key, outcome.patch}});
  writes.patch(channels::production, {{reference.list, {{reference.id, {{"status", "complete"},
                                                                        {"referenceImages", Json::array({to_json(*outcome.asset)})}}}}}});
  return {};
}

studio::TakeRequest take_request(const Workshop&, const State& state, const Plan& plan, const Picture& picture,
                                 std::size_t index, int take, std::string prompt) {
  return {&plan, index, take, std::move(prompt), seed_of(state), picture};
}

bool has_built_in_rules(const State& state) {
  const Json& rules = state.raw(channels::rules.name);
  return rules.is_object() && std::ranges::any_of(rules, [](const Json& rule) { return rule.value("origin", "") == "built_in"; });
}

// One frame of one scene: made unless circled, judged, recorded.
class FrameTask {
 public:
  FrameTask(const Workshop& shop, const State& state, Context& context, const Plan& plan, const Picture& picture)
      : shop_(shop), state_(state), context_(context), plan_(plan), picture_(picture) {}

  Result<void> run(std::size_t index, studio::FrameOf which, Writes& writes) {
    const bool start = which == studio::FrameOf::start;
    const Scene& scene = plan_.scenes[index];
    const std::string key = scene_key(start ? "scene_start_frame" : "scene_end_frame", scene.id);
    const char* part = start ? "startFrame" : "endFrame";
    const bool forced = is_forced(state_, scene.id, part);
    if (!forced && (circled_take(state_, key) || is_skipped(state_, key))) {
      if (const auto circled = circled_take(state_, key)) remember(key, circled->number);
      return {};
    }
    const TakeMaker maker = maker_of(index, which, key);
    const TakesOutcome outcome = TRY(circle_a_take(maker, state_, context_, *shop_.studio, shop_.options, forced));
    remember(key, *outcome.circled);
    writes.patch(channels::takes, {{key, outcome.patch}});
    writes.patch(channels::production, {{"scenes", {{std::to_string(scene.id), {{part, to_json(*outcome.asset)}}}}}});
    if (forced) writes.patch(channels::forced, {{std::to_string(scene.id), rest_of_forced(scene.id, part)}});
    if (!prompt_override(state_, scene.id, part).empty()) writes.patch(channels::overrides, {{std::to_string(scene.id), {{part, Json()}}}});
    return {};
  }

 private:
  TakeMaker maker_of(std::size_t index, studio::FrameOf which, const std::string& key) {
    const Scene& scene = plan_.scenes[index];
    const bool start = which == studio::FrameOf::start;
    const Which name = start ? Which::start : Which::end;
    const auto id = static_cast<std::uint32_t>(scene.id);
    TakeMaker maker;
    maker.asset_key = key;
    maker.prompt = prompt_override(state_, scene.id, start ? "startFrame" : "endFrame");
    if (maker.prompt.empty()) maker.prompt = story::frame_prompt(plan_, index, start ? story::Which::start : story::Which::end, rules_of(state_));
    maker.from = sources(index, which);
    maker.object_name = [this, id, name](int n) { return frame_name(context_.film(), id, name, static_cast<std::uint32_t>(n)); };
    maker.evaluation_name = [this, id, name](int n) { return frame_evaluation_name(context_.film(), id, name, static_cast<std::uint32_t>(n)); };
    maker.make = [this, index, which, prompt = maker.prompt](int n, const std::filesystem::path& folder,
                                                             std::stop_token) -> Result<std::filesystem::path> {
      const std::string png = TRY(shop_.studio->frame_image(take_request(shop_, state_, plan_, picture_, index, n, prompt), which));
      return write_private(folder, "frame.png", png);
    };
    maker.judge = [this, index, prompt = maker.prompt](int n, const Asset& take) -> Result<Json> {
      const ObjectBytes bytes = TRY(context_.objects().get(take.path));
      const FilmOptions& o = shop_.options;
      return shop_.studio->judge_frame(take_request(shop_, state_, plan_, picture_, index, n, prompt), bytes.bytes,
                                       {o.accept_threshold, o.minor_issue_threshold, o.major_issue_threshold, o.fail_threshold});
    };
    maker.accept = [this](const Asset& asset) { return check_image(context_.objects(), asset); };
    return maker;
  }

  // What the frame is made from: references, the scene's own start frame, the end frame of the scene before.
  [[nodiscard]] std::vector<std::string> sources(std::size_t index, studio::FrameOf which) const {
    const Scene& scene = plan_.scenes[index];
    std::vector<std::string> from;
    const auto add = [&](const std::string& key) {
      if (const auto here = circled_here_.find(key); here != circled_here_.end())
        from.push_back(key + "/" + std::to_string(here->second));
      else if (const auto circled = circled_take(state_, key))
        from.push_back(key + "/" + std::to_string(circled->number));
    };
    for (const std::string& id : scene.characters) add("character_image_" + id);
    add("location_image_" + scene.location_id);
    if (which == studio::FrameOf::end) add(scene_key("scene_start_frame", scene.id));
    if (which == studio::FrameOf::start && index > 0) add(scene_key("scene_end_frame", plan_.scenes[index - 1].id));
    return from;
  }

  [[nodiscard]] Json rest_of_forced(int scene, const char* done) const {
    Json rest = Json::array();
    for (const char* part : {"clip", "startFrame", "endFrame"})
      if (part != std::string(done) && is_forced(state_, scene, part)) rest.push_back(part);
    return rest.empty() ? Json() : rest;
  }

  void remember(const std::string& key, int number) { circled_here_[key] = number; }

  const Workshop& shop_;
  const State& state_;
  Context& context_;
  const Plan& plan_;
  const Picture& picture_;
  std::map<std::string, int> circled_here_;
};

}  // namespace

Result<Writes> generate_character_assets(const Workshop& shop, const State& state, Context& context) {
  const Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  Writes writes;
  for (std::size_t i = 0; i < plan.characters.size(); ++i) {
    const Character& character = plan.characters[i];
    context.progress({"reference of " + character.name, static_cast<double>(i) / static_cast<double>(plan.characters.size())});
    Reference reference{"characters", character.id, "character_image_" + character.id, story::character_prompt(plan, i), {}, {}};
    reference.name = [&](std::uint32_t take) { return character_reference_name(context.film(), character.id, take); };
    reference.draw = [&](int take) {
      return shop.studio->character_image(take_request(shop, state, plan, picture, i, take, reference.prompt));
    };
    TRY(make_reference(shop, state, context, reference, writes));
  }
  if (!has_built_in_rules(state)) {
    Json rules = Json::object();
    for (const std::string& text : story::built_in_rules(plan))
      rules[story::rule_id(text)] = {{"text", text}, {"origin", "built_in"}};
    writes.patch(channels::rules, rules);
  }
  return writes;
}

Result<Writes> generate_location_assets(const Workshop& shop, const State& state, Context& context) {
  const Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  Writes writes;
  for (std::size_t i = 0; i < plan.locations.size(); ++i) {
    const Location& location = plan.locations[i];
    context.progress({"reference of " + location.name, static_cast<double>(i) / static_cast<double>(plan.locations.size())});
    Reference reference{"locations", location.id, "location_image_" + location.id, story::location_prompt(plan, i), {}, {}};
    reference.name = [&](std::uint32_t take) { return location_reference_name(context.film(), location.id, take); };
    reference.draw = [&](int take) {
      return shop.studio->location_image(take_request(shop, state, plan, picture, i, take, reference.prompt));
    };
    TRY(make_reference(shop, state, context, reference, writes));
  }
  return writes;
}

Result<Writes> generate_scene_assets(const Workshop& shop, const State& state, Context& context) {
  const Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  FrameTask frames(shop, state, context, plan, picture);
  Writes writes;
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    if (context.stop().stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    context.progress({"frames of scene " + std::to_string(plan.scenes[i].id),
                      static_cast<double>(i) / static_cast<double>(plan.scenes.size())});
    TRY(frames.run(i, studio::FrameOf::start, writes));
    TRY(frames.run(i, studio::FrameOf::end, writes));
  }
  return writes;
}

}  // namespace film
