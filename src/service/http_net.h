/// Sockets, timers and the I/O thread: Boost.Asio behind two small classes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "service/http_pool.h"
#include "workprint/clock.h"
#include "workprint/result.h"

namespace workprint::http {

enum class WireEnd : std::uint8_t {
  ok,
  ended,  ///< the other side is gone, or has nothing more to send
  late,   ///< the limit passed
};

/// One accepted connection.
///
/// Thread-safety: the I/O thread only. Callbacks come on it, never from inside the call that set them, and none comes after
/// close(). At most one read and one write at a time.
class Wire {
 public:
  virtual ~Wire() = default;
  /// Waits for bytes. They are only valid during the callback. REQUIRES: no read is under way.
  using ReadDone = std::move_only_function<void(WireEnd, std::string_view)>;
  virtual void read(Duration limit, ReadDone done) = 0;
  /// Sends all of `bytes`; `stall`: the longest time without any of them going out. REQUIRES: no write is under way.
  using WriteDone = std::move_only_function<void(WireEnd)>;
  virtual void write(std::string bytes, Duration stall, WriteDone done) = 0;
  /// A timer; a new one takes the place of the last.
  virtual void wait(Duration duration, Job done) = 0;
  /// The kernel keeps about so many bytes at most for a slow reader.
  virtual void bound_send_buffer(int bytes) = 0;
  virtual void shut_down_sending() = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual const std::string& peer() const = 0;
};

/// A listening socket and the thread that serves it.
class Loop {
 public:
  using Accepted = std::function<void(std::shared_ptr<Wire>)>;  ///< on the I/O thread
  using AcceptFailed = std::function<void()>;                   ///< the same; a pause follows

  /// Errors: invalid (no such address); unavailable.
  static Result<std::unique_ptr<Loop>> listen(const std::string& address, std::uint16_t port);
  /// Begins to accept.
  void start(Accepted accepted, AcceptFailed failed);
  /// Stops the thread; what was posted and did not run yet is dropped.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Runs `job` on the I/O thread. Any thread.
  void post(Job job);
  /// I/O thread only.
  void stop_accepting();

 private:
  struct Body;
  explicit Loop(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace workprint::http
