// The film's render time (drawing, encoding, cutting, joining) against plain x264 of the same frames with the same
// settings and threads, in turns in one run: render_bench [720|1080] [prompt]
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <thread>

#include "film/art/art.h"
#include "film/media/video.h"
#include "film/story/writer.h"
#include "workprint/try.h"

namespace {

using namespace film;
using workprint::check;
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begin) { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); }

// Of one thread or of all, unlike the time on the wall independent of what else the machine does.
double cpu_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

constexpr const char* neon_city =
    "A courier runs through a neon city in the rain at night. A train crosses the bridge. She waits under a sign, then walks into the "
    "morning fog of the harbor.";

art::ShotRequest shot_of(const Plan& plan, std::size_t scene, const Picture& picture) {
  art::ShotRequest shot;
  shot.plan = &plan;
  shot.scene = scene;
  shot.picture = picture;
  shot.frames = scene_frames(plan, scene, picture.fps);
  shot.seed = 7;
  return shot;
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("workprint_render_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const Picture picture = argc > 1 && std::string(argv[1]) == "1080" ? Picture{1920, 1080, 24} : Picture{1280, 720, 24};
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const story::Brief brief{argc > 2 ? argv[2] : neon_city, 7, 6, nullptr};
  const Plan plan = story::write_storyboard(brief, story::expand_prompt(brief));
  double film_seconds = 0, x264_seconds = 0, x264_cpu = 0, draw_cpu = 0, open_seconds = 0;
  std::int64_t frames_total = 0;
  std::vector<std::filesystem::path> segments;
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    const art::ShotRequest request = shot_of(plan, i, picture);
    const auto clip = folder / ("clip" + std::to_string(i) + ".mp4"), segment = folder / ("segment" + std::to_string(i) + ".mp4");
    auto begin = SteadyClock::now();
    auto shot = art::Shot::open(request);
    check(shot.has_value(), "shot opens");
    open_seconds += seconds_since(begin);
    const media::FrameSource draw = [&](std::int64_t index, media::Frame& frame) { return shot->draw(index, frame); };
    check(media::encode_clip(clip, picture, request.frames, draw, {threads}, [](auto, auto) {}, {}).has_value(), "clip encodes");
    media::SegmentRequest cut;
    cut.clip = clip;
    cut.frames = request.frames;
    check(media::make_segment(segment, cut, picture, {threads}, {}).has_value(), "segment is cut");
    film_seconds += seconds_since(begin);
    segments.push_back(segment);
    // The same frames from memory: nothing but the encoder is left.
    std::vector<media::Frame> frames(static_cast<std::size_t>(request.frames));
    draw_cpu -= cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (std::size_t n = 0; n < frames.size(); ++n) check(shot->draw(static_cast<std::int64_t>(n), frames[n]).has_value(), "frame draws");
    draw_cpu += cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    const media::FrameSource copy = [&](std::int64_t index, media::Frame& frame) -> workprint::Result<void> {
      std::swap(frame, frames[static_cast<std::size_t>(index)]);
      return {};
    };
    begin = SteadyClock::now();
    x264_cpu -= cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    check(media::encode_clip(folder / ("plain" + std::to_string(i) + ".mp4"), picture, request.frames, copy, {threads}, [](auto, auto) {}, {}).has_value(), "plain encode works");
    x264_cpu += cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    x264_seconds += seconds_since(begin);
    frames_total += request.frames;
  }
  const auto begin = SteadyClock::now();
  check(media::join_segments(folder / "film.mp4", segments, std::nullopt, picture, [](auto, auto) {}, {}).has_value(), "film joins");
  const double join_seconds = seconds_since(begin);
  film_seconds += join_seconds;
  std::printf("render %dx%d, %lld frames, %d threads: film %.2f s, plain x264 %.2f s, ratio %.2f (target <= 1.5)\n", picture.width, picture.height,
              static_cast<long long>(frames_total), threads, film_seconds, x264_seconds, film_seconds / x264_seconds);
  std::printf("  processor time a frame: drawing %.1f ms, x264 %.1f ms; %.0f ms to open a shot; joining %.2f s\n",
              draw_cpu * 1000 / static_cast<double>(frames_total), x264_cpu * 1000 / static_cast<double>(frames_total), open_seconds * 1000 / static_cast<double>(plan.scenes.size()), join_seconds);
  std::filesystem::remove_all(folder);
}
