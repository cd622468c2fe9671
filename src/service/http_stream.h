/// One open stream of events to a client, and the queue between who sends and the I/O thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace workprint::http {

/// The server's side of a stream.
///
/// Thread-safety: any thread. Blocking: never; `wake` is called with the queue's mutex held and must only post.
class StreamQueue {
 public:
  StreamQueue(std::size_t unsent_bytes_max, std::function<void()> wake)
      : unsent_bytes_max_(unsent_bytes_max), wake_(std::move(wake)) {}

  /// False once closed, or when more than the limit lies there unsent already; the stream is cut then.
  bool push(std::string_view bytes);
  /// No more is taken; what is queued still goes out.
  void close();
  [[nodiscard]] bool is_open() const;
  /// The reader was too slow; what was queued is gone.
  [[nodiscard]] bool is_cut() const;
  [[nodiscard]] std::size_t unsent_bytes() const;

  struct Batch {
    std::string bytes;
    bool is_last = false;  ///< closed: nothing follows these
  };
  /// What to send next. Its bytes count as unsent until the next `take` or `sent`.
  Batch take();
  void sent();
  /// The connection is gone: nothing is taken any more, and `wake` is never called again.
  void end();

 private:
  enum class State { open, closed, cut, ended };

  const std::size_t unsent_bytes_max_;
  mutable std::mutex mutex_;
  std::function<void()> wake_;
  State state_ = State::open;
  std::string queued_;
  std::size_t in_flight_ = 0;
  bool is_woken_ = false;
};

/// What a route holds of a stream. The stream closes when its last holder lets go.
///
/// Thread-safety: every method may be called from any thread at the same time; bytes of one thread keep their order.
/// Blocking: never.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<StreamQueue> queue) : queue_(std::move(queue)) {}
  ~EventStream() { queue_->close(); }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Queues `bytes` as they are: whole events, each with its blank line. False: the stream is closed, or was closed by
  /// this call because the client reads too slowly (Limits::stream_unsent_bytes_max); it resumes by event id.
  bool send(std::string_view bytes) { return queue_->push(bytes); }
  /// What was sent before still goes out.
  void close() { queue_->close(); }
  /// False also when the client has gone.
  [[nodiscard]] bool is_open() const { return queue_->is_open(); }
  [[nodiscard]] std::size_t unsent_bytes() const { return queue_->unsent_bytes(); }

 private:
  const std::shared_ptr<StreamQueue> queue_;
};

}  // namespace workprint::http
