// What clients look at: each answer is read when it is asked for, and says from which tier.
#include <charconv>

#include "cli/api.h"
#include "film/events.h"
#include "film/views.h"
#include "service/http_error.h"
#include "workprint/object_name.h"
#include "workprint/try.h"

namespace workprint::cli {
namespace {

Result<std::uint64_t> number_in(const http::Request& request, const char* name, std::uint64_t fallback, std::uint64_t least, std::uint64_t most) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return fallback;
  std::uint64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [last, error] = std::from_chars(found->second.data(), end, value);
  if (error != std::errc() || last != end || value < least || value > most)
    return fail(ErrorKind::invalid, std::string(name) + " must be a whole number " + std::to_string(least) + ".." + std::to_string(most));
  return value;
}

// A film that is asked for and that no worker has taken up: its inputs are all there is.
FullState not_begun(const Json& inputs) {
  FullState state{inputs, {}};
  state.provenance.tier = "inbox";
  return state;
}

}  // namespace

void Api::add_reads() {
  add("GET", "/api/projects", &Api::projects);
  add("GET", "/api/video/:id/state", &Api::state);
  add("GET", "/api/video/:id/recovery", &Api::recovery);
  add("GET", "/api/video/:id/receipt", &Api::receipt);
  add("GET", "/api/video/:id/history", &Api::history);
  add("GET", "/api/video/:id/takes", &Api::takes);
  add("GET", "/api/video/:id/scene/:sceneId/assets", &Api::scene_assets);
  add("GET", "/api/video/:id/cost", &Api::cost);
  add("GET", "/api/video/:id/commands/:commandId", &Api::command);
  add("GET", "/api/objects/*path", &Api::object);
  add("GET", "/api/events/:id", &Api::events);
}

http::Answer Api::projects(const http::Request& request, const Values&) {
  return answer_of([&]() -> Result<http::Response> {
    const http::Token* token = token_of(request);
    Json ids = Json::array(), films = Json::array();
    for (const FilmRow& row : TRY(parts_.floor.service->list())) {
      if (!http::Access::may_see(token, row.film)) continue;
      Json film = {{"id", row.film}, {"tiers", Json::array()}};
      std::uint64_t seq = 0;
      for (const auto& [tier, head] : {std::pair("checkpoint", row.checkpoint), std::pair("snapshot", row.snapshot)})
        if (head) {
          film["tiers"].push_back(tier);
          seq = std::max(seq, number(head->seq));
        }
      film["seq"] = seq;
      const auto id = parse_film_id(row.film);
      const auto full = id ? parts_.floor.service->full_state(*id) : Result<FullState>(std::unexpected(id.error()));
      film["status"] = full ? film::film_status(full->state) : "error";
      film["title"] = full ? film::film_title(full->state) : std::string();
      if (!full) film["error"] = full.error().message;
      ids.push_back(row.film);
      films.push_back(std::move(film));
    }
    return http::json_response(200, {{"projects", ids}, {"films", films}});
  }());
}

http::Answer Api::state(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const std::uint64_t at = TRY(number_in(request, "seq", 0, 1, std::uint64_t{1} << 53));
    auto read = at == 0 ? parts_.floor.service->full_state(film) : parts_.floor.service->state_at(film, Seq{at});
    if (!read && read.error().kind == ErrorKind::not_found && at == 0) {
      const auto inputs = awaited(film);
      read = inputs ? not_begun(*inputs) : parts_.floor.service->full_state(film);  // it may have begun in between
    }
    const FullState full = TRY(std::move(read));
    const auto shape = request.query.find("shape");
    if (shape != request.query.end() && shape->second != "old" && shape->second != "new") return fail(ErrorKind::invalid, "shape must be old or new");
    const bool is_old = shape != request.query.end() && shape->second == "old";
    return http::json_response(200, {{"state", is_old ? film::old_shape(full.state) : full.state}, {"status", film::film_status(full.state)}, {"provenance", to_json(full.provenance)}});
  }());
}

http::Answer Api::recovery(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const FullState full = TRY(state_of(film));
    const Json meta = full.state.value("$workprint", Json::object());
    const Json kept = meta.value("recovery", Json::array());
    Json body = {{"provenance", to_json(full.provenance)}, {"now", to_json(parts_.floor.service->explain(film))}};
    body["report"] = kept.is_array() && !kept.empty() ? kept[0] : Json();
    return http::json_response(200, body);
  }());
}

