// Who may ask what, and commands: durable before they are acknowledged.
#include "cli/api.h"

#include <algorithm>

#include "film/views.h"
#include "run/order.h"
#include "service/http_error.h"
#include "service/http_multipart.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::cli {
namespace {

constexpr std::uint64_t song_bytes_max = 50u << 20;
constexpr std::uint64_t form_bytes_max = song_bytes_max + (64u << 10);
constexpr int wait_max_seconds = 30;
constexpr int waiting_max = 8;

bool is_open_to_all(const std::string& path) { return path == "/" || path == "/healthz" || path == "/readyz" || path == "/api/session"; }

}  // namespace

http::Response refused(const Error& error) {
  // One number an operator can look up for each kind; the message says the rest.
  constexpr std::array codes{"E0201", "E0202", "E0203", "E0204", "E0205", "E0206", "E0207"};
  if (error.kind == ErrorKind::conflict && error.message.find("unapplied commands") != std::string::npos) {
    http::Response response = http::refuse(http::Refusal::too_many_requests);
    return response;
  }
  return http::refuse(error, codes[static_cast<std::size_t>(error.kind)]);
}

http::Answer answer_of(Result<http::Response> result) {
  if (result) return *std::move(result);
  return refused(result.error());
}

Api::Api(const ApiParts& parts) : parts_(parts), served_(*parts.floor.objects, parts.scratch / "served") {
  add_commands();
  add_reads();
  add_operations();
}

void Api::add(const char* method, const char* pattern, Handler handler, http::Admission admission) {
  routes_.add({method, pattern, [this, handler](const http::Request& request, const Values& values) { return (this->*handler)(request, values); }, admission});
}

http::Handlers Api::handlers() {
  return {[this](http::Request& head) { return admit(head); }, [this](const http::Request& request) { return answer(request); }};
}

std::variant<http::Admission, http::Response> Api::admit(http::Request& head) {
  if (auto preflight = parts_.access.preflight(head)) return *std::move(preflight);
  if (!is_open_to_all(head.path)) {
    auto caller = parts_.access.check(head);
    if (auto* refusal = std::get_if<http::Response>(&caller)) {
      parts_.access.add_cors(head, refusal->headers);
      return std::move(*refusal);
    }
    head.identity = std::get<http::Caller>(caller).identity();
  }
  auto match = routes_.find(head.method, head.path);
  if (auto* refusal = std::get_if<http::Response>(&match)) {
    parts_.access.add_cors(head, refusal->headers);
    return std::move(*refusal);
  }
  return std::get<http::RouteTable::Match>(match).route->admission;
}

http::Answer Api::answer(const http::Request& request) {
  auto match = routes_.find(request.method, request.path);
  http::Answer answer;
  if (auto* refusal = std::get_if<http::Response>(&match)) {
    answer = std::move(*refusal);
  } else {
    const auto& found = std::get<http::RouteTable::Match>(match);
    answer = found.route->answer(request, found.values);
  }
  std::visit([&](auto& one) { parts_.access.add_cors(request, one.headers); }, answer);
  return answer;
}

const http::Token* Api::token_of(const http::Request& request) const {
  const auto caller = parts_.access.check(request);
  const auto* known = std::get_if<http::Caller>(&caller);
  // A session that ended since the request was admitted sees nothing: no film's id begins so.
  static const http::Token nobody{"nobody", {}, "\x01"};
  return known == nullptr ? &nobody : known->token;
}

// A film that a token may not see does not exist for it.
Result<FilmId> Api::film_of(const http::Request& request, const std::string& text) const {
  FilmId film = TRY(parse_film_id(text));
  if (!http::Access::may_see(token_of(request), film.value())) return fail(ErrorKind::not_found, "no such film. film=" + film.value());
  return film;
}

std::optional<Json> Api::awaited(const FilmId& film) const {
  const auto waiting = parts_.inbox.pending(film, unapplied_commands_max);
  if (!waiting) return std::nullopt;
  for (const Command& command : *waiting)
    if (command.type == run::order::start && command.prepared.is_object()) return command.prepared;
  return std::nullopt;
}

Result<FullState> Api::state_of(const FilmId& film) const {
  auto full = parts_.floor.service->full_state(film);
  if (full || full.error().kind != ErrorKind::not_found) return full;
  if (!awaited(film)) return parts_.floor.service->full_state(film);  // it may have begun in between
  return fail(ErrorKind::unavailable, "the film is accepted and not begun yet; ask again. film=" + film.value());
}

