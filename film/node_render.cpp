// render_video: every scene's segment in order, joined by packet copy, with the song beside it.
#include "film/channels.h"
#include "film/media/video.h"
#include "film/nodes.h"
#include "film/segments.h"
#include "workprint/digest.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

struct Edit {
  std::vector<Asset> segments;
  Json patch = Json::object();  // storyboardState.scenes
  std::int64_t frames = 0;
  std::string hash;
};

Result<Edit> cut(const Workshop& shop, const State& state, const Plan& plan, const Picture& picture, Context& context) {
  Edit edit;
  Json keys = Json::array();
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    if (context.stop().stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    context.progress({"segment of scene " + std::to_string(plan.scenes[i].id),
                      static_cast<double>(i) / static_cast<double>(plan.scenes.size())});
    const auto segment = TRY(plan_segment(state, plan, picture, i, context, std::nullopt));
    if (!segment)
      return fail(ErrorKind::invalid, "scene has no clip and no slug; the film cannot be joined. scene=" +
                                          std::to_string(plan.scenes[i].id));
    edit.segments.push_back(TRY(make_segment_object(*segment, picture, shop.options.encoder_threads, context)));
    edit.patch[std::to_string(plan.scenes[i].id)] = {{"segment", to_json(edit.segments.back())}};
    edit.frames += segment->frames;
    keys.push_back(segment->key);
  }
  const Json& song = state.raw(channels::song.name);
  edit.hash = sha256_hex(canonical_json({{"segments", keys},
                                         {"song", song.is_object() ? song.value("sha256", "") : ""},
                                         {"picture", {picture.width, picture.height, picture.fps}}}));
  return edit;
}

Result<std::filesystem::path> join(const State& state, const Edit& edit, const Picture& picture, Context& context) {
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < edit.segments.size(); ++i)
    files.push_back(TRY(fetch(context, edit.segments[i], "segment_" + std::to_string(i) + ".mp4")));
  std::optional<std::filesystem::path> song;
  if (state.has(channels::song)) {
    const Asset asset = TRY(asset_from_json(state.raw(channels::song.name)));
    song = TRY(fetch(context, asset, "song"));
  }
  const std::filesystem::path folder = TRY(context.scratch());
  const std::filesystem::path out = folder / "movie.mp4";
  std::error_code ignored;
  std::filesystem::remove(out, ignored);
  const media::Progress progress = [&](std::int64_t done, std::int64_t total) {
    context.progress({"joining the film", total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0.0});
  };
  TRY(media::join_segments(out, files, song, picture, progress, context.stop()));
  return out;
}

struct Stored {
  int render = 0;
  Asset asset;
};

// Renders are never overwritten. A number whose object holds other bytes was used by a render that died before its
// commit: the next one is taken.
Result<Stored> store_render(Context& context, const std::filesystem::path& movie) {
  const FileDigest digest = TRY(digest_file(movie));
  for (int render = context.first_number("render_video"); render < 1'000'000; ++render) {
    const std::string name = TRY(render_name(context.film(), static_cast<std::uint32_t>(render)));
    const Created created = TRY(create_or_keep_file(context.objects(), name, movie));
    if (created.info.sha256 == digest.sha256) return Stored{render, to_asset(created.info)};
  }
  return fail(ErrorKind::invalid, "no render number is free");
}

}  // namespace

Result<Writes> render_video(const Workshop& shop, const State& state, Context& context) {
  const Plan plan = TRY(plan_of(state));
  const Picture picture = TRY(picture_of(state));
  const Edit edit = TRY(cut(shop, state, plan, picture, context));
  const Json& rendered = state.raw(channels::rendered_video.name);
  if (rendered.is_object() && rendered.value("editHash", "") == edit.hash) {
    const Asset asset = TRY(asset_from_json(rendered));
    const auto there = context.objects().verify(asset.path);
    if (there && there->sha256 == asset.sha256) return Writes();
    if (!there && there.error().kind == ErrorKind::unavailable) return std::unexpected(there.error());
  }
  const std::filesystem::path movie = TRY(join(state, edit, picture, context));
  const media::VideoInfo info = TRY(media::verify_video(movie, context.stop()));
  if (info.frames != edit.frames)
    return fail(ErrorKind::corrupt, "joined film has another length. frames=" + std::to_string(info.frames) +
                                        " expected=" + std::to_string(edit.frames));
  const Stored stored = TRY(store_render(context, movie));
  Json video = to_json(stored.asset);
  video["render"] = stored.render;
  video["editHash"] = edit.hash;
  video["frames"] = edit.frames;
  video["durationSeconds"] = static_cast<double>(edit.frames * 1000 / picture.fps) / 1000.0;
  Writes writes;
  writes.set(channels::rendered_video, video);
  writes.patch(channels::production, {{"scenes", edit.patch}});
  writes.patch(standard::attempts, {{"render_video", stored.render}});
  return writes;
}

}  // namespace film
