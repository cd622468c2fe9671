#include "service/http_server.h"

#include <algorithm>

#include "service/http_connection.h"
#include "service/http_net.h"
#include "service/http_pool.h"
#include "service/http_spool.h"
#include "workprint/try.h"

namespace workprint::http {
namespace {

/// Above the limit there is room for so many who are told that there is none.
constexpr std::size_t turned_away_max = 64;

}  // namespace

struct Server::Body {
  Shared shared;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<Pool> pool;
  bool is_draining = false;  ///< under shared.mutex

  void accept(std::shared_ptr<Wire> wire);
  void make_room();
  void drain();
  bool wait_until_empty(Duration limit);
};

void Server::Body::accept(std::shared_ptr<Wire> wire) {
  ++shared.counters.connections;
  if (shared.connections.size() >= shared.limits.connections_max) make_room();
  const std::size_t open = shared.connections.size();
  const bool is_full = open >= shared.limits.connections_max;
  if (is_full) ++shared.counters.connections_refused;
  if (open >= shared.limits.connections_max + turned_away_max) return wire->close();
  const auto connection = std::make_shared<Connection>(shared, std::move(wire));
  shared.connections.insert(connection);
  ++shared.counters.connections_open;
  if (is_full) return connection->turn_away();
  connection->start();
}

void Server::Body::make_room() {
  std::shared_ptr<Connection> longest;
  for (const auto& connection : shared.connections)
    if (connection->is_idle() && (!longest || connection->idle_since() < longest->idle_since())) longest = connection;
  if (longest) longest->close();
}

void Server::Body::drain() {
  shared.is_draining = true;
  shared.loop->stop_accepting();  // not `loop`: the last drain may run while the destructor resets that
  const auto connections = shared.connections;
  for (const auto& connection : connections) connection->drain();
  {
    const std::lock_guard lock(shared.mutex);
    is_draining = true;
  }
  shared.changed.notify_all();
}

bool Server::Body::wait_until_empty(Duration limit) {
  std::unique_lock lock(shared.mutex);
  return shared.changed.wait_for(lock, limit, [this] { return is_draining && shared.counters.connections_open == 0; });
}

Server::Server(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Result<std::unique_ptr<Server>> Server::listen(const std::string& address, std::uint16_t port, Handlers handlers,
                                               Limits limits, std::size_t handler_threads,
                                               std::filesystem::path scratch) {
  check(handlers.admit != nullptr && handlers.answer != nullptr, "a server has both handlers");
  TRY(Spool::sweep(scratch));
  auto loop = TRY(Loop::listen(address, port));
  auto body = std::unique_ptr<Body>(new Body{.shared{std::move(handlers), limits, std::move(scratch)},
                                             .loop = std::move(loop),
                                             .pool = std::make_unique<Pool>(handler_threads)});
  body->shared.loop = body->loop.get();
  body->shared.pool = body->pool.get();
  body->loop->start([body = body.get()](std::shared_ptr<Wire> wire) { body->accept(std::move(wire)); },
                    [body = body.get()] { ++body->shared.counters.accept_errors; });
  return std::unique_ptr<Server>(new Server(std::move(body)));
}

Server::~Server() {
  stop(Duration(0));
  body_->pool.reset();  // its jobs post to the loop
  body_->loop.reset();
}

std::uint16_t Server::port() const { return body_->loop->port(); }

void Server::stop(Duration limit) {
  body_->loop->post([body = body_.get()] { body->drain(); });
  if (body_->wait_until_empty(limit)) return;
  body_->loop->post([body = body_.get()] {
    const auto connections = body->shared.connections;
    for (const auto& connection : connections) connection->close();
  });
  while (!body_->wait_until_empty(std::chrono::seconds(1))) {
  }
}

Counters Server::counters() const {
  const LiveCounters& live = body_->shared.counters;
  return {.connections = live.connections,
          .connections_refused = live.connections_refused,
          .connections_open = live.connections_open,
          .accept_errors = live.accept_errors,
          .requests = live.requests,
          .requests_running = live.requests_running,
          .answers_2xx = live.answers_2xx,
          .answers_3xx = live.answers_3xx,
          .answers_4xx = live.answers_4xx,
          .answers_5xx = live.answers_5xx,
          .streams = live.streams,
          .streams_open = live.streams_open,
          .streams_cut = live.streams_cut};
}

}  // namespace workprint::http
