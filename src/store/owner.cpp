#include "store/owner.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

#include "workprint/checkpoint_store.h"

namespace workprint {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Field 22 of /proc/<pid>/stat (proc(5)): start time in clock ticks since boot. The command name may hold spaces and
// brackets, so fields are counted from the last ')'. Empty: no such process, or one that is dead and waits to be reaped.
std::string start_of(const std::string& pid) {
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string::npos) return {};
  const std::string stat = first_line("/proc/" + pid + "/stat");
  const auto close = stat.rfind(')');
  if (close == std::string::npos) return {};
  std::istringstream fields(stat.substr(close + 1));
  std::string state, field;
  if (!(fields >> state) || state == "Z" || state == "X") return {};
  for (int i = 4; i <= 22; ++i)
    if (!(fields >> field)) return {};
  return field;
}

std::array<std::string, 4> parts_of(const std::string& writer) {
  std::array<std::string, 4> parts;
  std::istringstream in(writer);
  for (std::string& part : parts) std::getline(in, part, '/');
  return parts;
}

}  // namespace

std::string this_process_writer() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '-';
  const std::string pid = std::to_string(::getpid());
  return std::string(host.data()) + "/" + first_line("/proc/sys/kernel/random/boot_id") + "/" + pid + "/" + start_of(pid);
}

namespace store {

Owner owner_of(const std::string& recorded, const std::string& ours) {
  if (recorded.empty()) return Owner::nobody;
  if (recorded == ours) return Owner::ourselves;
  const auto theirs = parts_of(recorded), mine = parts_of(ours);
  // The host's name takes no part: it may change while the machine runs, the boot id may not.
  if (theirs[1].empty() || theirs[1] != mine[1]) return Owner::elsewhere;
  const std::string start = start_of(theirs[2]);
  return !start.empty() && start == theirs[3] ? Owner::alive : Owner::gone;
}

bool is_of_this_machine(const std::string& recorded, const std::string& ours) {
  const auto theirs = parts_of(recorded), mine = parts_of(ours);
  return !theirs[1].empty() && theirs[0] == mine[0] && theirs[1] == mine[1];
}

std::string pid_of(const std::string& writer) { return parts_of(writer)[2]; }

}  // namespace store
}  // namespace workprint
