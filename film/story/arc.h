/// The shape of the whole: which shot does what, where, and when in the story. Words come later.
#pragma once

#include <optional>
#include <vector>

#include "film/story/beat_table.h"
#include "film/story/event.h"

namespace film::story {

enum class Phase { setup, development, turn, resolution };

struct Slot {
  Phase phase = Phase::setup;
  std::optional<std::size_t> event;  ///< the user's own clause is told here
  bool empty_place = false;          ///< a picture of the place, nobody in it
  bool opens = false;                ///< first shot of a sequence
  Part part = Part::look;
  std::size_t setting = 0;
  Intensity intensity = Intensity::medium;
};

struct ArcRequest {
  std::size_t count = 0;             ///< shots
  const std::vector<Event>* events = nullptr;
  std::size_t settings = 0, named_settings = 0;
  bool is_list = false, performs = false, two = false;
  const AudioAnalysis* analysis = nullptr;
};

[[nodiscard]] std::vector<Slot> lay_arc(const ArcRequest& request);

}  // namespace film::story
