#include "film/music/music.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

using namespace film;
using namespace film::music;
using workprint::ErrorKind;

namespace {

constexpr int rate = 44100;

struct Song {
  media::Pcm pcm;
  std::vector<double> beats_s;
};

void add_drum(media::Pcm& pcm, double at_s, double hz, double decay_s, double gain, std::minstd_rand& random) {
  const auto begin = static_cast<std::size_t>(at_s * rate);
  std::uniform_real_distribution<double> noise(-1, 1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rate * decay_s * 5) && begin + i < pcm.mono.size(); ++i) {
    const double t = static_cast<double>(i) / rate;
    const double tone = hz > 0 ? std::sin(2 * std::numbers::pi * hz * t) : noise(random);
    pcm.mono[begin + i] += static_cast<float>(gain * tone * std::exp(-t / decay_s));
  }
}

void add_chord(media::Pcm& pcm, double begin_s, double end_s, std::initializer_list<double> notes_hz, double gain) {
  const auto end = std::min(pcm.mono.size(), static_cast<std::size_t>(end_s * rate));
  for (std::size_t i = static_cast<std::size_t>(begin_s * rate); i < end; ++i)
    for (const double hz : notes_hz)
      pcm.mono[i] += static_cast<float>(gain * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
}

// Kick on one and three, snare on two and four, hi-hat on the eighths, a bass note that moves with the bar.
Song drum_song(double bpm, double length_s) {
  Song song;
  song.pcm.sample_rate = rate;
  song.pcm.mono.assign(static_cast<std::size_t>(length_s * rate), 0.0F);
  std::minstd_rand random(7);
  const double beat_s = 60 / bpm;
  for (int beat = 0; 0.5 + beat * beat_s < length_s; ++beat) {
    const double at_s = 0.5 + beat * beat_s;
    song.beats_s.push_back(at_s);
    if (beat % 2 == 0) add_drum(song.pcm, at_s, 60, 0.08, 0.6, random);
    else add_drum(song.pcm, at_s, 0, 0.05, 0.3, random);
    add_drum(song.pcm, at_s + beat_s / 2, 0, 0.01, 0.1, random);
    if (beat % 4 == 0) add_chord(song.pcm, at_s, at_s + 3.8 * beat_s, {beat % 8 == 0 ? 110.0 : 146.8}, 0.08);
  }
  return song;
}

double f_measure(const std::vector<std::int64_t>& found_ms, const std::vector<double>& true_s) {
  std::size_t hits = 0, found = 0, i = 0, truth = 0;
  for (const std::int64_t at : found_ms) found += at >= 5000 ? 1 : 0;
  for (const double at : true_s) truth += at >= 5 ? 1 : 0;
  for (const double at : true_s) {
    if (at < 5) continue;
    while (i < found_ms.size() && static_cast<double>(found_ms[i]) < at * 1000 - 70) ++i;
    if (i < found_ms.size() && std::abs(static_cast<double>(found_ms[i]) - at * 1000) <= 70) ++hits, ++i;
  }
  return found + truth == 0 ? 0 : 2.0 * static_cast<double>(hits) / static_cast<double>(found + truth);
}

Structure analysed(const media::Pcm& pcm) {
  const auto length_ms = static_cast<std::int64_t>(pcm.mono.size() * 1000 / static_cast<std::size_t>(pcm.sample_rate));
  auto structure = analyse(pcm, std::max<std::int64_t>(1, length_ms), {});
  REQUIRE(structure.has_value());
  return *structure;
}

void check_structure(const Structure& structure) {
  REQUIRE(!structure.sections.empty());
  CHECK(structure.sections.front().start_ms == 0);
  CHECK(structure.sections.back().end_ms == structure.duration_ms);
  for (std::size_t i = 0; i < structure.sections.size(); ++i) {
    const Section& section = structure.sections[i];
    CHECK(section.start_ms < section.end_ms);
    CHECK(section.intensity >= 0);
    CHECK(section.intensity <= 1);
    if (i == 0) continue;
    CHECK(section.start_ms == structure.sections[i - 1].end_ms);
    if (!structure.downbeats_ms.empty())
      CHECK(std::binary_search(structure.downbeats_ms.begin(), structure.downbeats_ms.end(), section.start_ms));
  }
  CHECK(std::is_sorted(structure.beats_ms.begin(), structure.beats_ms.end()));
  for (const std::int64_t downbeat : structure.downbeats_ms)
    CHECK(std::binary_search(structure.beats_ms.begin(), structure.beats_ms.end(), downbeat));
}

void check_tiling(const AudioAnalysis& analysis, std::int64_t duration_ms) {
  REQUIRE(!analysis.segments.empty());
  CHECK(analysis.duration_ms == duration_ms);
  CHECK(analysis.segments.front().start_ms == 0);
  CHECK(analysis.segments.back().end_ms == duration_ms);
  CHECK(analysis.segments.back().transition == Transition::fade_to_black);
  for (std::size_t i = 0; i < analysis.segments.size(); ++i) {
    const AudioSegment& segment = analysis.segments[i];
    if (i > 0) CHECK(segment.start_ms == analysis.segments[i - 1].end_ms);
    CHECK(segment.end_ms - segment.start_ms <= 8000);
    if (duration_ms >= 1500) CHECK(segment.end_ms - segment.start_ms >= 1500);
    CHECK(!segment.musical_description.empty());
    CHECK(!segment.mood.empty());
    CHECK(segment.lyrics.empty());
  }
}

}  // namespace

