/// One connection of a client: what was read, what is being done about it, what goes out. Private to the server.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "service/http_head.h"
#include "service/http_net.h"
#include "service/http_parse.h"
#include "service/http_pool.h"
#include "service/http_rate.h"
#include "service/http_reply.h"
#include "service/http_server.h"
#include "service/http_spool.h"

namespace workprint::http {

struct LiveCounters {
  using Count = std::atomic<std::uint64_t>;
  Count connections{0}, connections_refused{0}, connections_open{0}, accept_errors{0}, requests{0}, requests_running{0};
  Count answers_2xx{0}, answers_3xx{0}, answers_4xx{0}, answers_5xx{0}, streams{0}, streams_open{0}, streams_cut{0};
  void answered(int status);
};

class Connection;

/// What all connections share. `connections`, `rate` and `is_draining` belong to the I/O thread.
struct Shared {
  Shared(Handlers handlers_, Limits limits_, std::filesystem::path scratch_)
      : handlers(std::move(handlers_)),
        limits(limits_),
        scratch(std::move(scratch_)),
        rate(limits_.requests_per_second_max, limits_.requests_burst_max) {}
  const Handlers handlers;
  const Limits limits;
  const std::filesystem::path scratch;
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  LiveCounters counters;
  RateGate rate;
  bool is_draining = false;
  std::set<std::shared_ptr<Connection>> connections;
  std::mutex mutex;
  std::condition_variable changed;  ///< connections_open went down
};

/// Thread-safety: the I/O thread only; jobs on the pool hold what they need.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, std::shared_ptr<Wire> wire)
      : shared_(shared), wire_(std::move(wire)), scanner_(head_limits()) {}

  void start() { await_request(); }
  /// Answers 503 without reading anything, and ends.
  void turn_away() { refuse_and_end(Refusal::too_many_connections); }
  /// The server stops: ends when idle, lets a stream run out, else ends after the answer that is being made.
  void drain();
  void close();
  [[nodiscard]] bool is_idle() const { return phase_ == Phase::idle; }
  [[nodiscard]] Instant idle_since() const { return idle_since_; }

 private:
  enum class Phase { idle, head, body, handler, answer, stream, lingering, closed };

  [[nodiscard]] HeadLimits head_limits() const;
  [[nodiscard]] const Request& request() const { return request_ ? *request_ : head_.request; }
  /// Back on the I/O thread, unless the connection ended meanwhile.
  static void resume(std::shared_ptr<Connection> self, std::move_only_function<void(Connection&)> step);

  // The head of a request.
  void await_request();
  void read_head();
  void take_bytes_of_head(WireEnd end, std::string_view bytes);
  void look_at_head();
  void take_head(std::size_t bytes);
  void admit();

  // Its body.
  void begin_body();
  void read_body();
  void take_body();
  void keep_piece(std::string piece, bool is_done);

  // Its answer.
  void call_handler();
  void deliver(Answer answer);
  void refuse_and_end(Refusal refusal);
  void respond(Response response);
  void respond_from(Response response);
  void send_whole(int status, const Fields& headers, const std::string& body);
  struct Sending;
  void read_piece(std::shared_ptr<Sending> sending);
  void send_piece(std::shared_ptr<Sending> sending, Result<std::string> piece);
  [[nodiscard]] After after() const;
  void write(std::string bytes, void (Connection::*next)());
  void finish();
  void linger();
  void discard();

  // A stream.
  void open_stream(Streaming streaming);
  void begin_stream(const std::function<void(std::shared_ptr<EventStream>)>& opened);
  void pump();
  void send_to_stream(std::string bytes);
  void await_silence();
  void cut();
  void forget_stream();

  Shared& shared_;
  const std::shared_ptr<Wire> wire_;
  Phase phase_ = Phase::idle;
  Instant idle_since_{};
  std::string inbox_;  ///< read and not used yet: at most a head and one read more
  bool is_blank_skipped_ = false;
  HeadScanner scanner_;
  Instant head_began_at_{};
  std::optional<Parser> parser_;
  Head head_;
  Admission admission_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t body_wire_bytes_ = 0;  ///< with the framing of chunks
  Duration body_waited_{};             ///< for the client; the disk's time is not its
  std::shared_ptr<Spool> spool_;
  std::shared_ptr<const Request> request_;  ///< with its body
  bool is_body_unread_ = false;
  bool is_last_ = false;  ///< no request after this one

  bool is_stream_ = false;
  std::shared_ptr<StreamQueue> queue_;
  bool is_writing_ = false;
  bool is_discarding_ = false;
  std::uint64_t discarded_bytes_ = 0;
};

}  // namespace workprint::http
