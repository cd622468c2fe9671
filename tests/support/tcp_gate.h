/// For tests: a TCP gate in front of a server that forwards, and on demand loses what a server answers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace workprint {

/// Thread-safety: any thread.
class TcpGate {
 public:
  explicit TcpGate(int target_port);
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;
  ~TcpGate();
  [[nodiscard]] int port() const { return port_; }

  /// The next thing a client asks reaches the server, and the server's answer is thrown away and the connection cut.
  void lose_next_answer() { lose_answer_ = true; }
  /// The next thing a client asks is thrown away and the connection cut.
  void lose_next_question() { lose_question_ = true; }
  /// What is asked and answered stays in the gate until `open` is called; connections are taken.
  void hold(bool closed);
  [[nodiscard]] int cuts() const { return cuts_; }

 private:
  void take_clients();
  void serve(int client);
  bool pass(int from, int to, bool is_question, bool& must_cut_answer);
  [[nodiscard]] bool is_closed() const { return is_held_; }

  int listener_ = -1, port_ = 0, target_port_;
  std::atomic<bool> lose_answer_ = false, lose_question_ = false, is_held_ = false, is_ending_ = false;
  std::atomic<int> cuts_ = 0;
  std::mutex mutex_;
  std::vector<std::jthread> servers_;
  std::jthread taker_;
};

}  // namespace workprint
