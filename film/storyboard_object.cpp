// Tier 3: the plan as an object of its own, with the film's immutable inputs.
#include "film/channels.h"
#include "film/nodes.h"
#include "film/plan/plan_json.h"
#include "workprint/digest.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

constexpr int storyboard_format = 1;
constexpr const char* meta_name = "$workprint";

std::string content_hash(Json document) {
  document[meta_name].erase("contentHash");
  return sha256_hex(canonical_json(document));
}

Result<void> put_by_version(ObjectStore& objects, const std::string& name, const std::string& bytes) {
  for (int tries = 0; tries < 3; ++tries) {
    const auto there = objects.get(name);
    if (there && there->bytes == bytes) return {};
    PutCondition condition = IfAbsent{};
    if (there)
      condition = IfVersion{there->info.version};
    else if (there.error().kind == ErrorKind::corrupt)
      condition = IfVersion{TRY(objects.get_as_is(name)).info.version};
    else if (there.error().kind != ErrorKind::not_found)
      return std::unexpected(there.error());
    const auto put = objects.put(name, bytes, condition);
    if (put) return {};
    if (put.error().kind != ErrorKind::conflict) return std::unexpected(put.error());
  }
  return fail(ErrorKind::unavailable, "storyboard keeps moving. name=" + name);
}

}  // namespace

Result<void> save_storyboard(const State& state, const Json& plan, const std::string& creative_prompt, Context& context) {
  Json inputs = {{"creativePrompt", creative_prompt}};
  for (const std::string& name : {channels::original_prompt.name, channels::has_audio.name, channels::song.name,
                                  channels::picture.name, channels::settings.name})
    if (state.has(name)) inputs[name] = state.raw(name);
  Json document = plan;
  document[meta_name] = {{"format", storyboard_format}, {"kind", "storyboard"}, {"film", context.film().value()}, {"inputs", inputs}};
  document[meta_name]["contentHash"] = content_hash(document);
  const std::string name = TRY(storyboard_name(context.film()));
  return put_by_version(context.objects(), name, pretty_json(document));
}

Loaded<Json> inputs_from_storyboard(const FilmId& film, std::string_view bytes) {
  const auto broken = [](const std::string& why) { return Loaded<Json>{Outcome::corrupt, std::nullopt, why}; };
  auto document = parse_json(bytes);
  if (!document) return broken(document.error().message);
  if (!document->is_object() || !document->contains(meta_name) || !(*document)[meta_name].is_object())
    return broken("storyboard has no $workprint member");
  const Json meta = (*document)[meta_name];
  if (!meta.contains("format") || !meta["format"].is_number_integer()) return broken("$workprint.format is not a number");
  if (meta["format"].get<std::int64_t>() > storyboard_format)
    return {Outcome::too_new, std::nullopt, "storyboard needs a program that reads format " + std::to_string(meta["format"].get<std::int64_t>())};
  if (meta.value("contentHash", Json()) != Json(content_hash(*document))) return broken("contentHash does not fit the bytes");
  if (meta.value("film", Json()) != Json(film.value())) return {Outcome::foreign, std::nullopt, "storyboard is of another film"};
  Json inputs = meta.value("inputs", Json::object());
  if (!inputs.is_object()) return broken("$workprint.inputs is not an object");
  document->erase(meta_name);
  const auto plan = read_plan(*document, Author::ours);
  if (!plan) return broken(plan.error().message);
  inputs[channels::storyboard.name] = *document;
  inputs[channels::current_scene_index.name] = 0;
  return {Outcome::found, std::move(inputs), std::to_string(plan->plan.scenes.size()) + " scenes"};
}

}  // namespace film
