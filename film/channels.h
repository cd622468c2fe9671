/// The film's channels: the field names of `state.json` (docs/formats/film-state.md).
#pragma once

#include "workprint/channel.h"

namespace film::channels {

using workprint::Channel;
using workprint::Json;
using workprint::Merge;

inline const Channel<std::string> original_prompt{"originalPrompt", Merge::once};
inline const Channel<bool> has_audio{"hasAudio", Merge::once};
inline const Channel<Json> song{"song", Merge::once};
inline const Channel<Json> picture{"picture", Merge::once};
/// {seed, maxScenes}: what else makes the film come out the same again. Not in the older system's state.
inline const Channel<Json> settings{"settings", Merge::once};
inline const Channel<std::string> creative_prompt{"creativePrompt", Merge::replace};
inline const Channel<Json> audio_analysis{"audioAnalysis", Merge::replace};
inline const Channel<Json> storyboard{"storyboard", Merge::replace};
inline const Channel<Json> production{"storyboardState", Merge::merge};
inline const Channel<Json> takes{"takes", Merge::merge};
inline const Channel<std::int64_t> current_scene_index{"currentSceneIndex", Merge::max};
inline const Channel<Json> forced{"forceRegenerateSceneIds", Merge::merge};
inline const Channel<Json> overrides{"scenePromptOverrides", Merge::merge};
inline const Channel<Json> rules{"generationRules", Merge::merge};
inline const Channel<Json> metrics{"metrics", Merge::merge};
inline const Channel<Json> rendered_video{"renderedVideo", Merge::replace};
inline const Channel<Json> film_report{"filmReport", Merge::replace};

}  // namespace film::channels
