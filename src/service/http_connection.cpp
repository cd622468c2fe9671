#include "service/http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/quote.h"
#include "service/http_error.h"
#include "service/http_range.h"

namespace workprint::http {
namespace {

constexpr std::size_t piece_bytes_max = 256u << 10;     ///< of a body that is read while it is sent
constexpr int stream_send_buffer_bytes = 256 << 10;     ///< the kernel's part of what a slow reader has not taken
constexpr std::uint64_t chatter_bytes_max = 64u << 10;  ///< what the client of a stream may send
constexpr std::uint64_t chunk_overhead_bytes_max = 64u << 10;
constexpr Duration without_limit = std::chrono::hours(24 * 365);
constexpr std::size_t kept_buffer_bytes = 32u << 10;  ///< of an idle connection

Instant now() { return std::chrono::steady_clock::now(); }
WallTime wall_now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
Duration since(Instant instant) { return std::chrono::ceil<Duration>(now() - instant); }

/// Handlers are other people's code, and a connection must not die of them.
template <class Outcome, class Function>
Outcome guarded(Function function) {
  try {
    return function();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "http: a handler failed: %s\n", in_quotes(error.what()).c_str());
  } catch (...) {
    std::fprintf(stderr, "http: a handler failed\n");
  }
  return refuse(Refusal::handler_failed);
}

/// A piece that is none, or longer than asked for, would shift all that follows.
Result<std::string> guarded_read(const BodySource& source, std::uint64_t offset, std::size_t bytes_max) {
  try {
    auto piece = source.read(offset, bytes_max);
    if (piece && (piece->empty() || piece->size() > bytes_max))
      return fail(ErrorKind::corrupt, std::string(row_of(Refusal::source_failed).message));
    return piece;
  } catch (const std::exception& error) {
    return fail(ErrorKind::corrupt, std::string("a source failed: ") + error.what());
  }
}

bool has_legal_status(int status) { return status >= 200 && status <= 599; }

}  // namespace

void LiveCounters::answered(int status) {
  Count& count = status < 300 ? answers_2xx : status < 400 ? answers_3xx : status < 500 ? answers_4xx : answers_5xx;
  ++count;
}

HeadLimits Connection::head_limits() const {
  return {shared_.limits.head_bytes_max, shared_.limits.target_bytes_max, shared_.limits.fields_max};
}

void Connection::resume(std::shared_ptr<Connection> self, std::move_only_function<void(Connection&)> step) {
  Loop& loop = *self->shared_.loop;
  loop.post([self = std::move(self), step = std::move(step)]() mutable {
    if (self->phase_ != Phase::closed) step(*self);
  });
}

// ---- the head

void Connection::await_request() {
  phase_ = Phase::idle;
  idle_since_ = now();
  scanner_ = HeadScanner(head_limits());
  is_blank_skipped_ = false;
  parser_.reset();
  head_ = {};
  request_.reset();
  spool_.reset();
  body_bytes_ = body_wire_bytes_ = 0;
  body_waited_ = {};
  is_body_unread_ = false;
  if (inbox_.empty() && inbox_.capacity() > kept_buffer_bytes) std::string().swap(inbox_);
  look_at_head();
}

void Connection::read_head() {
  const Duration limit =
      phase_ == Phase::idle ? shared_.limits.idle : shared_.limits.head_total - since(head_began_at_);
  wire_->read(std::max(limit, Duration(0)), [self = shared_from_this()](WireEnd end, std::string_view bytes) {
    self->take_bytes_of_head(end, bytes);
  });
}

void Connection::take_bytes_of_head(WireEnd end, std::string_view bytes) {
  if (end == WireEnd::ok) {
    inbox_ += bytes;
    return look_at_head();
  }
  if (end == WireEnd::late && phase_ == Phase::head) return refuse_and_end(Refusal::slow_head);
  close();
}

void Connection::look_at_head() {
  if (inbox_.empty() && shared_.is_draining) return close();
  if (inbox_.empty()) return read_head();
  if (phase_ == Phase::idle) head_began_at_ = now();
  phase_ = Phase::head;
  // RFC 9112, 2.2: some clients send an empty line after a body.
  if (!is_blank_skipped_ && inbox_.starts_with("\r\n")) {
    inbox_.erase(0, 2);
    is_blank_skipped_ = true;
  }
  if (inbox_.empty() || inbox_ == "\r") return read_head();
  const auto outcome = scanner_.scan(inbox_);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refuse_and_end(*refusal);
  if (const auto* complete = std::get_if<HeadScanner::Complete>(&outcome)) return take_head(complete->bytes);
  read_head();
}