http::Answer Api::receipt(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const FullState full = TRY(state_of(film));
    Json body = to_json(TRY(parts_.floor.service->receipt(film)));
    body["provenance"] = to_json(full.provenance);
    return http::json_response(200, body);
  }());
}

http::Answer Api::history(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const std::uint64_t before = TRY(number_in(request, "before", std::uint64_t{1} << 53, 1, std::uint64_t{1} << 53));
    const std::uint64_t limit = TRY(number_in(request, "limit", 50, 1, 200));
    Json commits = Json::array();
    for (const CommitInfo& info : TRY(parts_.floor.service->history(film, Seq{before}, limit))) {
      Json one = {{"seq", number(info.head.seq)}, {"epoch", number(info.head.epoch)}, {"kind", to_string(info.kind)}, {"hash", info.head.hash}, {"at", to_rfc3339(info.at)}, {"writer", info.writer}};
      if (!info.node.empty()) one["node"] = info.node;
      if (!info.item.empty()) one["item"] = info.item;
      commits.push_back(std::move(one));
    }
    return http::json_response(200, commits);
  }());
}

http::Answer Api::takes(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const FullState full = TRY(state_of(film));
    return http::json_response(200, {{"takes", film::takes_view(full.state, {})}, {"provenance", to_json(full.provenance)}});
  }());
}

http::Answer Api::scene_assets(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const FullState full = TRY(state_of(film));
    const std::string& scene = values.at("sceneId");
    const Json scenes = full.state.value("storyboard", Json::object()).value("scenes", Json::array());
    if (std::ranges::none_of(scenes, [&](const Json& one) { return std::to_string(one.value("id", -1)) == scene; }))
      return fail(ErrorKind::not_found, "no such scene. sceneId=" + scene.substr(0, 40));
    return http::json_response(200, {{"takes", film::takes_view(full.state, scene)}, {"provenance", to_json(full.provenance)}});
  }());
}

http::Answer Api::cost(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const FullState full = TRY(state_of(film));
    Json body = film::cost_view(full.state);
    const Settings& settings = parts_.floor.settings;
    if (!settings.text("budget_usd").empty()) body["budgetUsdMicros"] = settings.usd_micros("budget_usd");
    body["provenance"] = to_json(full.provenance);
    return http::json_response(200, body);
  }());
}

http::Answer Api::command(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const FilmId film = TRY(film_of(request, values.at("id")));
    const CommandRecord record = TRY(parts_.floor.service->command(parts_.inbox, film, values.at("commandId")));
    Json body = {{"commandId", record.command.id}, {"type", record.command.type}, {"status", to_string(record.state)}};
    if (number(record.seq) > 0) body["seq"] = number(record.seq);
    if (!record.error.empty()) body["error"] = record.error;
    return http::json_response(200, body);
  }());
}

http::Answer Api::object(const http::Request& request, const Values& values) {
  return answer_of([&]() -> Result<http::Response> {
    const std::string& path = values.at("path");
    const auto name = parse_object_name(path);
    if (!name) return fail(ErrorKind::not_found, "no such media object");
    if (!name->film.empty()) TRY(film_of(request, name->film));
    return served_.open(path);
  }());
}

// --- events ----------------------------------------------------------------------------------------------------------

namespace {

constexpr Duration full_state_every = std::chrono::seconds(2);

std::string line_of(const FilmId& film, const FeedEvent& event) {
  Json json = {{"type", event.type}, {"projectId", film.value()}, {"seq", event.seq}, {"epoch", event.epoch}, {"payload", event.payload}, {"timestamp", to_rfc3339(event.at)}};
  std::string text;
  if (const std::string id = event.id(); !id.empty()) {
    json["id"] = id;
    text = "id: " + id + "\n";
  }
  return text + "data: " + json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
}

// One client's stream. Called by the feed, one call at a time.
class Listener {
 public:
  Listener(FilmId film, std::shared_ptr<http::EventStream> stream, std::shared_ptr<Clock> clock, bool wants_deltas)
      : film_(std::move(film)), stream_(std::move(stream)), clock_(std::move(clock)), wants_deltas_(wants_deltas) {}

