#include "workprint/object_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/quote.h"
#include "workprint/try.h"

namespace workprint {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_part_character(char c) { return is_word_character(c) || c == '.' || c == '~'; }
bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_word(std::string_view text, std::size_t length_max) {
  return !text.empty() && text.size() <= length_max && std::ranges::all_of(text, is_word_character);
}
bool is_part(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text.front() != '.' && std::ranges::all_of(text, is_part_character);
}
bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && std::ranges::all_of(text, is_hex_digit);
}
bool is_extension(std::string_view text) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 8 && std::ranges::all_of(text, is_allowed);
}

std::string replace_all(std::string_view text, char from, char to) {
  std::string out(text);
  std::ranges::replace(out, from, to);
  return out;
}

std::unexpected<Error> refuse(std::string_view what, std::string_view text) {
  return fail(ErrorKind::invalid, fmt::format("object name: {}. value={}", what, in_quotes(text)));
}

/// A song's name as we make them: 32 hex digits, a dot, an extension.
bool is_our_song(std::string_view file) {
  return file.size() > 33 && is_hex(file.substr(0, 32), 32) && file[32] == '.' && is_extension(file.substr(33));
}

/// Refuses members from which no name, or another object's name, would come.
Result<void> check_members(const ObjectName& parts) {
  switch (parts.type) {
    case ObjectType::quarantine:
      if (!is_part(parts.key)) return refuse("a version that cannot be part of a name", parts.key);
      if (!is_hex(parts.file, 8)) return refuse("the hash is not hexadecimal", parts.file);
      return {};
    case ObjectType::character_reference:
    case ObjectType::location_reference:
      if (!is_word(parts.key, 64)) return refuse("an id is 1 to 64 letters, digits, _ and -", parts.key);
      [[fallthrough]];
    case ObjectType::frame:
    case ObjectType::frame_evaluation:
    case ObjectType::clip:
    case ObjectType::clip_evaluation:
    case ObjectType::render:
    case ObjectType::deliver:
      if (parts.number == 0) return refuse("takes and renders are counted from 1", "0");
      return {};
    case ObjectType::text:
      if (parts.key.find('~') != std::string::npos || !check_object_prefix(parts.key + "/"))
        return refuse("an effect key is parts of letters, digits, . _ - joined by /", parts.key);
      return {};
    case ObjectType::incoming:
      if (!is_word(parts.key, 128)) return refuse("an idempotency key is letters, digits, _ and -", parts.key);
      return {};
    case ObjectType::segment:
      if (!is_hex(parts.key, 32)) return refuse("a segment's key is 32 hex digits", parts.key);
      return {};
    case ObjectType::command:
      if (!is_word(parts.key, 64)) return refuse("an id is 1 to 64 letters, digits, _ and -", parts.key);
      return {};
    case ObjectType::song:
      if (parts.file.empty() ? !is_part(parts.key) || is_our_song(parts.key)
                             : !is_hex(parts.key, 32) || !is_extension(parts.file))
        return refuse("a song is named by its hash and extension", parts.key + "." + parts.file);
      return {};
    default: return {};
  }
}

std::string path_below_film(const ObjectName& parts) {
  const std::string& key = parts.key;
  const std::uint32_t number = parts.number;
  const std::string_view which = to_string(parts.which);
  switch (parts.type) {
    case ObjectType::state: return "state.json";
    case ObjectType::snapshot:
      return fmt::format("state/{:08}-{:020}.json", workprint::number(parts.epoch), workprint::number(parts.seq));
    case ObjectType::lease: return "lease.json";
    case ObjectType::quarantine: return fmt::format("quarantine/{}-{}.json", key, parts.file);
    case ObjectType::storyboard: return "scenes/storyboard.json";
    case ObjectType::character_reference: return fmt::format("images/characters/{}_reference_{:02}.png", key, number);
    case ObjectType::location_reference: return fmt::format("images/locations/{}_reference_{:02}.png", key, number);
    case ObjectType::frame:
      return fmt::format("images/frames/scene_{:03}_frame_{}_{:02}.png", parts.scene, which, number);
    case ObjectType::frame_evaluation:
      return fmt::format("images/frames/scene_{:03}_frame_{}_evaluation_{:02}.json", parts.scene, which, number);
    case ObjectType::clip: return fmt::format("scenes/scene_{:03}_{:02}.mp4", parts.scene, number);
    case ObjectType::clip_evaluation:
      return fmt::format("scenes/scene_{:03}_evaluation_{:02}.json", parts.scene, number);
    case ObjectType::text: return "texts/" + replace_all(key, '/', '~') + ".json";
    case ObjectType::incoming: return fmt::format("incoming/{}/{}", key, parts.file);
    case ObjectType::segment: return fmt::format("final/segments/{}.mp4", key);
    case ObjectType::render: return fmt::format("final/movie_{:02}.mp4", number);
    case ObjectType::latest_render: return "final/movie.mp4";
    case ObjectType::final_output: return "final/final_output.json";
    case ObjectType::deliver: return fmt::format("deliver/{:02}/{}", number, parts.file);
    case ObjectType::command: return fmt::format("commands/{}.json", key);
    case ObjectType::song: break;
  }
  check(false, "a song has no film");
  return {};
}