void Connection::take_head(std::size_t bytes) {
  ++shared_.counters.requests;
  parser_.emplace();
  auto parsed = parser_->head(std::string_view(inbox_).substr(0, bytes));
  inbox_.erase(0, bytes);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refuse_and_end(*refusal);
  head_.request.method = std::get<ParsedHead>(parsed).method;  // a refusal of a HEAD has no body either
  auto judged = judge_head(std::get<ParsedHead>(parsed));
  if (const auto* refusal = std::get_if<Refusal>(&judged)) return refuse_and_end(*refusal);
  head_ = std::get<Head>(std::move(judged));
  head_.request.peer = wire_->peer();
  is_last_ = !head_.keeps_connection;
  is_body_unread_ = head_.has_body();
  if (shared_.is_draining) return refuse_and_end(Refusal::draining);
  if (!shared_.rate.admits(wire_->peer(), now())) return respond(refuse(Refusal::too_many_requests));
  admit();
}

void Connection::admit() {
  using Verdict = std::variant<Admission, Response>;
  auto verdict = guarded<Verdict>([&] { return shared_.handlers.admit(head_.request); });
  if (auto* response = std::get_if<Response>(&verdict)) return respond(std::move(*response));
  admission_ = std::get<Admission>(verdict);
  if (head_.length > admission_.body_bytes_max) return respond(refuse(Refusal::body_too_large));
  phase_ = Phase::body;
  if (head_.has_body()) return begin_body();
  if (admission_.to_file) return keep_piece({}, true);
  call_handler();
}

// ---- the body

void Connection::begin_body() {
  // A client that sent some of it already does not wait for the word to go on.
  if (head_.expects_continue && inbox_.empty()) return write("HTTP/1.1 100 Continue\r\n\r\n", &Connection::read_body);
  take_body();
}

void Connection::read_body() {
  const Limits& limits = shared_.limits;
  const Duration earned(
      static_cast<Duration::rep>(body_bytes_ * 1000 / std::max<std::uint64_t>(1, limits.body_bytes_per_second_min)));
  const Duration limit = std::clamp(limits.body_stall + earned - body_waited_, Duration(0), limits.body_stall);
  wire_->read(limit, [self = shared_from_this(), began_at = now()](WireEnd end, std::string_view bytes) {
    self->body_waited_ += since(began_at);
    if (end == WireEnd::late) return self->refuse_and_end(Refusal::slow_body);
    if (end == WireEnd::ended) return self->close();
    self->inbox_ += bytes;
    self->take_body();
  });
}

void Connection::take_body() {
  std::string spooled;
  std::string& target = admission_.to_file ? spooled : head_.request.body;
  const std::size_t before = target.size();
  const Parser::Piece piece = parser_->body(inbox_, target);
  inbox_.erase(0, piece.taken);
  body_bytes_ += target.size() - before;
  body_wire_bytes_ += piece.taken;
  if (body_bytes_ > admission_.body_bytes_max) return refuse_and_end(Refusal::body_too_large);
  // Extensions and trailers of chunks count for nothing, so nobody may send them without end. (A chunk of one byte is six.)
  const bool is_padded = body_wire_bytes_ > 8 * body_bytes_ + chunk_overhead_bytes_max ||
                         (!piece.is_done && inbox_.size() > shared_.limits.head_bytes_max);
  if (piece.is_bad || is_padded) return refuse_and_end(Refusal::bad_chunk);
  if (!spooled.empty() || (admission_.to_file && piece.is_done)) return keep_piece(std::move(spooled), piece.is_done);
  if (piece.is_done) return call_handler();
  read_body();
}

void Connection::keep_piece(std::string piece, bool is_done) {
  const auto keep = [](std::shared_ptr<Spool> spool, const std::filesystem::path& scratch,
                       const std::string& bytes) -> Result<std::shared_ptr<Spool>> {
    if (!spool) {
      auto created = Spool::create(scratch);
      if (!created) return created;
      spool = *std::move(created);
    }
    auto kept = spool->append(bytes);
    if (!kept) return std::unexpected(std::move(kept).error());
    return spool;
  };
  shared_.pool->run([self = shared_from_this(), keep, spool = spool_, &scratch = shared_.scratch,
                     piece = std::move(piece), is_done]() mutable {
    auto kept = keep(std::move(spool), scratch, piece);
    resume(std::move(self), [kept = std::move(kept), is_done](Connection& connection) {
      if (!kept) return connection.refuse_and_end(Refusal::spool_failed);
      connection.spool_ = *kept;
      if (is_done) return connection.call_handler();
      connection.take_body();
    });
  });
}

// ---- the answer

void Connection::call_handler() {
  phase_ = Phase::handler;
  is_body_unread_ = false;
  if (spool_) head_.request.body_file = spool_->path();
  request_ = std::make_shared<Request>(std::move(head_.request));
  ++shared_.counters.requests_running;
  // The job holds the spool file too: the client may go before the handler is done with it.
  shared_.pool->run([self = shared_from_this(), request = request_, spool = spool_, &shared = shared_]() mutable {
    auto answer = guarded<Answer>([&] { return shared.handlers.answer(*request); });
    --shared.counters.requests_running;
    resume(std::move(self),
           [answer = std::move(answer)](Connection& connection) mutable { connection.deliver(std::move(answer)); });
  });
}

