/// Seeded chance for drawing: integer hashes only, so a picture does not depend on thread, order or time.
#pragma once

#include <cstdint>
#include <string_view>

namespace film::art {

[[nodiscard]] std::uint64_t mix_bits(std::uint64_t value);
[[nodiscard]] std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0);

/// A stream of numbers keyed by (seed, purpose). Copies continue independently.
class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view purpose) : state_(hash_text(purpose, seed)) {}
  std::uint64_t next();
  double unit();                        ///< 0 <= x < 1
  double between(double low, double high);
  int whole(int low, int high);         ///< both ends included
  bool chance(double probability);
  double sign();                        ///< -1 or 1

 private:
  std::uint64_t state_;
};

/// Smooth noise in -1..1 with a period of about one unit.
[[nodiscard]] double noise(double x, std::uint64_t seed);
[[nodiscard]] double noise(double x, double y, std::uint64_t seed);
/// Several octaves of `noise`, still about -1..1.
[[nodiscard]] double ridge_noise(double x, int octaves, std::uint64_t seed);
[[nodiscard]] double cloud_noise(double x, double y, int octaves, std::uint64_t seed);

}  // namespace film::art