  bool on(const FeedEvent& told, const Json& state) {
    // Asked for: in the shape of this listener.
    if (told.type == "FULL_STATE") return send_state_if_due(told, state, true);
    FeedEvent event = told;
    // What is not durable happens at the state as it is known here.
    if (event.number == 0) {
      event.seq = head_of(state, "seq");
      event.epoch = head_of(state, "epoch");
    }
    if (!wants_deltas_ && event.type == "STATE_DELTA") {
      is_behind_ = true;
      return send_state_if_due(event, state, false);
    }
    if (!stream_->send(line_of(film_, event))) return false;
    const bool is_an_end = event.type == "WORKFLOW_COMPLETED" || event.type == "WORKFLOW_PAUSED" || event.type == "WORKFLOW_FAILED" || event.type == "LLM_INTERVENTION_NEEDED";
    return wants_deltas_ || !is_behind_ || send_state_if_due(event, state, is_an_end);
  }

  bool on(const FullState& full) {
    FeedEvent event;
    event.type = "FULL_STATE";
    event.seq = number(full.provenance.head.seq);
    event.epoch = number(full.provenance.head.epoch);
    event.at = clock_->wall();
    // Whoever applies deltas needs the state they are deltas of.
    event.payload = {{"state", wants_deltas_ ? full.state : film::old_shape(full.state)}, {"provenance", to_json(full.provenance)}};
    sent_at_ = clock_->now();
    is_behind_ = false;
    return stream_->send(line_of(film_, event));
  }

  [[nodiscard]] bool is_open() const { return stream_->is_open(); }

 private:
  static std::uint64_t head_of(const Json& state, const char* name) { return state.value("$workprint", Json::object()).value(name, std::uint64_t{0}); }

  bool send_state_if_due(const FeedEvent& cause, const Json& state, bool at_once) {
    if (!at_once && clock_->now() - sent_at_ < full_state_every) return true;
    FullState full{state, {}};
    full.provenance.tier = "checkpoint";
    full.provenance.head = {Epoch{cause.epoch}, Seq{cause.seq}, state.value("$workprint", Json::object()).value("hash", "")};
    return on(full);
  }

  const FilmId film_;
  const std::shared_ptr<http::EventStream> stream_;
  const std::shared_ptr<Clock> clock_;
  const bool wants_deltas_;
  Instant sent_at_{};
  bool is_behind_ = false;
};

}  // namespace

http::Answer Api::events(const http::Request& request, const Values& values) {
  const auto film = film_of(request, values.at("id"));
  if (!film) return refused(film.error());
  std::string text(request.header("last-event-id"));
  if (const auto after = request.query.find("after"); text.empty() && after != request.query.end()) text = after->second;
  std::optional<FeedPlace> place;
  if (!text.empty()) {
    // `?after=17`: everything after commit 17.
    auto parsed = parse_feed_place(text.find('.') == std::string::npos ? text + ".999999" : text);
    if (!parsed) return refused(parsed.error());
    place = *parsed;
  }
  // Whether there is such a film is answered before the stream begins, as any other route would.
  std::optional<FullState> begins;
  if (const auto full = parts_.floor.service->full_state(*film); !full && full.error().kind != ErrorKind::unavailable) {
    const auto inputs = awaited(*film);
    if (inputs)
      begins = not_begun(*inputs);
    else if (const auto again = parts_.floor.service->full_state(*film); !again && again.error().kind != ErrorKind::unavailable)
      return refused(again.error());  // not even begun in between
  }
  const auto deltas = request.query.find("deltas");
  const bool wants_deltas = deltas != request.query.end() && deltas->second == "1";
  http::Streaming streaming;
  streaming.opened = [this, film = *film, place, wants_deltas, begins](std::shared_ptr<http::EventStream> stream) {
    stream->send("retry: 3000\n\n");
    const auto listener = std::make_shared<Listener>(film, stream, parts_.floor.clock, wants_deltas);
    if (begins && !place) listener->on(*begins);
    FeedListener calls;
    calls.event = [listener](const FeedEvent& event, const Json& state) { return listener->on(event, state); };
    calls.state = [listener](const FullState& full) { return listener->on(full); };
    calls.is_there = [listener] { return listener->is_open(); };
    // A feed that cannot be read now ends the stream: the client comes back with the last id it saw.
    if (!parts_.feed.listen(film, place, std::move(calls))) stream->close();
  };
  return streaming;
}

}  // namespace workprint::cli