/// Takes a name apart from its front. Each step says whether it fitted; widths and ranges of numbers, and every other
/// rule, are left to object_name: the parser builds what it read and compares.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  template <class Number>
  bool digits(Number& number) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  /// Everything before the last `mark`, which is taken too.
  bool up_to_last(std::string_view mark, std::string& text) {
    const auto at = rest_.rfind(mark);
    if (at == std::string_view::npos) return false;
    text = rest_.substr(0, at);
    rest_.remove_prefix(at + mark.size());
    return true;
  }
  bool up_to_first(char mark, std::string& text) {
    const auto at = rest_.find(mark);
    if (at == std::string_view::npos) return false;
    text = rest_.substr(0, at);
    rest_.remove_prefix(at + 1);
    return true;
  }
  bool remainder(std::string& text) {
    text = std::exchange(rest_, {});
    return !text.empty();
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

using Attempt = bool (*)(Reader, ObjectName&);

bool read_fixed(Reader reader, ObjectName& parts) {
  std::string path;
  if (!reader.remainder(path)) return false;
  for (const ObjectType type : {ObjectType::state, ObjectType::lease, ObjectType::storyboard, ObjectType::latest_render,
                                ObjectType::final_output}) {
    parts.type = type;
    if (path_below_film(parts) == path) return true;
  }
  return false;
}

bool read_snapshot(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::snapshot;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  const bool fits = reader.literal("state/") && reader.digits(epoch) && reader.literal("-") && reader.digits(seq) &&
                    reader.literal(".json") && reader.at_end();
  parts.epoch = Epoch{epoch};
  parts.seq = Seq{seq};
  return fits;
}

bool read_quarantine(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::quarantine;
  if (!reader.literal("quarantine/") || !reader.up_to_last("-", parts.key)) return false;
  return reader.up_to_last(".json", parts.file) && reader.at_end();
}

bool read_reference(Reader reader, ObjectName& parts) {
  if (!reader.literal("images/")) return false;
  const bool is_character = reader.literal("characters/");
  if (!is_character && !reader.literal("locations/")) return false;
  parts.type = is_character ? ObjectType::character_reference : ObjectType::location_reference;
  Reader unnumbered = reader;
  if (unnumbered.up_to_last("_reference.png", parts.key) && unnumbered.at_end()) {
    parts.number = 1;
    return true;
  }
  return reader.up_to_last("_reference_", parts.key) && reader.digits(parts.number) && reader.literal(".png") &&
         reader.at_end();
}

bool read_frame(Reader reader, ObjectName& parts) {
  if (!reader.literal("images/frames/scene_") || !reader.digits(parts.scene) || !reader.literal("_frame_"))
    return false;
  if (reader.literal("end_")) {
    parts.which = Which::end;
  } else if (!reader.literal("start_")) {
    return false;
  }
  const bool is_evaluation = reader.literal("evaluation_");
  parts.type = is_evaluation ? ObjectType::frame_evaluation : ObjectType::frame;
  return reader.digits(parts.number) && reader.literal(is_evaluation ? ".json" : ".png") && reader.at_end();
}

bool read_clip(Reader reader, ObjectName& parts) {
  if (!reader.literal("scenes/scene_") || !reader.digits(parts.scene) || !reader.literal("_")) return false;
  const bool is_evaluation = reader.literal("evaluation_");
  parts.type = is_evaluation ? ObjectType::clip_evaluation : ObjectType::clip;
  return reader.digits(parts.number) && reader.literal(is_evaluation ? ".json" : ".mp4") && reader.at_end();
}

bool read_text(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::text;
  std::string key;
  const bool fits = reader.literal("texts/") && reader.up_to_last(".json", key) && reader.at_end();
  parts.key = replace_all(key, '~', '/');
  return fits;
}

bool read_incoming(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::incoming;
  return reader.literal("incoming/") && reader.up_to_first('/', parts.key) && reader.remainder(parts.file);
}

bool read_segment(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::segment;
  return reader.literal("final/segments/") && reader.up_to_last(".mp4", parts.key) && reader.at_end();
}

bool read_render(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::render;
  return reader.literal("final/movie_") && reader.digits(parts.number) && reader.literal(".mp4") && reader.at_end();
}

bool read_deliver(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::deliver;
  return reader.literal("deliver/") && reader.digits(parts.number) && reader.literal("/") &&
         reader.remainder(parts.file);
}

bool read_command(Reader reader, ObjectName& parts) {
  parts.type = ObjectType::command;
  return reader.literal("commands/") && reader.up_to_last(".json", parts.key) && reader.at_end();
}

constexpr std::array<Attempt, 12> attempts{read_fixed,   read_snapshot, read_quarantine, read_reference,
                                           read_frame,   read_clip,     read_text,       read_incoming,
                                           read_segment, read_render,   read_deliver,    read_command};

bool is_unnumbered_reference(const ObjectName& parts, std::string_view name) {
  const bool is_reference =
      parts.type == ObjectType::character_reference || parts.type == ObjectType::location_reference;
  return is_reference && parts.number == 1 && name.ends_with("_reference.png");
}

/// What was read counts only when it is what we would write.
bool is_faithful(const ObjectName& parts, std::string_view name) {
  const auto built = object_name(parts);
  return built && (*built == name || is_unnumbered_reference(parts, name));
}

std::optional<ObjectName> parse_song(std::string_view file, std::string_view name) {
  ObjectName parts{.type = ObjectType::song, .key = std::string(file)};
  if (is_our_song(file)) {
    parts.key = file.substr(0, 32);
    parts.file = file.substr(33);
  }
  if (!is_faithful(parts, name)) return std::nullopt;
  return parts;
}

Result<std::string> in_film(const FilmId& film, ObjectName parts) {
  parts.film = film.value();
  return object_name(parts);
}

}  // namespace

