#include "film/media/timeline.h"

#include <algorithm>

#include "workprint/try.h"

namespace film::media {

using namespace workprint;

Result<Timeline> Timeline::open(const std::filesystem::path& clip, const Picture& picture, int threads,
                                std::stop_token stop) {
  Timeline timeline(TRY(VideoReader::open(clip, threads, std::move(stop))), picture);
  TRY(timeline.look_ahead());
  if (!timeline.has_next_) return fail(ErrorKind::corrupt, "clip has no picture. file=" + clip.filename().string());
  return timeline;
}

Result<void> Timeline::look_ahead() {
  av_frame_unref(next_.get());
  const AVFrame* picture = TRY(reader_.next());
  has_next_ = picture != nullptr;
  if (!picture) return {};
  if (av_frame_ref(next_.get(), picture) < 0) return fail(ErrorKind::unavailable, "no memory for a frame");
  const bool is_timed = picture->best_effort_timestamp != AV_NOPTS_VALUE;
  const std::int64_t time = is_timed ? picture->best_effort_timestamp : first_ + end_time_;
  if (shown_ < 0) first_ = time;
  ++shown_;
  next_time_ = time - first_;
  end_time_ = std::max(end_time_, next_time_ + reader_.shown(*picture));
  return {};
}

// A picture is on screen at a frame when it has begun by the frame's middle: so rounded times do not drop or repeat any.
bool Timeline::is_next_due(std::int64_t index) const {
  if (!has_next_) return false;
  return current_->buf[0] == nullptr ||
         av_compare_ts(next_time_, reader_.stream().time_base, 2 * index + 1, AVRational{1, 2 * fps_}) < 0;
}

Result<std::int64_t> Timeline::show(std::int64_t index, Frame& frame) {
  while (is_next_due(index)) {
    av_frame_unref(current_.get());
    av_frame_move_ref(current_.get(), next_.get());
    TRY(look_ahead());
  }
  TRY(scaler_.convert(*current_, frame, Fit::bars));
  if (has_next_) return 0;
  const std::int64_t frames = av_rescale_q(end_time_, reader_.stream().time_base, AVRational{1, fps_});
  return std::max<std::int64_t>(0, index - frames + 1);
}

}  // namespace film::media
