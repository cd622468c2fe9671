#include "film/studio/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "film/media/video.h"
#include "film/studio/measure.h"
#include "workprint/try.h"

namespace film::studio {

using media::VideoInfo;
using workprint::ErrorKind;
using workprint::Result;

namespace {

constexpr int samples = 7;

// Limits of a picture that reads, in L* and shares. Set by looking at drawn and filmed stills; the outer value is where
// nobody would keep the take.
constexpr double too_dark = 7, far_too_dark = 3;
constexpr double too_bright = 93, far_too_bright = 97;
constexpr double low_contrast = 18, hardly_any_contrast = 9;
constexpr double clipped = 0.45, mostly_clipped = 0.80;
constexpr double flat = 0.65, nearly_empty = 0.90;
constexpr double weak_separation = 8;
constexpr double frozen = 0.9;  // drawn shots: 0.4 from rain and grain alone, 2.5 and more with the slowest move
constexpr double same_picture = 0.12;
constexpr double light_jump = 38;

/// Facts of a take, whatever it is made of.
struct Facts {
  PictureFacts picture;             ///< of the still, or the median over the clip's samples
  std::optional<double> motion;     ///< greatest change of a sample against the first one
  int black_samples = 0;
  int samples = 1;
  std::optional<LabPicture> first;
};

/// Collects what one dimension is rated by: the worst finding decides.
class Findings {
 public:
  explicit Findings(Evaluation& evaluation) : evaluation_(evaluation) {}

  void fact(std::string text) { facts_.push_back(std::move(text)); }

  void issue(Rating rating, Department department, const char* category, std::string description, std::string fix) {
    worst_ = std::max(worst_, rating);
    Issue issue;
    issue.department = department;
    issue.category = category;
    issue.severity = rating == Rating::minor_issues ? Severity::minor
                     : rating == Rating::fail       ? Severity::critical
                                                    : Severity::major;
    issue.description = std::move(description);
    issue.suggested_fix = std::move(fix);
    evaluation_.issues.push_back(std::move(issue));
  }

  void settle(Dimension dimension) {
    evaluation_.at(dimension).rating = worst_;
    evaluation_.at(dimension).details = fmt::format("measured: {}", fmt::join(facts_, ", "));
    worst_ = Rating::pass;
    facts_.clear();
  }

