#include "service/http_net.h"

// One thread runs the context, so there is nothing to fence; ThreadSanitizer does not know these fences.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <thread>

#include "workprint/try.h"

namespace workprint::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t read_bytes_max = 64u << 10;
constexpr Duration accept_pause = std::chrono::milliseconds(100);

/// A limit whose expiry is told from one that was moved on or taken back meanwhile.
class Limit {
 public:
  explicit Limit(asio::io_context& context) : timer_(context) {}
  template <class Done>
  void set(Duration duration, Done done) {
    timer_.expires_after(duration);
    timer_.async_wait([this, turn = ++turn_, done = std::move(done)](const ErrorCode& error) mutable {
      if (!error && turn == turn_) done();
    });
  }
  void clear() {
    ++turn_;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  std::uint64_t turn_ = 0;
};

class Socket final : public Wire, public std::enable_shared_from_this<Socket> {
 public:
  Socket(asio::io_context& context, tcp::socket socket, std::array<char, read_bytes_max>& buffer)
      : context_(context),
        socket_(std::move(socket)),
        buffer_(buffer),
        read_limit_(context),
        write_limit_(context),
        timer_(context) {
    ErrorCode ignored;  // a peer that is gone already is noticed by the first read
    const auto endpoint = socket_.remote_endpoint(ignored);
    if (!ignored) peer_ = endpoint.address().to_string(ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    socket_.non_blocking(true, ignored);
  }

  void read(Duration limit, ReadDone done) override {
    check(!read_done_, "one read at a time");
    read_done_ = std::move(done);
    read_limit_.set(limit, [self = shared_from_this()] { self->end_read(WireEnd::late, {}); });
    await_bytes();
  }

  void write(std::string bytes, Duration stall, WriteDone done) override {
    check(!write_done_, "one write at a time");
    unsent_ = std::move(bytes);
    sent_ = 0;
    stall_ = stall;
    write_done_ = std::move(done);
    asio::post(context_, [self = shared_from_this()] { self->send_some(); });
  }

  void wait(Duration duration, Job done) override {
    timer_.set(duration, [self = shared_from_this(), done = std::move(done)]() mutable { done(); });
  }

  void bound_send_buffer(int bytes) override {
    ErrorCode ignored;  // a wish
    socket_.set_option(asio::socket_base::send_buffer_size(bytes), ignored);
  }

  void shut_down_sending() override {
    ErrorCode ignored;  // the other side may be gone
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void close() override {
    ErrorCode ignored;
    socket_.close(ignored);
    read_limit_.clear();
    write_limit_.clear();
    timer_.clear();
    // They may hold the last reference to who calls this.
    asio::post(context_, [read = std::exchange(read_done_, nullptr), write = std::exchange(write_done_, nullptr)] {});
  }

  [[nodiscard]] const std::string& peer() const override { return peer_; }

 private:
  // Waits instead of reading into a buffer of its own: hundreds of idle connections then cost no buffers.
  void await_bytes() {
    if (std::exchange(is_awaiting_bytes_, true)) return;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
      self->is_awaiting_bytes_ = false;
      if (!self->read_done_) return;
      if (error) return self->end_read(WireEnd::ended, {});
      self->take_bytes();
    });
  }

  void take_bytes() {
    ErrorCode error;
    const std::size_t count = socket_.read_some(asio::buffer(buffer_), error);
    if (error == asio::error::would_block || error == asio::error::try_again) return await_bytes();
    if (error) return end_read(WireEnd::ended, {});
    end_read(WireEnd::ok, std::string_view(buffer_.data(), count));
  }

  void end_read(WireEnd end, std::string_view bytes) {
    read_limit_.clear();
    auto done = std::exchange(read_done_, nullptr);
    if (done) done(end, bytes);
  }

  void send_some() {
    if (!write_done_) return;
    while (sent_ < unsent_.size()) {
      ErrorCode error;
      const std::size_t count = socket_.write_some(asio::buffer(unsent_.data() + sent_, unsent_.size() - sent_), error);
      sent_ += count;
      if (error == asio::error::would_block || error == asio::error::try_again) return await_room();
      if (error) return end_write(WireEnd::ended);
    }
    end_write(WireEnd::ok);
  }

