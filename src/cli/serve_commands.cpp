// Commands that stay: worker and serve; and config, which says what they would run with.
#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include "cli/api.h"
#include "film/events.h"
#include "film/views.h"
#include "workprint/try.h"

namespace workprint::cli {
namespace {

/// What happens to films, a line each: for a log, so the time stands before it and nothing is drawn over.
class LogLines {
 public:
  LogLines(std::shared_ptr<Clock> clock, bool json) : clock_(std::move(clock)), json_(json) {}

  void on(const Event& event) {
    if (json_) return print(Json{{"at", to_rfc3339(clock_->wall())}, {"type", event.type}, {"film", event.film}, {"epoch", event.epoch}, {"seq", event.seq}, {"payload", event.payload}}
                                .dump(-1, ' ', false, Json::error_handler_t::replace));
    const Json& p = event.payload;
    if (event.type == "recovery")
      line(event, fmt::format("taken up: {} ({})", p.value("decision", ""), p.value("because", "")));
    else if (event.type == "interrupt")
      line(event, fmt::format("waits for a person: {} {}: {}", p.value("node", ""), p.value("item", ""), p.value("error", "")));
    else if (event.type == "tier")
      line(event, fmt::format("tier {} {} {}", p.value("tier", ""), p.value("what", ""), p.value("error", "")));
    else if (event.type == "note")
      line(event, p.value("message", ""));
    else if (event.type == "task" && p.value("what", "") == "finished")
      line(event, p.value("node", "") + (p.contains("item") ? "/" + p.value("item", "") : std::string()) + " finished");
    else if (event.type == "task" && p.value("what", "") == "failed")
      line(event, fmt::format("{} {} failed: {}", p.value("node", ""), p.value("item", ""), p.value("error", "")));
    else if (event.type == "transfer")
      on_transfer(event);
    else if (event.type == "end")
      line(event, fmt::format("let go: {} at seq {}", p.value("status", ""), event.seq));
  }

  void say(const std::string& text) { print(json_ ? Json{{"at", to_rfc3339(clock_->wall())}, {"type", "log"}, {"message", text}}.dump() : to_rfc3339(clock_->wall()) + " " + text); }

 private:
  void line(const Event& event, const std::string& text) { print(fmt::format("{} {:<18} {}", to_rfc3339(clock_->wall()), event.film, text)); }

  // Once in ten seconds, and the end of those that took longer.
  void on_transfer(const Event& event) {
    const std::string object = event.payload.value("object", "");
    const Instant now = clock_->now();
    const bool is_done = event.payload.value("doneBytes", std::uint64_t{0}) == event.payload.value("sizeBytes", std::uint64_t{0});
    const auto known = transfers_.try_emplace(object, Transfer{now + transfer_every, false}).first;
    if (is_done ? known->second.was_told : now >= known->second.next) line(event, transfer_text(event.payload));
    if (now >= known->second.next) known->second = {now + transfer_every, true};
    if (is_done) transfers_.erase(known);
  }

  // Whole lines: several threads speak.
  void print(const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::fwrite((text + "\n").data(), 1, text.size() + 1, stdout);
    std::fflush(stdout);
  }

  struct Transfer {
    Instant next;
    bool was_told = false;
  };
  static constexpr Duration transfer_every = std::chrono::seconds(10);

