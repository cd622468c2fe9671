#include "film/story/prompt_text.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "film/story/text.h"

namespace film::story {
namespace {

constexpr std::size_t prompt_bytes_read_max = 20'000;
constexpr std::size_t sentence_bytes_max = 400;

struct Gloss {
  std::string_view sign, english;
};

// Emoji and common nouns of other languages: enough to put such a story into the right place.
constexpr std::array glosses{
    Gloss{"🌊", "sea"}, Gloss{"🌙", "night"}, Gloss{"🌃", "city night"}, Gloss{"🚀", "spaceship astronaut"}, Gloss{"🐱", "cat"}, Gloss{"🐶", "dog"},
    Gloss{"🤖", "robot"}, Gloss{"🌧", "rain"}, Gloss{"❄", "snow"}, Gloss{"🔥", "fire"}, Gloss{"🌲", "forest"}, Gloss{"🏜", "desert"}, Gloss{"🏔", "mountain"},
    Gloss{"🎸", "guitarist"}, Gloss{"🎹", "pianist"}, Gloss{"💃", "dancer"}, Gloss{"👻", "ghost"}, Gloss{"🐉", "dragon"}, Gloss{"🌅", "sunrise"}, Gloss{"❤", "love"},
    Gloss{"😢", "sad"}, Gloss{"😀", "happy"}, Gloss{"👩‍🚀", "astronaut"}, Gloss{"🏖", "beach"}, Gloss{"🚂", "train"}, Gloss{"🐺", "wolf"}, Gloss{"🦊", "fox"}, Gloss{"🐋", "whale"},
    Gloss{"海", "sea"}, Gloss{"夜", "night"}, Gloss{"雨", "rain"}, Gloss{"雪", "snow"}, Gloss{"森", "forest"}, Gloss{"街", "street"}, Gloss{"城市", "city"}, Gloss{"少女", "girl"},
    Gloss{"女", "woman"}, Gloss{"男", "man"}, Gloss{"猫", "cat"}, Gloss{"犬", "dog"}, Gloss{"山", "mountain"}, Gloss{"灯台", "lighthouse"}, Gloss{"灯塔", "lighthouse"}, Gloss{"宇宙", "space astronaut"},
    Gloss{"ロボット", "robot"}, Gloss{"老人", "old man"}, Gloss{"孩子", "child"}, Gloss{"mar", "sea"}, Gloss{"noche", "night"}, Gloss{"lluvia", "rain"}, Gloss{"ciudad", "city"}, Gloss{"bosque", "forest"},
    Gloss{"niña", "girl"}, Gloss{"niño", "boy"}, Gloss{"mujer", "woman"}, Gloss{"hombre", "man"}, Gloss{"faro", "lighthouse"}, Gloss{"desierto", "desert"}, Gloss{"perro", "dog"}, Gloss{"gato", "cat"},
    Gloss{"mer", "sea"}, Gloss{"nuit", "night"}, Gloss{"pluie", "rain"}, Gloss{"ville", "city"}, Gloss{"forêt", "forest"}, Gloss{"fille", "girl"}, Gloss{"garçon", "boy"}, Gloss{"femme", "woman"},
    Gloss{"homme", "man"}, Gloss{"phare", "lighthouse"}, Gloss{"neige", "snow"}, Gloss{"meer", "sea"}, Gloss{"nacht", "night"}, Gloss{"regen", "rain"}, Gloss{"stadt", "city"}, Gloss{"wald", "forest"},
    Gloss{"mädchen", "girl"}, Gloss{"junge", "boy"}, Gloss{"frau", "woman"}, Gloss{"mann", "man"}, Gloss{"leuchtturm", "lighthouse"}, Gloss{"leuchtturmwärter", "lighthouse keeper"}, Gloss{"schnee", "snow"},
    Gloss{"море", "sea"}, Gloss{"ночь", "night"}, Gloss{"ночью", "night"}, Gloss{"дождь", "rain"}, Gloss{"город", "city"}, Gloss{"лес", "forest"}, Gloss{"лесу", "forest"}, Gloss{"девочка", "girl"}, Gloss{"мальчик", "boy"}, Gloss{"женщина", "woman"},
    Gloss{"мужчина", "man"}, Gloss{"маяк", "lighthouse"}, Gloss{"снег", "snow"}, Gloss{"mulher", "woman"}, Gloss{"homem", "man"}, Gloss{"chuva", "rain"}, Gloss{"cidade", "city"}, Gloss{"noite", "night"},
};

// Length of the valid UTF-8 sequence at `at`, 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80U) return 0;
  const auto second = length > 2 ? static_cast<unsigned char>(text[at + 1]) : 0x90;
  // Overlong forms, surrogates and code points past U+10FFFF.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

std::string valid_text(std::string_view text) {
  constexpr std::string_view markup = "*_#`<>{}[]|~^\\\"";
  std::string valid;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      ++at;
      continue;
    }
    const char letter = text[at];
    const std::string_view piece = text.substr(at, length);
    if (piece == "’" || piece == "‘") valid += '\'';
    else if (piece == "—" || piece == "–") valid += ", ";
    else if (piece == "“" || piece == "”") valid += ' ';
    else if (piece == "。" || piece == "！" || piece == "？") valid += ". ";
    else if (length > 1) valid += piece;
    else if (letter == '\n') valid += '\n';
    else if (static_cast<unsigned char>(letter) < 32 || letter == 127 || markup.find(letter) != std::string_view::npos) valid += ' ';
    else valid += letter;
    at += length;
  }
  return valid;
}

