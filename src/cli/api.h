/// The HTTP API (film-domain 5 and 6): routes to answers. Knows HTTP and films; the server below knows neither.
#pragma once

#include <memory>

#include "cli/meter.h"
#include "cli/served_objects.h"
#include "cli/studio_floor.h"
#include "service/http_access.h"
#include "service/http_route.h"
#include "service/http_server.h"
#include "workprint/feed.h"
#include "workprint/worker.h"

namespace workprint::cli {

/// What the API speaks to. All outlive it.
struct ApiParts {
  StudioFloor& floor;
  Inbox& inbox;
  Feed& feed;
  http::Access& access;
  Meter& meter;
  Worker* worker = nullptr;  ///< none: another process works
  film::Picture picture;     ///< of films whose START does not say
  std::filesystem::path scratch;
};

/// Thread-safety: any thread, after construction.
class Api {
 public:
  explicit Api(const ApiParts& parts);

  [[nodiscard]] http::Handlers handlers();
  /// For metrics.
  void count(std::function<http::Counters()> counters) { counters_ = std::move(counters); }
  void stop() { stop_.request_stop(); }

 private:
  using Values = http::PathValues;
  using Handler = http::Answer (Api::*)(const http::Request&, const Values&);
  void add(const char* method, const char* pattern, Handler handler, http::Admission admission = {});
  void add_commands();
  void add_reads();
  void add_operations();

  std::variant<http::Admission, http::Response> admit(http::Request& head);
  http::Answer answer(const http::Request& request);
  [[nodiscard]] Result<FilmId> film_of(const http::Request& request, const std::string& text) const;
  /// The inputs of a film that a command will begin, as soon as a worker has it; nothing when none will.
  [[nodiscard]] std::optional<Json> awaited(const FilmId& film) const;
  /// The newest state. Errors: as the service; unavailable: the film is awaited.
  [[nodiscard]] Result<FullState> state_of(const FilmId& film) const;
  [[nodiscard]] bool sees_all(const http::Request& request) const {
    const http::Token* token = token_of(request);
    return token == nullptr || token->film_prefix.empty();
  }
  [[nodiscard]] const http::Token* token_of(const http::Request& request) const;

  // commands
  struct Order {
    FilmId film;
    std::string type;
    Json body;                 ///< as it was sent
    Json payload;              ///< the members that are the command's
    std::vector<std::string> ignored;
    std::string id;
    bool is_new_film = false;
  };
  Result<Json> body_of(const http::Request& request) const;
  http::Answer order(const http::Request& request, const std::string& film, const std::string& type, std::vector<std::string> members, Json fixed);
  Result<http::Response> take(const http::Request& request, Order& order);
  Result<void> check_against_state(Order& order, Json& prepared);
  http::Response answered(const http::Request& request, const Order& order, const CommandRecord& record);

  http::Answer start(const http::Request&, const Values&);
  http::Answer stop_film(const http::Request&, const Values&);
  http::Answer resume(const http::Request&, const Values&);
  http::Answer request_state(const http::Request&, const Values&);
  http::Answer regenerate_scene(const http::Request&, const Values&);
  http::Answer regenerate_frame(const http::Request&, const Values&);
  http::Answer resolve(const http::Request&, const Values&);
  http::Answer update_asset(const http::Request&, const Values&);
  http::Answer upload_audio(const http::Request&, const Values&);

  // reads
  http::Answer projects(const http::Request&, const Values&);
  http::Answer state(const http::Request&, const Values&);
  http::Answer recovery(const http::Request&, const Values&);
  http::Answer receipt(const http::Request&, const Values&);
  http::Answer history(const http::Request&, const Values&);
  http::Answer takes(const http::Request&, const Values&);
  http::Answer scene_assets(const http::Request&, const Values&);
  http::Answer cost(const http::Request&, const Values&);
  http::Answer command(const http::Request&, const Values&);
  http::Answer object(const http::Request&, const Values&);
  http::Answer events(const http::Request&, const Values&);

  // operations
  http::Answer begin_session(const http::Request&, const Values&);
  http::Answer end_session(const http::Request&, const Values&);
  http::Answer health(const http::Request&, const Values&);
  http::Answer alive(const http::Request&, const Values&);
  http::Answer ready(const http::Request&, const Values&);
  http::Answer metrics(const http::Request&, const Values&);
  http::Answer openapi(const http::Request&, const Values&);
  http::Answer page(const http::Request&, const Values&);
  struct Tiers {
    Result<void> checkpoint, snapshot;
  };
  [[nodiscard]] Tiers tiers() const;
  [[nodiscard]] Json tiers_json(const Tiers& tiers) const;

  ApiParts parts_;
  http::RouteTable routes_;
  ServedObjects served_;
  std::function<http::Counters()> counters_;
  std::stop_source stop_;
  std::atomic<int> waiting_ = 0;  ///< requests that wait for their command's result
};

/// An error as an answer, with a number that an operator can look up.
[[nodiscard]] http::Response refused(const Error& error);
[[nodiscard]] http::Answer answer_of(Result<http::Response> result);

/// Text of the documents this program serves; in its binary.
[[nodiscard]] std::string_view openapi_document();
[[nodiscard]] std::string_view page_document();

}  // namespace workprint::cli