// --- commands --------------------------------------------------------------------------------------------------------

void Api::add_commands() {
  add("POST", "/api/video/start", &Api::start);
  add("POST", "/api/video/stop", &Api::stop_film);
  add("POST", "/api/video/:id/resume", &Api::resume);
  add("POST", "/api/video/:id/request-state", &Api::request_state);
  add("POST", "/api/video/:id/regenerate-scene", &Api::regenerate_scene);
  add("POST", "/api/video/:id/regenerate-frame", &Api::regenerate_frame);
  add("POST", "/api/video/:id/resolve-intervention", &Api::resolve);
  add("POST", "/api/video/:id/scene/:sceneId/asset", &Api::update_asset);
  add("POST", "/api/upload-audio", &Api::upload_audio, {form_bytes_max, true});
}

Result<Json> Api::body_of(const http::Request& request) const {
  if (request.body.empty()) return Json::object();
  Json body = TRY(parse_json(request.body, {1u << 20, 32}));
  if (!body.is_object()) return fail(ErrorKind::invalid, "body must be a JSON object");
  return body;
}

http::Answer Api::order(const http::Request& request, const std::string& film, const std::string& type, std::vector<std::string> members, Json fixed) {
  return answer_of([&]() -> Result<http::Response> {
    Order order{TRY(film_of(request, film)), type, TRY(body_of(request)), std::move(fixed), {}, {}};
    for (const auto& [name, value] : order.body.items()) {
      if (name == "commandId" || name == "projectId") continue;
      if (std::ranges::find(members, name) == members.end())
        order.ignored.push_back(name);
      else if (!value.is_null())
        order.payload[name] = value;
      else if (name == "version")
        order.payload[name] = value;  // null: uncircle
    }
    return take(request, order);
  }());
}

// What the state can tell is told at once: 400, 404, 409. Sent again, a command is its first self and not judged anew.
Result<http::Response> Api::take(const http::Request& request, Order& order) {
  const Json given = order.body.value("commandId", Json());
  if (!given.is_null() && !given.is_string()) return fail(ErrorKind::invalid, "commandId must be 1 to 64 of [A-Za-z0-9_-]");
  order.id = given.is_null() ? "cmd_" + sha256_hex(std::to_string(system_random()->next())).substr(0, 12) : given.get<std::string>();
  Json prepared;
  const bool is_known = !given.is_null() && parts_.floor.service->command(parts_.inbox, order.film, order.id).has_value();
  if (!is_known) TRY(check_against_state(order, prepared));
  const CommandRecord record = TRY(parts_.floor.service->submit(parts_.inbox, {order.id, order.film, order.type, order.payload, prepared, 0}));
  if (parts_.worker != nullptr) parts_.worker->wake();
  return answered(request, order, record);
}

Result<void> Api::check_against_state(Order& order, Json& prepared) {
  if (order.type == run::order::start) prepared = TRY(film::inputs_of_start(*parts_.floor.objects, order.payload, parts_.picture, stop_.get_token()));
  // Stopped as soon as it has begun. Asked first: a film that begins in between is there when its state is read.
  if (order.type == run::order::stop && awaited(order.film)) return {};
  const bool begins = order.type == run::order::start;
  const auto full = begins ? parts_.floor.service->full_state(order.film) : state_of(order.film);
  const bool starts_over = !order.payload.value("startOver", Json()).is_null();
  if (starts_over && order.payload["startOver"] != order.film.value()) return fail(ErrorKind::invalid, "startOver must repeat the film id");
  if (starts_over && prepared.is_null()) return fail(ErrorKind::invalid, "startOver needs a creativePrompt: the film begins anew from it");
  if (!full) {
    if (full.error().kind != ErrorKind::not_found || !begins) return std::unexpected(full.error());
    if (prepared.is_null()) return fail(ErrorKind::invalid, "creativePrompt must be 1..20,000 bytes of text: there is no film of this id yet");
    if (const auto first = awaited(order.film))
      if (const auto name = run::differing_input(parts_.floor.graph(), *first, prepared))
        return fail(ErrorKind::conflict, "inputs_differ: the film was asked for with another " + *name + "; resume it, choose another id, or start over");
    order.is_new_film = true;
    return {};
  }
  Json copy = full->state;
  if (!copy.contains("$workprint")) return {};  // only its plan is left: judged by the worker that takes it up
  if (begins) {
    if (starts_over || prepared.is_null()) return {};
    if (const auto name = run::differing_input(parts_.floor.graph(), copy, prepared))
      return fail(ErrorKind::conflict, "inputs_differ: the film exists with another " + *name + "; resume it, choose another id, or start over");
    return {};
  }
  if (order.type == run::order::resolve) {
    Answer answer;
    const Json action = order.payload.value("action", Json());
    if (action != "retry" && action != "skip" && action != "abort") return fail(ErrorKind::invalid, "action must be retry, skip or abort");
    if (action == "skip") answer.action = AnswerAction::skip;
    if (action == "abort") answer.action = AnswerAction::abort;
    answer.revised_params = order.payload.value("revisedParams", Json::object());
    const Json interrupt = order.payload.value("interruptId", Json(""));
    if (!answer.revised_params.is_object()) return fail(ErrorKind::invalid, "revisedParams must be an object");
    if (!interrupt.is_string()) return fail(ErrorKind::invalid, "interruptId must be a text");
    TRY(run::plan_resolution(parts_.floor.graph(), copy, interrupt.get<std::string>(), answer));
    return {};
  }
  if (order.type != run::order::stop && order.type != run::order::resume) TRY(film::plan_command(State(copy), order.type, order.payload));
  return {};
}