TEST_CASE("the tempo and the beats of a drum track are found") {
  for (const double bpm : {92.0, 120.0, 150.0}) {
    CAPTURE(bpm);
    const Song song = drum_song(bpm, 30);
    const Structure structure = analysed(song.pcm);
    CHECK(std::abs(structure.tempo_bpm / bpm - 1) < 0.04);
    CHECK(f_measure(structure.beats_ms, song.beats_s) >= 0.9);
    CHECK(structure.beats_per_bar == 4);
    check_structure(structure);
  }
}

TEST_CASE("a song A B A is cut at its two borders and A is recognised when it returns") {
  Song song = drum_song(120, 72);
  // Borders on downbeats: 0.5 + 12 bars of 2 s, twice.
  for (double at_s = 24.5; at_s < 48.5; at_s += 2) add_chord(song.pcm, at_s, at_s + 1.9, {523.3, 659.3, 784.0, 1568.0}, 0.1);
  const Structure structure = analysed(song.pcm);
  check_structure(structure);
  REQUIRE(structure.sections.size() == 3);
  CHECK(std::abs(structure.sections[1].start_ms - 24'500) <= 1000);
  CHECK(std::abs(structure.sections[2].start_ms - 48'500) <= 1000);
  CHECK(structure.sections[0].label == structure.sections[2].label);
  CHECK(structure.sections[0].label != structure.sections[1].label);
  CHECK(structure.sections[1].intensity > structure.sections[0].intensity);
}

TEST_CASE("sound without a beat has no tempo and still gives a legal film") {
  std::minstd_rand random(3);
  std::uniform_real_distribution<float> noise(-0.5F, 0.5F);
  for (const double length_s : {0.0, 0.001, 0.3, 1.0, 5.9, 20.0})
    for (const int kind : {0, 1, 2, 3}) {
      CAPTURE(length_s);
      CAPTURE(kind);
      media::Pcm pcm;
      pcm.mono.resize(static_cast<std::size_t>(length_s * rate));
      for (std::size_t i = 0; i < pcm.mono.size(); ++i) {
        if (kind == 1) pcm.mono[i] = noise(random);
        if (kind == 2) pcm.mono[i] = static_cast<float>(0.5 * std::sin(static_cast<double>(i) * 0.0627));
        if (kind == 3) pcm.mono[i] = i % 3 == 0 ? std::nanf("") : 1e30F;
      }
      const Structure structure = analysed(pcm);
      CHECK(structure.tempo_bpm == 0);
      CHECK(structure.beats_ms.empty());
      check_structure(structure);
      check_tiling(plan_cuts(structure, 0), structure.duration_ms);
    }
}

TEST_CASE("the same samples give the same structure at any usual sample rate") {
  const Song song = drum_song(110, 20);
  const Structure once = analysed(song.pcm), again = analysed(song.pcm);
  CHECK(once.beats_ms == again.beats_ms);
  CHECK(once.tempo_bpm == again.tempo_bpm);
  media::Pcm half;
  half.sample_rate = rate / 2;
  for (std::size_t i = 0; i + 1 < song.pcm.mono.size(); i += 2)
    half.mono.push_back((song.pcm.mono[i] + song.pcm.mono[i + 1]) / 2);
  CHECK(std::abs(analysed(half).tempo_bpm / 110 - 1) < 0.04);
}

TEST_CASE("a stopped analysis says so, and a length that cannot be is refused") {
  std::stop_source source;
  source.request_stop();
  const Song song = drum_song(120, 2);
  const auto stopped = analyse(song.pcm, 2000, source.get_token());
  REQUIRE(!stopped.has_value());
  CHECK(stopped.error().kind == ErrorKind::cancelled);
  const auto refused = analyse(song.pcm, 0, {});
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind == ErrorKind::invalid);
}
