// The offline studio: writer, illustrator, camera and judge of this program behind the studio interface.
#include "film/art/art.h"
#include "film/media/video.h"
#include "film/story/writer.h"
#include "film/studio/judge.h"
#include "film/studio/studio.h"
#include "workprint/try.h"

namespace film::studio {
namespace {

using workprint::Dedupes;
using workprint::Json;
using workprint::Result;

class BuiltinStudio final : public Studio {
 public:
  explicit BuiltinStudio(int threads) : threads_(threads) {}

  std::string provider() const override { return "builtin"; }
  std::string model() const override { return "animatic-1"; }
  // The same request gives the same bytes and costs nothing: asking again is no second payment.
  Dedupes dedupes() const override { return Dedupes::yes; }

  Result<std::string> expand(const std::string& prompt, std::uint64_t seed, const AudioAnalysis* song) override {
    return story::expand_prompt({prompt, seed, 0, song});
  }

  Result<Plan> storyboard(const std::string& prompt, const std::string& expanded, std::uint64_t seed, int scenes_max,
                          const AudioAnalysis* song) override {
    return story::write_storyboard({prompt, seed, scenes_max, song}, expanded);
  }

  Result<std::string> character_image(const TakeRequest& request) override {
    return art::character_sheet(*request.plan, request.index, request.seed, request.take);
  }

  Result<std::string> location_image(const TakeRequest& request) override {
    return art::location_sheet(*request.plan, request.index, request.seed, request.take);
  }

  Result<std::string> frame_image(const TakeRequest& request, FrameOf which) override {
    art::ShotRequest wanted = shot_of(request);
    wanted.burn_in = false;
    art::Shot shot = TRY(art::Shot::open(wanted));
    return shot.png(which == FrameOf::start ? 0 : wanted.frames - 1);
  }

  Result<void> clip(const TakeRequest& request, const std::filesystem::path& out, const std::function<void(double)>& progress,
                    std::stop_token stop) override {
    const art::ShotRequest wanted = shot_of(request);
    art::Shot shot = TRY(art::Shot::open(wanted));
    const media::FrameSource source = [&](std::int64_t index, media::Frame& frame) { return shot.draw(index, frame); };
    const media::Progress report = [&](std::int64_t done, std::int64_t total) {
      progress(static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(1, total)));
    };
    return media::encode_clip(out, request.picture, wanted.frames, source, {threads_}, report, stop);
  }

  Result<Json> judge_frame(const TakeRequest& request, const std::string& png, const Thresholds& thresholds) override {
    const Evaluation evaluation = TRY(film::studio::judge_still(png, *request.plan, request.index, request.picture, thresholds));
    return to_json(evaluation);
  }

  Result<Json> judge_clip(const TakeRequest& request, const std::filesystem::path& clip,
                          const std::optional<std::filesystem::path>& previous, const Thresholds& thresholds,
                          std::stop_token stop) override {
    ClipRequest wanted;
    wanted.clip = clip;
    wanted.previous_clip = previous;
    wanted.plan = request.plan;
    wanted.scene = request.index;
    wanted.picture = request.picture;
    wanted.frames = scene_frames(*request.plan, request.index, request.picture.fps);
    wanted.thresholds = thresholds;
    const Evaluation evaluation = TRY(film::studio::judge_clip(wanted, stop));
    return to_json(evaluation);
  }

 private:
  static art::ShotRequest shot_of(const TakeRequest& request) {
    art::ShotRequest shot;
    shot.plan = request.plan;
    shot.scene = request.index;
    shot.picture = request.picture;
    shot.frames = scene_frames(*request.plan, request.index, request.picture.fps);
    shot.seed = request.seed;
    shot.take = request.take;
    shot.prompt = request.prompt;
    return shot;
  }

  int threads_;
};

}  // namespace

std::unique_ptr<Studio> builtin_studio(int encoder_threads) { return std::make_unique<BuiltinStudio>(encoder_threads); }

}  // namespace film::studio
