#include "film/deliver/captions.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace film::deliver;
using film::Picture;
using film::Plan;

namespace {

Plan plan_of(const std::vector<std::string>& lyrics, std::int64_t scene_ms) {
  Plan plan;
  for (std::size_t index = 0; index < lyrics.size(); ++index) {
    film::Scene scene;
    scene.id = static_cast<int>(index);
    scene.start_ms = static_cast<std::int64_t>(index) * scene_ms;
    scene.end_ms = scene.start_ms + scene_ms;
    scene.lyrics = lyrics[index];
    plan.scenes.push_back(scene);
  }
  return plan;
}

const Picture picture{};

}  // namespace

TEST_SUITE("captions") {
  TEST_CASE("a film without words gets files that every reader accepts") {
    const auto cues = captions(plan_of({"", "[instrumental]", "  \n "}, 4000), picture);
    CHECK(cues.empty());
    CHECK(srt(cues, picture) == "\n");
    CHECK(vtt(cues, picture) == "WEBVTT\n\n");
  }

  TEST_CASE("words become numbered cues at the scene's frames") {
    const auto cues = captions(plan_of({"", "Carry the light"}, 4000), picture);
    CHECK(srt(cues, picture) == "1\n00:00:04,000 --> 00:00:07,917\nCarry the light\n\n");
    CHECK(vtt(cues, picture) == "WEBVTT\n\n00:00:04.000 --> 00:00:07.917\nCarry the light\n\n");
  }

  TEST_CASE("long lyrics are split into cues of two short lines that never overlap") {
    const std::string verse =
        "When the harbor sleeps and the boats lie still, I carry the last of the light up the hill,\n"
        "and the sea says nothing, and the night says no, but a lamp is a promise and promises glow";
    const auto cues = captions(plan_of({verse, verse}, 8000), picture);
    REQUIRE(cues.size() >= 4);
    std::int64_t before = -2;
    std::string words;
    for (const Cue& cue : cues) {
      CHECK(cue.begin >= before + 2);
      CHECK(cue.end > cue.begin);
      CHECK(cue.end - cue.begin <= 7 * 24);
      CHECK(cue.lines.size() <= 2);
      for (const std::string& line : cue.lines) {
        CHECK(line.size() <= 42);
        words += line + " ";
      }
      before = cue.end;
    }
    std::string all = verse + " " + verse + " ";
    std::ranges::replace(all, '\n', ' ');
    CHECK(words == all);
  }

  TEST_CASE("no word is dropped when a scene is too short for its lyrics, and a note says so") {
    std::string text;
    for (int index = 0; index < 60; ++index) text += "word" + std::to_string(index) + " ";
    const auto cues = captions(plan_of({text}, 1500), picture);
    CHECK(cues.size() == 1);
    CHECK(srt(cues, picture).find("word59") != std::string::npos);
    CHECK(caption_notes(cues, picture).size() == 1);
  }

  TEST_CASE("text that looks like markup or like an arrow stays text") {
    const auto cues = captions(plan_of({"a <b> & --> {c}"}, 4000), picture);
    CHECK(srt(cues, picture).find("a \u2039b\u203a & --\u203a (c)") != std::string::npos);
    CHECK(vtt(cues, picture).find("a &lt;b&gt; &amp; --&gt; {c}") != std::string::npos);
  }

  TEST_CASE("a bracket that is never closed hides the rest of its text only") {
    CHECK(captions(plan_of({"sing [and then", "on"}, 4000), picture).size() == 2);
  }
}
