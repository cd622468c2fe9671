/// Who holds a film: `<host>/<boot id>/<pid>/<process start>`; whether that process still lives.
#pragma once

#include <string>

namespace workprint::store {

/// Is the store used from one machine only? There a boot ends all processes of the one before.
enum class Machines : std::uint8_t { one, many };

enum class Owner {
  nobody,
  ourselves,
  alive,      ///< a process of this boot
  gone,       ///< was one
  elsewhere,  ///< of another boot or machine, or says nothing of itself: nothing is known
};

[[nodiscard]] Owner owner_of(const std::string& recorded, const std::string& ours);
/// Whether both writers are of one boot of one machine, so that a look at its processes can tell that one is gone. The host
/// is part of it: containers share a boot id, but do not see each other's processes.
[[nodiscard]] bool is_of_this_machine(const std::string& recorded, const std::string& ours);
/// The pid inside a writer id, for messages.
[[nodiscard]] std::string pid_of(const std::string& writer);

}  // namespace workprint::store
