#include "cli/display.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace workprint::cli {
namespace {

using std::chrono::steady_clock;

constexpr auto transfer_silence_max = std::chrono::seconds(30);

std::string clock_text(steady_clock::duration elapsed) {
  const auto total = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
  char text[32];
  std::snprintf(text, sizeof text, "%02ld:%02ld", static_cast<long>(total / 60), static_cast<long>(total % 60));
  return text;
}

std::string text_of(const Json& payload, const char* name) {
  const auto found = payload.find(name);
  return found != payload.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string task_of(const Json& payload) {
  const std::string item = text_of(payload, "item");
  return item.empty() ? text_of(payload, "node") : text_of(payload, "node") + "/" + item;
}

// Control characters of a model or a file name must not reach a terminal.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

}  // namespace

std::string transfer_text(const Json& payload) {
  const auto mebibytes = [&](const char* member) { return std::to_string(payload.value(member, std::uint64_t{0}) >> 20); };
  const std::string object = text_of(payload, "object");
  return (text_of(payload, "way") == "down" ? "downloading " : "uploading ") + object.substr(object.rfind('/') + 1) + " " +
         mebibytes("doneBytes") + "/" + mebibytes("sizeBytes") + " MiB";
}

Show show_for(bool json_wanted) {
  if (json_wanted) return Show::json;
  return ::isatty(STDERR_FILENO) != 0 ? Show::live : Show::plain;
}

void Display::on(const Event& event) {
  if (event.seq > seq_ && event.type == "commit") seq_ = event.seq;
  if (event.type == "published") published_ = event.seq;
  if (show_ == Show::json) {
    Json line = {{"type", event.type}, {"film", event.film}, {"epoch", event.epoch}, {"seq", event.seq}, {"payload", event.payload}};
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    // One write a line: a process that is killed leaves whole lines.
    if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) show_ = Show::plain;
    return;
  }
  const std::string task = task_of(event.payload), what = text_of(event.payload, "what");
  if (event.type == "task" && what == "started") {
    running_[task] = {};
    if (show_ == Show::plain) plain_line(task + " started");
  } else if (event.type == "task") {
    const auto entry = running_.find(task);
    const std::string took = entry == running_.end() ? "" : " after " + clock_text(steady_clock::now() - entry->second.began);
    const std::string error = text_of(event.payload, "error");
    plain_line(task + " " + what + took + (error.empty() ? "" : ": " + error));
    running_.erase(task);
  } else if (event.type == "progress") {
    on_progress(event);
  } else if (event.type == "transfer") {
    on_transfer(event);
  } else if (event.type == "note") {
    plain_line("  " + task + ": " + text_of(event.payload, "message"));
  } else if (event.type == "lag") {
    plain_line("  state.json is not saved yet: " + text_of(event.payload, "error"));
  } else if (event.type == "tier") {
    const std::string tier = text_of(event.payload, "tier") == "both" ? "both tiers" : "the checkpoint store";
    plain_line(what == "back" ? "  " + tier + " is back and holds this state again"
                              : "  " + tier + " does not answer: " + (tier == "both tiers" ? "the film waits. " : "the film goes on and is saved in state.json. ") + text_of(event.payload, "error"));
  } else if (event.type == "interrupt") {
    plain_line("  question " + text_of(event.payload, "id") + ": " + text_of(event.payload, "error"));
  } else if (event.type == "effect" && (what == "adopted" || what == "polling" || what == "unknown" || what == "failed")) {
    plain_line("  " + text_of(event.payload, "key") + " " + what);
  } else if (event.type == "effect" && what == "queued") {
    plain_line("  " + text_of(event.payload, "key") + " waits for its turn at the provider");
  }
  if (show_ == Show::live) redraw();
}

void Display::on_progress(const Event& event) {
  Running& running = running_[task_of(event.payload)];
  running.message = text_of(event.payload, "message");
  running.fraction = event.payload.value("fraction", 0.0);
  const int tenth = static_cast<int>(running.fraction * 4);
  if (show_ == Show::plain && tenth != running.last_tenth) {
    running.last_tenth = tenth;
    plain_line("  " + running.message + " " + std::to_string(static_cast<int>(running.fraction * 100)) + " %");
  }
}

void Display::on_transfer(const Event& event) {
  const std::string object = text_of(event.payload, "object");
  const std::uint64_t size = event.payload.value("sizeBytes", std::uint64_t{1}), done = event.payload.value("doneBytes", std::uint64_t{0});
  Transfer& transfer = transfers_[object];
  transfer.text = transfer_text(event.payload);
  transfer.heard = steady_clock::now();
  const std::uint64_t quarter = size == 0 ? 4 : done / std::max<std::uint64_t>(size / 4, 1);
  if (show_ == Show::plain && quarter > transfer.last_quarter) plain_line("  " + transfer.text);
  transfer.last_quarter = std::max(transfer.last_quarter, quarter);
  if (done >= size) transfers_.erase(object);
}

void Display::plain_line(const std::string& line) {
  clear_line();
  std::fprintf(stderr, "%s  %s\n", clock_text(steady_clock::now() - began_).c_str(), printable(line).c_str());
}

void Display::clear_line() {
  if (!line_is_drawn_) return;
  std::fprintf(stderr, "\r\033[K");
  line_is_drawn_ = false;
}

void Display::redraw() {
  // A transfer that failed says nothing any more.
  std::erase_if(transfers_, [](const auto& entry) { return steady_clock::now() - entry.second.heard > transfer_silence_max; });
  if (running_.empty() && transfers_.empty()) return clear_line();
  std::string line = clock_text(steady_clock::now() - began_) + "  ";
  for (const auto& [task, running] : running_) {
    line += running.message.empty() ? task : running.message;
    if (running.fraction > 0) {
      line += " " + std::to_string(static_cast<int>(running.fraction * 100)) + " %";
      if (running.fraction > 0.05) {
        const auto elapsed = steady_clock::now() - running.began;
        const auto left = std::chrono::duration_cast<steady_clock::duration>(elapsed * ((1 - running.fraction) / running.fraction));
        line += " (" + clock_text(left) + " left)";
      }
    }
    line += "  ";
  }
  for (const auto& [object, transfer] : transfers_) line += transfer.text + "  ";
  line += "[saved " + std::to_string(published_) + "/" + std::to_string(seq_) + "]";
  if (line.size() > 118) line = line.substr(0, 118);
  std::fprintf(stderr, "\r\033[K%s", printable(line).c_str());
  std::fflush(stderr);
  line_is_drawn_ = true;
}

}  // namespace workprint::cli
