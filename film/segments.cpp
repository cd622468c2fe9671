#include "film/segments.h"

#include "film/channels.h"
#include "film/media/video.h"
#include "film/takes.h"
#include "workprint/digest.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

bool is_mixed(Transition transition) { return transition == Transition::dissolve || transition == Transition::cross_fade; }
bool is_faded(Transition transition) { return transition == Transition::fade || transition == Transition::fade_to_black; }

std::string key_of(const SegmentPlan& segment, const Picture& picture) {
  const Json parts = {{"clip", segment.clip ? segment.clip->sha256 : ""},
                      {"previous", segment.previous ? segment.previous->sha256 : ""},
                      {"still", segment.still ? segment.still->sha256 : ""},
                      {"frames", segment.frames},
                      {"previousFrames", segment.dissolve_in ? segment.previous_frames : 0},
                      {"dissolveIn", segment.dissolve_in},
                      {"fadeOut", segment.fade_out},
                      {"picture", {picture.width, picture.height, picture.fps}},
                      {"profile", media::encoder_profile}};
  return sha256_hex(canonical_json(parts)).substr(0, 32);
}

std::optional<Asset> clip_of(const State& state, const Plan& plan, std::size_t index,
                             const std::optional<std::pair<std::size_t, Asset>>& fresh) {
  if (fresh && fresh->first == index) return fresh->second;
  const auto circled = circled_take(state, scene_key("scene_video", plan.scenes[index].id));
  return circled ? std::optional(circled->asset) : std::nullopt;
}

}  // namespace

Result<std::optional<SegmentPlan>> plan_segment(const State& state, const Plan& plan, const Picture& picture,
                                                std::size_t index, Context& context,
                                                const std::optional<std::pair<std::size_t, Asset>>& fresh) {
  SegmentPlan segment;
  segment.clip = clip_of(state, plan, index, fresh);
  const bool settled = segment.clip || is_settled(state, plan.scenes[index].id);
  if (!settled) return std::optional<SegmentPlan>();
  if (!segment.clip)
    if (const auto still = circled_take(state, scene_key("scene_start_frame", plan.scenes[index].id))) segment.still = still->asset;
  segment.frames = scene_frames(plan, index, picture.fps);
  segment.fade_out = is_faded(plan.scenes[index].transition);
  if (index > 0 && is_mixed(plan.scenes[index - 1].transition)) {
    segment.previous = clip_of(state, plan, index - 1, fresh);
    if (!segment.previous && !is_settled(state, plan.scenes[index - 1].id)) return std::optional<SegmentPlan>();
    segment.dissolve_in = segment.previous.has_value();
    segment.previous_frames = scene_frames(plan, index - 1, picture.fps);
  }
  segment.key = key_of(segment, picture);
  segment.object = TRY(segment_name(context.film(), segment.key));
  return std::optional(std::move(segment));
}

Result<Asset> make_segment_object(const SegmentPlan& segment, const Picture& picture, int threads, Context& context) {
  const auto there = context.objects().head(segment.object);
  if (there) return to_asset(*there);
  if (there.error().kind != ErrorKind::not_found) return std::unexpected(there.error());
  media::SegmentRequest request;
  if (segment.clip) request.clip = TRY(fetch(context, *segment.clip, "clip.mp4"));
  if (segment.previous) request.previous_clip = TRY(fetch(context, *segment.previous, "previous.mp4"));
  if (segment.still) request.slug_png = TRY(fetch(context, *segment.still, "still.png"));
  request.frames = segment.frames;
  request.previous_frames = segment.previous_frames;
  request.dissolve_in = segment.dissolve_in;
  request.fade_out = segment.fade_out;
  const std::filesystem::path folder = TRY(context.scratch());
  const std::filesystem::path out = folder / "segment.mp4";
  std::error_code ignored;
  std::filesystem::remove(out, ignored);
  TRY(media::make_segment(out, request, picture, {threads}, context.stop()));
  const Created created = TRY(create_or_keep_file(context.objects(), segment.object, out));
  std::filesystem::remove(out, ignored);
  return to_asset(created.info);
}

}  // namespace film