http::Response Api::answered(const http::Request& request, const Order& order, const CommandRecord& taken) {
  CommandRecord record = taken;
  const auto wait = request.query.find("wait");
  // Those who wait hold a thread each; beyond this the answer is that of a request that does not wait.
  const bool may_wait = wait != request.query.end() && waiting_.fetch_add(1) < waiting_max;
  if (may_wait) {
    const int seconds = std::clamp(std::atoi(wait->second.c_str()), 1, wait_max_seconds);
    for (int tenths = 0; tenths < seconds * 20 && record.state == CommandState::accepted; ++tenths) {
      if (!parts_.floor.clock->wait(std::chrono::milliseconds(50), stop_.get_token())) break;
      if (const auto now = parts_.floor.service->command(parts_.inbox, order.film, order.id)) record = *now;
    }
  }
  if (wait != request.query.end()) --waiting_;
  Json body = {{"projectId", order.film.value()}, {"commandId", order.id}};
  if (!order.ignored.empty()) body["ignored"] = order.ignored;
  if (record.state == CommandState::accepted) {
    body["message"] = "accepted: it is durable, and is applied once";
    return http::json_response(202, body);
  }
  body["message"] = "done before, or while you waited";
  body["type"] = order.type;
  body["outcome"] = to_string(record.state);
  if (number(record.seq) > 0) body["seq"] = number(record.seq);
  if (!record.error.empty()) body["error"] = record.error;
  return http::json_response(wait == request.query.end() ? 202 : 200, body);
}

http::Answer Api::start(const http::Request& request, const Values&) {
  const auto body = body_of(request);
  if (!body) return refused(body.error());
  Json id = body->value("projectId", Json());
  if (id.is_null()) {
    const http::Token* token = token_of(request);
    // The same command sent again must be the same film: an id of its own would not be.
    const Json command = body->value("commandId", Json());
    const std::string seed = command.is_string() ? "command " + command.get<std::string>() : std::to_string(system_random()->next());
    id = (token == nullptr ? std::string() : token->film_prefix) + "film_" + sha256_hex(seed).substr(0, 12);
  }
  if (!id.is_string()) return refused({ErrorKind::invalid, "projectId must be a text"});
  return order(request, id.get<std::string>(), std::string(run::order::start),
               {"creativePrompt", "audioGcsUri", "audioPublicUri", "audioUrl", "startOver", "seed", "maxScenes", "picture"}, Json::object());
}

http::Answer Api::stop_film(const http::Request& request, const Values&) {
  const auto body = body_of(request);
  if (!body) return refused(body.error());
  const Json id = body->value("projectId", Json());
  if (!id.is_string()) return refused({ErrorKind::invalid, "projectId must name the film"});
  return order(request, id.get<std::string>(), std::string(run::order::stop), {}, Json::object());
}

http::Answer Api::resume(const http::Request& request, const Values& values) {
  return order(request, values.at("id"), std::string(run::order::resume), {}, Json::object());
}