  const std::shared_ptr<Clock> clock_;
  const bool json_;
  std::mutex mutex_;
  std::map<std::string, Transfer> transfers_;  // by object
};

// What a running worker tells the feed beside the commits: for eyes.
std::optional<FeedEvent> aside_of(const Event& event) {
  FeedEvent aside;
  aside.epoch = event.epoch;
  aside.seq = event.seq;
  if (event.type == "progress") {
    const std::string item = event.payload.value("item", "");
    const bool is_scene = event.payload.value("node", "") == "process_scene" && !item.empty();
    if (!is_scene) {
      aside.type = "LOG";
      aside.payload = {{"level", "info"}, {"message", event.payload.value("message", "")}};
      return aside;
    }
    aside.type = "SCENE_PROGRESS";
    aside.payload = {{"sceneId", std::atoi(item.c_str())}, {"progressMessage", event.payload.value("message", "")}};
    if (event.payload.contains("fraction") && event.payload["fraction"].is_number())
      aside.payload["progress"] = static_cast<int>(event.payload["fraction"].get<double>() * 100);
    return aside;
  }
  if (event.type == "note") {
    aside.type = "LOG";
    aside.payload = {{"level", "info"}, {"message", event.payload.value("message", "")}};
    return aside;
  }
  if (event.type == "effect" && event.payload.value("what", "") == "queued") {
    aside.type = "LOG";
    aside.payload = {{"level", "info"}, {"message", event.payload.value("key", "") + " waits for its turn at the provider"}};
    return aside;
  }
  if (event.type == "tier") {
    aside.type = "TIER_STATUS";
    aside.payload = {{"tier", event.payload.value("tier", "")}, {"status", event.payload.value("what", "")}};
    return aside;
  }
  if (event.type == "lag" && event.payload.value("seconds", 0.0) >= 10) {
    aside.type = "TIER_STATUS";
    aside.payload = {{"tier", "snapshot"}, {"status", "behind"}, {"lagSeqs", event.payload.value("seqs", 0)}, {"lagSeconds", event.payload.value("seconds", 0.0)}};
    return aside;
  }
  return std::nullopt;
}

WorkerOptions worker_options(const Settings& settings, std::stop_token park) {
  WorkerOptions options;
  options.park = park;
  options.films = static_cast<int>(settings.number("parallel_films"));
  // For tests that kill workers and do not want to wait for as long as people would.
  if (const char* term = std::getenv("WORKPRINT_LEASE_TERM_MS")) options.claim_term = Duration(std::max(100, std::atoi(term)));
  return options;
}

}  // namespace

Exit config(const Request& request) {
  const auto settings = load_settings(request.settings, request.config, root_of(request));
  if (!settings) return report_error(settings.error());
  std::fputs(request.json ? pretty_json(to_json(*settings)).c_str() : to_text(*settings).c_str(), stdout);
  return Exit::done;
}

Exit worker(const Request& request) {
  const StopSignals signals;
  auto floor = StudioFloor::open(request, signals.park());
  if (!floor) return report_error(floor.error());
  auto inbox = (*floor)->open_inbox();
  if (!inbox) return report_error(inbox.error());
  LogLines log((*floor)->clock, request.json);
  (*floor)->listen([&log](const Event& event) { log.on(event); });
  Worker worker(*(*floor)->service, **inbox, worker_options((*floor)->settings, signals.park()), (*floor)->clock, [&log](const Event& event) { log.on(event); });
  log.say(fmt::format("worker {} for {} and {}", this_process_writer(), (*floor)->store->describe(), (*floor)->objects->describe()));
  worker.run(signals.token());
  log.say("drained: every film was given back");
  return Exit::done;
}

Exit serve(const Request& request) {
  const StopSignals signals;
  auto floor = StudioFloor::open(request, signals.park());
  if (!floor) return report_error(floor.error());
  StudioFloor& studio = **floor;
  const Settings::Address address = studio.settings.listen();
  std::vector<std::string> origins;
  for (std::string rest = studio.settings.text("origins"); !rest.empty();) {
    const auto comma = rest.find(',');
    if (const std::string one = rest.substr(0, comma); !one.empty()) origins.push_back(one);
    rest = comma == std::string::npos ? std::string() : rest.substr(comma + 1);
  }
  auto access = http::Access::open(address.host, studio.settings.tokens, origins, studio.clock);
  if (!access) return report_error(access.error());
  const auto picture = film::parse_picture(studio.settings.text("picture"));
  if (!picture) return report_error(picture.error());
  auto inbox = studio.open_inbox();
  if (!inbox) return report_error(inbox.error());
  const std::filesystem::path scratch = studio.root / "scratch" / "http";
  std::error_code error;
  std::filesystem::create_directories(scratch, error);
  if (error) return report_error({ErrorKind::unavailable, "scratch folder cannot be made: " + error.message() + ". path=" + scratch.string()});

  LogLines log(studio.clock, request.json);
  Meter meter(studio.clock);
  Feed feed(*studio.service, *studio.store, film::events_of, {}, studio.clock);
  std::optional<Worker> worker;
  if (!request.no_worker) worker.emplace(*studio.service, **inbox, worker_options(studio.settings, signals.park()), studio.clock, [&log](const Event& event) { log.on(event); });
  Api api({studio, **inbox, feed, **access, meter, worker ? &*worker : nullptr, *picture, scratch});
  std::atomic<http::Server*> running = nullptr;
  api.count([&running] { return running.load() == nullptr ? http::Counters() : running.load()->counters(); });
  auto server = http::Server::listen(address.host, address.port, api.handlers(), {}, 24, scratch);
  if (!server) return report_error(server.error());
  running = server->get();
  studio.listen([&](const Event& event) {
    log.on(event);
    meter.on(event);
    if (event.type == "commit") feed.poke(event.film);
    if (auto aside = aside_of(event)) feed.tell(event.film, *std::move(aside));
  });
  const bool is_v6 = address.host.find(':') != std::string::npos;
  log.say(fmt::format("listening on http://{}:{}/", is_v6 ? "[" + address.host + "]" : address.host, (*server)->port()));
  log.say(fmt::format("films in {} and {}", studio.store->describe(), studio.objects->describe()));
  if (worker) {
    worker->run(signals.token());
  } else {
    while (studio.clock->wait(std::chrono::hours(1), signals.token())) {
    }
  }
  api.stop();
  (*server)->stop(std::chrono::seconds(5));
  studio.listen(nullptr);
  log.say("stopped: every film was given back");
  return Exit::done;
}

}  // namespace workprint::cli
