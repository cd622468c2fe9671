// What operators and probes ask, the OpenAPI document, and the page.
#include <fmt/format.h>

#include "cli/api.h"
#include "service/http_error.h"
#include "workprint/try.h"

namespace workprint::cli {

void Api::add_operations() {
  add("POST", "/api/session", &Api::begin_session);
  add("DELETE", "/api/session", &Api::end_session);
  add("GET", "/api/health", &Api::health);
  add("GET", "/healthz", &Api::alive);
  add("GET", "/readyz", &Api::ready);
  add("GET", "/metrics", &Api::metrics);
  add("GET", "/api/openapi.json", &Api::openapi);
  add("GET", "/", &Api::page);
}

http::Answer Api::begin_session(const http::Request& request, const Values&) { return parts_.access.begin_session(request); }
http::Answer Api::end_session(const http::Request& request, const Values&) { return parts_.access.end_session(request); }

// A database that nobody wrote to yet is well: it is made by the first film.
Api::Tiers Api::tiers() const {
  Tiers tiers;
  if (const auto id = parts_.floor.store->incarnation(); !id && id.error().kind != ErrorKind::not_found) tiers.checkpoint = std::unexpected(id.error());
  if (const auto id = parts_.floor.objects->incarnation(); !id && id.error().kind != ErrorKind::not_found) tiers.snapshot = std::unexpected(id.error());
  return tiers;
}

Json Api::tiers_json(const Tiers& tiers) const {
  const auto shown = [](const Result<void>& tier, const std::string& where) {
    Json json = {{"status", tier ? "ok" : "down"}, {"where", where}};
    if (!tier) json["error"] = tier.error().message;
    return json;
  };
  return {{"checkpoint", shown(tiers.checkpoint, parts_.floor.store->describe())}, {"snapshot", shown(tiers.snapshot, parts_.floor.objects->describe())}};
}

http::Answer Api::health(const http::Request& request, const Values&) {
  if (!sees_all(request)) return refused({ErrorKind::not_found, "only tokens that see all films see this"});
  const Tiers found = tiers();
  Json body = {{"status", found.checkpoint && found.snapshot ? "ok" : found.checkpoint || found.snapshot ? "degraded" : "down"},
               {"tiers", tiers_json(found)}, {"streams", parts_.feed.listeners()}};
  if (parts_.worker != nullptr) {
    const WorkerStatus worker = parts_.worker->status();
    body["worker"] = {{"films", worker.films}, {"attended", worker.attended}, {"takenOver", worker.taken_over}, {"failed", worker.failed}, {"draining", worker.is_draining}};
    if (worker.outage) body["worker"]["outage"] = *worker.outage;
  }
  if (const auto counts = parts_.inbox.counts()) body["queue"] = {{"waiting", counts->waiting}, {"claimed", counts->claimed}, {"commands", counts->commands}};
  return http::json_response(200, body);
}

http::Answer Api::alive(const http::Request&, const Values&) { return http::json_response(200, {{"status", "ok"}}); }

// Ready while commands can be made durable somewhere: an outage of one tier must not take every worker out of service.
http::Answer Api::ready(const http::Request&, const Values&) {
  const Tiers found = tiers();
  const bool is_ready = found.checkpoint || found.snapshot;
  Json body = {{"status", is_ready ? "ok" : "down"}, {"checkpoint", found.checkpoint ? "ok" : "down"}, {"snapshot", found.snapshot ? "ok" : "down"}};
  http::Response response = http::json_response(is_ready ? 200 : 503, body);
  if (!is_ready) response.headers.emplace_back("Retry-After", "5");
  return response;
}

http::Answer Api::metrics(const http::Request& request, const Values&) {
  if (!sees_all(request)) return refused({ErrorKind::not_found, "only tokens that see all films see this"});
  std::string text = parts_.meter.text();
  const auto gauge = [&](std::string_view name, std::string_view about, auto value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, about, value);
  };
  const Tiers found = tiers();
  text += fmt::format("# HELP workprint_tier_up Whether a tier answers.\n# TYPE workprint_tier_up gauge\nworkprint_tier_up{{tier=\"checkpoint\"}} {}\nworkprint_tier_up{{tier=\"snapshot\"}} {}\n",
                      found.checkpoint ? 1 : 0, found.snapshot ? 1 : 0);
  if (const auto counts = parts_.inbox.counts()) {
    gauge("workprint_queue_waiting", "Films that wait for a worker.", counts->waiting);
    gauge("workprint_queue_claimed", "Films that a worker holds.", counts->claimed);
    gauge("workprint_commands_waiting", "Commands that are accepted and not applied yet.", counts->commands);
  }
  if (parts_.worker != nullptr) gauge("workprint_films_attended", "Films this worker holds.", parts_.worker->status().films.size());
  gauge("workprint_feed_listeners", "Open event streams.", parts_.feed.listeners());
  if (counters_) {
    const http::Counters counters = counters_();
    gauge("workprint_http_connections", "Open connections.", counters.connections_open);
    gauge("workprint_http_streams_cut_total", "Streams closed because the client was too slow.", counters.streams_cut);
    text += "# HELP workprint_http_answers_total Answers, by class of status.\n# TYPE workprint_http_answers_total counter\n";
    for (const auto& [code, count] : {std::pair("2xx", counters.answers_2xx), std::pair("3xx", counters.answers_3xx), std::pair("4xx", counters.answers_4xx), std::pair("5xx", counters.answers_5xx)})
      text += fmt::format("workprint_http_answers_total{{status=\"{}\"}} {}\n", code, count);
  }
  return http::Response{200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(text), std::nullopt};
}

http::Answer Api::openapi(const http::Request&, const Values&) {
  return http::Response{200, {{"Content-Type", "application/json"}}, std::string(openapi_document()), std::nullopt};
}

http::Answer Api::page(const http::Request& request, const Values&) {
  // Without tokens the page is for this machine only, as everything else.
  if (const auto caller = parts_.access.check(request); std::holds_alternative<http::Response>(caller) && std::get<http::Response>(caller).status == 403)
    return std::get<http::Response>(caller);
  return http::Response{200,
                        {{"Content-Type", "text/html; charset=utf-8"},
                         {"Cache-Control", "no-cache"},
                         {"Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}},
                        std::string(page_document()), std::nullopt};
}

}  // namespace workprint::cli
