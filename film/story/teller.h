/// Puts words to the arc's slots: every sentence filled with this film's people, things and places, none used twice.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "film/story/arc.h"
#include "film/story/conditions.h"

namespace film::story {

/// A shot in words, with the size and move those words were written for.
struct Told {
  std::string text;
  std::vector<std::size_t> who;
  ShotType shot = ShotType::ms;
  CameraMovement movement = CameraMovement::static_;
  bool size_is_said = false;  ///< by the user: no rule of ours may change it
  bool move_is_said = false;
  std::optional<CameraAngle> angle;
  std::string thing;
};

class Teller {
 public:
  Teller(const std::vector<Person>& people, const std::vector<Setting>& settings, const std::vector<Event>& events,
         const Conditions& conditions, Dice dice);

  [[nodiscard]] Told tell(const Slot& slot, std::optional<ShotType> before);
  /// The thing the film keeps coming back to: "the harbor lamp"; empty when it has none.
  [[nodiscard]] const std::string& keepsake() const { return keepsake_; }

 private:
  struct Cast {
    const Person* who = nullptr;
    const Person* other = nullptr;
    std::size_t who_index = 0, other_index = 0;
  };

  [[nodiscard]] Told tell_event(const Slot& slot, std::optional<ShotType> before);
  [[nodiscard]] Told tell_place(const Slot& slot);
  [[nodiscard]] Told tell_beat(const Slot& slot, std::optional<ShotType> before);
  [[nodiscard]] Told tell_posture(const Slot& slot);
  [[nodiscard]] std::optional<Told> tell_from(const Slot& slot, Part part, std::optional<ShotType> before, bool again);
  [[nodiscard]] bool fits(const Beat& beat, const Slot& slot, const Cast& cast) const;
  [[nodiscard]] Cast cast_for(const Slot& slot);
  /// Whether somebody may be seen yet: not before the clause that brings them in.
  [[nodiscard]] bool is_in_play(std::size_t person) const;
  [[nodiscard]] std::string filled(std::string_view text, const Slot& slot, const Cast& cast, const std::string& thing);
  [[nodiscard]] std::string object(const Setting& setting, bool single);
  [[nodiscard]] std::string nature(const Setting& setting);
  /// A clause of light or weather that was not told yet; empty when all were.
  [[nodiscard]] std::string tail(const Setting& setting);
  [[nodiscard]] bool keep(const std::string& text) { return told_.insert(text).second; }

  const std::vector<Person>& people_;
  const std::vector<Setting>& settings_;
  const std::vector<Event>& events_;
  const Conditions& conditions_;
  Dice dice_;
  std::string keepsake_, thing_, sight_;  ///< held in a hand; looked at
  std::set<std::string> told_, clauses_;
  std::set<const Beat*> used_;
  std::size_t turn_ = 0, events_told_ = 0, objects_ = 0, natures_ = 0;
};

}  // namespace film::story