  void await_room() {
    write_limit_.set(stall_, [self = shared_from_this()] { self->end_write(WireEnd::late); });
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const ErrorCode& error) {
      if (!self->write_done_) return;
      if (error) return self->end_write(WireEnd::ended);
      self->send_some();
    });
  }

  void end_write(WireEnd end) {
    write_limit_.clear();
    unsent_ = {};
    auto done = std::exchange(write_done_, nullptr);
    if (done) done(end);
  }

  asio::io_context& context_;
  tcp::socket socket_;
  std::array<char, read_bytes_max>& buffer_;
  std::string peer_;
  Limit read_limit_, write_limit_, timer_;
  ReadDone read_done_;
  bool is_awaiting_bytes_ = false;
  WriteDone write_done_;
  std::string unsent_;
  std::size_t sent_ = 0;
  Duration stall_{};
};

Result<tcp::endpoint> endpoint_of(const std::string& address, std::uint16_t port) {
  ErrorCode error;
  const auto parsed = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
  if (error) return fail(ErrorKind::invalid, "not a numeric address. address=" + address);
  return tcp::endpoint(parsed, port);
}

}  // namespace

struct Loop::Body {
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer pause{context};
  std::array<char, read_bytes_max> buffer{};  // shared by all connections: bytes are taken over before the next read
  Accepted accepted;
  AcceptFailed failed;
  std::uint16_t port = 0;
  std::jthread thread;

  Result<void> open(const tcp::endpoint& endpoint);
  void accept();
};

Result<void> Loop::Body::open(const tcp::endpoint& endpoint) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  // Without it a restart would have to wait for old connections. (Never SO_REUSEPORT: two servers would share the port.)
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(SOMAXCONN, error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (error)
    return fail(ErrorKind::unavailable, "cannot listen: " + error.message() +
                                            ". address=" + endpoint.address().to_string() +
                                            " port=" + std::to_string(endpoint.port()));
  return {};
}

// When descriptors are short the connection stays in the backlog and the next try would fail at once: pause instead of
// spinning.
void Loop::Body::accept() {
  acceptor.async_accept([this](const ErrorCode& error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      accepted(std::make_shared<Socket>(context, std::move(socket), buffer));
      return accept();
    }
    if (error == asio::error::connection_aborted) return accept();
    failed();
    pause.expires_after(accept_pause);
    pause.async_wait([this](const ErrorCode& cancelled) {
      if (!cancelled && acceptor.is_open()) accept();
    });
  });
}

Loop::Loop(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Result<std::unique_ptr<Loop>> Loop::listen(const std::string& address, std::uint16_t port) {
  const tcp::endpoint endpoint = TRY(endpoint_of(address, port));
  std::unique_ptr<Body> body;
  try {
    body = std::make_unique<Body>();  // Asio opens its epoll descriptor in a constructor
  } catch (const boost::system::system_error& error) {
    return fail(ErrorKind::unavailable, std::string("cannot wait for sockets: ") + error.what());
  }
  TRY(body->open(endpoint));
  return std::unique_ptr<Loop>(new Loop(std::move(body)));
}

void Loop::start(Accepted accepted, AcceptFailed failed) {
  body_->accepted = std::move(accepted);
  body_->failed = std::move(failed);
  body_->accept();
  body_->thread = std::jthread([body = body_.get()] {
    const auto work = asio::make_work_guard(body->context);
    body->context.run();
  });
}

Loop::~Loop() {
  body_->context.stop();
  if (body_->thread.joinable()) body_->thread.join();
}

std::uint16_t Loop::port() const { return body_->port; }

void Loop::post(Job job) {
  asio::post(body_->context, [job = std::move(job)]() mutable { job(); });
}

void Loop::stop_accepting() {
  ErrorCode ignored;
  body_->acceptor.close(ignored);
  body_->pause.cancel();
}

}  // namespace workprint::http