std::string_view to_string(ObjectType type) {
  switch (type) {
    case ObjectType::state: return "state";
    case ObjectType::snapshot: return "snapshot";
    case ObjectType::lease: return "lease";
    case ObjectType::quarantine: return "quarantine";
    case ObjectType::storyboard: return "storyboard";
    case ObjectType::character_reference: return "character_reference";
    case ObjectType::location_reference: return "location_reference";
    case ObjectType::frame: return "frame";
    case ObjectType::frame_evaluation: return "frame_evaluation";
    case ObjectType::clip: return "clip";
    case ObjectType::clip_evaluation: return "clip_evaluation";
    case ObjectType::text: return "text";
    case ObjectType::incoming: return "incoming";
    case ObjectType::segment: return "segment";
    case ObjectType::render: return "render";
    case ObjectType::latest_render: return "latest_render";
    case ObjectType::final_output: return "final_output";
    case ObjectType::deliver: return "deliver";
    case ObjectType::command: return "command";
    case ObjectType::song: return "song";
  }
  std::unreachable();
}

bool is_mutable(ObjectType type) {
  return type == ObjectType::state || type == ObjectType::lease || type == ObjectType::storyboard ||
         type == ObjectType::latest_render || type == ObjectType::final_output;
}

std::string_view to_string(Which which) { return which == Which::start ? "start" : "end"; }

Result<std::string> object_name(const ObjectName& parts) {
  TRY(check_members(parts));
  std::string name;
  if (parts.type == ObjectType::song) {
    if (!parts.film.empty()) return refuse("a song belongs to no film", parts.film);
    name = "audio/" + parts.key + (parts.file.empty() ? "" : "." + parts.file);
  } else {
    TRY(parse_film_id(parts.film));
    name = parts.film + "/" + path_below_film(parts);
  }
  TRY(check_object_name(name));
  return name;
}

std::optional<ObjectName> parse_object_name(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view film = name.substr(0, slash);
  const std::string_view path = name.substr(slash + 1);
  if (film == "audio") return parse_song(path, name);
  for (const Attempt attempt : attempts) {
    ObjectName parts{.film = std::string(film)};
    if (attempt(Reader(path), parts) && is_faithful(parts, name)) return parts;
  }
  return std::nullopt;
}

std::string film_prefix(const FilmId& film) { return film.value() + "/"; }