bool is_outside_name(const std::string& word) {
  const std::string low = lower(word);
  return low.find("://") != std::string::npos || low.find("data:") != std::string::npos || low.starts_with("www.") || word.size() > 60;
}

// One line with single spaces, without links or endless words.
std::string clean_line(std::string_view line) {
  std::string clean;
  for (const std::string& word : split(line, ' ')) {
    if (is_outside_name(word) && std::ranges::all_of(word, [](unsigned char c) { return c < 128; })) continue;
    clean += (clean.empty() ? "" : " ") + word;
  }
  return clean;
}

// "Scene 3:", "Shot 2 -", "4.", "- " at the start of a line; the number of bytes it takes.
std::size_t label_length(const std::string& line) {
  const std::string low = lower(line);
  std::size_t at = 0;
  for (const std::string_view name : {"scene", "shot", "panel", "beat", "act"})
    if (low.starts_with(name)) at = name.size();
  const bool named = at > 0;
  while (at < low.size() && (low[at] == ' ' || low[at] == '#')) ++at;
  const std::size_t digits = at;
  while (at < low.size() && std::isdigit(static_cast<unsigned char>(low[at])) != 0) ++at;
  if (at == digits && !named && (low.starts_with("- ") || low.starts_with("• "))) return low.find(' ') + 1;
  if (at == digits || at - digits > 3) return 0;
  const std::size_t mark = at;
  while (at < low.size() && (low[at] == ' ' || low[at] == ':' || low[at] == '.' || low[at] == ')' || low[at] == '-' || low[at] == ',')) ++at;
  const bool marked = low.find_first_of(":.)-,", mark) < at;
  return marked ? at : 0;
}

// A list may stand in one line: "Scene 1: ... Scene 2: ..."
std::string lines_of_inline_list(const std::string& text) {
  const std::string low = lower(text);
  std::string broken;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool scene = (low.compare(at, 6, "scene ") == 0 || low.compare(at, 5, "shot ") == 0) && (at == 0 || low[at - 1] == ' ');
    const auto digit = low.find(' ', at) + 1;
    if (scene && digit < low.size() && std::isdigit(static_cast<unsigned char>(low[digit])) != 0) broken += '\n';
    broken += text[at];
  }
  return broken;
}

void add_sentences(const std::string& line, std::vector<std::string>& sentences) {
  std::string now;
  const auto flush = [&] {
    const std::string ready = trimmed(now);
    if (!ready.empty()) sentences.push_back(cut_at_word(ready, sentence_bytes_max));
    now.clear();
  };
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char letter = line[at];
    const bool ends = (letter == '.' || letter == '!' || letter == '?' || letter == ';') && (at + 1 == line.size() || line[at + 1] == ' ');
    const bool initial = letter == '.' && at >= 2 && line[at - 2] == ' ' && std::isupper(static_cast<unsigned char>(line[at - 1])) != 0;
    const bool title = letter == '.' && (now.ends_with("Mr") || now.ends_with("Mrs") || now.ends_with("Dr") || now.ends_with("St") || now.ends_with("INT") || now.ends_with("EXT"));
    if (ends && !initial && !title) flush();
    else now += letter;
  }
  flush();
}

std::string with_glosses(const std::string& text) {
  std::string low = lower(text);
  for (const auto& [upper_case, lower_case] : {std::pair{"É", "é"}, std::pair{"Ä", "ä"}, std::pair{"Ö", "ö"}, std::pair{"Ü", "ü"}})
    for (auto at = low.find(upper_case); at != std::string::npos; at = low.find(upper_case)) low.replace(at, 2, lower_case);
  std::string added;
  for (const Gloss& gloss : glosses) {
    const bool letters = static_cast<unsigned char>(gloss.sign.front()) < 0xE3;  // scripts with spaces match whole words
    if (letters ? has_word(low, gloss.sign) : low.find(gloss.sign) != std::string::npos) added += " . " + std::string(gloss.english);
  }
  return low + added;
}

}  // namespace

PromptText read_prompt(std::string_view prompt) {
  PromptText text;
  std::vector<std::string> lines;
  for (const std::string& raw : split(lines_of_inline_list(valid_text(prompt.substr(0, prompt_bytes_read_max))), '\n'))
    if (std::string line = clean_line(trimmed(raw)); !line.empty()) lines.push_back(std::move(line));
  const auto labelled = std::ranges::count_if(lines, [](const std::string& line) { return label_length(line) > 0; });
  text.is_list = labelled >= 3 || (labelled >= 2 && 2 * labelled >= std::ssize(lines));
  const bool short_lines = std::ranges::all_of(lines, [](const std::string& line) { return line.size() < 70; });
  const auto stops = std::ranges::count_if(lines, [](const std::string& line) { return line.back() == '.'; });
  text.is_lyric = !text.is_list && lines.size() >= 4 && short_lines && 2 * stops <= std::ssize(lines);
  for (const std::string& line : lines) {
    const std::size_t label = label_length(line);
    const std::string rest = trimmed(std::string_view(line).substr(label));
    text.clean += (text.clean.empty() ? "" : text.is_lyric ? ", " : " ") + (text.is_list ? sentence(rest) : line);
    if (rest.empty()) continue;
    if (text.is_list && label > 0) text.sentences.push_back(cut_at_word(rest, sentence_bytes_max));
    else if (!text.is_list && text.is_lyric) text.sentences.push_back(line);
    else if (!text.is_list) add_sentences(line, text.sentences);
  }
  if (text.clean.empty()) text.clean = "Something without words";
  text.low = with_glosses(text.clean);
  return text;
}

}  // namespace film::story
