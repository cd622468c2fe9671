#include "film/deliver/captions.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "film/deliver/timecode.h"

namespace film::deliver {

namespace {

constexpr std::size_t line_characters = 42;
constexpr std::size_t cue_characters = 2 * line_characters;
constexpr std::int64_t gap_frames = 2;
constexpr std::int64_t cue_ms_min = 830;
constexpr std::int64_t cue_ms_max = 7000;
constexpr std::int64_t characters_per_second_max = 20;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

/// Words of the lyrics; a word that ended a line of the song keeps the mark, as a good place to break.
struct Word {
  std::string text;
  bool ends_line = false;
};

std::vector<Word> words_of(std::string_view lyrics) {
  std::vector<Word> words;
  std::string current;
  int depth = 0;
  const auto flush = [&] {
    if (!current.empty()) words.push_back({std::move(current), false});
    current.clear();
  };
  for (const char c : lyrics) {
    if (c == '[') ++depth;
    if (depth == 0 && !is_blank(c) && static_cast<unsigned char>(c) >= 0x20) current += c;
    if (depth == 0 && is_blank(c)) flush();
    if (depth == 0 && c == '\n' && !words.empty()) words.back().ends_line = true;
    if (c == ']' && depth > 0) --depth;
  }
  flush();
  if (!words.empty()) words.back().ends_line = true;
  return words;
}

bool ends_phrase(const Word& word) {
  return word.ends_line || (!word.text.empty() && std::string_view(",.;:!?").contains(word.text.back()));
}

/// How bad a break after this word is, for a piece of `length` of `length_max` characters: breaks on sense win over
/// evenly filled lines, but a piece of one short word is worse than a break inside a phrase.
int break_cost(const Word& word, std::size_t length, std::size_t length_max) {
  const int unfilled = static_cast<int>(100 * (length_max - std::min(length, length_max)) / length_max);
  if (word.ends_line) return unfilled / 4;
  if (ends_phrase(word)) return 12 + unfilled / 3;
  return 40 + unfilled;
}

/// Number of words from `first` to put into the next piece of at most `length_max` characters; at least 1.
std::size_t piece(const std::vector<Word>& words, std::size_t first, std::size_t last, std::size_t length_max) {
  std::size_t length = 0;
  std::size_t best = 1;
  int best_cost = 1000;
  for (std::size_t index = first; index < last; ++index) {
    length += characters(words[index].text) + (index > first ? 1 : 0);
    if (length > length_max && index > first) break;
    const int cost = index + 1 == last ? 0 : break_cost(words[index], length, length_max);
    if (cost <= best_cost) {
      best = index - first + 1;
      best_cost = cost;
    }
  }
  return best;
}

std::string join(const std::vector<Word>& words, std::size_t first, std::size_t last) {
  std::string text;
  for (std::size_t index = first; index < last; ++index) {
    if (index > first) text += ' ';
    text += words[index].text;
  }
  return text;
}

/// One or two lines; the break nearest the middle that is on sense.
std::vector<std::string> lines_of(const std::vector<Word>& words, std::size_t first, std::size_t last) {
  const std::string whole = join(words, first, last);
  if (characters(whole) <= line_characters || last - first < 2) return {whole};
  std::size_t best = first + 1;
  std::size_t best_cost = SIZE_MAX;
  for (std::size_t index = first + 1; index < last; ++index) {
    const std::size_t upper = characters(join(words, first, index));
    const std::size_t lower = characters(join(words, index, last));
    const std::size_t over = std::max(upper, lower) > line_characters ? 1000 : 0;
    const std::size_t uneven = upper > lower ? upper - lower : lower - upper;
    const std::size_t cost = over + uneven + (ends_phrase(words[index - 1]) ? 0 : 14);
    if (cost < best_cost) {
      best = index;
      best_cost = cost;
    }
  }
  return {join(words, first, best), join(words, best, last)};
}

std::size_t cue_size(const Cue& cue) {
  std::size_t size = 0;
  for (const std::string& line : cue.lines) size += characters(line);
  return size;
}

/// Shares the scene's frames out by length of text.
void time_cues(std::vector<Cue>& cues, std::int64_t begin, std::int64_t end, int fps) {
  std::size_t total = 0;
  for (const Cue& cue : cues) total += cue_size(cue);
  std::size_t before = 0;
  const std::int64_t frames = end - begin;
  for (Cue& cue : cues) {
    const auto share = [&](std::size_t part) {
      return begin + frames * static_cast<std::int64_t>(part) / static_cast<std::int64_t>(std::max<std::size_t>(total, 1));
    };
    cue.begin = share(before);
    before += cue_size(cue);
    const std::int64_t longest = cue_ms_max * fps / 1000;
    cue.end = std::min(share(before) - gap_frames, cue.begin + longest);
    cue.end = std::max(cue.end, cue.begin + 1);
  }
}

std::vector<Cue> scene_cues(const Scene& scene, std::int64_t begin, std::int64_t end, int fps) {
  const std::vector<Word> words = words_of(scene.lyrics);
  std::vector<Cue> cues;
  // A cue shorter than the least reading time helps nobody: longer text shares fewer, fuller cues.
  const auto room = static_cast<std::size_t>(std::max<std::int64_t>((end - begin) * 1000 / (cue_ms_min * fps), 1));
  for (std::size_t first = 0; first < words.size();) {
    const std::size_t count = piece(words, first, words.size(), cue_characters);
    if (cues.size() < room) {
      cues.push_back({0, 0, lines_of(words, first, first + count), scene.id});
    } else {
      cues.back().lines.back() += " " + join(words, first, first + count);
    }
    first += count;
  }
  time_cues(cues, begin, end, fps);
  return cues;
}

/// SubRip has no escapes: what a player would take for markup is written with look-alikes.
std::string srt_text(std::string_view line) {
  std::string text;
  for (const char c : line) {
    if (c == '<') text += "\u2039";
    else if (c == '>') text += "\u203a";
    else if (c == '{') text += '(';
    else if (c == '}') text += ')';
    else text += c;
  }
  return text;
}

std::string vtt_text(std::string_view line) {
  std::string text;
  for (const char c : line) {
    if (c == '&') text += "&amp;";
    else if (c == '<') text += "&lt;";
    else if (c == '>') text += "&gt;";
    else text += c;
  }
  return text;
}

}  // namespace

std::vector<Cue> captions(const Plan& plan, const Picture& picture) {
  std::vector<Cue> cues;
  std::int64_t begin = 0;
  for (std::size_t index = 0; index < plan.scenes.size(); ++index) {
    const std::int64_t end = begin + scene_frames(plan, index, picture.fps);
    for (Cue& cue : scene_cues(plan.scenes[index], begin, end, picture.fps)) cues.push_back(std::move(cue));
    begin = end;
  }
  return cues;
}

std::vector<std::string> caption_notes(const std::vector<Cue>& cues, const Picture& picture) {
  std::vector<std::string> notes;
  for (const Cue& cue : cues) {
    const auto size = static_cast<std::int64_t>(cue_size(cue));
    const std::int64_t frames = cue.end - cue.begin;
    if (size * picture.fps <= characters_per_second_max * frames) continue;
    notes.push_back(fmt::format("caption faster than {} characters a second. scene={} at={}", characters_per_second_max,
                                cue.scene, timecode(cue.begin, picture.fps)));
  }
  return notes;
}

std::string srt(const std::vector<Cue>& cues, const Picture& picture) {
  if (cues.empty()) return "\n";
  std::string text;
  int number = 1;
  for (const Cue& cue : cues) {
    text += fmt::format("{}\n{} --> {}\n", number++, subtitle_time(cue.begin, picture.fps, SubtitleFormat::srt),
                        subtitle_time(cue.end, picture.fps, SubtitleFormat::srt));
    for (const std::string& line : cue.lines) text += srt_text(line) + "\n";
    text += "\n";
  }
  return text;
}

std::string vtt(const std::vector<Cue>& cues, const Picture& picture) {
  std::string text = "WEBVTT\n\n";
  for (const Cue& cue : cues) {
    text += fmt::format("{} --> {}\n", subtitle_time(cue.begin, picture.fps, SubtitleFormat::vtt),
                        subtitle_time(cue.end, picture.fps, SubtitleFormat::vtt));
    for (const std::string& line : cue.lines) text += vtt_text(line) + "\n";
    text += "\n";
  }
  return text;
}

}  // namespace film::deliver