Result<std::string> state_name(const FilmId& film) { return in_film(film, {.type = ObjectType::state}); }
Result<std::string> snapshot_name(const FilmId& film, Epoch epoch, Seq seq) {
  return in_film(film, {.type = ObjectType::snapshot, .epoch = epoch, .seq = seq});
}
Result<std::string> lease_name(const FilmId& film) { return in_film(film, {.type = ObjectType::lease}); }
Result<std::string> quarantine_name(const FilmId& film, std::string_view version, std::string_view sha256) {
  return in_film(film, {.type = ObjectType::quarantine,
                        .key = std::string(version),
                        .file = std::string(sha256.substr(0, 8))});
}
Result<std::string> storyboard_name(const FilmId& film) { return in_film(film, {.type = ObjectType::storyboard}); }
Result<std::string> character_reference_name(const FilmId& film, std::string_view id, std::uint32_t take) {
  return in_film(film, {.type = ObjectType::character_reference, .number = take, .key = std::string(id)});
}
Result<std::string> location_reference_name(const FilmId& film, std::string_view id, std::uint32_t take) {
  return in_film(film, {.type = ObjectType::location_reference, .number = take, .key = std::string(id)});
}
Result<std::string> frame_name(const FilmId& film, std::uint32_t scene, Which which, std::uint32_t take) {
  return in_film(film, {.type = ObjectType::frame, .scene = scene, .which = which, .number = take});
}
Result<std::string> frame_evaluation_name(const FilmId& film, std::uint32_t scene, Which which, std::uint32_t take) {
  return in_film(film, {.type = ObjectType::frame_evaluation, .scene = scene, .which = which, .number = take});
}
Result<std::string> clip_name(const FilmId& film, std::uint32_t scene, std::uint32_t take) {
  return in_film(film, {.type = ObjectType::clip, .scene = scene, .number = take});
}
Result<std::string> clip_evaluation_name(const FilmId& film, std::uint32_t scene, std::uint32_t take) {
  return in_film(film, {.type = ObjectType::clip_evaluation, .scene = scene, .number = take});
}
Result<std::string> text_name(const FilmId& film, std::string_view effect_key) {
  return in_film(film, {.type = ObjectType::text, .key = std::string(effect_key)});
}
Result<std::string> incoming_name(const FilmId& film, std::string_view idempotency_key, std::string_view file) {
  return in_film(
      film, {.type = ObjectType::incoming, .key = std::string(idempotency_key), .file = std::string(file)});
}
Result<std::string> segment_name(const FilmId& film, std::string_view key) {
  return in_film(film, {.type = ObjectType::segment, .key = std::string(key)});
}
Result<std::string> render_name(const FilmId& film, std::uint32_t render) {
  return in_film(film, {.type = ObjectType::render, .number = render});
}
Result<std::string> latest_render_name(const FilmId& film) {
  return in_film(film, {.type = ObjectType::latest_render});
}
Result<std::string> final_output_name(const FilmId& film) { return in_film(film, {.type = ObjectType::final_output}); }
Result<std::string> deliver_name(const FilmId& film, std::uint32_t render, std::string_view file) {
  return in_film(film, {.type = ObjectType::deliver, .number = render, .file = std::string(file)});
}
Result<std::string> command_name(const FilmId& film, std::string_view command_id) {
  return in_film(film, {.type = ObjectType::command, .key = std::string(command_id)});
}
Result<std::string> song_name(std::string_view sha256, std::string_view extension) {
  if (!is_hex(sha256, 64)) return refuse("a song's hash is 64 hex digits", sha256);
  if (!is_extension(extension)) return refuse("an extension is 1 to 8 small letters or digits", extension);
  return object_name(
      {.type = ObjectType::song, .key = std::string(sha256.substr(0, 32)), .file = std::string(extension)});
}

Result<void> check_object_name(std::string_view name) {
  if (name.empty() || name.size() > 900) return refuse("a name has 1 to 900 bytes", name);
  int count = 0;
  for (std::size_t begin = 0; begin <= name.size(); ++count) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (!is_part(name.substr(begin, end - begin)))
      return refuse("a part has 1 to 200 of the characters A-Za-z0-9._~- and does not begin with a dot", name);
    begin = end + 1;
  }
  if (count > 8) return refuse("a name has at most 8 parts", name);
  return {};
}

Result<void> check_object_prefix(std::string_view prefix) {
  if (prefix.empty()) return {};
  if (!prefix.ends_with('/')) return refuse("a prefix ends in /", prefix);
  return check_object_name(prefix.substr(0, prefix.size() - 1));
}

std::string_view content_type(std::string_view name) {
  struct Row {
    std::string_view extension, type;
  };
  static constexpr std::array rows{
      Row{".json", "application/json"}, Row{".png", "image/png"},   Row{".jpg", "image/jpeg"},
      Row{".mp4", "video/mp4"},         Row{".mp3", "audio/mpeg"},  Row{".wav", "audio/wav"},
      Row{".flac", "audio/flac"},       Row{".ogg", "audio/ogg"},   Row{".m4a", "audio/mp4"},
      Row{".srt", "application/x-subrip"}, Row{".vtt", "text/vtt"}, Row{".txt", "text/plain; charset=utf-8"},
      Row{".html", "text/html; charset=utf-8"}, Row{".csv", "text/csv; charset=utf-8"}, Row{".pdf", "application/pdf"},
  };
  for (const Row& row : rows)
    if (name.ends_with(row.extension)) return row.type;
  return "application/octet-stream";
}

}  // namespace workprint