// Not stored: whoever listens gets the whole state.
http::Answer Api::request_state(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const FullState full = TRY(state_of(film));
    FeedEvent event;
    event.type = "FULL_STATE";
    event.seq = number(full.provenance.head.seq);
    event.epoch = number(full.provenance.head.epoch);
    event.payload = {{"state", film::old_shape(full.state)}, {"provenance", to_json(full.provenance)}};
    parts_.feed.tell(film.value(), std::move(event));
    return http::json_response(202, {{"message", "sent to whoever listens"}, {"projectId", film.value()}});
  }());
}

http::Answer Api::regenerate_scene(const http::Request& request, const Values& values) {
  return order(request, values.at("id"), "REGENERATE_SCENE", {"sceneId", "forceRegenerate", "promptModification"}, Json::object());
}

http::Answer Api::regenerate_frame(const http::Request& request, const Values& values) {
  return order(request, values.at("id"), "REGENERATE_FRAME", {"sceneId", "frameType", "promptModification"}, Json::object());
}

http::Answer Api::resolve(const http::Request& request, const Values& values) {
  return order(request, values.at("id"), std::string(run::order::resolve), {"action", "revisedParams", "interruptId"}, Json::object());
}

http::Answer Api::update_asset(const http::Request& request, const Values& values) {
  return order(request, values.at("id"), "UPDATE_SCENE_ASSET", {"assetKey", "version"}, {{"sceneId", values.at("sceneId")}});
}

// --- songs -----------------------------------------------------------------------------------------------------------

namespace {

// Removed however the upload ends.
struct Song {
  std::filesystem::path path;
  ~Song() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

Result<void> copy_part(const std::filesystem::path& from, const http::FilePart& part, const std::filesystem::path& to) {
  std::FILE* in = std::fopen(from.c_str(), "rb");
  std::FILE* out = in == nullptr ? nullptr : std::fopen(to.c_str(), "wb");
  bool is_whole = out != nullptr && ::fseeko(in, static_cast<off_t>(part.offset), SEEK_SET) == 0;
  std::vector<char> buffer(1u << 18);
  for (std::uint64_t left = part.size_bytes; is_whole && left > 0;) {
    const std::size_t want = std::min<std::uint64_t>(left, buffer.size());
    is_whole = std::fread(buffer.data(), 1, want, in) == want && std::fwrite(buffer.data(), 1, want, out) == want;
    left -= want;
  }
  if (in != nullptr) std::fclose(in);
  if (out != nullptr) is_whole = std::fclose(out) == 0 && is_whole;
  if (is_whole) return {};
  return fail(ErrorKind::unavailable, "the song cannot be kept in the scratch folder");
}

http::Response of_wrong_type(const Error& error) {
  http::Response response = refused({ErrorKind::invalid, error.message});
  response.status = 415;
  return response;
}

}  // namespace

http::Answer Api::upload_audio(const http::Request& request, const Values&) {
  return answer_of([&]() -> Result<http::Response> {
    const auto boundary = http::multipart_boundary(request.header("content-type"));
    if (!boundary) return of_wrong_type(boundary.error());
    const http::FilePart part = TRY(http::find_part(request.body_file, *boundary, "audio"));
    if (part.size_bytes == 0) return fail(ErrorKind::invalid, "audio is empty; it must be a song of 1 s to 60 min");
    if (part.size_bytes > song_bytes_max) return http::refuse(http::Refusal::body_too_large, {{"limitBytes", song_bytes_max}});
    const Song song{parts_.scratch / ("song_" + sha256_hex(std::to_string(system_random()->next())).substr(0, 16))};
    TRY(copy_part(request.body_file, part, song.path));
    const auto stored = film::store_song(*parts_.floor.objects, song.path, part.file_name, stop_.get_token());
    if (!stored && (stored.error().kind == ErrorKind::corrupt || stored.error().kind == ErrorKind::invalid)) return of_wrong_type(stored.error());
    if (!stored) return std::unexpected(stored.error());
    const std::string path = (*stored)["path"].get<std::string>();
    return http::json_response(200, {{"audioGcsUri", path}, {"audioPublicUri", "/api/objects/" + path}, {"sha256", (*stored)["sha256"]},
                                     {"durationSeconds", (*stored)["durationSeconds"]}});
  }());
}

}  // namespace workprint::cli
