/// Encoding, cutting, joining and checking pictures, through libav in process.
///
/// One encoder profile for everything (libx264 veryfast, crf 20, yuv420p, BT.709 tagged, closed GOP, no B-frame
/// reference across a GOP, fixed time base, bit-exact): so segments join by packet copy.
/// Thread-safety: functions may run on any thread at the same time; the files named are private to the call.
/// Files: written to `out`, which must not exist; on failure nothing is left there. Durable storage is the caller's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "film/media/frame.h"
#include "film/plan/plan.h"
#include "workprint/result.h"

namespace film::media {

/// Names the encoder settings in segment keys: change it whenever the produced bytes could change.
inline constexpr const char* encoder_profile = "x264-veryfast-crf20-v1";

/// Fills frame `index` (0-based); called in order from one thread, which need not be the caller's. A call may come a few
/// frames before the encoder needs it; `frame` holds the picture's size and any older content.
using FrameSource = std::function<workprint::Result<void>(std::int64_t index, Frame& frame)>;
/// frames_done of frames_total.
using Progress = std::function<void(std::int64_t frames_done, std::int64_t frames_total)>;

struct EncodeOptions {
  int threads = 0;  ///< 0: as many as the machine has; the bytes do not depend on it
};

/// H.264 in mp4, faststart, exactly `frames` frames, no sound.
workprint::Result<void> encode_clip(const std::filesystem::path& out, const Picture& picture, std::int64_t frames,
                                    const FrameSource& source, const EncodeOptions& options, const Progress& progress,
                                    std::stop_token stop);

struct VideoInfo {
  int width = 0, height = 0;
  int fps_numerator = 0, fps_denominator = 1;
  std::int64_t frames = 0;       ///< decoded, not announced
  std::int64_t duration_ms = 0;  ///< of the picture
  bool has_audio = false;
  std::int64_t audio_duration_ms = 0;
};

/// The validity ladder: top-level boxes end inside the file, then every packet decodes. O(file).
/// Errors: not_found; corrupt (truncated, undecodable, no video stream: says which); cancelled.
workprint::Result<VideoInfo> verify_video(const std::filesystem::path& file, std::stop_token stop);

/// Decodes the frames with these indices (ascending), scaled to width x height when those are > 0.
workprint::Result<std::vector<Frame>> read_frames(const std::filesystem::path& file,
                                                  std::span<const std::int64_t> indices, int width, int height,
                                                  std::stop_token stop);

/// What a segment is made of (reference: docs/formats/segment.md).
struct SegmentRequest {
  std::optional<std::filesystem::path> clip;      ///< absent: a slug
  std::optional<std::filesystem::path> slug_png;  ///< the still a slug holds; absent: black
  std::optional<std::filesystem::path> previous_clip;  ///< with `dissolve_in`: the clip the dissolve comes from
  std::int64_t previous_frames = 0;               ///< frames of the previous scene shown before this one
  std::int64_t frames = 0;                        ///< exact length of the segment
  bool dissolve_in = false;                       ///< first 12 frames are mixed with the previous clip's handle/last frame
  bool fade_out = false;                          ///< last 12 frames go to black
};

/// Cuts one clip to its place: trimmed at the tail, scaled to `picture`, effects applied. When nothing changes
/// (same profile and picture, no effect, same length) packets are copied and no frame is decoded.
/// Errors: corrupt (clip does not decode, or more than one frame too short); cancelled; unavailable (write failed).
workprint::Result<void> make_segment(const std::filesystem::path& out, const SegmentRequest& request,
                                     const Picture& picture, const EncodeOptions& options, std::stop_token stop);

/// Copies the packets of the segments in order and muxes the song as AAC 48 kHz stereo beside them (the picture
/// decides the length). O(bytes); no picture is decoded.
workprint::Result<void> join_segments(const std::filesystem::path& out,
                                      std::span<const std::filesystem::path> segments,
                                      const std::optional<std::filesystem::path>& song, const Picture& picture,
                                      const Progress& progress, std::stop_token stop);

/// Interleaved RGB, 8 bit.
struct RgbImage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};
[[nodiscard]] RgbImage to_rgb(const Frame& frame);
workprint::Result<std::string> encode_png(const RgbImage& image);
workprint::Result<std::string> encode_jpeg(const RgbImage& image, int quality_1_to_100);
workprint::Result<RgbImage> decode_image(std::string_view png_or_jpeg_bytes);

}  // namespace film::media