void Connection::deliver(Answer answer) {
  if (auto* streaming = std::get_if<Streaming>(&answer)) return open_stream(std::move(*streaming));
  respond(std::get<Response>(std::move(answer)));
}

void Connection::refuse_and_end(Refusal refusal) {
  is_last_ = true;
  respond(refuse(refusal));
}

void Connection::respond(Response response) {
  phase_ = Phase::answer;
  if (!can_be_sent(response.headers) || !has_legal_status(response.status)) response = refuse(Refusal::handler_failed);
  if (response.source) return respond_from(std::move(response));
  send_whole(response.status, response.headers, response.body);
}

After Connection::after() const {
  return is_last_ || is_body_unread_ || shared_.is_draining ? After::close : After::keep;
}

void Connection::send_whole(int status, const Fields& headers, const std::string& body) {
  is_last_ = after() == After::close;
  const bool carries_body = has_body(status);
  std::string text =
      head_text(status, headers, carries_body ? std::optional(body.size()) : std::nullopt, after(), wall_now());
  if (carries_body && request().method != "HEAD") text += body;
  shared_.counters.answered(status);
  write(std::move(text), &Connection::finish);
}

struct Connection::Sending {
  int status = 200;
  Fields headers;
  BodySource source;
  std::uint64_t at = 0, end = 0;
  bool is_begun = false;
};

void Connection::respond_from(Response response) {
  const std::uint64_t size = response.source->size_bytes;
  auto sending = std::make_shared<Sending>(Sending{.status = response.status,
                                                   .headers = std::move(response.headers),
                                                   .source = *std::move(response.source),
                                                   .at = 0,
                                                   .end = size});
  Selection selection = WholeBody{};
  if (sending->status == 200) {
    selection = select_part(request(), sending->headers, size);
    sending->headers.emplace_back("Accept-Ranges", "bytes");
  }
  if (std::holds_alternative<NotModified>(selection)) return send_whole(304, sending->headers, {});
  if (std::holds_alternative<Unsatisfiable>(selection)) {
    Response refusal = refuse(Refusal::range_not_satisfiable);
    refusal.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return respond(std::move(refusal));
  }
  if (const auto* part = std::get_if<PartOfBody>(&selection)) {
    sending->status = 206;
    sending->at = part->first;
    sending->end = part->last + 1;
    sending->headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", part->first, part->last, size));
  }
  if (request().method == "HEAD" || sending->at == sending->end || !has_body(sending->status)) {
    shared_.counters.answered(sending->status);
    is_last_ = after() == After::close;
    const auto length = has_body(sending->status) ? std::optional(sending->end - sending->at) : std::nullopt;
    return write(head_text(sending->status, sending->headers, length, after(), wall_now()), &Connection::finish);
  }
  read_piece(std::move(sending));
}

void Connection::read_piece(std::shared_ptr<Sending> sending) {
  shared_.pool->run([self = shared_from_this(), sending = std::move(sending)]() mutable {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(sending->end - sending->at, piece_bytes_max));
    auto piece = guarded_read(sending->source, sending->at, wanted);
    resume(std::move(self), [sending = std::move(sending), piece = std::move(piece)](Connection& connection) mutable {
      connection.send_piece(std::move(sending), std::move(piece));
    });
  });
}

void Connection::send_piece(std::shared_ptr<Sending> sending, Result<std::string> piece) {
  // Once the head is out only the connection's end can say that the body is not whole.
  if (!piece && sending->is_begun) return close();
  if (!piece) return respond(refuse(piece.error(), row_of(Refusal::source_failed).code));
  std::string text;
  if (!std::exchange(sending->is_begun, true)) {
    is_last_ = after() == After::close;
    shared_.counters.answered(sending->status);
    text = head_text(sending->status, sending->headers, sending->end - sending->at, after(), wall_now());
  }
  sending->at += piece->size();
  text += *piece;
  if (sending->at == sending->end) return write(std::move(text), &Connection::finish);
  wire_->write(std::move(text), shared_.limits.write_stall,
               [self = shared_from_this(), sending = std::move(sending)](WireEnd end) mutable {
                 if (end != WireEnd::ok) return self->close();
                 self->read_piece(std::move(sending));
               });
}

void Connection::write(std::string bytes, void (Connection::*next)()) {
  wire_->write(std::move(bytes), shared_.limits.write_stall, [self = shared_from_this(), next](WireEnd end) {
    if (end != WireEnd::ok) return self->close();
    ((*self).*next)();
  });
}

