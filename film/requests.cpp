// What comes from people: a request for a film, a picture format.
#include <stdlib.h>

#include <charconv>

#include "film/channels.h"
#include "film/film.h"
#include "film/media/audio.h"
#include "film/takes.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace film {
namespace {

using namespace workprint;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

Result<int> number_in(std::string_view text, int least, int most, const std::string& what) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return fail(ErrorKind::invalid, "picture: " + what + " must be a whole number " + std::to_string(least) + ".." +
                                        std::to_string(most) + ", as in 1280x720@24. given=" + std::string(text.substr(0, 40)));
  return value;
}

// A song that is in the store already, measured anew: its length decides the film's.
Result<Json> song_in_store(ObjectStore& objects, const std::string& name, std::stop_token stop) {
  const auto parsed = parse_object_name(name);
  if (!parsed || parsed->type != ObjectType::song)
    return fail(ErrorKind::invalid, "audio must name a song that was uploaded: audio/<name>. given=" + name.substr(0, 200));
  std::string folder = (std::filesystem::temp_directory_path() / "workprint_song_XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return fail(ErrorKind::unavailable, "no temporary folder can be made");
  const std::filesystem::path file = std::filesystem::path(folder) / std::filesystem::path(name).filename();
  const auto measured = [&]() -> Result<Json> {
    const auto info = objects.get_file(name, file);
    if (!info && info.error().kind == ErrorKind::not_found) return fail(ErrorKind::invalid, "audio: no such song; upload it first. given=" + name);
    if (!info) return std::unexpected(info.error());
    return store_song(objects, file, file.filename().string(), stop);
  }();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return measured;
}

}  // namespace

Result<Json> store_song(ObjectStore& objects, const std::filesystem::path& file, const std::string& shown_name, std::stop_token stop) {
  auto song = media::measure_song(file, stop);
  if (!song && song.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::invalid, "audio: no such file. file=" + file.string());
  if (!song) return fail(song.error().kind, "audio: " + song.error().message);
  const FileDigest digest = TRY(digest_file(file));
  const std::string name = TRY(song_name(digest.sha256, song->extension));
  const Created created = TRY(create_or_keep_file(objects, name, file));
  if (created.info.sha256 != digest.sha256)
    return fail(ErrorKind::corrupt, "another file lies under the song's name. name=" + name);
  Json json = to_json(to_asset(created.info));
  json["durationSeconds"] = static_cast<double>(song->duration_ms) / 1000.0;
  json["contentType"] = song->content_type;
  json["name"] = shown_name.substr(0, 200);
  return json;
}

Result<Picture> parse_picture(std::string_view text) {
  const auto x = text.find('x'), at = text.find('@');
  if (x == std::string_view::npos || at == std::string_view::npos || at < x)
    return fail(ErrorKind::invalid, "picture must read WIDTHxHEIGHT@FPS, as in 1280x720@24. given=" + std::string(text.substr(0, 40)));
  Picture picture;
  picture.width = TRY(number_in(text.substr(0, x), 320, 3840, "width"));
  picture.height = TRY(number_in(text.substr(x + 1, at - x - 1), 180, 2160, "height"));
  picture.fps = TRY(number_in(text.substr(at + 1), 12, 60, "fps"));
  if (picture.width % 2 != 0 || picture.height % 2 != 0)
    return fail(ErrorKind::invalid, "picture: width and height must be even. given=" + std::string(text));
  return picture;
}

Result<Json> prepare_inputs(ObjectStore& objects, const FilmRequest& request, std::stop_token stop) {
  if (request.prompt.empty() || is_blank(request.prompt))
    return fail(ErrorKind::invalid, "prompt is empty; it must be 1..20,000 bytes of text");
  if (request.prompt.size() > 20'000)
    return fail(ErrorKind::invalid, "prompt is too long; it must be 1..20,000 bytes. given=" + std::to_string(request.prompt.size()));
  if (!parse_json(Json(request.prompt).dump(-1, ' ', false, Json::error_handler_t::replace)) ||
      Json(request.prompt).dump(-1, ' ', false, Json::error_handler_t::replace).find("\xEF\xBF\xBD") != std::string::npos)
    return fail(ErrorKind::invalid, "prompt is not valid UTF-8 text");
  if (request.max_scenes < 0 || request.max_scenes > 1000)
    return fail(ErrorKind::invalid, "max-scenes must be 1..1000. given=" + std::to_string(request.max_scenes));
  if (request.seed > (std::uint64_t{1} << 53)) return fail(ErrorKind::invalid, "seed must be 0..2^53");
  Json inputs = {{channels::original_prompt.name, request.prompt},
                 {channels::creative_prompt.name, request.prompt},
                 {channels::has_audio.name, request.audio.has_value() || !request.song_object.empty()},
                 {channels::picture.name, {{"width", request.picture.width}, {"height", request.picture.height}, {"fps", request.picture.fps}}},
                 {channels::settings.name, {{"seed", request.seed}, {"maxScenes", request.max_scenes}}},
                 {channels::current_scene_index.name, 0}};
  if (request.audio) inputs[channels::song.name] = TRY(store_song(objects, *request.audio, request.audio->filename().string(), stop));
  if (!request.song_object.empty()) inputs[channels::song.name] = TRY(song_in_store(objects, request.song_object, stop));
  return inputs;
}

std::optional<std::string> rendered_object(const Json& state) {
  if (!state.is_object() || !state.contains(channels::rendered_video.name) || !state.contains(channels::film_report.name))
    return std::nullopt;
  return state[channels::rendered_video.name].value("path", "");
}

std::vector<TakeRow> list_takes(const Json& state) {
  std::vector<TakeRow> rows;
  const Json takes = state.value(channels::takes.name, Json::object());
  for (const auto& [key, entry] : takes.items()) {
    const Json items = entry.value("items", Json::object());
    for (const auto& [number, item] : items.items()) {
      TakeRow row{key, std::atoi(number.c_str()), item.value("state", ""), item.value("overall", ""), {}, std::nullopt, false};
      if (item.contains("object")) row.object = item["object"].value("path", "");
      if (item.contains("score")) row.score = item["score"].get<double>();
      row.circled = entry.value("circled", 0) == row.number;
      rows.push_back(std::move(row));
    }
  }
  std::ranges::sort(rows, [](const TakeRow& a, const TakeRow& b) { return std::tie(a.asset, a.number) < std::tie(b.asset, b.number); });
  return rows;
}

}  // namespace film
