// The older system's storyboard: its plan through the validator, its times made ours, its audio segments.
#include "film/legacy.h"
#include "film/plan/member_reader.h"
#include "film/plan/plan_json.h"
#include "film/plan/retime.h"
#include "film/plan/tile.h"

namespace film::legacy {
namespace {

using workprint::Json;

// Made for a plan and no part of it; what of it still exists is taken up as takes (legacy_takes.cpp).
constexpr std::array production_members{
    "generatedVideo", "startFrame", "endFrame", "referenceImages", "bestAttempt", "evaluation", "startFrameEvaluation",
    "endFrameEvaluation", "status", "progressMessage", "state", "enhancedPrompt", "startFramePrompt", "endFramePrompt",
    "referenceImagePrompt", "attempts", "warning", "placeholder", "segment"};

const Json& list_of(const Json& json, const char* name) {
  static const Json none = Json::array();
  if (!json.is_object() || !json.contains(name) || !json[name].is_array()) return none;
  return json[name];
}

bool tells_something(const Json& scene) {
  return scene.is_object() && scene.contains("description") && scene["description"].is_string() && scene["description"] != Json("");
}

Json without_production(Json storyboard) {
  for (const char* list : {"characters", "locations", "scenes"}) {
    if (!storyboard.contains(list) || !storyboard[list].is_array()) continue;
    for (Json& one : storyboard[list])
      if (one.is_object())
        for (const char* member : production_members) one.erase(member);
  }
  return storyboard;
}

std::int64_t milliseconds(const Json& segment, const char* name) {
  if (!segment.is_object() || !segment.contains(name) || !segment[name].is_number()) return 0;
  return std::llround(std::clamp(segment[name].get<double>(), 0.0, 100'000.0) * 1000.0);
}

AudioSegment words_of(const Json& json, std::size_t index, Verdict& verdict) {
  MemberReader read(json, "segments[" + std::to_string(index) + "]", verdict);
  AudioSegment segment;
  segment.kind = read.menu("type", SceneKind::instrumental);
  segment.intensity = read.menu("intensity", Intensity::medium);
  segment.tempo = read.menu("tempo", Tempo::moderate);
  segment.transition = read.menu("transitionType", Transition::cut);
  segment.lyrics = read.text_or_empty("lyrics");
  segment.musical_description = read.text_or_empty("musicalDescription");
  segment.music_change = read.text_or_empty("musicChange");
  segment.mood = read.text_or_empty("mood");
  return segment;
}

}  // namespace

std::optional<Storyboard> read_storyboard(const Json& json, const std::optional<std::int64_t>& song_ms, Lines& lines) {
  const Json& scenes = list_of(json, "scenes");
  if (!std::ranges::any_of(scenes, tells_something)) return std::nullopt;
  auto reading = read_plan(without_production(json), Author::older_document);
  if (!reading) {
    lines.push_back("storyboard: " + reading.error().message);
    return std::nullopt;
  }
  lines.insert(lines.end(), reading->notes.begin(), reading->notes.end());
  Storyboard storyboard{std::move(reading->plan), json, {}};
  std::map<int, std::size_t> item_of;
  for (std::size_t i = 0; i < storyboard.plan.scenes.size(); ++i) item_of[storyboard.plan.scenes[i].id] = i;
  if (song_ms) retime(storyboard.plan, *song_ms, lines);
  for (const Scene& scene : storyboard.plan.scenes) {
    const auto item = item_of.find(scene.id);
    storyboard.scene_items.push_back(item == item_of.end() ? scenes.size() : item->second);
  }
  return storyboard;
}

std::optional<AudioAnalysis> read_segments(const Json& json, std::int64_t song_ms, Lines& lines) {
  const Json& segments = list_of(json, "segments").empty() ? list_of(json, "scenes") : list_of(json, "segments");
  if (segments.empty() || std::ranges::any_of(segments, tells_something)) return std::nullopt;
  std::vector<std::size_t> order(segments.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto start_of = [&](std::size_t i) { return milliseconds(segments[i], "startTime"); };
  std::ranges::stable_sort(order, {}, start_of);
  std::vector<std::int64_t> cuts;
  for (const std::size_t i : order) cuts.push_back(start_of(i));
  AudioAnalysis analysis{song_ms, {}};
  Verdict verdict{Author::older_document, {}, {}};
  std::size_t at = 0;
  for (const TileSpan& span : tile(song_ms, cuts)) {
    while (at + 1 < order.size() && cuts[at + 1] <= span.start_ms) ++at;
    AudioSegment segment = words_of(segments[order[at]], order[at], verdict);
    segment.start_ms = span.start_ms;
    segment.end_ms = span.end_ms;
    analysis.segments.push_back(std::move(segment));
  }
  lines.insert(lines.end(), verdict.notes.begin(), verdict.notes.end());
  if (analysis.segments.size() != segments.size())
    lines.push_back("segments: " + std::to_string(segments.size()) + " do not tile the song; " +
                    std::to_string(analysis.segments.size()) + " do");
  return analysis;
}

}  // namespace film::legacy
