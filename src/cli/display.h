/// Shows a running film: a live line on a terminal, plain lines in a log, one JSON object a line for machines.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "workprint/event.h"

namespace workprint::cli {

enum class Show { live, plain, json };

/// Terminal: live; a pipe or file: plain; `json` when it was asked for.
[[nodiscard]] Show show_for(bool json_wanted);

/// Of a `transfer` event: "uploading scene-003.mp4 12/40 MiB".
[[nodiscard]] std::string transfer_text(const Json& payload);

class Display {
 public:
  explicit Display(Show show) : show_(show) {}
  ~Display() { clear_line(); }
  /// One call at a time (EventSink's promise).
  void on(const Event& event);
  void clear_line();

 private:
  void plain_line(const std::string& line);
  void on_progress(const Event& event);
  void on_transfer(const Event& event);
  void redraw();

  Show show_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  struct Running {
    std::string message;
    double fraction = 0;
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
    int last_tenth = -1;
  };
  std::map<std::string, Running> running_;  // by task
  struct Transfer {
    std::string text;
    std::uint64_t last_quarter = 0;
    std::chrono::steady_clock::time_point heard{};
  };
  std::map<std::string, Transfer> transfers_;  // by object
  std::uint64_t seq_ = 0, published_ = 0;
  bool line_is_drawn_ = false;
};

}  // namespace workprint::cli