 private:
  Evaluation& evaluation_;
  std::vector<std::string> facts_;
  Rating worst_ = Rating::pass;
};

int sample_height(const VideoInfo& info) { return std::max(2, measure_width * info.height / std::max(info.width, 1) / 2 * 2); }

Result<std::vector<LabPicture>> sample_clip(const std::filesystem::path& clip, const VideoInfo& info, std::int64_t shown,
                                            std::stop_token stop) {
  const std::int64_t last = std::clamp<std::int64_t>(shown > 0 ? shown : info.frames, 1, info.frames) - 1;
  std::vector<std::int64_t> indices;
  for (int sample = 0; sample < samples; ++sample) {
    const std::int64_t index = last * sample / (samples - 1);
    if (indices.empty() || index > indices.back()) indices.push_back(index);
  }
  const std::vector<media::Frame> frames =
      TRY(media::read_frames(clip, indices, measure_width, sample_height(info), std::move(stop)));
  std::vector<LabPicture> pictures;
  for (const media::Frame& frame : frames) pictures.push_back(to_lab(media::to_rgb(frame)));
  if (pictures.empty()) return workprint::fail(ErrorKind::corrupt, "the clip has no picture");
  return pictures;
}

double median(std::vector<PictureFacts>& facts, double PictureFacts::* member) {
  std::ranges::sort(facts, {}, member);
  return facts[facts.size() / 2].*member;
}

Facts facts_of(const std::vector<LabPicture>& pictures) {
  Facts facts;
  std::vector<PictureFacts> all;
  for (const LabPicture& picture : pictures) all.push_back(measure(picture));
  facts.samples = static_cast<int>(all.size());
  facts.black_samples = static_cast<int>(std::ranges::count_if(all, is_black));
  for (const auto member : {&PictureFacts::lightness_mean, &PictureFacts::lightness_low, &PictureFacts::lightness_high,
                            &PictureFacts::brightest, &PictureFacts::black_share, &PictureFacts::white_share,
                            &PictureFacts::flat_share, &PictureFacts::separation})
    facts.picture.*member = median(all, member);
  if (pictures.size() > 1) {
    facts.motion = 0;
    for (std::size_t index = 1; index < pictures.size(); ++index)
      facts.motion = std::max(*facts.motion, change(pictures[0], pictures[index]));
  }
  facts.first = pictures.front();
  return facts;
}

void judge_light(Findings& findings, const PictureFacts& facts) {
  findings.fact(fmt::format("mean L* {:.0f}, contrast {:.0f} L*", facts.lightness_mean, facts.contrast()));
  if (facts.lightness_mean < too_dark || facts.lightness_mean > too_bright) {
    const bool far = facts.lightness_mean < far_too_dark || facts.lightness_mean > far_too_bright;
    findings.issue(far ? Rating::major_issues : Rating::minor_issues, Department::gaffer, "exposure",
                   fmt::format("mean lightness is {:.0f} of 100", facts.lightness_mean),
                   facts.lightness_mean < too_dark ? "more light on the subject; keep detail in the shadows"
                                                   : "less light; keep detail in the bright parts");
  }
  const double lost = std::max(facts.black_share, facts.white_share);
  if (lost > clipped) {
    findings.issue(lost > mostly_clipped ? Rating::major_issues : Rating::minor_issues, Department::gaffer, "clipping",
                   fmt::format("{:.0f} % of the picture is {} without detail", lost * 100,
                               facts.black_share > facts.white_share ? "black" : "white"),
                   "softer light with detail in the darkest and brightest parts");
  }
  if (facts.contrast() < low_contrast) {
    findings.issue(facts.contrast() < hardly_any_contrast ? Rating::major_issues : Rating::minor_issues,
                   Department::cinematographer, "contrast",
                   fmt::format("light and dark are only {:.0f} L* apart", facts.contrast()),
                   "a clear difference between the light and the dark parts");
  }
}

void judge_reading(Findings& findings, const Scene& scene, const PictureFacts& facts) {
  findings.fact(fmt::format("subject against surround {:.0f} L*, largest flat region {:.0f} %", facts.separation,
                            facts.flat_share * 100));
  if (facts.flat_share > flat) {
    findings.issue(facts.flat_share > nearly_empty ? Rating::major_issues : Rating::minor_issues,
                   Department::production_design, "empty picture",
                   fmt::format("{:.0f} % of the picture is one even tone", facts.flat_share * 100),
                   "depth and texture in the background");
  }
  // Without a person a picture may well be a mood only, and in the widest shot a person is smaller than the measure.
  const bool needs_subject = !scene.characters.empty() && scene.shot != ShotType::vw;
  if (facts.separation < weak_separation && needs_subject) {
    findings.issue(Rating::minor_issues, Department::cinematographer, "separation",
                   fmt::format("nothing stands out from its surround by more than {:.0f} L*", facts.separation),
                   "the subject clearly lighter or darker than what is behind it");
  }
}

void judge_motion(Findings& findings, const Scene& scene, double motion) {
  findings.fact(fmt::format("largest change against the first frame {:.2f} L*", motion));
  if (scene.movement == CameraMovement::static_ || motion >= frozen) return;
  findings.issue(Rating::major_issues, Department::cinematographer, "camera move",
                 "the camera should move and the picture stands still", "a visible camera move through the whole shot");
}

void judge_format(Findings& findings, const ClipRequest& request, const VideoInfo& info) {
  findings.fact(fmt::format("{} x {}, {} frames of {}", info.width, info.height, info.frames, request.frames));
  if (info.width < request.picture.width || info.height < request.picture.height) {
    findings.issue(Rating::minor_issues, Department::director, "size",
                   fmt::format("{} x {} is smaller than the film's {} x {}", info.width, info.height,
                               request.picture.width, request.picture.height),
                   "the film's full size");
  }
}

void judge_black(Findings& findings, const Facts& facts) {
  if (facts.black_samples == 0) return;
  findings.fact(fmt::format("{} of {} samples black", facts.black_samples, facts.samples));
  const bool all = facts.black_samples == facts.samples;
  findings.issue(all ? Rating::fail : Rating::major_issues, Department::director, "black frames",
                 fmt::format("{} of {} sampled frames are black", facts.black_samples, facts.samples),
                 "a picture from the first frame to the last");
}

void judge_cut(Findings& findings, const Plan& plan, std::size_t scene, const LabPicture& before, const LabPicture& after) {
  const double step = difference(before, after);
  const double light = std::abs(measure(before).lightness_mean - measure(after).lightness_mean);
  findings.fact(fmt::format("picture difference at the cut {:.2f}, lightness step {:.0f} L*", step, light));
  if (step < same_picture) {
    findings.issue(Rating::minor_issues, Department::script_supervisor, "jump cut",
                   fmt::format("the shot opens almost on the picture the last one ended with ({:.2f})", step),
                   "another size or angle than the shot before");
  }
  const bool same_place = plan.scenes[scene].location_id == plan.scenes[scene - 1].location_id;
  if (same_place && light > light_jump) {
    findings.issue(Rating::minor_issues, Department::gaffer, "light continuity",
                   fmt::format("lightness jumps by {:.0f} L* inside one place", light),
                   "the same time of day and light as the shot before");
  }
}

/// The fix of every issue as a correction: text to add, since the judge does not read the prompt.
void suggest(Evaluation& evaluation) {
  for (const Issue& issue : evaluation.issues) {
    evaluation.corrections.push_back({issue.department, issue.category, "", issue.suggested_fix, issue.description});
  }
}

Weights measured_weights(const Plan& plan, std::size_t scene, bool compared) {
  const Weights full = scene_weights(plan, scene);
  Weights weights{};
  const auto keep = [&](Dimension dimension) {
    weights[static_cast<std::size_t>(dimension)] = full[static_cast<std::size_t>(dimension)];
  };
  keep(Dimension::technical_quality);
  if (compared) keep(Dimension::continuity);
  return weights;
}

Evaluation blank(const Plan& plan, std::size_t scene) {
  Evaluation evaluation;
  const Weights full = scene_weights(plan, scene);
  for (std::size_t index = 0; index < dimension_count; ++index)
    evaluation.scores[index].details = full[index] > 0 ? "not measured: needs a judge that understands pictures"
                                                       : "does not apply";
  evaluation.at(Dimension::continuity).details = scene == 0 ? "does not apply" : "not measured: no clip to compare with";
  return evaluation;
}

void finish(Evaluation& evaluation, const Weights& weights, const Thresholds& thresholds) {
  suggest(evaluation);
  evaluation.feedback = evaluation.issues.empty()
                            ? "Measured by the built-in judge: nothing to object to."
                            : fmt::format("Measured by the built-in judge: {} finding{}.", evaluation.issues.size(),
                                          evaluation.issues.size() == 1 ? "" : "s");
  settle(evaluation, weights, thresholds);
}

/// Frames the scene needs at the clip's own rate.
std::int64_t needed_frames(const VideoInfo& info, const Picture& picture, std::int64_t frames) {
  if (info.fps_numerator <= 0 || info.fps_denominator <= 0) return frames;
  return frames * info.fps_numerator / (static_cast<std::int64_t>(info.fps_denominator) * picture.fps);
}

}  // namespace

Result<Evaluation> judge_clip(const ClipRequest& request, std::stop_token stop) {
  workprint::check(request.plan != nullptr && request.scene < request.plan->scenes.size(), "a judged scene is in the plan");
  const Plan& plan = *request.plan;
  const Scene& scene = plan.scenes[request.scene];
  const VideoInfo info = TRY(media::verify_video(request.clip, stop));
  const std::vector<LabPicture> pictures = TRY(sample_clip(request.clip, info, request.frames, stop));
  const Facts facts = facts_of(pictures);

  Evaluation evaluation = blank(plan, request.scene);
  Findings findings(evaluation);
  judge_format(findings, request, info);
  judge_light(findings, facts.picture);
  judge_reading(findings, scene, facts.picture);
  if (facts.motion) judge_motion(findings, scene, *facts.motion);
  judge_black(findings, facts);
  findings.settle(Dimension::technical_quality);

  const bool compared = request.previous_clip.has_value() && request.scene > 0;
  if (compared) {
    const VideoInfo before = TRY(media::verify_video(*request.previous_clip, stop));
    const std::int64_t shown = request.previous_frames > 0 ? std::min(request.previous_frames, before.frames) : before.frames;
    const std::int64_t last[] = {std::max<std::int64_t>(shown - 1, 0)};
    const std::vector<media::Frame> frames =
        TRY(media::read_frames(*request.previous_clip, last, pictures[0].width, pictures[0].height, stop));
    if (frames.empty()) return workprint::fail(ErrorKind::corrupt, "the clip before has no picture");
    judge_cut(findings, plan, request.scene, to_lab(media::to_rgb(frames[0])), *facts.first);
    findings.settle(Dimension::continuity);
  }
  finish(evaluation, measured_weights(plan, request.scene, compared), request.thresholds);
  return evaluation;
}

Result<Evaluation> judge_still(std::string_view image, const Plan& plan, std::size_t scene, const Picture& picture,
                               const Thresholds& thresholds) {
  workprint::check(scene < plan.scenes.size(), "a judged scene is in the plan");
  const media::RgbImage pixels = TRY(media::decode_image(image));
  if (pixels.width < 2 || pixels.height < 2) return workprint::fail(ErrorKind::invalid, "the still is empty");
  const Facts facts = facts_of({to_lab(pixels)});
  Evaluation evaluation = blank(plan, scene);
  evaluation.at(Dimension::continuity).details = scene == 0 ? "does not apply" : "not measured in a still";
  Findings findings(evaluation);
  findings.fact(fmt::format("{} x {}", pixels.width, pixels.height));
  const double shape = static_cast<double>(pixels.width) * picture.height / (static_cast<double>(pixels.height) * picture.width);
  if (std::abs(shape - 1) > 0.02) {
    findings.issue(Rating::minor_issues, Department::cinematographer, "shape",
                   fmt::format("{} x {} has not the film's shape", pixels.width, pixels.height), "the film's aspect ratio");
  }
  judge_light(findings, facts.picture);
  judge_reading(findings, plan.scenes[scene], facts.picture);
  judge_black(findings, facts);
  findings.settle(Dimension::technical_quality);
  finish(evaluation, measured_weights(plan, scene, false), thresholds);
  return evaluation;
}

Result<void> technical_check(const std::filesystem::path& clip, const Picture& picture, std::int64_t frames,
                             std::stop_token stop) {
  const VideoInfo info = TRY(media::verify_video(clip, stop));
  std::vector<std::string> findings;
  const double shape = static_cast<double>(info.width) * picture.height / (static_cast<double>(std::max(info.height, 1)) * picture.width);
  if (std::abs(shape - 1) > 0.02 || 2 * info.width < picture.width)
    findings.push_back(fmt::format("size {}x{} where {}x{} is needed", info.width, info.height, picture.width, picture.height));
  const std::int64_t needed = needed_frames(info, picture, frames);
  if (info.frames + 1 < needed) findings.push_back(fmt::format("{} frames where {} are needed", info.frames, needed));
  const std::vector<LabPicture> pictures = TRY(sample_clip(clip, info, 0, stop));
  const bool black = std::ranges::all_of(pictures, [](const LabPicture& sample) { return is_black(measure(sample)); });
  if (black) findings.push_back("black from the first frame to the last");
  if (findings.empty()) return {};
  return workprint::fail(ErrorKind::invalid, fmt::format("technical check: {}", fmt::join(findings, "; ")));
}

}  // namespace film::studio
