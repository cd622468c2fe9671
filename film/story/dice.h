/// Chance that comes in by a door: the same seed rolls the same film on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace film::story {

class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view purpose) : state_(seed) {
    for (const char letter : purpose) state_ = (state_ ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
  }
  /// 0..count-1. REQUIRES: count > 0.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }

 private:
  // splitmix64
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace film::story