void Connection::finish() {
  if (is_last_) return linger();
  await_request();
}

// Closing with unread bytes makes the kernel send a reset, and that can overtake the answer.
void Connection::linger() {
  phase_ = Phase::lingering;
  request_.reset();
  spool_.reset();
  forget_stream();
  wire_->shut_down_sending();
  wire_->wait(shared_.limits.linger, [self = shared_from_this()] { self->close(); });
  discard();
}

void Connection::discard() {
  if (std::exchange(is_discarding_, true)) return;
  wire_->read(without_limit, [self = shared_from_this()](WireEnd end, std::string_view bytes) {
    self->is_discarding_ = false;
    self->discarded_bytes_ += bytes.size();
    const bool is_chatter = self->phase_ == Phase::stream && self->discarded_bytes_ > chatter_bytes_max;
    if (end != WireEnd::ok || is_chatter) return self->close();
    self->discard();
  });
}

// ---- a stream

void Connection::open_stream(Streaming streaming) {
  check(streaming.opened != nullptr, "a stream has somebody to feed it");
  LiveCounters& counters = shared_.counters;
  if (shared_.is_draining) return refuse_and_end(Refusal::draining);
  if (counters.streams_open >= shared_.limits.streams_max) return respond(refuse(Refusal::too_many_streams));
  if (!can_be_sent(streaming.headers)) return respond(refuse(Refusal::handler_failed));
  phase_ = Phase::answer;
  is_last_ = true;
  if (find_field(streaming.headers, "content-type").empty())
    streaming.headers.emplace_back("Content-Type", "text/event-stream");
  counters.answered(200);
  std::string head = head_text(200, streaming.headers, std::nullopt, After::close, wall_now());
  if (request().method == "HEAD") return write(std::move(head), &Connection::finish);
  is_stream_ = true;
  ++counters.streams;
  ++counters.streams_open;
  wire_->bound_send_buffer(stream_send_buffer_bytes);
  wire_->write(std::move(head), shared_.limits.write_stall,
               [self = shared_from_this(), opened = std::move(streaming.opened)](WireEnd end) {
                 if (end != WireEnd::ok) return self->close();
                 self->begin_stream(opened);
               });
}

void Connection::begin_stream(const std::function<void(std::shared_ptr<EventStream>)>& opened) {
  phase_ = Phase::stream;
  request_.reset();
  inbox_ = {};
  queue_ = std::make_shared<StreamQueue>(shared_.limits.stream_unsent_bytes_max,
                                         [self = weak_from_this(), loop = shared_.loop] {
                                           loop->post([self] {
                                             const auto connection = self.lock();
                                             if (connection && connection->phase_ == Phase::stream) connection->pump();
                                           });
                                         });
  auto stream = std::make_shared<EventStream>(queue_);
  shared_.pool->run([opened, stream = std::move(stream)]() mutable {
    static_cast<void>(guarded<Answer>([&] {
      opened(std::move(stream));
      return Response{};
    }));
  });
  discard();  // notices that the client goes
  await_silence();
  if (shared_.is_draining) queue_->close();
}

void Connection::pump() {
  if (queue_->is_cut()) return cut();
  if (is_writing_) return;
  StreamQueue::Batch batch = queue_->take();
  if (!batch.bytes.empty()) return send_to_stream(std::move(batch.bytes));
  if (batch.is_last) linger();
}

void Connection::send_to_stream(std::string bytes) {
  is_writing_ = true;
  wire_->write(std::move(bytes), shared_.limits.write_stall, [self = shared_from_this()](WireEnd end) {
    self->is_writing_ = false;
    self->queue_->sent();
    if (end == WireEnd::late) return self->cut();
    if (end == WireEnd::ended) return self->close();
    self->await_silence();
    self->pump();
  });
}

// A comment tells proxies that the stream is alive, and us when the client is not.
void Connection::await_silence() {
  wire_->wait(shared_.limits.heartbeat, [self = shared_from_this()] {
    if (self->phase_ == Phase::stream && !self->is_writing_) self->send_to_stream(": \n\n");
  });
}

void Connection::forget_stream() {
  if (queue_) queue_->end();
  if (std::exchange(is_stream_, false)) --shared_.counters.streams_open;
}

void Connection::cut() {
  ++shared_.counters.streams_cut;
  close();
}

// ---- the end

void Connection::drain() {
  if (phase_ == Phase::idle) return close();
  is_last_ = true;
  if (phase_ == Phase::stream) queue_->close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  wire_->close();
  request_.reset();
  spool_.reset();
  forget_stream();
  shared_.connections.erase(self);
  {
    const std::lock_guard lock(shared_.mutex);
    --shared_.counters.connections_open;
  }
  shared_.changed.notify_all();
}

}  // namespace workprint::http
