#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "workprint/result.h"

namespace workprint {
namespace detail {
constinit std::atomic<bool> faults_are_active = false;
}  // namespace detail
namespace {

using Handler = std::function<void(std::string_view)>;

struct Faults {
  std::atomic<std::uint64_t> crossings = 0;
  std::uint64_t kill_at = 0;  ///< 0: never
  int trace = -1;
  std::mutex mutex;
  std::shared_ptr<const Handler> handler;  ///< guarded by mutex

  Faults() {
    if (const char* text = std::getenv("WORKPRINT_FAULT_AT")) {
      const char* end = text + std::strlen(text);
      const auto [stop, error] = std::from_chars(text, end, kill_at);
      check(error == std::errc() && stop == end && kill_at > 0, "WORKPRINT_FAULT_AT is a number from 1");
    }
    if (const char* path = std::getenv("WORKPRINT_FAULT_TRACE")) {
      trace = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      check(trace >= 0, "WORKPRINT_FAULT_TRACE is a file that can be written");
    }
  }
  [[nodiscard]] bool is_active() const { return kill_at > 0 || trace >= 0 || handler != nullptr; }
};

Faults& faults() {
  static Faults instance;
  return instance;
}

// Before main, so that an inactive point needs to look at nothing but the flag.
[[maybe_unused]] const bool woken_by_environment = [] {
  detail::faults_are_active = faults().is_active();
  return true;
}();

std::shared_ptr<const Handler> current_handler() {
  const std::lock_guard lock(faults().mutex);
  return faults().handler;
}

}  // namespace

void detail::cross_fault_point(std::string_view name) {
  const std::uint64_t number = faults().crossings.fetch_add(1) + 1;
  if (faults().trace >= 0) {
    const std::string line = std::to_string(number) + " " + std::string(name) + "\n";
    // One write, so that lines of several threads and processes do not mix. A lost trace line is no reason to stop.
    [[maybe_unused]] const ssize_t written = ::write(faults().trace, line.data(), line.size());
  }
  if (const auto handler = current_handler()) (*handler)(name);
  if (number == faults().kill_at) ::kill(::getpid(), SIGKILL);
}

void set_fault_handler(std::function<void(std::string_view)> handler) {
  const std::lock_guard lock(faults().mutex);
  faults().handler = handler ? std::make_shared<const Handler>(std::move(handler)) : nullptr;
  detail::faults_are_active = faults().is_active();
}

}  // namespace workprint
